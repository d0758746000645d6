//! People who come with the password hashes of another system sign in as ever, and their hashes are made anew.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, time::Duration};

use authly_directory::{password::StoredHash, store::AccountRepository as _};
use authly_testkit::TestApp;
use oauth_core::{ids::UserId, store::Commit};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

/// One hash of that password for each format, made by the format's own programs.
fn hashes() -> BTreeMap<String, String> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../passwords/tests/vectors.json")).unwrap();
    let text = |vector: &Value, member: &str| vector[member].as_str().unwrap().to_owned();
    let ours = vectors.iter().filter(|vector| vector["password"] == PASSWORD);
    ours.map(|vector| (text(vector, "scheme"), text(vector, "hash"))).collect()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> u16 {
    let grant = json!({ "grant_type": "password", "username": email, "password": password });
    app.clock.advance(Duration::from_secs(60));
    app.post_json("/auth/token", &grant).await.status.as_u16()
}

async fn stored(app: &TestApp, user: UserId) -> StoredHash {
    app.services.store.account(user).await.unwrap().unwrap().1.hash.unwrap()
}

/// MIGRATION.md G6.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_signs_in_and_is_upgraded_once() {
    let app = TestApp::start().await;
    let hashes = hashes();
    assert!(hashes.len() > 25, "{}", hashes.len());
    for (scheme, hash) in hashes {
        let email = format!("{scheme}@example.org");
        let user = UserId::parse(&app.user(&email).await.id).unwrap();
        let (foreign, now) = (StoredHash::new(hash.clone()), app.app.engine.now());
        let first = stored(&app, user).await;
        assert_eq!(app.services.store.upgrade_hash(user, first, foreign, now).await.unwrap(), Commit::Applied);

        assert_eq!(sign_in(&app, &email, "wrong horse").await, 400, "{scheme}");
        assert_eq!(stored(&app, user).await.expose(), hash, "a refused sign-in changes nothing");
        assert_eq!(sign_in(&app, &email, PASSWORD).await, 200, "{scheme}");
        let better = stored(&app, user).await;
        assert!(better.expose().starts_with("$argon2id$v=19$"), "{scheme}: {}", better.expose());
        assert_eq!(sign_in(&app, &email, PASSWORD).await, 200, "{scheme}");
        assert_eq!(sign_in(&app.restarted(), &email, PASSWORD).await, 200, "{scheme}");
        assert_eq!(stored(&app, user).await, better, "once is enough");
    }
}
