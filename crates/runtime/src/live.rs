//! All services of an installation over one store.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use authly_config::{PasswordHash, Settings};
use authly_directory::{
    invite::InvitationRepository,
    mail::store::MailRepository,
    password::StoredHash,
    services::{DirectoryServices, Upgrade},
    store::AccountRepository,
    tenant::TenantRepository,
    upstream::UpstreamRepository,
    usage::UseRepository,
};
use authly_federation::FencedFetch;
use authly_jose::JoseCrypto;
use authly_passwords::{Foreign, HashPool, Policy, PolicyInvalid, PoolSettings};
use authly_seal::{SystemClock, SystemRandom};
use oauth_core::{
    catalog::SwitchOverrides,
    secret::Secret,
    services::{CatalogSource as _, Services},
    store::{ApiKeyRepository, CatalogRepository, PauseRepository, Store},
};
use tokio::sync::Notify;

use crate::{
    catalog::{CatalogFailure, CatalogHolder, Refreshed},
    convert,
    keys::Sealer,
    limiter::Limiter,
    mail::MailGauges,
    trouble::Trouble,
    upgrades::Upgrades,
};

/// A store that implements every port.
pub trait AnyStore:
    Store
    + CatalogRepository
    + ApiKeyRepository
    + AccountRepository
    + InvitationRepository
    + MailRepository
    + PauseRepository
    + TenantRepository
    + UpstreamRepository
    + UseRepository
{
}

impl<S> AnyStore for S where
    S: Store
        + CatalogRepository
        + ApiKeyRepository
        + AccountRepository
        + InvitationRepository
        + MailRepository
        + PauseRepository
        + TenantRepository
        + UpstreamRepository
        + UseRepository
{
}

/// Everything that the engine and the directory are built from, over a store of type `S`.
pub struct Live<S> {
    store: S,
    crypto: JoseCrypto,
    sealer: Sealer,
    passwords: HashPool<SystemRandom>,
    fetch: FencedFetch<SystemClock>,
    limiter: Limiter,
    catalog: CatalogHolder,
    changed: Notify,
    mail_queued: Notify,
    mail_gauges: Mutex<Option<MailGauges>>,
    upgrades: Upgrades,
}

impl<S: AnyStore> Live<S> {
    /// Builds the services and loads the catalog. The schema must be up to date.
    pub async fn build(settings: &Settings, store: S, sealer: Sealer) -> Result<Self, Trouble> {
        let overrides = convert::switches(settings);
        let catalog = CatalogHolder::load(&store, overrides, &JoseCrypto, &sealer).await;
        let catalog = catalog.map_err(|error| not_loaded(&error))?;
        Self::assemble(settings, store, sealer, catalog, Limiter::start(settings)?)
    }

    /// Builds the services for administration, which asks the store and never the catalog in memory: that stays empty, so
    /// that no key needs to be opened.
    pub fn for_administration(settings: &Settings, store: S, sealer: Sealer) -> Result<Self, Trouble> {
        let catalog = CatalogHolder::empty(&JoseCrypto, &sealer).map_err(|error| not_loaded(&error))?;
        Self::assemble(settings, store, sealer, catalog, Limiter::Off)
    }

    fn assemble(
        settings: &Settings,
        store: S,
        sealer: Sealer,
        catalog: CatalogHolder,
        limiter: Limiter,
    ) -> Result<Self, Trouble> {
        Ok(Self {
            passwords: hash_pool(settings)?,
            fetch: FencedFetch::new(SystemClock),
            limiter,
            store,
            crypto: JoseCrypto,
            sealer,
            catalog,
            changed: Notify::new(),
            mail_queued: Notify::new(),
            mail_gauges: Mutex::default(),
            upgrades: Upgrades::default(),
        })
    }

    /// Looks whether clients, scopes, keys, tenants or switches have changed, and loads them if so.
    pub async fn refresh_catalog(&self) -> Result<Refreshed, CatalogFailure> {
        self.catalog.refresh(&self.store, &self.crypto, &self.sealer).await
    }

    /// Lets the environment decide anew over the stored switches.
    pub async fn set_overrides(&self, overrides: SwitchOverrides) -> Result<Refreshed, CatalogFailure> {
        self.catalog.set_overrides(overrides, &self.store, &self.crypto, &self.sealer).await
    }

    /// Asks for the catalog to be read again now, as after a change that this process made itself.
    pub fn catalog_changed(&self) {
        self.changed.notify_one();
    }

    /// Waits until somebody says that the catalog has changed.
    pub(crate) async fn catalog_change(&self) {
        self.changed.notified().await;
    }

    /// Waits until this process queues a mail.
    pub(crate) async fn queued_mail(&self) {
        self.mail_queued.notified().await;
    }

    /// Hashes that were replaced at a sign-in, or were to be.
    pub const fn upgrades(&self) -> &Upgrades {
        &self.upgrades
    }

    /// What was last counted of the mails, where this process sends them.
    pub fn mail_gauges(&self) -> Option<MailGauges> {
        self.mail_gauges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_mail_gauges(&self, gauges: MailGauges) {
        *self.mail_gauges.lock().unwrap_or_else(PoisonError::into_inner) = Some(gauges);
    }

    /// The sealer with what it offers beside its port: rewrapping.
    pub const fn installation_sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The pool of password hashes with its metrics.
    pub const fn hash_pool(&self) -> &HashPool<SystemRandom> {
        &self.passwords
    }
}

impl<S: AnyStore> Services for Live<S> {
    type Store = S;
    type Clock = SystemClock;
    type Random = SystemRandom;
    type Sealer = Sealer;
    type Crypto = JoseCrypto;
    type SlowHashes = HashPool<SystemRandom>;
    type JwksFetch = FencedFetch<SystemClock>;
    type Catalog = CatalogHolder;

    fn store(&self) -> &Self::Store {
        &self.store
    }
    fn clock(&self) -> &Self::Clock {
        &SystemClock
    }
    fn random(&self) -> &Self::Random {
        &SystemRandom
    }
    fn sealer(&self) -> &Self::Sealer {
        &self.sealer
    }
    fn crypto(&self) -> &Self::Crypto {
        &self.crypto
    }
    fn slow_hashes(&self) -> &Self::SlowHashes {
        &self.passwords
    }
    fn jwks_fetch(&self) -> &Self::JwksFetch {
        &self.fetch
    }
    fn catalog(&self) -> &Self::Catalog {
        &self.catalog
    }
}

impl<S: AnyStore> DirectoryServices for Live<S> {
    type Accounts = S;
    type Passwords = HashPool<SystemRandom>;
    type Limiter = Limiter;

    fn accounts(&self) -> &Self::Accounts {
        &self.store
    }
    fn passwords(&self) -> &Self::Passwords {
        &self.passwords
    }
    fn limiter(&self) -> &Self::Limiter {
        &self.limiter
    }
    fn mail_queued(&self) {
        self.mail_queued.notify_one();
    }
    fn password_upgrade(&self, from: &StoredHash, to: Option<&StoredHash>, result: Upgrade) {
        self.upgrades.note(from, to, result);
    }
}

impl<S: AnyStore> std::fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("catalog", &self.catalog.current()).finish_non_exhaustive()
    }
}

/// Administration over live services.
pub fn admin<S: AnyStore>(settings: &Settings, live: &Arc<Live<S>>) -> authly_admin_cases::Admin<Live<S>> {
    authly_admin_cases::Admin::new(live.clone(), convert::admin(settings))
}

fn not_loaded(error: &CatalogFailure) -> Trouble {
    let remedy = match error {
        CatalogFailure::Crypto(_) => "set the SECRET_ENCRYPTION_KEY that this store was made with",
        CatalogFailure::Store(_) => "check that the database answers, and `authly-admin migrate schema status`",
    };
    Trouble::caused("cannot load clients, scopes and keys", error, remedy)
}

fn hash_pool(settings: &Settings) -> Result<HashPool<SystemRandom>, Trouble> {
    let passwords = &settings.passwords;
    let unusable = |error: &(dyn std::error::Error + 'static)| {
        Trouble::caused(
            "the settings of password hashes cannot be used",
            error,
            "`authly-admin config show` lists them",
        )
    };
    let (policy, cost): (Result<Policy, PolicyInvalid>, Option<u32>) = match passwords.hash {
        PasswordHash::Argon2id { memory_kib, passes, lanes } => (Policy::argon2id(memory_kib, passes, lanes), None),
        PasswordHash::Bcrypt { cost } => (Policy::bcrypt(cost), Some(cost)),
    };
    let defaults = PoolSettings::default();
    let pool = PoolSettings {
        policy: policy.map_err(|error| unusable(&error))?,
        older_program_cost: cost.unwrap_or(defaults.older_program_cost),
        threads: passwords.hash_threads.and_then(NonZeroUsize::new),
        queue: passwords.hash_queue,
        peppers: passwords.peppers.iter().map(|pepper| Secret::new(pepper.expose().to_owned())).collect(),
        foreign: if passwords.foreign_hashes { Foreign::Verified } else { Foreign::Refused },
    };
    HashPool::new(&pool, SystemRandom).map_err(|error| unusable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configuration and the hashes have one set of bounds: whatever one takes, the other takes too.
    #[test]
    fn what_the_configuration_accepts_can_be_hashed_with_and_nothing_else() {
        let accepted = |variables: &[(&str, String)]| {
            let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
            authly_config::load(variables.iter().cloned(), no_files).settings().is_some()
        };
        for cost in 0..=20_u32 {
            let variables = [("AUTHLY_PASSWORD_HASH", "bcrypt".to_owned()), ("AUTHLY_BCRYPT_COST", cost.to_string())];
            assert_eq!(accepted(&variables), Policy::bcrypt(cost).is_ok(), "bcrypt {cost}");
        }
        for (memory, passes, lanes) in [
            (8, 1, 1),
            (7, 1, 1),
            (128, 1, 16),
            (127, 1, 16),
            (65_536, 4, 1),
            (65_536, 5, 1),
            (65_537, 1, 1),
            (4_096, 64, 1),
            (4_097, 64, 1),
            (4_194_304, 1, 1),
            (19_456, 2, 1),
        ] {
            let variables = [
                ("AUTHLY_ARGON2_MEMORY_KIB", memory.to_string()),
                ("AUTHLY_ARGON2_PASSES", passes.to_string()),
                ("AUTHLY_ARGON2_LANES", lanes.to_string()),
            ];
            assert_eq!(accepted(&variables), Policy::argon2id(memory, passes, lanes).is_ok(), "{variables:?}");
        }
    }
}
