//! An existing database is adopted in place: nothing is lost, the older program goes on beside us, and what has another shape is
//! refused untouched.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use authly_directory::{
    identifier::Identifier,
    password::StoredHash,
    store::{AccountRepository as _, PasswordChange, Replace},
};
use authly_pg_fixture::{PgFixture, TestDatabase};
use oauth_core::{
    client::{AuthMethod, ClientType},
    ids::{LegacyTokenId, UserId},
    legacy::{LegacyRotation, LegacyTokenType, NewLegacyPair},
    store::{CatalogRepository as _, Commit, LegacyTokenRepository as _},
    subject::AccountStatus,
    time::Timestamp,
};
use support::{NOW, PASSWORD_ONLY, WITH_OAUTH, code, indexes, older, shape, store};

const ADA: &str = "6b1f7a3e-0000-4000-8000-000000000001";
const ADAS_HASH: &str = "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewdBPj3bp.PBqaq2";

fn ada() -> UserId {
    UserId::parse(ADA).unwrap()
}

/// Every row of the older program's tables as text, without the columns that we added.
async fn older_rows(database: &TestDatabase, tables: &[&str]) -> Vec<String> {
    let client = database.client().await;
    let mut rows = Vec::new();
    for (table, columns) in [
        ("users", "id, email, username, password_hash, is_verified, is_admin, created_at, updated_at"),
        ("tokens", "id, jti, user_id, token_type, expires_at, invalidated, created_at"),
        (
            "clients",
            "id, client_id, client_name, client_secret_hash, client_type, redirect_uris, require_pkce, created_at",
        ),
        ("scopes", "id, scope_name, description, is_default, is_active"),
        ("client_scopes", "client_id, scope_id"),
        ("authorization_codes", "id, code, client_id, user_id, scopes, code_challenge, redirect_uri, expires_at"),
    ] {
        if !tables.contains(&table) {
            continue;
        }
        let found = client
            .query(&format!("SELECT ROW(x.*)::text FROM (SELECT {columns} FROM {table}) x ORDER BY 1"), &[])
            .await
            .unwrap();
        rows.extend(found.iter().map(|row| format!("{table}: {}", row.get::<_, String>(0))));
    }
    rows
}

const ALL: &[&str] = &["users", "tokens", "clients", "scopes", "client_scopes", "authorization_codes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fresh_and_adopted_databases_end_in_the_same_shape() {
    let fresh = PgFixture::empty().await;
    assert!(!store(&fresh).migrate().await.unwrap().adopted);
    let wanted = shape(&fresh).await;
    let named = indexes(&fresh).await;
    for scripts in [WITH_OAUTH, PASSWORD_ONLY] {
        let adopted = older(scripts).await;
        assert!(store(&adopted).migrate().await.unwrap().adopted);
        assert_eq!(shape(&adopted).await, wanted);
        let found = indexes(&adopted).await;
        let missing: Vec<_> = named.iter().filter(|name| !found.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// How many steps there are.
fn steps() -> usize {
    std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_lost_and_a_second_migration_does_nothing() {
    for (scripts, tables) in [(WITH_OAUTH, ALL), (PASSWORD_ONLY, &ALL[..2])] {
        let database = older(scripts).await;
        let before = older_rows(&database, tables).await;
        let store = store(&database);
        assert_eq!(store.pending().await.unwrap().len(), steps());
        let report = store.migrate().await.unwrap();
        assert_eq!((report.applied.len(), report.rebuilt.len()), (steps(), 0));
        assert_eq!(older_rows(&database, tables).await, before);
        assert!(store.pending().await.unwrap().is_empty());
        let again = store.migrate().await.unwrap();
        assert!(again.applied.is_empty() && again.rebuilt.is_empty() && again.adopted);
        assert!(store.shared_with_older_program().await.unwrap());
        assert!(!store.load_catalog().await.unwrap().switches().oauth_enabled);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_database_is_shared_with_nobody_and_switched_on() {
    let (store, _database) = support::migrated().await;
    assert!(!store.shared_with_older_program().await.unwrap());
    assert!(store.load_catalog().await.unwrap().switches().oauth_enabled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_nodes_that_migrate_at_once_do_it_once() {
    let database = older(WITH_OAUTH).await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let store = store(&database);
            tokio::spawn(async move { store.migrate().await.unwrap().applied.len() })
        })
        .collect();
    let mut applied = Vec::new();
    for task in tasks {
        applied.push(task.await.unwrap());
    }
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, steps()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_accounts_hashes_and_live_tokens_work_afterwards() {
    for scripts in [WITH_OAUTH, PASSWORD_ONLY] {
        let database = older(scripts).await;
        let store = store(&database);
        store.migrate().await.unwrap();
        let (account, credential) = store.account(ada()).await.unwrap().unwrap();
        assert_eq!(account.email, "Ada@Example.org");
        assert_eq!((account.subject.status, account.subject.is_admin), (AccountStatus::Active, true));
        assert_eq!(account.subject.created_at, Timestamp::parse_rfc3339("2024-01-02T03:04:05.678901Z").unwrap());
        assert_eq!(account.updated_at, account.subject.created_at);
        assert!(account.may_sign_in() && credential.shared_with_older_program);
        assert_eq!(credential.hash, Some(StoredHash::new(ADAS_HASH.to_owned())));
        let folded = Identifier::parse("ADA@example.org").unwrap();
        assert_eq!(store.find_accounts(&folded).await.unwrap().len(), 1);

        let live = LegacyTokenId::parse("live-refresh").unwrap();
        let found = store.legacy_token(&live).await.unwrap().unwrap();
        assert_eq!((found.kind, found.invalidated, found.bound_to_client), (LegacyTokenType::Refresh, false, false));
        assert_eq!(found.account.subject.id, ada());
        let spent = LegacyTokenId::parse("spent-refresh").unwrap();
        assert!(store.legacy_token(&spent).await.unwrap().unwrap().invalidated);

        let pair = NewLegacyPair {
            user: ada(),
            access: LegacyTokenId::parse("next-access").unwrap(),
            access_expires_at: NOW,
            refresh: LegacyTokenId::parse("next-refresh").unwrap(),
            refresh_expires_at: NOW,
            created_at: NOW,
        };
        let rotation = LegacyRotation { spent: live, pair };
        assert_eq!(store.rotate_legacy(rotation.clone()).await.unwrap(), Commit::Applied);
        assert_eq!(store.rotate_legacy(rotation).await.unwrap(), Commit::Lost);
        let client = database.client().await;
        let row = client
            .query_one(
                "SELECT count(*) FROM tokens WHERE jti LIKE 'next-%' AND client_id IS NULL AND NOT invalidated",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(row.get::<_, i64>(0), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_clients_and_tokens_of_clients_keep_their_meaning() {
    let database = older(WITH_OAUTH).await;
    let store = store(&database);
    store.migrate().await.unwrap();
    let catalog = store.load_catalog().await.unwrap();
    let client = |id: &str| catalog.clients.iter().find(|client| client.id.as_str() == id).unwrap();
    let web = client("web");
    assert_eq!((web.kind, web.auth_method), (ClientType::Confidential, AuthMethod::ClientSecretBasic));
    assert!(web.imported_secret.is_some() && web.secrets.is_empty());
    assert_eq!(web.scopes.to_string(), "read");
    assert_eq!(web.redirect_uris.len(), 2);
    let app = client("app");
    assert_eq!((app.kind, app.auth_method), (ClientType::Public, AuthMethod::None));
    let bound = LegacyTokenId::parse("client-access").unwrap();
    assert!(store.legacy_token(&bound).await.unwrap().unwrap().bound_to_client);
}

/// What the older program does, statement by statement, on the migrated schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_program_keeps_working_beside_us() {
    let database = older(WITH_OAUTH).await;
    let store = store(&database);
    store.migrate().await.unwrap();
    let revision = store.revision().await.unwrap();
    database
        .client()
        .await
        .batch_execute(
            "INSERT INTO users (email, username, password_hash) VALUES ('new@example.org', 'new', '$2b$12$new');
             INSERT INTO tokens (jti, user_id, token_type, expires_at)
                  SELECT 'theirs', id, 'access', now() + interval '1 hour' FROM users WHERE username = 'new';
             UPDATE tokens SET invalidated = TRUE WHERE jti = 'live-access';
             UPDATE users SET password_hash = '$2b$12$changed', updated_at = now() WHERE username = 'Grace';
             INSERT INTO clients (client_id, client_name, client_secret_hash, client_type, redirect_uris)
                  VALUES ('theirs', 'Theirs', '$2b$12$secret', 'confidential', '{https://theirs.example/cb}');
             INSERT INTO client_scopes (client_id, scope_id)
                  SELECT c.id, s.id FROM clients c, scopes s WHERE c.client_id = 'theirs' AND s.scope_name = 'write';
             INSERT INTO authorization_codes (code, client_id, user_id, scopes, code_challenge, redirect_uri, expires_at)
                  SELECT 'their-code', c.id, u.id, '{read}', 'x', 'https://theirs.example/cb', now() + interval '10 minutes'
                    FROM clients c, users u WHERE c.client_id = 'theirs' AND u.username = 'new';
             DELETE FROM authorization_codes WHERE code = 'older-code';
             DELETE FROM authorization_codes WHERE expires_at < now()",
        )
        .await
        .unwrap();
    // A running server notices the older program's client.
    assert_ne!(store.revision().await.unwrap(), revision);
    let catalog = store.load_catalog().await.unwrap();
    let theirs = catalog.clients.iter().find(|client| client.id.as_str() == "theirs").unwrap();
    assert_eq!(theirs.scopes.to_string(), "write");
    let found = store.find_accounts(&Identifier::parse("new").unwrap()).await.unwrap();
    assert_eq!((found.len(), found[0].is_verified, found[0].may_sign_in()), (1, false, true));
    let token = store.legacy_token(&LegacyTokenId::parse("theirs").unwrap()).await.unwrap().unwrap();
    assert!(!token.invalidated && token.account.subject.id == found[0].subject.id);
    let ended = store.legacy_token(&LegacyTokenId::parse("live-access").unwrap()).await.unwrap().unwrap();
    assert!(ended.invalidated);
    // It may remove an account to which we have issued something.
    let (token, grant) = code(&store, found[0].subject.id, theirs.key).await;
    let client = database.client().await;
    client.execute("DELETE FROM users WHERE username = 'new'", &[]).await.unwrap();
    let row = client.query_one("SELECT count(*) FROM grants WHERE id = $1", &[&grant.uuid()]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    assert!(oauth_core::store::GrantRepository::code(&store, token).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgraded_hash_stands_beside_the_old_one_and_falls_with_it() {
    let database = older(PASSWORD_ONLY).await;
    let store = store(&database);
    store.migrate().await.unwrap();
    let hash = |text: &str| StoredHash::new(text.to_owned());
    let better = hash("$argon2id$better");
    let upgraded = store.upgrade_hash(ada(), hash(ADAS_HASH), better.clone(), NOW).await.unwrap();
    assert_eq!(upgraded, Commit::Applied);
    assert_eq!(credential(&store).await, Some(better));
    let client = database.client().await;
    assert_eq!(password_hash(&client).await, ADAS_HASH);

    // The older program changes the password: the upgraded hash of the former one must not open the account.
    client.execute("UPDATE users SET password_hash = '$2b$12$theirs' WHERE id = $1", &[&ada().uuid()]).await.unwrap();
    assert_eq!(credential(&store).await, Some(hash("$2b$12$theirs")));

    let change = PasswordChange {
        user: ada(),
        replaces: Replace::This(hash("$2b$12$theirs")),
        hash: hash("$argon2id$ours"),
        older_hash: Some(hash("$2b$12$ours")),
        at: NOW,
        audit: None,
    };
    assert_eq!(store.set_password(change.clone()).await.unwrap(), Commit::Applied);
    assert_eq!(credential(&store).await, Some(hash("$argon2id$ours")));
    assert_eq!(password_hash(&client).await, "$2b$12$ours");
    assert_eq!(store.set_password(change).await.unwrap(), Commit::Lost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_upgraded_from_an_imported_hash_falls_with_it() {
    let database = older(WITH_OAUTH).await;
    let store = store(&database);
    store.migrate().await.unwrap();
    let web = async || {
        let catalog = store.load_catalog().await.unwrap();
        catalog.clients.into_iter().find(|client| client.id.as_str() == "web").unwrap()
    };
    let secret = oauth_core::client::ClientSecret { hash: support::hash(), created_at: NOW, expires_at: None };
    store.upgrade_client_secret(web().await.key, secret.clone()).await.unwrap();
    let client = web().await;
    assert_eq!(client.secrets, [secret]);
    assert!(client.imported_secret.is_some());
    database
        .client()
        .await
        .execute("UPDATE clients SET client_secret_hash = '$2b$12$rotated' WHERE client_id = 'web'", &[])
        .await
        .unwrap();
    assert!(web().await.secrets.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_index_is_built_again() {
    let database = older(WITH_OAUTH).await;
    let store = store(&database);
    let client = database.client().await;
    // What a build that was broken off leaves behind, before and after the migration.
    let break_off = "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'idx_tokens_user_id'::regclass";
    client.batch_execute(break_off).await.unwrap();
    store.migrate().await.unwrap();
    assert!(indexes(&database).await.contains(&"idx_tokens_user_id".to_owned()));
    client.batch_execute(break_off).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().rebuilt, ["idx_tokens_user_id"]);
    assert!(indexes(&database).await.contains(&"idx_tokens_user_id".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_waits_for_a_busy_table_and_nobody_waits_long_behind_it() {
    let database = older(WITH_OAUTH).await;
    let (holder, other) = (database.client().await, database.client().await);
    holder.batch_execute("BEGIN; SELECT 1 FROM users").await.unwrap();
    let store = store(&database);
    let migration = tokio::spawn(async move { store.migrate().await });
    // Until a step stands in the queue.
    loop {
        let row = other.query_one("SELECT count(*) FROM pg_locks WHERE NOT granted", &[]).await.unwrap();
        if row.get::<_, i64>(0) > 0 {
            break;
        }
    }
    // A query of the older program that came later is through before the holder lets go.
    other.batch_execute("SET statement_timeout = '5s'; SELECT count(*) FROM users").await.unwrap();
    assert!(!migration.is_finished());
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(migration.await.unwrap().unwrap().applied.len(), steps());
}

async fn credential(store: &authly_storage_pg::PgStore) -> Option<StoredHash> {
    store.account(ada()).await.unwrap().unwrap().1.hash
}

async fn password_hash(client: &tokio_postgres::Client) -> String {
    client.query_one("SELECT password_hash FROM users WHERE id = $1", &[&ada().uuid()]).await.unwrap().get(0)
}
