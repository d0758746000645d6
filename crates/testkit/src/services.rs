//! The services of a test's server: everything real but the store's durability, the clock and the randomness.

use std::num::NonZeroUsize;

use authly_directory::{
    invite::InvitationRepository, mail::store::MailRepository, memory::MemoryDirectory, services::DirectoryServices,
    store::AccountRepository, tenant::TenantRepository, upstream::UpstreamRepository, usage::UseRepository,
};
use authly_federation::FencedFetch;
use authly_jose::JoseCrypto;
use authly_passwords::{HashPool, Policy, PoolSettings};
use authly_seal::{EncryptionKey, XChaChaSealer};
use oauth_core::{
    catalog::{Catalog, CatalogRecords, SwitchOverrides},
    limit::LocalLimiter,
    memory::MemoryCatalog,
    services::Services,
    store::{ApiKeyRepository, CatalogRepository, Store},
};

use crate::fakes::{SeededRandom, TestClock};

/// A store that a test's server works on.
pub trait TestStore:
    Store
    + CatalogRepository
    + ApiKeyRepository
    + AccountRepository
    + InvitationRepository
    + MailRepository
    + TenantRepository
    + UpstreamRepository
    + UseRepository
{
}

impl<S> TestStore for S where
    S: Store
        + CatalogRepository
        + ApiKeyRepository
        + AccountRepository
        + InvitationRepository
        + MailRepository
        + TenantRepository
        + UpstreamRepository
        + UseRepository
{
}

/// The services of a test's server.
pub struct TestServices<S = MemoryDirectory> {
    /// The store.
    pub store: S,
    /// The clock.
    pub clock: TestClock,
    random: SeededRandom,
    sealer: XChaChaSealer<SeededRandom>,
    passwords: HashPool<SeededRandom>,
    fetch: FencedFetch<TestClock>,
    limiter: LocalLimiter,
    catalog: MemoryCatalog,
}

impl TestServices {
    /// Fresh services over an empty store.
    pub fn new() -> Self {
        Self::over(MemoryDirectory::new())
    }
}

impl<S: TestStore> TestServices<S> {
    /// Fresh services over this store.
    pub fn over(store: S) -> Self {
        let (clock, random) = (TestClock::new(), SeededRandom::default());
        let sealer = XChaChaSealer::new(&EncryptionKey::generate(&random), None, random.clone());
        let pool = PoolSettings {
            policy: Policy::argon2id(8, 1, 1).expect("the least that argon2id takes"),
            older_program_cost: 4,
            threads: NonZeroUsize::new(2),
            queue: 256,
            ..PoolSettings::default()
        };
        let empty = Catalog::build(CatalogRecords::default(), SwitchOverrides::default(), &JoseCrypto, &sealer);
        Self {
            store,
            passwords: HashPool::new(&pool, random.clone()).expect("a hash pool"),
            fetch: FencedFetch::on_loopback_for_tests(clock.clone()),
            limiter: LocalLimiter::new(),
            catalog: MemoryCatalog::new(empty.expect("an empty catalog")),
            clock,
            random,
            sealer,
        }
    }

    /// Loads the catalog anew, as the server does each second.
    pub async fn refresh(&self) {
        let records = self.store.load_catalog().await.expect("a store that answers");
        let catalog = Catalog::build(records, SwitchOverrides::default(), &JoseCrypto, &self.sealer);
        self.catalog.replace(catalog.expect("keys that were sealed here"));
    }
}

impl Default for TestServices {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: TestStore> Services for TestServices<S> {
    type Store = S;
    type Clock = TestClock;
    type Random = SeededRandom;
    type Sealer = XChaChaSealer<SeededRandom>;
    type Crypto = JoseCrypto;
    type SlowHashes = HashPool<SeededRandom>;
    type JwksFetch = FencedFetch<TestClock>;
    type Catalog = MemoryCatalog;

    fn store(&self) -> &Self::Store {
        &self.store
    }
    fn clock(&self) -> &Self::Clock {
        &self.clock
    }
    fn random(&self) -> &Self::Random {
        &self.random
    }
    fn sealer(&self) -> &Self::Sealer {
        &self.sealer
    }
    fn crypto(&self) -> &Self::Crypto {
        &JoseCrypto
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

impl<S: TestStore> DirectoryServices for TestServices<S> {
    type Accounts = S;
    type Passwords = HashPool<SeededRandom>;
    type Limiter = LocalLimiter;

    fn accounts(&self) -> &Self::Accounts {
        &self.store
    }
    fn passwords(&self) -> &Self::Passwords {
        &self.passwords
    }
    fn limiter(&self) -> &Self::Limiter {
        &self.limiter
    }
}
