//! The id of a request: quoted on error pages and in the log.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};

/// The id of one request: unique enough to find it in the log, and nothing to guess from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    process: u32,
    number: u32,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:08x}", self.process, self.number)
    }
}

/// Where ids come from: a random number for the process and a counter.
#[derive(Debug)]
pub struct RequestIds {
    process: u32,
    next: AtomicU32,
}

impl RequestIds {
    /// Ids of a process with this random number.
    pub const fn new(process: u32) -> Self {
        Self { process, next: AtomicU32::new(1) }
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        RequestId { process: self.process, number: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}
