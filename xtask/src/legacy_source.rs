//! `cargo xtask legacy-source`: a database as an older program left it, made by the package of that name.

use crate::failure::Failure;
use crate::workspace;

/// Runs the task; every option is the package's own.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    let mut run = workspace::cargo(["run", "--quiet", "--package", "authly-legacy-source", "--"]);
    let status = run.args(arguments).status().map_err(|error| Failure::of("cannot start cargo", error))?;
    if status.success() { Ok(()) } else { Err(Failure::new("the source was not made")) }
}
