//! OAuth switched off and on again with everything that hangs on it (C-42).

use std::future::Future;

use super::StoreError;
use crate::audit::AuditEvent;

/// What a step switched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paused {
    /// Clients.
    pub clients: u64,
    /// Tokens of clients in the legacy table.
    pub tokens: u64,
}

/// The switch, with the clients and tokens that it takes along. Each step is atomic, so that what breaks off has not happened.
pub trait PauseRepository: Send + Sync {
    /// Stores the switch as off, makes every active client inactive and every living token of a client in the legacy table
    /// invalid, and remembers which they were. A second time takes only what has come since. Returns how many there were.
    fn pause_oauth(&self, audit: AuditEvent) -> impl Future<Output = Result<Paused, StoreError>> + Send;
    /// Stores the switch as on and restores what is remembered, and nothing else. Tokens of people whose password has changed
    /// meanwhile stay invalid, and clients that were switched off by hand meanwhile (`client_changed` with `active` false) stay off.
    fn resume_oauth(&self, audit: AuditEvent) -> impl Future<Output = Result<Paused, StoreError>> + Send;
}
