//! Work in the background, over the store in memory and with time that passes at once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use authly_admin_cases::scope::ScopeChange;
use authly_directory::memory::MemoryDirectory;
use authly_runtime::{background, background::Background, keys, live, start::start};
use oauth_core::{
    crypto::Algorithm,
    services::{CatalogSource as _, Services as _},
};
use support::settings;

#[tokio::test(start_paused = true)]
async fn a_change_of_another_process_is_seen_within_a_second() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(home.path(), &[]);
    let store = MemoryDirectory::new();
    let started = start(&settings, store.clone()).await.unwrap();
    let background = Background::start(&settings, &started.live, None);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let other = live::Live::for_administration(&settings, store, keys::useless_sealer()).unwrap().into();
    live::admin(&settings, &other).create_scope("invoices", ScopeChange::default()).await.unwrap();
    live::admin(&settings, &other)
        .update_scope("invoices", ScopeChange { is_active: Some(true), ..ScopeChange::default() })
        .await
        .unwrap();
    assert!(started.live.catalog().current().scope("invoices").is_none());
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert!(started.live.catalog().current().scope("invoices").is_some());
    background.stop(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_told_is_seen_at_once() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(home.path(), &[]);
    let started = start(&settings, MemoryDirectory::new()).await.unwrap();
    let background = Background::start(&settings, &started.live, None);
    tokio::time::sleep(Duration::from_millis(10)).await;
    live::admin(&settings, &started.live).set_oauth_enabled(false).await.unwrap();
    assert!(started.live.catalog().current().switches.oauth_enabled);
    started.live.catalog_changed();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!started.live.catalog().current().switches.oauth_enabled);
    background.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn keys_that_are_young_stay_and_maintenance_of_a_fresh_store_does_nothing() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(home.path(), &[("AUTHLY_KEY_ROTATION_DAYS", "90")]);
    let started = start(&settings, MemoryDirectory::new()).await.unwrap();
    let kid = |algorithm| started.live.catalog().current().signer(algorithm).unwrap().key_id().clone();
    let before = Algorithm::ALL.map(kid);
    assert_eq!(background::rotate_once(&settings, &started.live).await.unwrap(), 0);
    assert_eq!(Algorithm::ALL.map(kid), before);
    assert_eq!(background::purge_once(&settings, &started.live).await.unwrap(), Default::default());
}
