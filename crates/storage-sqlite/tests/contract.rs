//! The store on SQLite passes the suite.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_storage_sqlite::SqliteStore;
use tempfile::TempDir;

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("authly.db");
    SqliteStore::migrate(&path).unwrap();
    (SqliteStore::open(&path).unwrap(), folder)
}

authly_storage_contract::suite!(fresh);
authly_storage_contract::cutover_suite!(fresh);
authly_storage_contract::instants_suite!(fresh);
