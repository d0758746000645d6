//! Ctrl-C at fixed points of whatever writes for long (G2, G13): the step under way is written and none behind it, the same command
//! goes on, and what all of its runs tell adds up to what one alone tells. That a kill loses nothing either is tried in `finalize.rs`.

use serde_json::Value;

use crate::{
    site::{SOURCE, Site},
    support::Done,
};

const EXECUTE: &[&str] = &["migrate", "finalize", "execute", "--grace-days", "0", "--yes"];

/// Runs a command for programs that gets SIGINT at that place, and is over before its end: what it told.
fn interrupted(site: &Site, arguments: &[&str], failpoint: &str) -> Value {
    let done = run(site, arguments, Some(failpoint));
    let told: Vec<Value> = done.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told.iter().any(|line| line["warning"] == "stopping"), "{done:?}");
    let error = told.last().unwrap();
    assert_eq!((done.code, &error["error"], &error["why"]), (1, &"failed".into(), &"somebody asked for it".into()));
    assert!(error["hint"].as_str().unwrap().contains("the same command goes on"), "{error}");
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_ne!(report["stopped"], false, "{report}");
    report
}

/// Runs it to its end.
fn through(site: &Site, arguments: &[&str]) -> Value {
    let done = run(site, arguments, None);
    assert_eq!(done.code, 0, "{done:?}");
    serde_json::from_str(&done.out).unwrap()
}

fn run(site: &Site, arguments: &[&str], failpoint: Option<&str>) -> Done {
    let armed = failpoint.map(|place| ("AUTHLY_FAILPOINT", place));
    site.place.run_armed(&[arguments, &["--output", "json"]].concat(), armed)
}

/// All counts below a member, or the member itself.
fn sum(report: &Value, member: &str) -> u64 {
    match &report[member] {
        Value::Object(counts) => counts.values().filter_map(Value::as_u64).sum(),
        count => count.as_u64().unwrap(),
    }
}

fn the_end_goes_on(site: &Site) {
    let (before, completed) = (site.state(), site.methods()[0].as_u64().unwrap());
    let whole = through(site, EXECUTE)["finalized"].clone();
    let reached = site.reached();
    through(site, &["migrate", "finalize", "undo", "--yes"]);
    assert_eq!(site.state(), before);

    // The doors are closed, and nothing else; then the accounts are moved.
    let first = interrupted(site, EXECUTE, "end.written:1:int");
    assert_eq!((sum(&first, "accounts"), sum(&first, "archived")), (0, 0), "{first}");
    let second = interrupted(site, EXECUTE, "batch.written:1:int");
    assert_eq!((sum(&second, "accounts"), sum(&second, "archived")), (completed, 0), "{second}");
    let third = through(site, EXECUTE)["finalized"].clone();
    assert_eq!((&third["archived"], sum(&third, "accounts")), (&whole["archived"], 0), "{third}");
    assert_eq!(site.reached(), reached);

    let undo = ["migrate", "finalize", "undo", "--yes"];
    let first = interrupted(site, &undo, "end.written:1:int");
    assert_eq!((sum(&first, "restored"), sum(&first, "accounts")), (0, 0), "{first}");
    let second = interrupted(site, &undo, "end.written:1:int");
    assert_eq!((sum(&second, "restored"), sum(&second, "accounts")), (sum(&whole, "archived"), 0), "{second}");
    assert_eq!(sum(&through(site, &undo), "accounts"), completed);
    assert_eq!(site.state(), before);

    through(site, EXECUTE);
    let purge = ["migrate", "finalize", "purge", "--yes"];
    assert_eq!(sum(&interrupted(site, &purge, "end.written:1:int"), "rows"), 0);
    let too_late = run(site, &undo, None);
    assert!(too_late.code == 3 && too_late.err.contains("there is no way back"), "{too_late:?}");
    let archived = site.rows(&["migration_archive"]).len();
    assert_eq!(sum(&through(site, &purge), "rows"), u64::try_from(archived).unwrap());
    assert_eq!(site.rows(&["migration_archive"]), Vec::<String>::new());
}

/// Of so many rows, in batches that are fewer.
fn accounts_come_and_go(site: &Site, rows: u64) {
    let tables = ["users", "source_links"];
    let before = site.rows(&tables);
    let import = [&["migrate", "import", "--execute", "--batch", "40", "--pace", "full"], SOURCE].concat();
    let first = interrupted(site, &import, "batch.written:1:int");
    let written = sum(&first, "outcomes");
    assert!((40..rows).contains(&written), "{first}");
    let accounts = || site.place.json(&["migrate", "status"])["overall"]["imported"].as_u64().unwrap();
    assert_eq!(accounts(), written);
    let second = through(site, &import);
    assert_eq!((&second["resumed"], &second["reconciles"]), (&true.into(), &true.into()), "{second}");
    assert_eq!((sum(&second, "outcomes"), accounts()), (rows, rows), "{second}");
    through(site, &[&["migrate", "verify"], SOURCE].concat());

    let rollback = ["migrate", "rollback", "--all", "--execute", "--yes"];
    let first = interrupted(site, &rollback, "batch.written:1:int");
    let back = sum(&first, "accounts");
    assert!((1..rows).contains(&back), "{first}");
    assert_eq!(accounts(), rows - back);
    assert_eq!(back + sum(&through(site, &rollback), "accounts"), rows);
    assert_eq!(site.rows(&tables), before);
}

#[test]
fn the_end_its_way_back_and_the_purge_go_on_behind_ctrl_c() {
    the_end_goes_on(&Site::sqlite(40));
}

#[test]
fn the_end_its_way_back_and_the_purge_go_on_behind_ctrl_c_on_postgresql() {
    the_end_goes_on(&Site::postgres(40));
}

#[test]
fn an_import_and_its_rollback_go_on_behind_ctrl_c() {
    accounts_come_and_go(&Site::in_sqlite().beside_a_source(250), 250);
}

#[test]
fn an_import_and_its_rollback_go_on_behind_ctrl_c_on_postgresql() {
    accounts_come_and_go(&Site::in_postgres().beside_a_source(250), 250);
}
