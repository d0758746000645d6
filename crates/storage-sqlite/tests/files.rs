//! The file itself: how it is made, migrated, refused and shared.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_storage_sqlite::{OpenError, SqliteStore};
use oauth_core::catalog::Unreadable;
use oauth_core::store::{CatalogRepository as _, MaintenanceRepository as _, StoreErrorKind};
use rusqlite::Connection;
use tempfile::TempDir;

fn folder() -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("authly.db");
    (folder, path)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn a_missing_file_lacks_everything_and_is_not_created_by_asking() {
    let (_folder, path) = folder();
    assert_eq!(SqliteStore::pending(&path).unwrap().first().map(String::as_str), Some("V1__structure"));
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Pending { .. })));
    assert!(!path.exists());
}

#[test]
fn a_second_migration_does_nothing() {
    let (_folder, path) = folder();
    let steps = SqliteStore::pending(&path).unwrap().len();
    let first = SqliteStore::migrate(&path).unwrap();
    assert_eq!(first.applied.len(), steps);
    let second = SqliteStore::migrate(&path).unwrap();
    assert_eq!((second.applied.len(), second.version), (0, first.version));
    assert!(SqliteStore::pending(&path).unwrap().is_empty());
}

#[test]
fn programs_that_migrate_at_once_do_not_disturb_each_other() {
    let (_folder, path) = folder();
    let steps = SqliteStore::pending(&path).unwrap().len();
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || SqliteStore::migrate(path).unwrap().applied.len())
        })
        .collect();
    let applied: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(applied, steps);
    block_on(SqliteStore::open(&path).unwrap().ping()).unwrap();
}

#[test]
fn a_file_of_a_newer_release_is_refused_by_name() {
    let (_folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    let sql = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    for error in [SqliteStore::open(&path).unwrap_err(), SqliteStore::migrate(&path).unwrap_err()] {
        assert!(matches!(error, OpenError::Newer { found: 99, known: 1..99, .. }), "{error:?}");
        assert!(error.to_string().contains("newer release"), "{error}");
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let (_folder, path) = folder();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE users (id INTEGER)").unwrap();
    assert!(matches!(SqliteStore::migrate(&path), Err(OpenError::Foreign { .. })));
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Foreign { .. })));
    let tables: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (_folder, path) = folder();
    std::fs::write(&path, "not a database, but long enough to have a header of its own".repeat(20)).unwrap();
    assert!(matches!(SqliteStore::migrate(&path), Err(OpenError::NotADatabase { .. })));
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::NotADatabase { .. })));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file_and_its_companions() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    block_on(store.ping()).unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        seen += 1;
    }
    assert!(seen >= 2, "the log stands beside the file");
}

#[test]
fn a_change_by_another_program_is_seen() {
    let (_folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    let (server, admin) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    let before = block_on(server.revision()).unwrap();
    let event = event();
    block_on(admin.put_setting("oauth_enabled", "false", event)).unwrap();
    assert_ne!(block_on(server.revision()).unwrap(), before);
    assert_eq!(block_on(server.load_catalog()).unwrap().settings.len(), 1);
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    let (_folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    let sql = "INSERT INTO scopes VALUES (x'0102030405060708090a0b0c0d0e0f10', 'a b', '', 0, 1)";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let error = block_on(SqliteStore::open(&path).unwrap().load_catalog()).unwrap_err();
    let key = "01020304-0506-0708-090a-0b0c0d0e0f10".to_owned();
    assert_eq!(error.kind, StoreErrorKind::Corrupt { table: "scopes", column: "name", key });
}

#[test]
fn what_was_written_is_there_after_the_store_was_closed() {
    let (folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    block_on(store.put_setting("name", "\"value\"", event())).unwrap();
    drop(store);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the log was folded into the file");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(block_on(store.load_catalog()).unwrap().settings.get("name").unwrap(), "\"value\"");
}

fn event() -> oauth_core::audit::AuditEvent {
    oauth_core::audit::AuditEvent {
        id: oauth_core::ids::AuditId::from_uuid(uuid::Uuid::from_u128(7)),
        at: oauth_core::time::Timestamp::from_micros(7),
        kind: oauth_core::audit::AuditKind::SettingChanged,
        user: None,
        client: None,
        address: None,
        detail: serde_json::Value::Null,
    }
}

#[test]
fn a_client_that_cannot_be_read_is_left_out_and_named() {
    let (_folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    let columns = "key, client_id, name, client_type, application_type, auth_method, redirect_uris, \
                   post_logout_redirect_uris, grant_types, audiences, require_pkce, ask_consent, introspects_all, \
                   token_endpoint_audience, id_token_signed_response_alg, is_active, created_at, updated_at";
    let rows = [("good", 1, "none"), ("bad", 2, "by telephone")].map(|(id, key, method)| {
        format!(
            "INSERT INTO clients ({columns}) VALUES (x'{key:032}', '{id}', '{id}', 'public', 'web', '{method}', \
             '[]', '[]', '[]', '[]', 1, 1, 0, 0, 'RS256', 1, 0, 0);"
        )
    });
    Connection::open(&path).unwrap().execute_batch(&rows.concat()).unwrap();
    let records = block_on(SqliteStore::open(&path).unwrap().load_catalog()).unwrap();
    assert_eq!(records.clients.iter().map(|client| client.id.as_str()).collect::<Vec<_>>(), ["good"]);
    let left_out = Unreadable { table: "clients", name: "bad".to_owned(), column: "auth_method" };
    assert_eq!(records.unreadable, [left_out]);
}

#[test]
fn a_structure_that_was_changed_by_hand_is_named() {
    let (_folder, path) = folder();
    SqliteStore::migrate(&path).unwrap();
    assert_eq!(authly_storage_sqlite::deviations(&path).unwrap(), Vec::<String>::new());
    let damage = "DROP INDEX tokens_user; ALTER TABLE replay ADD COLUMN more TEXT; DROP TABLE paused_tokens";
    Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    let deviations = authly_storage_sqlite::deviations(&path).unwrap();
    for named in ["index tokens_user: is missing", "table replay: is ", "table paused_tokens: is missing"] {
        assert!(deviations.iter().any(|found| found.starts_with(named)), "{named}: {deviations:?}");
    }
    assert_eq!(deviations.len(), 3, "{deviations:?}");
}

#[test]
fn what_is_lacking_is_named_in_the_order_of_its_application() {
    let (_folder, path) = folder();
    let named = SqliteStore::pending(&path).unwrap();
    let version = |name: &String| name.trim_start_matches('V').split('_').next().unwrap().parse::<u32>().unwrap();
    assert!(named.iter().map(version).is_sorted(), "{named:?}");
    assert_eq!(SqliteStore::migrate(&path).unwrap().applied, named);
}
