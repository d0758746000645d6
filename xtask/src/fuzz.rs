//! `cargo xtask fuzz`: runs the fuzz targets for a bounded time.

use crate::failure::Failure;

/// Runs the task.
pub(crate) fn main(_arguments: &[String]) -> Result<(), Failure> {
    Err(Failure::new("there are no fuzz targets yet"))
}
