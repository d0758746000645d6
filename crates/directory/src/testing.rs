//! A small installation for the tests of this crate: accounts in memory, readable hashes, a clock that is set by hand.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use oauth_core::{
    catalog::{Catalog, CatalogRecords, SwitchOverrides, TenantRecord},
    claims::Profile,
    client::JwksUri,
    crypto::{Algorithm, Crypto, CryptoError, HmacAlgorithm, KeyMaterial, Signer, Verifier},
    engine::Engine,
    ids::{KeyId, LegacyTokenId, TenantId, UserId},
    legacy::NewLegacyPair,
    limit::LocalLimiter,
    memory::MemoryCatalog,
    secret::Secret,
    services::{Busy, Clock, FetchError, JwksFetch, Purpose, Random, SealBroken, Sealer, Services, SlowHashes},
    settings::{Issuer, LegacySettings, Settings},
    subject::{AccountStatus, Subject, TenantRef},
    time::Timestamp,
    token::TokenHash,
};

use crate::{
    account::Account,
    directory::Directory,
    memory::MemoryDirectory,
    password::{PasswordService, PresentedPassword, StoredHash, Verification},
    services::DirectoryServices,
    settings::{DirectorySettings, RegistrationPolicy},
};

pub(crate) fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("the future waits for something outside")
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// The hash of the policy in these tests.
pub(crate) fn hash(password: &str) -> Option<StoredHash> {
    Some(StoredHash::new(format!("new:{password}")))
}

/// A hash below the policy.
pub(crate) fn outdated(password: &str) -> Option<StoredHash> {
    Some(StoredHash::new(format!("old:{password}")))
}

pub(crate) fn account(number: u128, email: &str, username: &str) -> Account {
    Account {
        subject: Subject {
            id: UserId::from_uuid(uuid::Uuid::from_u128(number)),
            status: AccountStatus::Active,
            is_locked: false,
            is_admin: false,
            tenant: None,
            roles: vec![],
            groups: vec![],
            profile: Profile::default(),
            policy: None,
            created_at: at(-1_000),
        },
        email: email.into(),
        username: username.into(),
        is_verified: true,
        is_locked: false,
        reset_required: false,
        legacy_login: true,
        updated_at: at(-1_000),
        last_login_at: None,
    }
}

pub(crate) fn tenant(number: u128, legacy_login: bool) -> TenantRecord {
    let id = TenantId::from_uuid(uuid::Uuid::from_u128(number));
    TenantRecord { id, slug: format!("t{number}"), name: String::new(), active: true, legacy_login }
}

pub(crate) fn tenant_ref(tenant: &TenantRecord) -> Option<TenantRef> {
    Some(TenantRef { id: tenant.id, slug: tenant.slug.clone(), active: tenant.active })
}

/// A legacy pair out of nothing.
pub(crate) fn pair(user: UserId, now: Timestamp) -> NewLegacyPair {
    let jti = |kind: &str| LegacyTokenId::parse(&format!("{kind}-{}-{user}", now.seconds())).unwrap();
    NewLegacyPair {
        user,
        access: jti("a"),
        access_expires_at: now,
        refresh: jti("r"),
        refresh_expires_at: now,
        created_at: now,
    }
}

/// Hashes that can be read, and a count of what they cost.
#[derive(Default)]
pub(crate) struct PlainPasswords {
    pub(crate) verified: AtomicU64,
    pub(crate) hashed: AtomicU64,
    pub(crate) full: std::sync::atomic::AtomicBool,
    /// What happens between the verification and the commit.
    pub(crate) meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl PlainPasswords {
    fn work(&self, counter: &AtomicU64) -> Result<(), Busy> {
        if self.full.load(Ordering::SeqCst) {
            return Err(Busy);
        }
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl PasswordService for PlainPasswords {
    async fn verify(&self, password: PresentedPassword, stored: Option<StoredHash>) -> Result<Verification, Busy> {
        self.work(&self.verified)?;
        let found = match stored.as_ref().and_then(|stored| stored.expose().split_once(':')) {
            Some((scheme, clear)) if clear == password.expose() => Verification::Match { outdated: scheme == "old" },
            _ => Verification::Mismatch,
        };
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        Ok(found)
    }

    async fn hash(&self, password: PresentedPassword) -> Result<StoredHash, Busy> {
        self.work(&self.hashed)?;
        Ok(StoredHash::new(format!("new:{}", password.expose())))
    }

    async fn hash_for_older_program(&self, password: PresentedPassword) -> Result<StoredHash, Busy> {
        self.work(&self.hashed)?;
        Ok(StoredHash::new(format!("older:{}", password.expose())))
    }
}

pub(crate) struct TestServices {
    pub(crate) directory: MemoryDirectory,
    pub(crate) passwords: PlainPasswords,
    pub(crate) clock: TestClock,
    random: CountingRandom,
    limiter: LocalLimiter,
    catalog: MemoryCatalog,
}

impl Services for TestServices {
    type Store = MemoryDirectory;
    type Clock = TestClock;
    type Random = CountingRandom;
    type Sealer = TestSealer;
    type Crypto = NoCrypto;
    type SlowHashes = NoCrypto;
    type JwksFetch = NoCrypto;
    type Catalog = MemoryCatalog;

    fn store(&self) -> &MemoryDirectory {
        &self.directory
    }
    fn clock(&self) -> &TestClock {
        &self.clock
    }
    fn random(&self) -> &CountingRandom {
        &self.random
    }
    fn sealer(&self) -> &TestSealer {
        &TestSealer
    }
    fn crypto(&self) -> &NoCrypto {
        &NoCrypto
    }
    fn slow_hashes(&self) -> &NoCrypto {
        &NoCrypto
    }
    fn jwks_fetch(&self) -> &NoCrypto {
        &NoCrypto
    }
    fn catalog(&self) -> &MemoryCatalog {
        &self.catalog
    }
}

impl DirectoryServices for TestServices {
    type Accounts = MemoryDirectory;
    type Passwords = PlainPasswords;
    type Limiter = LocalLimiter;

    fn accounts(&self) -> &MemoryDirectory {
        &self.directory
    }
    fn passwords(&self) -> &PlainPasswords {
        &self.passwords
    }
    fn limiter(&self) -> &LocalLimiter {
        &self.limiter
    }
}

/// An installation under test, without token buckets, with open registration.
pub(crate) struct World {
    pub(crate) directory: Directory<TestServices>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    pub(crate) fn with(
        change: impl FnOnce(&mut DirectorySettings),
        administer: impl FnOnce(&mut CatalogRecords),
    ) -> Self {
        let mut settings =
            DirectorySettings { limits: None, registration: RegistrationPolicy::Open, ..DirectorySettings::default() };
        change(&mut settings);
        let mut records = CatalogRecords::default();
        administer(&mut records);
        let catalog = Catalog::build(records, SwitchOverrides::default(), &NoCrypto, &TestSealer).unwrap();
        let services = TestServices {
            directory: MemoryDirectory::new(),
            passwords: PlainPasswords::default(),
            clock: TestClock(AtomicI64::new(at(0).micros())),
            random: CountingRandom::default(),
            limiter: LocalLimiter::new(),
            catalog: MemoryCatalog::new(catalog),
        };
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let mut protocol = Settings::new(issuer);
        protocol.legacy = Some(LegacySettings {
            algorithm: HmacAlgorithm::HS256,
            access_secret: secret("the old access secret"),
            refresh_secret: secret("the old refresh secret"),
            access_ttl: protocol.access_token_ttl,
            refresh_ttl: protocol.refresh_token_ttl,
        });
        let engine = Engine::new(Arc::new(services), Arc::new(protocol));
        Self { directory: Directory::new(engine, Arc::new(settings)) }
    }

    pub(crate) fn services(&self) -> &TestServices {
        self.directory.services()
    }

    pub(crate) fn memory(&self) -> &MemoryDirectory {
        &self.services().directory
    }

    pub(crate) fn put(&self, account: &Account, hash: Option<StoredHash>) {
        self.memory().put_account(account.clone(), hash);
    }

    pub(crate) fn set_time(&self, seconds: i64) {
        self.services().clock.0.store(at(seconds).micros(), Ordering::SeqCst);
    }

    /// Verifications and hashes since the last question.
    pub(crate) fn cost(&self) -> (u64, u64) {
        let passwords = &self.services().passwords;
        (passwords.verified.swap(0, Ordering::SeqCst), passwords.hashed.swap(0, Ordering::SeqCst))
    }

    /// Kinds of audit events, oldest first.
    pub(crate) fn audit(&self) -> Vec<&'static str> {
        self.memory().store().audit_log().iter().rev().map(|event| event.kind.as_str()).collect()
    }
}

pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Default)]
pub(crate) struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let hash = TokenHash::of(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&hash.bytes()[..chunk.len()]);
        }
    }
}

/// A seal that hides nothing but breaks like a real one.
pub(crate) struct TestSealer;

impl Sealer for TestSealer {
    fn seal(&self, purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8> {
        let tag = TokenHash::of(&[purpose.name().as_bytes(), b"|", context, b"|", clear].concat());
        [&tag.bytes()[..], clear].concat()
    }

    fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        let (_, clear) = sealed.split_at_checked(32).ok_or(SealBroken)?;
        let fits = self.seal(purpose, context, clear) == sealed;
        fits.then(|| Secret::new(clear.to_vec())).ok_or(SealBroken)
    }

    fn seal_for(&self, secret: &[u8], purpose: Purpose, clear: &[u8]) -> Vec<u8> {
        self.seal(purpose, secret, clear)
    }

    fn open_for(&self, secret: &[u8], purpose: Purpose, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        self.open(purpose, secret, sealed)
    }
}

/// Nothing here signs, fetches or verifies client secrets.
pub(crate) struct NoCrypto;

impl Crypto for NoCrypto {
    fn generate(&self, _: Algorithm) -> Result<KeyMaterial, CryptoError> {
        Err(CryptoError("not in these tests".into()))
    }

    fn import_pem(&self, _: &Secret<String>) -> Result<KeyMaterial, CryptoError> {
        Err(CryptoError("not in these tests".into()))
    }

    fn signer(&self, _: Algorithm, _: &KeyId, _: &Secret<Vec<u8>>) -> Result<Arc<dyn Signer>, CryptoError> {
        Err(CryptoError("not in these tests".into()))
    }

    fn verifier(&self, _: &serde_json::Map<String, serde_json::Value>) -> Option<Arc<dyn Verifier>> {
        None
    }

    fn hmac(&self, _: HmacAlgorithm, _: &[u8], _: &[u8]) -> Vec<u8> {
        Vec::new()
    }
}

impl SlowHashes for NoCrypto {
    async fn verify_secret(&self, _: Secret<String>, _: Secret<String>) -> Result<bool, Busy> {
        Ok(false)
    }
}

impl JwksFetch for NoCrypto {
    async fn jwks(&self, _: &JwksUri, _: bool) -> Result<Arc<str>, FetchError> {
        Err(FetchError::HeldBack)
    }
}
