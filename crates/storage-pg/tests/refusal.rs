//! A database of another shape is refused with every difference, and untouched.

mod support;

use authly_storage_pg::schema::SchemaError;
use support::{PASSWORD_ONLY, WITH_OAUTH, indexes, older, shape, store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_of_another_shape_are_refused_with_every_difference_and_untouched() {
    for (change, told) in [
        (
            "ALTER TABLE tokens DROP CONSTRAINT tokens_jti_key; DROP INDEX idx_tokens_jti; CREATE INDEX ON tokens (jti)",
            &["tokens: has no unique key over (jti)"][..],
        ),
        (
            "ALTER TABLE clients ALTER redirect_uris TYPE JSONB USING to_jsonb(redirect_uris)",
            &["clients.redirect_uris: is jsonb, expected text[]"],
        ),
        (
            "ALTER TABLE users DROP COLUMN password_hash; ALTER TABLE users ADD COLUMN tenant_id INTEGER",
            &["users.password_hash: is missing", "users.tenant_id: is integer, expected uuid"],
        ),
        (
            "DROP TABLE tokens, authorization_codes, client_scopes; ALTER TABLE users DROP COLUMN id;
             ALTER TABLE users ADD COLUMN id SERIAL PRIMARY KEY",
            &["users.id: is integer, expected uuid"],
        ),
        (
            "ALTER TABLE users ADD COLUMN shoe_size INTEGER NOT NULL DEFAULT 1; ALTER TABLE users ALTER shoe_size DROP DEFAULT",
            &["users.shoe_size: is unknown and demands a value"],
        ),
        ("CREATE TABLE sessions (id INTEGER)", &["sessions: a table of that name is there already"]),
        ("ALTER TABLE tokens ALTER expires_at TYPE TIMESTAMP", &["tokens.expires_at: is timestamp without time zone"]),
        (
            "DROP TABLE users CASCADE",
            &["tokens: is there without the table users", "authorization_codes: is there without the table users"],
        ),
        ("ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people", &["users: is a view"]),
        (
            "CREATE UNIQUE INDEX ON tokens (jti) WHERE NOT invalidated; ALTER TABLE tokens DROP CONSTRAINT tokens_jti_key",
            &["tokens: has no unique key over (jti)"],
        ),
    ] {
        let database = older(&WITH_OAUTH[..2]).await;
        database.client().await.batch_execute(change).await.unwrap();
        let before = (shape(&database).await, indexes(&database).await);
        let Err(SchemaError::Different(found)) = store(&database).migrate().await else { panic!("{change}") };
        assert_eq!(found.len(), told.len(), "{found:?}");
        for told in told {
            assert!(found.iter().any(|found| found.starts_with(told)), "{told}: {found:?}");
        }
        assert_eq!((shape(&database).await, indexes(&database).await), before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_another_owner_are_refused() {
    let database = older(PASSWORD_ONLY).await;
    let admin = database.client().await;
    let role = format!("guest_{}", database.url().rsplit('_').next().unwrap());
    admin
        .batch_execute(&format!("CREATE ROLE {role} LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO {role}"))
        .await
        .unwrap();
    let url = database.url().replacen("postgres@", &format!("{role}@"), 1);
    let outcome = store(&url).migrate().await;
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.ok();
    let Err(SchemaError::Different(found)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|told| told.contains("belongs to another database user")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_could_not_be_read_afterwards_are_named() {
    let database = older(WITH_OAUTH).await;
    let client = database.client().await;
    client
        .batch_execute(
            "UPDATE clients SET client_type = 'web' WHERE client_id = 'web';
             INSERT INTO scopes (scope_name) VALUES ('two words'), ('a\\b'), ('fine[]'), ('a\"b');
             UPDATE tokens SET token_type = 'bearer' WHERE jti = 'client-access'",
        )
        .await
        .unwrap();
    let Err(SchemaError::Different(found)) = store(&database).migrate().await else { panic!("migrated") };
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("clients: 1 row, such as \"web\""), "{found:?}");
    assert!(found[1].starts_with("scopes: 3 rows"), "{found:?}");
    assert!(found[2].starts_with("tokens: 1 row,"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_outside_the_first_schema_of_the_search_path_are_refused() {
    let database = older(PASSWORD_ONLY).await;
    database.client().await.batch_execute("CREATE SCHEMA ours").await.unwrap();
    let separator = if database.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}options=-c%20search_path%3Dours%2Cpublic", database.url());
    let Err(SchemaError::Different(found)) = store(&url).migrate().await else { panic!("migrated") };
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|told| told.contains("is not in the schema where new tables are made")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_a_newer_release_has_changed_is_told_as_such_and_one_that_it_only_extended_is_used() {
    let database = older(PASSWORD_ONLY).await;
    store(&database).migrate().await.unwrap();
    let client = database.client().await;
    client
        .batch_execute(
            "INSERT INTO authly_schema_history
             SELECT 9001, 'of_later', applied_on, checksum FROM authly_schema_history LIMIT 1",
        )
        .await
        .unwrap();
    assert_eq!(store(&database).outstanding().await.unwrap(), (Vec::new(), Vec::new()), "it was only extended");
    client.batch_execute("ALTER TABLE users DROP COLUMN password_hash").await.unwrap();
    let outcome = store(&database).outstanding().await;
    let Err(SchemaError::Newer { found: 9001, known, differences }) = outcome else { panic!("{outcome:?}") };
    assert!(known < 9001 && differences[0].starts_with("users.password_hash: is missing"), "{differences:?}");
}

/// Somebody who reads, or whom the server runs as, need not own the tables; whoever may not even read is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_rights_is_told_which_are_missing() {
    let database = older(PASSWORD_ONLY).await;
    store(&database).migrate().await.unwrap();
    let admin = database.client().await;
    let role = format!("reader_{}", database.url().rsplit('_').next().unwrap());
    admin
        .batch_execute(&format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}"))
        .await
        .unwrap();
    let url = database.url().replacen("postgres@", &format!("{role}@"), 1);
    let denied = store(&url).outstanding().await;
    admin.batch_execute(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")).await.unwrap();
    let reads = store(&url).outstanding().await;
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.ok();
    assert!(matches!(&denied, Err(SchemaError::Denied(why)) if why.contains("authly_schema_history")), "{denied:?}");
    assert_eq!(reads.unwrap(), (Vec::new(), Vec::new()), "nothing is to be made, so nobody need be allowed to");
}
