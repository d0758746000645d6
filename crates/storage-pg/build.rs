//! A migration that is added must be embedded anew.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/postgres");
}
