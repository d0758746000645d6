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
