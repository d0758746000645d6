//! The migration's desk of a running server: its use cases over the same services as everything else.

use std::{sync::Arc, time::Duration};

use authly_admin_cases::migrate::{Desk, Processors, Tools, Wrap};
use authly_config::{PasswordHash, Settings};
use authly_cutover::{
    board::BoardStore,
    hash::{HashJudge, Judged},
    store::CutoverStore,
};
use authly_directory::{password::StoredHash, services::DirectoryServices as _, uniqueness::EmailUniqueness};
use authly_seal::{SystemClock, SystemRandom};
use oauth_core::{
    services::{Busy, Services as _},
    store::StoreError,
};

use crate::{
    hashes::judged,
    keys::Sealer,
    live::{AnyStore, Live},
    processors::Gauge,
};

/// The desk over `live`.
pub fn desk<S: AnyStore + CutoverStore + BoardStore + 'static>(
    settings: &Settings,
    live: &Arc<Live<S>>,
) -> Box<dyn Desk> {
    Box::new(Bench::new(settings, live.clone()))
}

/// The scheme of new hashes, as a migration calls it.
pub const fn policy(settings: &Settings) -> &'static str {
    match settings.passwords.hash {
        PasswordHash::Argon2id { .. } => "argon2",
        PasswordHash::Bcrypt { .. } => "bcrypt",
    }
}

/// The ports of a migration over the services of an installation.
pub struct Bench<S> {
    hashes: Hashes<S>,
    processors: Gauge,
}

/// The pool of password hashes, and what the policy makes.
pub struct Hashes<S> {
    live: Arc<Live<S>>,
    policy: &'static str,
}

impl<S: AnyStore> Bench<S> {
    /// The ports over `live`.
    pub fn new(settings: &Settings, live: Arc<Live<S>>) -> Self {
        Self { hashes: Hashes { live, policy: policy(settings) }, processors: Gauge::new() }
    }

    /// The services.
    pub fn live(&self) -> &Arc<Live<S>> {
        &self.hashes.live
    }
}

impl<S: AnyStore> HashJudge for Hashes<S> {
    fn judge(&self, stored: &StoredHash) -> Judged {
        judged(stored, Some(self.policy))
    }
}

impl<S: AnyStore> Wrap for Hashes<S> {
    async fn wrap(&self, stored: StoredHash) -> Result<Option<StoredHash>, Busy> {
        self.live.hash_pool().wrap(stored).await
    }
}

impl<S: AnyStore + CutoverStore> Tools for Bench<S> {
    type Target = S;
    type Clock = SystemClock;
    type Random = SystemRandom;
    type Sealer = Sealer;
    type Hashes = Hashes<S>;

    fn target(&self) -> &S {
        self.live().store()
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn random(&self) -> &SystemRandom {
        &SystemRandom
    }

    fn sealer(&self) -> &Sealer {
        self.hashes.live.sealer()
    }

    fn hashes(&self) -> &Hashes<S> {
        &self.hashes
    }

    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        self.hashes.live.accounts().email_uniqueness().await
    }

    fn processors(&self) -> Option<Processors> {
        self.processors.read()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
