//! Has the linker pack relative relocations where the system's loader can read them.
//!
//! Unpacked they are half a megabyte, which the loader reads at each start and which counts as the process's memory from then on.

use std::{env, process::Command};

/// The first glibc whose loader knows them.
const KNOWS: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is_native = env::var_os("TARGET") == env::var_os("HOST")
        && env::var_os("CARGO_CFG_TARGET_ENV").is_some_and(|library| library == "gnu");
    if is_native && glibc().is_some_and(|version| version >= KNOWS) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc, which is the oldest that what is built here runs with anyway; none where there is another
/// library.
fn glibc() -> Option<(u32, u32)> {
    let asked = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) = str::from_utf8(&asked.stdout).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
