//! Lists the migrations; one that is added must be embedded anew.

#[path = "../../migrations/list.rs"]
mod list;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    list::write("../../migrations/sqlite")
}
