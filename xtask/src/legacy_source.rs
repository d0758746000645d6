//! `cargo xtask legacy-source`: a database as an older program left it, made by the package of that name.

use crate::failure::Failure;
use crate::workspace;

/// Runs the task; every option is the package's own.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    let manifest = workspace::root().join("Cargo.toml");
    let mut run = workspace::cargo(["run", "--quiet", "--manifest-path"]);
    run.arg(manifest).args(["--package", "authly-legacy-source", "--"]);
    // Relative paths are those of whoever calls.
    let here = std::env::current_dir().map_err(|error| Failure::of("cannot tell the current folder", error))?;
    let status =
        run.current_dir(here).args(arguments).status().map_err(|error| Failure::of("cannot start cargo", error))?;
    if status.success() { Ok(()) } else { Err(Failure::new("the source was not made")) }
}
