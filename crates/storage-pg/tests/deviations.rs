//! A schema is compared with what the migrations make.
#![expect(clippy::type_complexity, reason = "rows are compared as tuples")]

mod support;

use support::{PASSWORD_ONLY, WITH_OAUTH, migrated, older, store};

#[tokio::test]
async fn a_schema_as_migrated_has_no_deviations_and_comparing_leaves_no_trace() {
    let (store, database) = migrated().await;
    for _ in 0..2 {
        assert_eq!(store.deviations().await.unwrap(), Vec::<String>::new());
    }
    let client = database.client().await;
    let schemas =
        client.query("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'authly%'", &[]).await.unwrap();
    assert!(schemas.is_empty());
}

#[tokio::test]
async fn an_adopted_database_has_no_deviations_once_it_is_up_to_date() {
    for scripts in [PASSWORD_ONLY, WITH_OAUTH] {
        let database = older(scripts).await;
        let store = store(&database);
        store.migrate().await.unwrap();
        assert_eq!(store.deviations().await.unwrap(), Vec::<String>::new());
        let client = database.client().await;
        client
            .batch_execute("ALTER TABLE users DROP COLUMN legacy_login; DROP INDEX idx_users_email_lower")
            .await
            .unwrap();
        assert_eq!(store.deviations().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn every_kind_of_deviation_is_named() {
    let (store, database) = migrated().await;
    let client = database.client().await;
    let damage = "ALTER TABLE refresh_tokens DROP COLUMN successor;
        ALTER TABLE sessions ALTER COLUMN remembered DROP NOT NULL;
        ALTER TABLE grants ALTER COLUMN scopes TYPE VARCHAR(10)[];
        ALTER TABLE consents DROP CONSTRAINT consents_client_id_fkey;
        ALTER TABLE clients DROP CONSTRAINT clients_client_id_key CASCADE;
        DROP INDEX idx_tokens_client_id;
        DROP INDEX idx_grants_check_at; CREATE INDEX idx_grants_check_at ON grants (created_at);
        UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'idx_users_email_lower'::regclass;
        ALTER TABLE settings DISABLE TRIGGER authly_catalog_changed;
        DROP TABLE replay";
    client.batch_execute(damage).await.unwrap();
    let deviations = store.deviations().await.unwrap();
    for named in [
        "column refresh_tokens.successor: is missing",
        "column sessions.remembered: is",
        "column grants.scopes: is",
        "constraint consents.consents_client_id_fkey: is missing",
        "constraint clients.clients_client_id_key: is missing",
        "index tokens.idx_tokens_client_id: is missing",
        "index grants.idx_grants_check_at: is",
        "index users.idx_users_email_lower: is there but not valid",
        "trigger settings.authly_catalog_changed: is there",
        "table replay: is missing",
    ] {
        assert!(deviations.iter().any(|found| found.starts_with(named)), "{named}: {deviations:#?}");
    }
    assert_eq!(deviations.len(), 10, "{deviations:#?}");
    let rebuilt = store.migrate().await;
    // Broken and missing indexes are built again; the rest is told.
    let rest = store.deviations().await.unwrap();
    assert!(rebuilt.is_err() || !rest.iter().any(|found| found.contains("idx_users_email_lower")), "{rest:#?}");
}

#[tokio::test]
async fn accounts_are_shown_under_other_names_on_request() {
    let (store, database) = migrated().await;
    let client = database.client().await;
    let person = "INSERT INTO users (email, username, password_hash, is_verified, is_admin, roles)
                  VALUES ('a@example.com', 'a', 'hash', TRUE, TRUE, '{user}'), ('b@example.com', 'b', NULL, FALSE, FALSE, '{user}')";
    client.batch_execute(person).await.unwrap();
    for _ in 0..2 {
        store.make_auth_users().await.unwrap();
    }
    let sql = "SELECT email, status, roles, failed_login_attempts, password_hash FROM auth_users ORDER BY email";
    let rows = client.query(sql, &[]).await.unwrap();
    let seen: Vec<(String, String, Vec<String>, i32, Option<String>)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect();
    let text = str::to_owned;
    assert_eq!(
        seen[0],
        (text("a@example.com"), text("active"), vec![text("user"), text("admin")], 0, Some(text("hash")))
    );
    assert_eq!(seen[1], (text("b@example.com"), text("pending_verification"), vec![text("user")], 0, None));
    assert_eq!(store.deviations().await.unwrap(), Vec::<String>::new(), "the view does not disturb");
    client.batch_execute("DROP VIEW auth_users; CREATE TABLE auth_users (id INTEGER)").await.unwrap();
    assert!(store.make_auth_users().await.unwrap_err().to_string().contains("not a view"));
}
