//! What the use cases of a migration are built from.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use authly_cutover::{batch::RowReport, hash::HashJudge, outcome::Counters, store::CutoverStore};
use authly_directory::{password::StoredHash, uniqueness::EmailUniqueness};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::AuditId,
    services::{Busy, Clock, Random, Sealer},
    store::StoreError,
};
use serde_json::Value;

use super::company::Processors;

/// Wraps weak digests.
pub trait Wrap: Send + Sync {
    /// A strong hash over a weak digest; `None` for everything that is not one.
    fn wrap(&self, stored: StoredHash) -> impl Future<Output = Result<Option<StoredHash>, Busy>> + Send;
}

/// The ports of a migration.
pub trait Tools: Send + Sync {
    /// The target.
    type Target: CutoverStore;
    /// The time.
    type Clock: Clock;
    /// Randomness.
    type Random: Random;
    /// Seals hashes in the ledger.
    type Sealer: Sealer;
    /// Knows hashes, and wraps them.
    type Hashes: HashJudge + Wrap;

    /// The target.
    fn target(&self) -> &Self::Target;
    /// The time.
    fn clock(&self) -> &Self::Clock;
    /// Randomness.
    fn random(&self) -> &Self::Random;
    /// Seals hashes in the ledger.
    fn sealer(&self) -> &Self::Sealer;
    /// Knows hashes, and wraps them.
    fn hashes(&self) -> &Self::Hashes;
    /// Where the target wants an address to stand for one account only.
    fn email_uniqueness(&self) -> impl Future<Output = Result<EmailUniqueness, StoreError>> + Send;
    /// The processors of this machine at this moment; `None` where nobody can tell, or where only some of them may be used.
    fn processors(&self) -> Option<Processors> {
        None
    }
    /// Waits.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// An audit event of now.
pub(super) fn event(tools: &impl Tools, kind: AuditKind, detail: Value) -> AuditEvent {
    let at = tools.clock().now();
    let id = AuditId::generate(at, tools.random());
    AuditEvent { id, at, kind, user: None, client: None, address: None, detail }
}

/// Asks a run to stop after the batch under way; clones are the same wish.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks; may be called from a signal handler.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Hears what happens while it happens.
pub trait Observer: Send {
    /// Something begins that takes a while.
    fn phase(&mut self, _name: &'static str) {}
    /// What is counted from here on, where that is not rows.
    fn unit(&mut self, _unit: &'static str) {}
    /// Rows are read, of so many.
    fn reading(&mut self, _rows: u64, _of: u64) {}
    /// Rows have their outcome (in a run: durably), of so many.
    fn done(&mut self, _counters: &Counters, _of: u64) {}
    /// The outcome of each row, in order.
    fn rows(&mut self, _rows: &[RowReport]) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
