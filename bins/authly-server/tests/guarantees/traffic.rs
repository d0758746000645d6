//! G9: twenty people work without a pause while a migration goes its whole way: the schema is brought up to date, an index is built,
//! an import runs, tenants are brought into step and confirmed, people are invited, policies come and go, an account, a tenant and a
//! run are taken back and come again, OAuth is switched off and on, both servers are replaced one after the other, and the end is
//! reached and taken back. No request fails. Others come by the older door, and are answered at each moment as the rules say.

mod doors;
mod people;
mod stage;

use std::time::{Duration, Instant};

use authly_legacy_source::{Legacy, Plan};

use self::stage::Stage;
use crate::world::{Kind, World, client, long};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_notice_nothing_of_a_whole_migration() {
    noticed_by_nobody(Kind::Postgres).await;
}

/// A file has one server, which cannot be replaced while it works.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_at_an_sqlite_file_notice_nothing_of_a_whole_migration() {
    noticed_by_nobody(Kind::Sqlite).await;
}

async fn noticed_by_nobody(kind: Kind) {
    let mut stage = Stage::open(kind, long(50_000).unwrap_or(400)).await;
    stage.schema().await;
    let run = stage.import().await;
    let [alone, of_a, of_b, of_c] = stage.visitors().await;
    stage.tenants().await;
    stage.invitations().await;

    stage.phase("policy");
    let a = stage.tenant_of(&of_a).await;
    stage.runs(&["migrate", "policy", "set", "--mode", "dual", "--until", "2100-01-01", "--yes"]).await;
    stage.changes(&["migrate", "policy", "set", "--tenant", &a, "--mode", "oauth-only"], &[(&of_a, 401)]).await;
    stage.changes(&["migrate", "policy", "clear", "--tenant", &a], &[(&of_a, 200)]).await;
    stage.changes(&["migrate", "policy", "set", "--user", &of_c.email, "--mode", "oauth-only"], &[(&of_c, 401)]).await;
    stage.changes(&["migrate", "policy", "clear", "--user", &of_c.email], &[(&of_c, 200)]).await;
    stage.runs(&["migrate", "policy", "clear", "--yes"]).await;

    stage.switches().await;
    stage.rolling_restart().await;

    stage.phase("rollback");
    let b = stage.tenant_of(&of_b).await;
    stage.changes(&back(["--user", &alone.email]), &[(&alone, 401)]).await;
    stage.changes(&back(["--tenant", &b]), &[(&of_b, 401)]).await;
    stage.changes(&back(["--run", &run]), &[(&of_a, 401), (&of_c, 401)]).await;
    stage.phase("import again");
    let everybody = [&alone, &of_a, &of_b, &of_c];
    stage.changes(&stage.import_words(), &everybody.map(|visitor| (visitor, 200))).await;

    stage.end(&everybody).await;
    stage.close().await;
}

/// The words of a rollback.
fn back(scope: [&str; 2]) -> Vec<&str> {
    [&["migrate", "rollback", "--execute", "--yes", "--output", "json"][..], &scope].concat()
}

/// A change of the schema that cannot have its lock at once gives way to the people who are in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_change_that_waits_for_a_lock_holds_nobody_up_for_long() {
    let world = World::in_place(Plan { users: 50, ..Plan::new(Legacy::Authly) }).await;
    let holder = client(world.url()).await;
    holder.batch_execute("BEGIN; SELECT count(*) FROM users").await.unwrap();
    let mut schema = world.command(&["migrate", "schema", "up"]).spawn().unwrap();
    let looking = client(world.url()).await;
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass";
    let begin = Instant::now();
    while looking.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing waits for the table");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The older program's query stands behind that lock, and comes through all the same.
    let mut took = Vec::new();
    for _ in 0..40 {
        let began = Instant::now();
        looking.query_one("SELECT count(*) FROM users", &[]).await.unwrap();
        took.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A tenth of a second behind the change, and what a busy machine adds to it; that it looks away happens to one of many.
    took.sort();
    assert!(took[took.len() - 2] < Duration::from_millis(600), "queries waited: {took:?}");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(tokio::task::block_in_place(|| schema.wait()).unwrap().success());
    world.ok(&["migrate", "schema", "verify"]);
}
