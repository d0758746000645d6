//! G5: a rollback is exact, after people have used their accounts, whole or in part, and a second one does nothing.

use authly_legacy_source::Legacy;
use serde_json::{Value, json};

use crate::{
    snapshot::Snapshot,
    world::{Dice, Kind, World, client, dirty},
};

/// What a person is, in tables.
const ACCOUNTS: [&str; 4] = ["group_members", "login_failures", "source_links", "users"];

const PASSWORD: &str = "was here before all that 1";

/// The accounts of a store, and nothing of their use.
async fn accounts(world: &World) -> Snapshot {
    let mut snapshot = Snapshot::of(world).await;
    snapshot.0.retain(|name, _| ACCOUNTS.contains(&name.as_str()));
    snapshot
}

fn create(world: &World, name: &str) {
    let email = format!("{name}@before.example");
    let words =
        ["user", "create", "--email", &email, "--username", name, "--name", name, "--password-stdin", "--verified"];
    authly_bench::admin::run(&world.installation, &words, Some(PASSWORD)).unwrap();
}

/// Some sign in, some mistype, in an order that dice choose.
async fn use_accounts(world: &World, dice: &mut Dice, times: u64) {
    let people = world.imported().await;
    assert!(!people.is_empty());
    for _ in 0..times {
        let (email, password) = &people[usize::try_from(dice.below(people.len() as u64)).unwrap()];
        if dice.below(4) == 0 {
            assert_eq!(world.sign_in(email, "mistyped").await.0, 400, "{email}");
        } else {
            assert_eq!(world.sign_in(email, password).await.0, 200, "{email}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_and_used_is_taken_back_exactly_in_parts_and_as_a_whole() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::Tenants, 90)).await;
        create(&world, "early");
        let server = world.serve();
        assert_eq!(world.sign_in("early@before.example", PASSWORD).await.0, 200);
        let before = accounts(&world).await;

        // A half-finished run, taken back as a run.
        let half = world.import(&["--execute", "--limit", "40"]);
        assert!(half["stopped"].is_string() || half["stopped"].is_object(), "{half}");
        use_accounts(&world, &mut Dice(7), 6).await;
        let run = half["run"].as_str().unwrap();
        assert_ne!(accounts(&world).await, before);
        world.rollback(&["--run", run]);
        accounts(&world).await.must_equal(&before, &format!("{kind:?}: a half-finished run"));
        nothing_left(&world, &["--run", run]).await;

        // The whole, in parts: one account, one tenant, the rest.
        world.import(&["--execute"]);
        let whole = accounts(&world).await;
        use_accounts(&world, &mut Dice(9), 8).await;
        let (email, _) = &world.imported().await[2];
        let used = accounts(&world).await;
        world.rollback(&["--user", email]);
        let now = accounts(&world).await;
        assert_eq!(now.0["users"].len(), used.0["users"].len() - 1);
        assert!(now.0["users"].iter().all(|row| used.0["users"].contains(row)), "{kind:?}: others changed");
        world.rollback(&["--tenant", "tenant-9"]);
        nothing_left(&world, &["--tenant", "tenant-9"]).await;
        let rest = accounts(&world).await;
        assert!(rest.0["users"].iter().all(|row| used.0["users"].contains(row)), "{kind:?}: others changed");
        world.rollback(&["--all"]);
        accounts(&world).await.must_equal(&before, &format!("{kind:?}: everything"));
        nothing_left(&world, &["--all"]).await;
        assert_eq!(world.sign_in("early@before.example", PASSWORD).await.0, 200);
        assert_eq!(world.sign_in(&world.people[0].0, &world.people[0].1).await.0, 400, "nobody is left behind");

        // And it can all be done again.
        world.import(&["--execute"]);
        assert!(world.imported().await.len() > 5);
        accounts(&world).await.must_equal(&whole, &format!("{kind:?}: imported anew"));
        server.stop().unwrap();
    }
}

/// Taken back once more: nothing happens, and nothing is said to.
async fn nothing_left(world: &World, scope: &[&str]) {
    let before = Snapshot::of(world).await.comparable();
    let report = world.rollback(scope);
    assert_eq!(report["accounts"], json!({}), "{report}");
    Snapshot::of(world).await.comparable().must_equal(&before, "a second rollback");
}

/// The older program's rows as they stand in its own columns.
async fn older(world: &World) -> Vec<Value> {
    let columns = "id, email, username, password_hash, is_verified, is_admin, created_at, updated_at";
    let sql = format!("SELECT to_jsonb(row) FROM (SELECT {columns} FROM users ORDER BY id) row");
    client(world.url()).await.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// S000: the older program's own table, in place; hashes that are made anew stand beside the old ones.
#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_table_is_as_it_was_after_import_sign_ins_and_rollback() {
    let world = World::in_place(dirty(Legacy::Authly, 90)).await;
    world.ok(&["migrate", "schema", "up"]);
    let before = older(&world).await;
    let server = world.serve();
    for (email, password) in &world.people[..3] {
        assert_eq!(world.sign_in(email, password).await.0, 200, "before: {email}");
    }
    world.import(&["--execute"]);
    use_accounts(&world, &mut Dice(11), 10).await;
    world.rollback(&["--all"]);
    assert_eq!(older(&world).await, before);
    for (email, password) in &world.people {
        assert_eq!(world.sign_in(email, password).await.0, 200, "after: {email}");
    }
    nothing_left(&world, &["--all"]).await;
    server.stop().unwrap();
}
