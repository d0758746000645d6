//! The third-party clients of `tests/clients`, each against a running server on both stores.

use crate::failure::Failure;
use crate::machine::Machine;
use crate::services::Services;

/// Runs them all.
pub(crate) fn run(_machine: &Machine, services: &Services) -> Result<(), Failure> {
    Err(Failure::new(format!("the third-party clients are not there yet ({})", services.database_url())))
}
