//! G2: `authly-admin` is killed at named places and at random instants, and what it leaves behind is, in the end, what an
//! undisturbed run leaves.

use std::{
    os::unix::process::ExitStatusExt as _,
    time::{Duration, Instant},
};

use authly_failpoint::Place;
use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::PgFixture;

use crate::{
    snapshot::Snapshot,
    world::{Dice, Kind, World, client, dirty, is_heavy, long, outcomes},
};

/// Rows of the source, and how often an import of them is killed at random.
fn size() -> (u32, u32) {
    long(100_000).map_or((700, 14), |rows| (rows, (rows / 1_000).clamp(14, 60)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_into_sqlite_that_is_killed_again_and_again_ends_as_if_nobody_had() {
    killed(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_into_postgresql_that_is_killed_again_and_again_ends_as_if_nobody_had() {
    killed(Kind::Postgres).await;
}

async fn killed(kind: Kind) {
    let (rows, kills) = size();
    let begin = Instant::now();
    let plan = dirty(Legacy::Tenants, rows);
    let (whole, broken) = (World::new(kind, plan).await, World::new(kind, plan).await);
    let expected = whole.import(&["--execute"]);

    // Each place once, some at a later batch: small batches, so that there are enough of them.
    let batch: i64 = if is_heavy() { 100 } else { 10 };
    for at in ["tenants.committed", "groups.written:2", "batch.written", "batch.committed:3", "batch.written:4"] {
        let mut child = broken.start_import(&["--batch", &batch.to_string()], Some(at));
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{at}: {status}");
        broken.release().await;
    }

    // How long an import is left alone follows the machine. All kills meet one that has rows left, also where the machine looks away
    // for longer than the rest of them takes: an import that gets that far kills itself.
    let (mut dice, mut done, end) =
        (Dice(0x2545_f491 + u64::from(rows)), progress(&broken).await, i64::from(rows / 10 * 7));
    let (mut longest, mut to_first, mut made, mut in_the_middle) = (300, 300, 0, 0);
    let rate = if is_heavy() { "8000" } else { "250" };
    while made < kills && done < end {
        let begun = Instant::now();
        let share = ((end - done) / i64::from(kills - made)).max(1);
        let at_latest = format!("batch.committed:{}", (4 * share).min(i64::from(rows) - done - 1) / batch + 1);
        let mut child = broken.start_import(&["--batch", &batch.to_string(), "--max-rate", rate], Some(&at_latest));
        // One of three at any instant before the first batch, the others at any from there on.
        let is_early = made % 3 == 0;
        while !is_early && progress(&broken).await == done && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if !is_early {
            to_first = u64::try_from(begun.elapsed().as_millis()).unwrap();
        }
        let until = Instant::now() + dice.millis(if is_early { to_first } else { longest });
        while Instant::now() < until && progress(&broken).await - done < 2 * share {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "the import ended before it was killed: {status}");
        broken.release().await;
        let rows_of_it = progress(&broken).await - done;
        if !is_early {
            longest = if rows_of_it > share { longest * 4 / 5 } else { longest * 5 / 4 };
        }
        in_the_middle += u32::from(rows_of_it > 0);
        (made, done) = (made + 1, done + rows_of_it);
    }
    println!(
        "{kind:?}: {rows} rows, {made} kills at random, {in_the_middle} of them while it was writing, {done} rows in, {:?}",
        begin.elapsed()
    );
    assert!(in_the_middle > made / 3, "only {in_the_middle} of {made} kills met an import that was writing");

    let last = broken.import(&["--execute"]);
    assert_eq!(last["reconciles"], true, "{last}");
    assert_eq!(outcomes(&last), outcomes(&expected));
    let (broken_after, whole_after) = (Snapshot::of(&broken).await, Snapshot::of(&whole).await);
    broken_after.comparable().must_equal(&whole_after.comparable(), "after the kills, and undisturbed");
    // The run that ended has the same numbers; runs that were killed before their first batch may stand beside it.
    let finished = "SELECT max(last_seq) FROM migration_runs WHERE state = 'finished'";
    assert_eq!(broken.number(finished).await, whole.number(finished).await);
    println!("{kind:?}: equal to the undisturbed import, {:?}", begin.elapsed());
}

/// How many rows have their ledger line.
async fn progress(world: &World) -> i64 {
    world.number("SELECT COALESCE(max(last_seq), 0) FROM migration_runs").await
}

/// A rollback is a write like an import, and is killed like one.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_killed_goes_on_with_the_next() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::Tenants, 120)).await;
        let before = Snapshot::of(&world).await;
        world.import(&["--execute"]);
        for at in ["batch.written", "groups.written"] {
            let words = ["migrate", "rollback", "--all", "--execute", "--yes"];
            let status = world.command(&words).env("AUTHLY_FAILPOINT", at).status().unwrap();
            assert_eq!(status.signal(), Some(9), "{at}: {status}");
            world.release().await;
        }
        world.rollback(&["--all"]);
        // Decisions outlive a rollback, and so do tenants: others may be in them by now.
        let ledger = ["migration_items", "migration_pen", "tenants", "groups"];
        let (after, before) = (Snapshot::of(&world).await.comparable(), before.comparable());
        after.without(&ledger).must_equal(&before.without(&ledger), "rolled back");
    }
}

/// A build beside the traffic that ends with its process, or with its session, is repeated by the next `schema up`.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_build_that_is_killed_is_repeated() {
    let whole = World::in_place(Plan { users: 300, ..Plan::new(Legacy::Authly) }).await;
    whole.ok(&["migrate", "schema", "up"]);
    let world = World::in_place(Plan { users: 300, ..Plan::new(Legacy::Authly) }).await;
    for at in ["index.begun", "index.built", "index.begun:2", "index.built:2"] {
        let status = world.command(&["migrate", "schema", "up"]).env("AUTHLY_FAILPOINT", at).status().unwrap();
        assert_eq!(status.signal(), Some(9), "{at}: {status}");
    }
    // In the middle of a build: it waits for somebody's transaction, is killed there, and its session after it.
    let other = client(world.url()).await;
    other.batch_execute("BEGIN; UPDATE users SET is_admin = is_admin").await.unwrap();
    let mut child = world.command(&["migrate", "schema", "up"]).spawn().unwrap();
    let looking = client(world.url()).await;
    let broken = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    let mut waited = 0;
    while looking.query_one(broken, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        waited += 1;
        assert!(waited < 1_000 && child.try_wait().unwrap().is_none(), "no index is being built");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'
                  AND pid <> pg_backend_pid() AND datname = current_database()";
    looking.query(end, &[]).await.unwrap();
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(looking.query_one(broken, &[]).await.unwrap().get::<_, i64>(0), 1, "the build left a broken index");
    world.ok(&["migrate", "schema", "up"]);
    assert_eq!(looking.query_one(broken, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(indexes(&world).await, indexes(&whole).await);
    world.ok(&["migrate", "schema", "verify"]);
}

async fn indexes(world: &World) -> Vec<String> {
    let sql = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
    client(world.url()).await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Every place is one where some test kills; a new one is not forgotten.
#[test]
fn every_place_is_tried() {
    let tests = [
        include_str!("crashes.rs"),
        include_str!("../../../authly-admin/tests/cli/columns.rs"),
        include_str!("../../../authly-admin/tests/cli/finalize.rs"),
        include_str!("../../../authly-admin/tests/cli/write_back.rs"),
    ];
    for place in Place::ALL {
        let named = format!("\"{}", place.name());
        assert!(tests.iter().any(|test| test.contains(&named)), "{place:?}");
    }
}

/// The fixture itself: the same plan makes the same source.
#[tokio::test]
async fn two_sources_of_one_plan_are_equal() {
    let plan = dirty(Legacy::Tenants, 120);
    let (one, two) = (PgFixture::empty().await, PgFixture::empty().await);
    for database in [&one, &two] {
        fill(database.url(), &plan).await.unwrap();
    }
    let sum = "SELECT md5(string_agg(u::text, '' ORDER BY user_id)) FROM users u";
    let read = async |url: &str| client(url).await.query_one(sum, &[]).await.unwrap().get::<_, String>(0);
    assert_eq!(read(one.url()).await, read(two.url()).await);
}
