//! What `migrate verify` says of passwords that are not the source's, on both stores.

use authly_legacy_source::{Legacy, Plan};
use serde_json::{Value, json};

use crate::world::{Kind, World};

/// The exit code of `migrate verify`, and what it found.
fn verify(world: &World) -> (Option<i32>, Value) {
    let done = world.admin(&world.about_source(&["verify"], &[]));
    (done.code, done.json()["differences"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_needs_no_password_or_kept_its_own_is_no_difference() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 40, ..Plan::new(Legacy::Tenants) }).await;
        let [elsewhere, before, spoiled] = [0, 1, 2].map(|place: usize| world.people[place].0.clone());
        // Whoever signs in elsewhere alone is imported without the password, which verifies nowhere.
        world
            .change_source(&format!(
                "UPDATE users SET \"self-auth_user_id\" = '0191f2a0-1111-4000-8000-000000000001', password_hash = 'of no scheme' WHERE email = '{elsewhere}'"
            ))
            .await;
        let imported = world.import(&["--execute"]);
        assert_eq!(imported["outcomes"]["already_migrated"], 1, "{kind:?}: {imported}");
        assert_eq!(verify(&world), (Some(0), json!({})), "{kind:?}");

        // Somebody has no password, but the id that the import would give: linked anew, the account stays as it is.
        let forget = |email: &str| format!("UPDATE users SET password_hash = NULL WHERE email = '{email}'");
        world.change(&forget(&before), &forget(&before)).await;
        let lost = json!({ "has no hash, and need not be reset": 1 });
        assert_eq!(verify(&world), (Some(10), lost.clone()), "{kind:?}");
        let id = world.json(&["user", "show", &before])["id"].as_str().unwrap().to_owned();
        world.ok(&["migrate", "unlink", "--source-name", world.profile, "--source-id", &id]);
        let linked = world.import(&["--execute"]);
        assert_eq!(linked["outcomes"]["import_relink"], 1, "{kind:?}: {linked}");
        assert_eq!(verify(&world), (Some(0), json!({})), "{kind:?}");

        // Whom the import gave a password must have it.
        world.change(&forget(&spoiled), &forget(&spoiled)).await;
        assert_eq!(verify(&world), (Some(10), lost), "{kind:?}");
    }
}

/// Known passwords are tried against what is stored here, and one that opens nothing keeps the end of the migration away.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_account_that_its_password_does_not_open_is_a_difference() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 40, ..Plan::new(Legacy::LegacyUsers) }).await;
        world.import(&["--execute"]);
        let file = world.installation.folder().join("canaries.json");
        // Rows are numbered in the order in which people are told.
        let mut known: serde_json::Map<String, Value> =
            (1..=5).map(|row: usize| (row.to_string(), json!(world.people[row - 1].1))).collect();
        let tried = |known: &serde_json::Map<String, Value>| {
            std::fs::write(&file, json!(known).to_string()).unwrap();
            let done = world.admin(&world.about_source(&["verify"], &["--canary", file.to_str().unwrap()]));
            let found = done.json();
            (done.code, found["canaries"].clone(), found["differences"].clone())
        };
        assert_eq!(tried(&known), (Some(0), json!(5), json!({})), "{kind:?}");

        // Made anew at a sign-in, it is the same password.
        let server = world.serve();
        assert_eq!(world.sign_in(&world.people[0].0, &world.people[0].1).await.0, 200, "{kind:?}");
        server.stop().unwrap();
        assert_eq!(tried(&known), (Some(0), json!(5), json!({})), "{kind:?}");

        known.insert("2".to_owned(), json!("another one"));
        known.insert("4711".to_owned(), json!("of nobody"));
        world.ok(&["user", "deactivate", &world.people[2].0, "--yes"]);
        let differences = json!({
            "a canary has another password here": 1,
            "a canary has no account here": 1,
            "a canary may not sign in": 1,
        });
        assert_eq!(tried(&known), (Some(10), json!(3), differences), "{kind:?}");
        let gate = world.admin(&["migrate", "finalize", "check", "--output", "json"]).out;
        assert!(gate.contains("differences") || gate.contains("not clean"), "{kind:?}: {gate}");
        // Without them the last word is theirs again.
        assert_eq!(verify(&world), (Some(0), json!({})), "{kind:?}");
    }
}
