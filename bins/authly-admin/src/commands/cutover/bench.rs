//! The ports of a migration over the services of an installation.

use std::{sync::Arc, time::Duration};

use authly_admin_cases::migrate::{Tools, Wrap};
use authly_config::{PasswordHash, Settings};
use authly_cutover::{
    hash::{HashJudge, Judged},
    store::CutoverStore,
};
use authly_directory::{password::StoredHash, services::DirectoryServices as _, uniqueness::EmailUniqueness};
use authly_runtime::{
    AnyStore, Live, Trouble,
    keys::{self, Missing, Sealer},
    store::Database,
};
use authly_seal::{SystemClock, SystemRandom};
use oauth_core::{
    ids::UserId,
    services::{Busy, Services as _},
    store::StoreError,
};

use crate::{commands::hashes::judged, failure::Failure};

/// Whether hashes are sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// The encryption key of the installation is asked for.
    Needed,
    /// Nothing is sealed or opened.
    Useless,
}

/// The ports of a migration.
pub(crate) struct Bench<S, C> {
    target: C,
    hashes: Hashes<S>,
}

/// The pool of password hashes, and what the policy makes.
pub(crate) struct Hashes<S> {
    live: Arc<Live<S>>,
    policy: &'static str,
}

impl<S: AnyStore, C: CutoverStore> Bench<S, C> {
    /// Opens the store.
    pub(super) async fn open<D: Database<Store = S, Cutover = C>>(
        settings: &Settings,
        database: &D,
        keys: Keys,
    ) -> Result<Self, Failure> {
        let (store, target) = (database.open().await?, database.cutover().await?);
        let sealer = match keys {
            Keys::Useless => keys::useless_sealer(),
            Keys::Needed => {
                let records = store.load_catalog().await;
                let records =
                    records.map_err(|error| Trouble::caused("cannot read the store", &error, "check DATABASE_URL"))?;
                let missing = if records.keys.is_empty() { Missing::Make } else { Missing::Refuse };
                let sealer = keys::sealer(settings, missing)?;
                keys::check(&sealer, &records.keys)?;
                sealer
            }
        };
        let policy = match settings.passwords.hash {
            PasswordHash::Argon2id { .. } => "argon2",
            PasswordHash::Bcrypt { .. } => "bcrypt",
        };
        let live = Arc::new(Live::for_administration(settings, store, sealer)?);
        Ok(Self { target, hashes: Hashes { live, policy } })
    }

    /// Whether there is such an account.
    pub(super) async fn target_has(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(!self.target.target_accounts(&[user]).await?.is_empty())
    }

    /// The services.
    pub(super) fn live(&self) -> &Arc<Live<S>> {
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

impl<S: AnyStore, C: CutoverStore> Tools for Bench<S, C> {
    type Target = C;
    type Clock = SystemClock;
    type Random = SystemRandom;
    type Sealer = Sealer;
    type Hashes = Hashes<S>;

    fn target(&self) -> &C {
        &self.target
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

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
