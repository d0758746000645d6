//! What the tests of this store share: a migrated database, and short ways to an account, a client, a code.

#![allow(dead_code, reason = "each test file uses some of it")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_directory::{account::NewAccount, password::StoredHash, store::AccountRepository as _};
use authly_pg_fixture::{PgFixture, TestDatabase};
use authly_storage_pg::{PgOptions, PgStore};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    claims::Profile,
    client::{
        AssertionAudience, AuthMethod, Client, ClientState, ClientType, ConsentPolicy, GrantType, IntrospectionPolicy,
        PkcePolicy,
    },
    crypto::Algorithm,
    ids::{AuditId, ClientId, ClientKey, GrantId, UserId},
    pkce::CodeProof,
    redirect::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    services::Random,
    store::{
        CatalogRepository as _, Commit, Grant, GrantRepository as _, NewAuthorization, NewRefreshToken, Redemption,
        Rotation,
    },
    subject::AccountStatus,
    time::Timestamp,
    token::TokenHash,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// The instant of all tests.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_123_456);

/// Bytes that never repeat.
pub(crate) struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let seed = TokenHash::of(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes.iter_mut().zip(seed.bytes().iter().cycle()).for_each(|(byte, noise)| *byte = *noise);
    }
}

pub(crate) fn store(url: &str) -> PgStore {
    PgStore::new(url, PgOptions { max_connections: 8, ..PgOptions::default() }).unwrap()
}

/// A store on a migrated database.
pub(crate) async fn migrated() -> (PgStore, TestDatabase) {
    let database = PgFixture::copy_of("migrated", async |url| {
        store(&url).migrate().await.unwrap();
    })
    .await;
    (store(&database), database)
}

/// A database filled by these scripts of the older program.
pub(crate) async fn older(scripts: &[&str]) -> TestDatabase {
    let database = PgFixture::empty().await;
    let client = database.client().await;
    for script in scripts {
        client.batch_execute(script).await.unwrap();
    }
    database
}

pub(crate) const WITH_OAUTH: &[&str] = &[
    include_str!("../older/with_oauth.sql"),
    include_str!("../older/people.sql"),
    include_str!("../older/clients.sql"),
];
pub(crate) const PASSWORD_ONLY: &[&str] =
    &[include_str!("../older/password_only.sql"), include_str!("../older/people.sql")];

pub(crate) fn hash() -> TokenHash {
    let mut bytes = [0; 32];
    Counting.fill(&mut bytes);
    TokenHash::from_bytes(bytes)
}

pub(crate) fn audit(kind: AuditKind) -> AuditEvent {
    AuditEvent {
        id: AuditId::generate(NOW, &Counting),
        at: NOW,
        kind,
        user: None,
        client: None,
        address: None,
        detail: serde_json::Value::Null,
    }
}

pub(crate) async fn account(store: &PgStore, name: &str) -> UserId {
    let account = NewAccount {
        id: UserId::generate(NOW, &Counting),
        tenant: None,
        email: format!("{name}@example.org"),
        username: name.to_owned(),
        hash: Some(StoredHash::new(format!("hash of {name}"))),
        older_hash: None,
        is_verified: true,
        is_admin: false,
        status: AccountStatus::Active,
        roles: Vec::new(),
        profile: Profile::default(),
        created_at: NOW,
    };
    let id = account.id;
    store.create_account(account, audit(AuditKind::AccountCreated)).await.unwrap();
    id
}

pub(crate) fn new_client(id: &str) -> Client {
    Client {
        key: ClientKey::generate(NOW, &Counting),
        id: ClientId::parse(id).unwrap(),
        name: id.to_owned(),
        kind: ClientType::Public,
        application: ApplicationType::Web,
        auth_method: AuthMethod::None,
        secrets: Vec::new(),
        imported_secret: None,
        jwks: None,
        jwks_uri: None,
        redirect_uris: vec![RedirectUri::stored("https://app.example/cb".to_owned())],
        post_logout_redirect_uris: Vec::new(),
        grant_types: GrantType::ALL.to_vec(),
        scopes: ScopeSet::default(),
        audiences: Vec::new(),
        pkce: PkcePolicy::Required,
        consent: ConsentPolicy::Asked,
        introspection: IntrospectionPolicy::Own,
        assertion_audience: AssertionAudience::Issuer,
        tenant: None,
        challenge: oauth_core::client::ChallengePolicy::Closed,
        id_token_alg: Algorithm::RS256,
        client_uri: None,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        state: ClientState::Active,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// How many connections of the store wait for a lock.
pub(crate) async fn waiting(watcher: &tokio_postgres::Client) -> i64 {
    let asked = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND application_name = 'authly' AND wait_event_type = 'Lock'";
    watcher.query_one(asked, &[]).await.unwrap().get(0)
}

pub(crate) async fn client(store: &PgStore, id: &str) -> ClientKey {
    let client = new_client(id);
    store.create_client(&client, audit(AuditKind::ClientChanged)).await.unwrap();
    client.key
}

pub(crate) fn new_code(user: UserId, client: ClientKey) -> NewAuthorization {
    NewAuthorization {
        grant: Grant {
            id: GrantId::generate(NOW, &Counting),
            user,
            client,
            tenant: None,
            session: None,
            scope: ScopeSet::parse("read").unwrap(),
            resources: Vec::new(),
            authenticated_at: Some(NOW),
            methods: Vec::new(),
            created_at: NOW,
            revoked_at: None,
        },
        code: hash(),
        redirect_uri: RedirectUri::stored("https://app.example/cb".to_owned()),
        proof: CodeProof::None,
        nonce: None,
        expires_at: NOW,
        consent: None,
        first: false,
        audit: None,
    }
}

/// A code and its grant.
pub(crate) async fn code(store: &PgStore, user: UserId, client: ClientKey) -> (TokenHash, GrantId) {
    let write = new_code(user, client);
    let made = (write.code, write.grant.id);
    assert_eq!(store.issue_code(write).await.unwrap(), Commit::Applied);
    made
}

pub(crate) fn new_token() -> NewRefreshToken {
    NewRefreshToken { hash: hash(), expires_at: NOW }
}

pub(crate) fn redemption((code, grant): (TokenHash, GrantId)) -> Redemption {
    Redemption { code, grant, at: NOW, refresh: Some(new_token()), assertion: None }
}

pub(crate) fn rotation((spent, grant): (TokenHash, GrantId)) -> Rotation {
    Rotation { spent, grant, at: NOW, next: new_token(), sealed_next: Some(vec![1, 2, 3]), assertion: None }
}

/// A refresh token and its grant.
pub(crate) async fn token(store: &PgStore, user: UserId, client: ClientKey) -> (TokenHash, GrantId) {
    let code = code(store, user, client).await;
    let write = redemption(code);
    let hash = write.refresh.as_ref().unwrap().hash;
    assert_eq!(store.redeem_code(write).await.unwrap(), Commit::Applied);
    (hash, code.1)
}

/// Columns and triggers, without what may differ by a database's age: order, names of constraints.
pub(crate) async fn shape(database: &TestDatabase) -> Vec<String> {
    let client = database.client().await;
    let rows = client
        .query(
            "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
              UNION ALL
             SELECT 'trigger ' || c.relname || ' ' || t.tgname
               FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
              ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The names of all usable indexes.
pub(crate) async fn indexes(database: &TestDatabase) -> Vec<String> {
    let rows = database
        .client()
        .await
        .query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
              WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
