//! `cargo xtask bench`: measures the release build over loopback.

use crate::failure::Failure;

/// Runs the task.
pub(crate) fn main(_arguments: &[String]) -> Result<(), Failure> {
    Err(Failure::new("the benchmark is not written yet"))
}
