//! What tells an import that others are at work in the file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_cutover::store::CutoverStore as _;
use authly_storage_sqlite::SqliteStore;
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::AuditId,
    store::CatalogRepository as _,
    time::Timestamp,
};

async fn put(store: &SqliteStore, number: u128) {
    let id = AuditId::from_uuid(uuid::Uuid::from_u128(number));
    let (at, detail) = (Timestamp::from_seconds(1_700_000_000), serde_json::Value::Null);
    let event = AuditEvent { id, at, kind: AuditKind::SettingChanged, user: None, client: None, address: None, detail };
    store.put_setting("word", &number.to_string(), event).await.unwrap();
}

#[tokio::test]
async fn what_others_write_is_noticed_and_what_is_written_here_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authly.db");
    SqliteStore::migrate(&path).unwrap();
    let (here, elsewhere) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    put(&here, 1).await;
    let before = here.others_at_work().await.unwrap();
    put(&here, 2).await;
    assert_eq!(here.others_at_work().await.unwrap(), before);
    put(&elsewhere, 3).await;
    assert_ne!(here.others_at_work().await.unwrap(), before);
}
