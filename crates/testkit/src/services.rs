//! The services of a test's server: everything real but the store's durability, the clock and the randomness.

use std::num::NonZeroUsize;

use authly_directory::{memory::MemoryDirectory, services::DirectoryServices};
use authly_federation::FencedFetch;
use authly_jose::JoseCrypto;
use authly_passwords::{HashPool, Policy, PoolSettings};
use authly_seal::{EncryptionKey, XChaChaSealer};
use oauth_core::{
    catalog::{Catalog, CatalogRecords, SwitchOverrides},
    limit::LocalLimiter,
    memory::MemoryCatalog,
    services::Services,
    store::CatalogRepository as _,
};

use crate::fakes::{SeededRandom, TestClock};

/// The services of a test's server.
pub struct TestServices {
    /// The store.
    pub store: MemoryDirectory,
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
            store: MemoryDirectory::new(),
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
        let records = self.store.load_catalog().await.expect("the store in memory");
        let catalog = Catalog::build(records, SwitchOverrides::default(), &JoseCrypto, &self.sealer);
        self.catalog.replace(catalog.expect("keys that were sealed here"));
    }
}

impl Default for TestServices {
    fn default() -> Self {
        Self::new()
    }
}

impl Services for TestServices {
    type Store = MemoryDirectory;
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

impl DirectoryServices for TestServices {
    type Accounts = MemoryDirectory;
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
