//! G1, G3, G4, G10, G12 and G17 over dirty sources of every profile, on both stores.

use std::collections::{BTreeMap, BTreeSet};

use authly_legacy_source::{Legacy, Plan};
use serde_json::{Value, json};

use crate::{
    snapshot::Snapshot,
    world::{Kind, World, client, dirty, outcomes},
};

const ROWS: u32 = 240;

/// Every profile on every store that it has: `authly` adopts the tables of a PostgreSQL database.
async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for kind in Kind::BOTH {
        for legacy in [Legacy::LegacyUsers, Legacy::Tenants] {
            worlds.push(World::new(kind, dirty(legacy, ROWS)).await);
        }
    }
    let adopted = World::in_place(dirty(Legacy::Authly, ROWS)).await;
    adopted.ok(&["migrate", "schema", "up"]);
    worlds.push(adopted);
    worlds
}

/// A report without what a dry run and a run differ in.
fn comparable(report: &Value) -> Value {
    let mut report = report.clone();
    for member in ["dry_run", "run", "resumed", "seconds"] {
        report.as_object_mut().unwrap().remove(member);
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_dirty_source_is_accounted_for_once_and_a_dry_run_is_true() {
    for world in worlds().await {
        let what = format!("{} into {:?}", world.profile, world.kind);
        let (source, target) = (Snapshot::of_source(&world).await, Snapshot::of(&world).await);

        // G4: a dry run tells what the run does, row by row, and touches neither side.
        let dry = world.import(&[]);
        let plan = world.admin(&world.about_source(&["plan"], &[])).json();
        Snapshot::of_source(&world).await.must_equal(&source, &what);
        Snapshot::of(&world).await.must_equal(&target, &what);
        let run = world.import(&["--execute"]);
        assert_eq!(comparable(&dry), comparable(&run), "{what}");
        let planned: BTreeMap<String, String> = plan["rows"].as_array().unwrap().iter().map(outcome_of).collect();
        assert_eq!(planned.len(), ROWS as usize, "{what}: each row is planned once");
        let mut lines = planned.clone();
        lines.retain(|_, outcome| !outcome.starts_with("skip"));
        assert!(lines == ledger(&world).await, "{what}: the ledger has the outcome that the plan had");
        if world.profile != "authly" {
            Snapshot::of_source(&world).await.must_equal(&source, &what);
        }

        // G1: the sum, and each row exactly once.
        let sum: u64 = outcomes(&run).iter().map(|(_, rows)| rows).sum();
        assert_eq!((sum, &run["reconciles"]), (u64::from(ROWS), &json!(true)), "{what}");
        let (linked, waiting) = (links(&world).await, pen(&world).await);
        assert_eq!(linked.intersection(&waiting).count(), 0, "{what}: a row is an account or waits");
        let skipped: BTreeSet<String> =
            planned.iter().filter(|(_, outcome)| outcome.starts_with("skip")).map(|(id, _)| id.clone()).collect();
        let all: BTreeSet<String> = linked.iter().chain(&waiting).chain(&skipped).cloned().collect();
        assert_eq!(all, planned.keys().cloned().collect(), "{what}");
        assert_eq!(linked.len() + waiting.len() + skipped.len(), ROWS as usize, "{what}");
        assert!(!waiting.is_empty(), "{what}: the source is dirty");

        // G3: a second run changes nothing and says so.
        let after = Snapshot::of(&world).await.comparable();
        let again = world.import(&["--execute"]);
        let changed = ["import", "import_disabled", "import_reset_required", "import_relink", "updated"];
        assert!(outcomes(&again).iter().all(|(name, _)| !changed.contains(&name.as_str())), "{what}: {again}");
        let lines = ["migration_items"];
        Snapshot::of(&world).await.comparable().without(&lines).must_equal(&after.without(&lines), &what);

        // G17: the whole ledger, replayed, is what stands in the store.
        replayed(&world, &what).await;
    }
}

fn outcome_of(row: &Value) -> (String, String) {
    (row["source_id"].as_str().unwrap().to_owned(), row["outcome"].as_str().unwrap().to_owned())
}

/// Text columns of each row of a query.
async fn rows(world: &World, sql: &str) -> Vec<Vec<Option<String>>> {
    match world.kind {
        Kind::Postgres => {
            let found = client(world.url()).await.query(sql, &[]).await.unwrap();
            found.iter().map(|row| (0..row.len()).map(|place| row.get(place)).collect()).collect()
        }
        Kind::Sqlite => {
            let connection = rusqlite::Connection::open(world.file()).unwrap();
            let mut statement = connection.prepare(sql).unwrap();
            let columns = statement.column_count();
            let found = statement.query_map([], |row| (0..columns).map(|place| row.get(place)).collect());
            found.unwrap().map(Result::unwrap).collect()
        }
    }
}

async fn first_column(world: &World, sql: &str) -> Vec<String> {
    rows(world, sql).await.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

async fn links(world: &World) -> BTreeSet<String> {
    let all = first_column(world, "SELECT source_id FROM source_links").await;
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(all.len(), set.len());
    set
}

async fn pen(world: &World) -> BTreeSet<String> {
    first_column(world, "SELECT source_id FROM migration_pen").await.into_iter().collect()
}

/// The outcome of each row in the first run.
async fn ledger(world: &World) -> BTreeMap<String, String> {
    let sql = "SELECT source_id, outcome FROM migration_items WHERE outcome IS NOT NULL ORDER BY run, seq";
    let lines = rows(world, sql).await;
    let count = lines.len();
    let map: BTreeMap<String, String> =
        lines.into_iter().map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap())).collect();
    assert_eq!(map.len(), count, "a row has one line");
    map
}

/// Takes each account's lines in order and compares what they come to with its row.
async fn replayed(world: &World, what: &str) {
    let (text, id) = match world.kind {
        Kind::Postgres => ("::text", "user_id::text"),
        Kind::Sqlite => ("", "lower(hex(user_id))"),
    };
    let sql = format!(
        "SELECT {id}, action, after{text} FROM migration_items
          WHERE user_id IS NOT NULL AND action NOT IN ('note', 'decide') ORDER BY run, seq"
    );
    let mut replayed: BTreeMap<String, serde_json::Map<String, Value>> = BTreeMap::new();
    for row in rows(world, &sql).await {
        let id = row[0].as_ref().unwrap().replace('-', "");
        let after: Value = serde_json::from_str(row[2].as_ref().unwrap()).unwrap();
        if row[1].as_deref() == Some("remove") {
            replayed.remove(&id);
            continue;
        }
        let told = replayed.entry(id).or_default();
        if row[1].as_deref() == Some("create") {
            // What every new account has alike is left out.
            let alike = json!({ "status": "active", "auth_method": "password", "credential_state": "ok", "external_subject": null });
            told.extend(alike.as_object().unwrap().clone());
        }
        told.extend(after.as_object().unwrap().clone());
    }
    let id = if world.kind == Kind::Postgres { "id::text" } else { "lower(hex(id))" };
    let columns = ["email", "username", "status", "auth_method", "credential_state", "external_subject"];
    let sql = format!("SELECT {id}, {} FROM users WHERE imported_at IS NOT NULL", columns.join(", "));
    let accounts = rows(world, &sql).await;
    assert!(accounts.len() > 100, "{what}");
    for account in accounts {
        let id = account[0].as_ref().unwrap().replace('-', "");
        let told = replayed.get(&id).unwrap_or_else(|| panic!("{what}: {id} was imported and has no line"));
        assert!(told.contains_key("imported_at"), "{what}: {told:?}");
        for (column, value) in columns.iter().zip(&account[1..]) {
            // An account that was there before has lines for what changed only.
            if let Some(told) = told.get(*column) {
                assert_eq!(told.as_str(), value.as_deref(), "{what}: {column} of {id}");
            }
        }
    }
}

/// G12: the figures of `status` are those of plain SQL on the store, after each part of an import.
#[tokio::test(flavor = "multi_thread")]
async fn progress_is_what_counting_says_at_every_step() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::Tenants, 300)).await;
        for part in 1..=4 {
            world.import(&["--execute", "--limit", "75"]);
            // Some have come by OAuth since, some were deleted.
            if part == 2 {
                let postgres = "UPDATE users SET completed_at = now() WHERE email LIKE 'ada%';
                                UPDATE users SET auth_method = 'oauth' WHERE email LIKE 'ada%1%';
                                UPDATE users SET status = 'deleted' WHERE email LIKE 'ken%'";
                world.change(postgres, &postgres.replace("now()", "unixepoch() * 1000000")).await;
            }
            let status = world.json(&["migrate", "status"]);
            let live = "FROM users WHERE status <> 'deleted'";
            for (member, condition) in [
                ("total", "1 = 1"),
                ("password", "auth_method = 'password'"),
                ("dual", "auth_method = 'dual'"),
                ("oauth", "auth_method = 'oauth'"),
                ("completed", "completed_at IS NOT NULL"),
                ("imported", "imported_at IS NOT NULL"),
                ("legacy_scheme", "credential_state = 'legacy_scheme'"),
            ] {
                let counted = world.number(&format!("SELECT count(*) {live} AND {condition}")).await;
                assert_eq!(status["overall"][member], counted, "{kind:?}, part {part}: {member}");
                let of_tenant = format!(
                    "SELECT count(*) {live} AND {condition} AND tenant_id = (SELECT id FROM tenants WHERE slug = 'tenant-9')"
                );
                let tenant = status["tenants"].as_array().unwrap().iter().find(|one| one["tenant"] == "tenant-9");
                let counted = world.number(&of_tenant).await;
                assert_eq!(tenant.unwrap()[member], counted, "{kind:?}, part {part}: {member} of a tenant");
            }
            let waiting = world.number("SELECT count(*) FROM migration_pen WHERE resolution IS NULL").await;
            assert_eq!(status["overall"]["waiting"], waiting, "{kind:?}, part {part}");
            let (total, linked) = (status["overall"]["total"].as_f64().unwrap(), "auth_method IN ('dual', 'oauth')");
            let linked = world.number(&format!("SELECT count(*) {live} AND {linked}")).await;
            #[expect(clippy::cast_precision_loss, reason = "few rows")]
            let percent = (linked as f64 / total * 10_000.0).round() / 100.0;
            assert_eq!(status["overall"]["linked_percent"].as_f64(), Some(percent), "{kind:?}, part {part}");
        }
    }
}

/// G10: what is done to one tenant leaves the accounts of another as they are.
#[tokio::test(flavor = "multi_thread")]
async fn import_and_rollback_of_one_tenant_leave_another_alone() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 240, ..Plan::new(Legacy::Tenants) }).await;
        world.import(&["--execute", "--tenant", "tenant-7"]);
        let other = tenant_id(&world, "tenant-7").await;
        let before = Snapshot::of(&world).await.without(&["migration_items"]).about(&other);
        assert!(before.0["users"].len() > 5, "{kind:?}");
        world.import(&["--execute", "--tenant", "tenant-8"]);
        let unchanged = async |what: &str| {
            let now = Snapshot::of(&world).await.without(&["migration_items"]).about(&other);
            now.must_equal(&before, what);
        };
        unchanged("another tenant was imported").await;
        let own = tenant_id(&world, "tenant-8").await;
        assert!(Snapshot::of(&world).await.about(&own).0["users"].len() > 5);
        world.rollback(&["--tenant", "tenant-8"]);
        unchanged("another tenant was taken back").await;
        assert_eq!(Snapshot::of(&world).await.about(&own).0["users"].len(), 0);
    }
}

async fn tenant_id(world: &World, slug: &str) -> String {
    let id = if world.kind == Kind::Postgres { "id::text" } else { "lower(hex(id))" };
    let id = first_column(world, &format!("SELECT {id} FROM tenants WHERE slug = '{slug}'")).await.remove(0);
    if id.contains('-') {
        return id;
    }
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}
