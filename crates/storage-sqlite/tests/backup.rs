//! Copies of files in use, and the way back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use authly_storage_sqlite::{
    SqliteStore,
    backup::{self, CopyError, Others},
};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::AuditId,
    store::CatalogRepository as _,
    time::Timestamp,
};

async fn put(store: &SqliteStore, value: &str) {
    let at = Timestamp::from_seconds(1_700_000_000);
    let number = value.parse().unwrap();
    let id = AuditId::from_uuid(uuid::Uuid::from_u128(number));
    let detail = serde_json::Value::Null;
    let event = AuditEvent { id, at, kind: AuditKind::SettingChanged, user: None, client: None, address: None, detail };
    store.put_setting("word", value, event).await.unwrap();
}

async fn word(store: &SqliteStore) -> Option<String> {
    store.load_catalog().await.unwrap().settings.remove("word")
}

fn store(path: &Path) -> SqliteStore {
    SqliteStore::migrate(path).unwrap();
    SqliteStore::open(path).unwrap()
}

#[tokio::test]
async fn a_copy_of_a_file_in_use_holds_the_newest_rows_and_stands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("authly.db"), folder.path().join("copy.db"));
    let live = store(&path);
    put(&live, "1").await;
    backup::copy(&path, &copy).unwrap();
    put(&live, "2").await;
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let contents = backup::check(&copy).unwrap();
    assert!(contents.version.is_some() && contents.tables.iter().any(|table| table == "users"), "{contents:?}");
    let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("copy.db-")), "{names:?}");
    assert_eq!(word(&SqliteStore::open(&copy).unwrap()).await.as_deref(), Some("1"));
    assert!(matches!(backup::copy(&path, &copy), Err(CopyError::Open(_))), "nothing is overwritten");
}

#[test]
fn a_damaged_copy_is_told_from_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("authly.db"), folder.path().join("copy.db"));
    drop(store(&path));
    backup::copy(&path, &copy).unwrap();
    let whole = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &whole[..whole.len() / 2]).unwrap();
    assert!(backup::check(&copy).is_err(), "cut in half");
    let mut scratched = whole.clone();
    let middle = scratched.len() / 2 / 4096 * 4096;
    scratched[middle..middle + 4096].fill(0xA5);
    std::fs::write(&copy, scratched).unwrap();
    assert!(backup::check(&copy).is_err(), "a page of noise");
    std::fs::write(&copy, b"a letter").unwrap();
    assert!(matches!(backup::check(&copy), Err(CopyError::Damaged { .. })), "no database at all");
    assert!(backup::check(&folder.path().join("missing.db")).is_err());
}

#[tokio::test]
async fn a_file_in_use_is_replaced_only_when_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let live = store(&at("authly.db"));
    put(&live, "1").await;
    backup::copy(&at("authly.db"), &at("copy.db")).unwrap();
    put(&live, "2").await;
    let refused = backup::replace(&at("authly.db"), &at("copy.db"), &at("kept.db"), Others::Refuse);
    assert!(matches!(refused, Err(CopyError::InUse { .. })), "{refused:?}");
    assert_eq!(word(&live).await.as_deref(), Some("2"));
    assert!(!at("kept.db").exists());
    backup::replace(&at("authly.db"), &at("copy.db"), &at("kept.db"), Others::Allow).unwrap();
    assert_eq!(word(&live).await.as_deref(), Some("1"), "a server that goes on sees the other contents");
    put(&live, "3").await;
    assert_eq!(word(&SqliteStore::open(at("kept.db")).unwrap()).await.as_deref(), Some("2"));
    drop(live);
    backup::replace(&at("authly.db"), &at("kept.db"), &at("kept-2.db"), Others::Refuse).unwrap();
    assert_eq!(word(&SqliteStore::open(at("authly.db")).unwrap()).await.as_deref(), Some("2"));
    assert_eq!(word(&SqliteStore::open(at("kept-2.db")).unwrap()).await.as_deref(), Some("3"));
}
