//! A small installation: one issuer, a few clients, one user, a clock that is set by hand.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use super::{FakeCrypto, FakeKey, FakeSealer, fake_key_record};
use crate::{
    catalog::{Catalog, CatalogRecords, KeyState, ScopeRecord, SwitchOverrides},
    claims::Profile,
    client::{
        AssertionAudience, AuthMethod, Client, ClientSecret, ClientState, ClientType, ConsentPolicy, GrantType,
        IntrospectionPolicy, JwksUri, PkcePolicy,
    },
    crypto::{Algorithm, HmacAlgorithm},
    engine::Engine,
    ids::{ClientId, ClientKey, ScopeKey, UserId},
    memory::{MemoryCatalog, MemoryStore},
    redirect::{ApplicationType, RedirectUri},
    scope::{Scope, ScopeSet},
    secret::Secret,
    services::{Busy, Clock, FetchError, JwksFetch, Parts, Random, SlowHashes},
    settings::{Issuer, LegacySettings, Settings},
    store::{CatalogRepository, Store},
    subject::{AccountStatus, Subject},
    time::Timestamp,
    token::TokenHash,
};

pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const ALICE: &str = "018f4c1e-0000-7000-8000-0000000000a1";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

pub(crate) fn issuer() -> Issuer {
    Issuer::parse("https://auth.example.com").unwrap()
}

pub(crate) fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

/// A confidential client with the secret `<id>-secret` that may do everything.
pub(crate) fn client(id: &str) -> Client {
    let secret = format!("{id}-secret");
    let mut row = [0u8; 16];
    row[..id.len().min(16)].copy_from_slice(&id.as_bytes()[..id.len().min(16)]);
    Client {
        key: ClientKey::from_uuid(uuid::Uuid::from_bytes(row)),
        id: ClientId::parse(id).unwrap(),
        name: id.into(),
        kind: ClientType::Confidential,
        application: ApplicationType::Web,
        auth_method: AuthMethod::ClientSecretBasic,
        secrets: vec![ClientSecret { hash: TokenHash::of(secret.as_bytes()), created_at: at(0), expires_at: None }],
        imported_secret: None,
        jwks: None,
        jwks_uri: None,
        redirect_uris: vec![RedirectUri::stored("https://app.example.com/callback".into())],
        post_logout_redirect_uris: vec![],
        grant_types: GrantType::ALL.to_vec(),
        scopes: scopes("openid profile email groups offline_access read write admin"),
        audiences: vec![],
        pkce: PkcePolicy::Required,
        consent: ConsentPolicy::Asked,
        introspection: IntrospectionPolicy::Own,
        assertion_audience: AssertionAudience::Issuer,
        tenant: None,
        challenge: crate::client::ChallengePolicy::Closed,
        id_token_alg: Algorithm::RS256,
        client_uri: None,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        state: ClientState::Active,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// Alice, an ordinary user.
pub(crate) fn subject() -> Subject {
    Subject {
        id: UserId::parse(ALICE).unwrap(),
        status: AccountStatus::Active,
        is_locked: false,
        is_admin: false,
        tenant: None,
        roles: vec!["member".into()],
        groups: vec!["staff".into()],
        profile: Profile {
            name: Some("Alice Example".into()),
            preferred_username: Some("alice".into()),
            email: Some("alice@example.com".into()),
            email_verified: true,
            ..Profile::default()
        },
        policy: None,
        created_at: at(-100),
    }
}

#[derive(Default)]
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
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        for (chunk, salt) in bytes.chunks_mut(32).zip(0u64..) {
            let hash = TokenHash::of(&[count.to_be_bytes(), salt.to_be_bytes()].concat());
            chunk.copy_from_slice(&hash.bytes()[..chunk.len()]);
        }
    }
}

/// Imported hashes in tests read `slow:<secret>`; the secret `busy` finds the pool full.
pub(crate) struct TestHashes;

impl SlowHashes for TestHashes {
    async fn verify_secret(&self, secret: Secret<String>, hash: Secret<String>) -> Result<bool, Busy> {
        if secret.expose() == "busy" { Err(Busy) } else { Ok(*hash.expose() == format!("slow:{}", secret.expose())) }
    }
}

/// Serves one document, a newer one when it is asked to refresh.
#[derive(Default)]
pub(crate) struct TestFetch {
    pub(crate) documents: std::sync::Mutex<Vec<String>>,
    pub(crate) refreshed: AtomicU64,
}

impl JwksFetch for TestFetch {
    async fn jwks(&self, _: &JwksUri, refresh: bool) -> Result<Arc<str>, FetchError> {
        let documents = self.documents.lock().unwrap();
        let document = if refresh {
            self.refreshed.fetch_add(1, Ordering::SeqCst);
            documents.last()
        } else {
            documents.first()
        };
        document.map(|text| text.as_str().into()).ok_or(FetchError::HeldBack)
    }
}

pub(crate) type TestServices<S> =
    Parts<S, TestClock, CountingRandom, FakeSealer, FakeCrypto, TestHashes, TestFetch, MemoryCatalog>;

/// An installation under test.
pub(crate) struct World<S: Store + CatalogRepository = MemoryStore> {
    pub(crate) engine: Engine<TestServices<S>>,
    pub(crate) memory: MemoryStore,
    pub(crate) records: CatalogRecords,
}

impl World {
    /// Clients `app` (confidential) and `other`, Alice, keys for each algorithm in use.
    pub(crate) fn new() -> Self {
        Self::with(vec![client("app"), client("other")], |_| {})
    }

    pub(crate) fn with(clients: Vec<Client>, change: impl FnOnce(&mut Settings)) -> Self {
        Self::over(|memory| memory, clients, change)
    }
}

impl<S: Store + CatalogRepository> World<S> {
    /// An installation over a store that wraps the one in memory.
    pub(crate) fn over(
        wrap: impl FnOnce(MemoryStore) -> S,
        clients: Vec<Client>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let memory = MemoryStore::new();
        memory.put_subject(subject());
        let records = CatalogRecords {
            revision: 1,
            clients,
            scopes: ["openid", "profile", "email", "groups", "offline_access", "read", "write", "admin"]
                .into_iter()
                .enumerate()
                .map(|(position, name)| ScopeRecord {
                    key: ScopeKey::from_uuid(uuid::Uuid::from_u128(position as u128)),
                    name: Scope::parse(name).unwrap(),
                    description: name.into(),
                    is_default: name == "read",
                    is_active: true,
                })
                .collect(),
            keys: vec![
                fake_key_record(&FakeKey::new("es", Algorithm::ES256), KeyState::Current),
                fake_key_record(&FakeKey::new("rs", Algorithm::RS256), KeyState::Current),
            ],
            ..CatalogRecords::default()
        };
        let mut settings = Settings::new(issuer());
        settings.legacy = Some(LegacySettings {
            algorithm: HmacAlgorithm::HS256,
            access_secret: Secret::new("the old access secret".into()),
            refresh_secret: Secret::new("the old refresh secret".into()),
            access_ttl: settings.access_token_ttl,
            refresh_ttl: settings.refresh_token_ttl,
        });
        change(&mut settings);
        let services = Parts {
            store: wrap(memory.clone()),
            clock: TestClock(AtomicI64::new(at(0).micros())),
            random: CountingRandom::default(),
            sealer: FakeSealer,
            crypto: FakeCrypto,
            slow_hashes: TestHashes,
            jwks_fetch: TestFetch::default(),
            catalog: MemoryCatalog::new(build(&records)),
        };
        Self { engine: Engine::new(Arc::new(services), Arc::new(settings)), memory, records }
    }

    /// Sets the clock to so many seconds after the beginning.
    pub(crate) fn set_time(&self, seconds: i64) {
        self.engine.services().clock.0.store(at(seconds).micros(), Ordering::SeqCst);
    }

    /// Changes the catalog as an administrator would.
    pub(crate) fn administer(&mut self, change: impl FnOnce(&mut CatalogRecords)) {
        change(&mut self.records);
        self.records.revision += 1;
        self.engine.services().catalog.replace(build(&self.records));
    }
}

fn build(records: &CatalogRecords) -> Catalog {
    Catalog::build(records.clone(), SwitchOverrides::default(), &FakeCrypto, &FakeSealer).unwrap()
}
