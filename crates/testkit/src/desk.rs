//! A migration's desk over a target.

use std::{sync::Arc, time::Duration};

use authly_admin_cases::migrate::{Desk, Tools, Wrap};
use authly_cutover::{
    board::BoardStore,
    hash::{HashJudge, HashState, Judged},
    store::CutoverStore,
};
use authly_directory::{password::StoredHash, services::DirectoryServices as _, uniqueness::EmailUniqueness};
use oauth_core::{
    services::{Busy, Services},
    store::StoreError,
};

use crate::services::{TestServices, TestStore};

/// The desk over `target`, at the clock of the test.
pub(crate) fn desk<S, T>(services: &Arc<TestServices<S>>, target: T) -> Arc<dyn Desk>
where
    S: TestStore,
    T: CutoverStore + BoardStore + 'static,
{
    Arc::new(Bench { services: services.clone(), target, hashes: Schemes })
}

struct Bench<S, T> {
    services: Arc<TestServices<S>>,
    target: T,
    hashes: Schemes,
}

/// Tells argon2 from everything else.
struct Schemes;

impl HashJudge for Schemes {
    fn judge(&self, stored: &StoredHash) -> Judged {
        let current = stored.expose().starts_with("$argon2id$");
        let (scheme, state) = if current { ("argon2", HashState::Current) } else { ("other", HashState::Foreign) };
        Judged { scheme, state, wraps: false }
    }
}

impl Wrap for Schemes {
    async fn wrap(&self, _stored: StoredHash) -> Result<Option<StoredHash>, Busy> {
        Ok(None)
    }
}

impl<S: TestStore, T: CutoverStore> Tools for Bench<S, T> {
    type Target = T;
    type Clock = <TestServices<S> as Services>::Clock;
    type Random = <TestServices<S> as Services>::Random;
    type Sealer = <TestServices<S> as Services>::Sealer;
    type Hashes = Schemes;

    fn target(&self) -> &T {
        &self.target
    }

    fn clock(&self) -> &Self::Clock {
        self.services.clock()
    }

    fn random(&self) -> &Self::Random {
        self.services.random()
    }

    fn sealer(&self) -> &Self::Sealer {
        self.services.sealer()
    }

    fn hashes(&self) -> &Schemes {
        &self.hashes
    }

    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        self.services.accounts().email_uniqueness().await
    }

    async fn pause(&self, _time: Duration) {}
}
