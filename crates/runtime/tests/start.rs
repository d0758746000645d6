//! Starts of an installation over the store in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use authly_admin_cases::{
    key::{Rotated, Rotation},
    user::UserDraft,
};
use authly_directory::{
    memory::MemoryDirectory,
    store::{AccountQuery, AccountRepository as _},
    uniqueness::EmailUniqueness,
};
use authly_runtime::{
    Live,
    development::{DEMO_CLIENT, Mode},
    keys, live, rewrap,
    start::{Started, start},
};
use oauth_core::{
    catalog::KeyState,
    crypto::Algorithm,
    ids::KeyId,
    services::{CatalogSource as _, Services as _},
    store::{CatalogRepository as _, Commit},
    time::Timestamp,
};
use support::settings;

/// Two keys that differ.
const KEYS: [&str; 2] =
    ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="];

#[tokio::test]
async fn the_first_start_of_development_creates_everything_and_the_second_nothing() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(home.path(), &[]);
    let store = MemoryDirectory::new();
    let first = start(&settings, store.clone()).await.unwrap();
    assert_eq!(first.mode, Mode::Development);
    let administrator = first.first_administrator.unwrap();
    assert_eq!(administrator.user.email, "admin@localhost");
    assert!(administrator.user.is_admin);
    assert!(administrator.password.unwrap().expose().len() >= 16);
    let catalog = first.live.catalog().current();
    assert!(Algorithm::ALL.into_iter().all(|algorithm| catalog.signer(algorithm).is_some()));
    assert!(catalog.scope("read").is_some() && catalog.scope("openid").is_some());
    assert!(catalog.clients().any(|client| client.id.as_str() == DEMO_CLIENT));

    let before = store.load_catalog().await.unwrap();
    let second = start(&settings, store.clone()).await.unwrap();
    let after = store.load_catalog().await.unwrap();
    assert!(second.first_administrator.is_none());
    assert_eq!((before.keys, before.scopes), (after.keys, after.scopes));
    assert_eq!(
        second.engine.legacy.unwrap().access_secret.expose(),
        first.engine.legacy.unwrap().access_secret.expose()
    );
}

#[tokio::test]
async fn the_first_start_publishes_the_key_that_a_rotation_signs_with() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(home.path(), &[]);
    let store = MemoryDirectory::new();
    let started = start(&settings, store.clone()).await.unwrap();
    let admin = live::admin(&settings, &started.live);
    for algorithm in Algorithm::ALL {
        let waiting = key(&store, algorithm, KeyState::Next).await.expect("a key waits from the first start on");
        assert!(started.live.catalog().current().jwks.contains(&waiting.0), "it is published");
        let rotated = admin.rotate_key(algorithm, Rotation::WhenPublished).await.unwrap();
        assert!(matches!(rotated, Rotated::Published { .. }), "{rotated:?}");
        assert_eq!(key(&store, algorithm, KeyState::Current).await, Some(waiting.clone()));
        assert!(key(&store, algorithm, KeyState::Next).await.is_some_and(|next| next != waiting));
    }
}

#[tokio::test]
async fn a_rotation_without_a_waiting_key_publishes_one_and_signs_with_the_key_before() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(home.path(), &[]);
    let store = MemoryDirectory::new();
    let admin = live::admin(&settings, &start(&settings, store.clone()).await.unwrap().live);
    let next = key(&store, Algorithm::ES256, KeyState::Next).await.unwrap();
    let audit = || store.store().audit_log().remove(0);
    let now = Timestamp::from_seconds(0);
    assert_eq!(store.set_key_state(&next, KeyState::Retired, now, now, audit()).await.unwrap(), Commit::Applied);
    let before = key(&store, Algorithm::ES256, KeyState::Current).await;
    assert_eq!(admin.rotate_key(Algorithm::ES256, Rotation::WhenPublished).await.unwrap(), Rotated::NotYet);
    assert_eq!(key(&store, Algorithm::ES256, KeyState::Current).await, before);
    let published = key(&store, Algorithm::ES256, KeyState::Next).await;
    assert!(published.is_some());
    admin.rotate_key(Algorithm::ES256, Rotation::WhenPublished).await.unwrap();
    assert_eq!(key(&store, Algorithm::ES256, KeyState::Current).await, published);
}

async fn key(store: &MemoryDirectory, algorithm: Algorithm, state: KeyState) -> Option<KeyId> {
    let keys = store.load_catalog().await.unwrap().keys;
    keys.into_iter().find(|key| key.algorithm == algorithm.name() && key.state == state).map(|key| key.id)
}

#[tokio::test]
async fn a_store_with_users_of_somebody_else_is_refused_in_development() {
    let home = tempfile::tempdir().unwrap();
    let store = MemoryDirectory::new();
    let live = administration(&settings(home.path(), &[]), &store);
    live::admin(&settings(home.path(), &[]), &live).create_user(somebody()).await.unwrap();
    let trouble = start(&settings(home.path(), &[]), store.clone()).await.unwrap_err();
    assert!(trouble.why.contains("ENVIRONMENT"), "{trouble}");
    assert!(store.load_catalog().await.unwrap().keys.is_empty(), "it is left untouched");
    let declared = start(&settings(home.path(), &[("ENVIRONMENT", "staging")]), store).await.unwrap();
    assert_eq!(declared.mode, Mode::Declared);
}

#[tokio::test]
async fn a_declared_installation_gets_no_conveniences() {
    let home = tempfile::tempdir().unwrap();
    let started = start(&settings(home.path(), &[("ENVIRONMENT", "staging")]), MemoryDirectory::new()).await.unwrap();
    assert!(started.first_administrator.is_none() && started.demo_secret.is_none());
    assert_eq!(started.live.catalog().current().clients().count(), 0);
}

#[tokio::test]
async fn a_named_administrator_gets_the_named_password() {
    let home = tempfile::tempdir().unwrap();
    let named =
        [("ENVIRONMENT", "staging"), ("ADMIN_EMAIL", "root@example.com"), ("ADMIN_PASSWORD", "a-long-password-1")];
    let started = start(&settings(home.path(), &named), MemoryDirectory::new()).await.unwrap();
    let first = started.first_administrator.unwrap();
    assert_eq!(first.user.email, "root@example.com");
    assert!(first.password.is_none(), "what was given is not shown again");
}

#[tokio::test]
async fn keys_under_another_encryption_key_stop_the_start_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    let store = MemoryDirectory::new();
    start(&settings(home.path(), &[("SECRET_ENCRYPTION_KEY", KEYS[0])]), store.clone()).await.unwrap();
    let before = store.load_catalog().await.unwrap().revision;
    let trouble =
        start(&settings(home.path(), &[("SECRET_ENCRYPTION_KEY", KEYS[1])]), store.clone()).await.unwrap_err();
    assert!(trouble.remedy.contains("SECRET_ENCRYPTION_KEY"), "{trouble}");
    // Nor is a new key made where the data folder was lost.
    let trouble = start(&settings(home.path(), &[]), store.clone()).await.unwrap_err();
    assert!(trouble.why.contains("SECRET_ENCRYPTION_KEY is not set"), "{trouble}");
    assert!(!home.path().join(keys::KEY_FILE).exists());
    assert_eq!(store.load_catalog().await.unwrap().revision, before);
}

#[tokio::test]
async fn after_a_rewrap_the_previous_encryption_key_is_not_needed() {
    let home = tempfile::tempdir().unwrap();
    let store = MemoryDirectory::new();
    start(&settings(home.path(), &[("SECRET_ENCRYPTION_KEY", KEYS[0])]), store.clone()).await.unwrap();
    let both = [("SECRET_ENCRYPTION_KEY", KEYS[1]), ("SECRET_ENCRYPTION_KEY_PREVIOUS", KEYS[0])];
    let started = start(&settings(home.path(), &both), store.clone()).await.unwrap();
    let done = rewrap::rewrap(&started.live).await.unwrap();
    assert_eq!((done.rewrapped, done.unchanged), (6, 0));
    assert_eq!(rewrap::rewrap(&started.live).await.unwrap().rewrapped, 0);
    start(&settings(home.path(), &both[..1]), store).await.unwrap();
}

#[tokio::test]
async fn the_demo_follows_an_issuer_that_moves() {
    let home = tempfile::tempdir().unwrap();
    let store = MemoryDirectory::new();
    start(&settings(home.path(), &[]), store.clone()).await.unwrap();
    let moved = start(&settings(home.path(), &[("AUTHLY_LISTEN", "127.0.0.1:9100")]), store).await.unwrap();
    let catalog = moved.live.catalog().current();
    let demo = catalog.clients().find(|client| client.id.as_str() == DEMO_CLIENT).unwrap();
    assert!(demo.redirect_uris.iter().all(|uri| uri.to_string().starts_with("http://localhost:9100/")));
}

#[tokio::test]
async fn the_environment_wins_over_the_stored_switch_until_it_is_silent() {
    let home = tempfile::tempdir().unwrap();
    let off = settings(home.path(), &[("OAUTH_ENABLED", "false")]);
    let started: Started<_> = start(&off, MemoryDirectory::new()).await.unwrap();
    assert!(!started.live.catalog().current().switches.oauth_enabled);
    let silent = settings(home.path(), &[]);
    started.live.set_overrides(authly_runtime::convert::switches(&silent)).await.unwrap();
    assert!(started.live.catalog().current().switches.oauth_enabled);
}

fn administration(
    settings: &authly_config::Settings,
    store: &MemoryDirectory,
) -> std::sync::Arc<Live<MemoryDirectory>> {
    Live::for_administration(settings, store.clone(), keys::useless_sealer()).unwrap().into()
}

fn somebody() -> UserDraft {
    UserDraft { email: "ada@example.com".to_owned(), ..UserDraft::default() }
}

#[tokio::test]
async fn addresses_are_unique_as_the_settings_say_unless_they_collide() {
    let home = tempfile::tempdir().unwrap();
    let store = MemoryDirectory::new();
    let with =
        |rule: &'static str| settings(home.path(), &[("ENVIRONMENT", "staging"), ("AUTHLY_EMAIL_UNIQUENESS", rule)]);
    let started = start(&with("per_tenant"), store.clone()).await.unwrap();
    let admin = live::admin(&with("per_tenant"), &started.live);
    for tenant in [None, Some("acme"), Some("beta")] {
        admin.create_user(UserDraft { tenant: tenant.map(str::to_owned), ..somebody() }).await.unwrap();
    }
    let silent = settings(home.path(), &[("ENVIRONMENT", "staging")]);
    start(&silent, store.clone()).await.unwrap();
    let trouble = start(&with("global"), store.clone()).await.unwrap_err();
    assert_eq!(trouble.why.matches(", ").count(), 2, "all three are named: {trouble}");
    assert_eq!(store.email_uniqueness().await.unwrap(), EmailUniqueness::PerTenant, "nothing was changed");
    for user in admin.users(AccountQuery { limit: 10, ..AccountQuery::default() }).await.unwrap().iter().skip(1) {
        admin.delete_user(&user.id).await.unwrap();
    }
    start(&with("global"), store.clone()).await.unwrap();
    assert_eq!(store.email_uniqueness().await.unwrap(), EmailUniqueness::Global);
}
