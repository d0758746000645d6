//! `authly-admin migrate import` and what belongs to it, as people run it: from an older program's table into a store.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::PgFixture;
use serde_json::Value;

use crate::support::{Done, Place};

/// A place with an up-to-date store and a dirty table of that many people beside it.
fn place(users: u32) -> Place {
    prepared(Place::new(), users)
}

fn prepared(place: Place, users: u32) -> Place {
    let plan = Plan { users, dirty: true, ..Plan::new(Legacy::LegacyUsers) };
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    place
}

const SOURCE: &[&str] = &["--profile", "legacy-users", "--source", "sqlite:old.db"];

fn import(place: &Place, more: &[&str]) -> Done {
    place.run(&[&["migrate", "import", "--output", "json"], SOURCE, more].concat())
}

fn report(done: &Done) -> Value {
    serde_json::from_str(&done.out).map_err(|_| format!("{done:?}")).unwrap()
}

fn total(report: &Value) -> u64 {
    report["outcomes"].as_object().unwrap().values().map(|rows| rows.as_u64().unwrap()).sum()
}

fn accounts(place: &Place) -> u64 {
    place.json(&["migrate", "status"])["overall"]["total"].as_u64().unwrap()
}

/// A report without what a dry run and a run differ in.
fn comparable(report: &Value) -> Value {
    let mut report = report.clone();
    for member in ["dry_run", "run", "resumed", "seconds"] {
        report.as_object_mut().unwrap().remove(member);
    }
    report
}

#[test]
fn an_import_is_dry_unless_told_and_then_does_what_it_said() {
    let place = place(600);
    let dry = import(&place, &[]);
    assert_eq!(dry.code, 2, "{dry:?}");
    assert_eq!(accounts(&place), 0);
    let run = import(&place, &["--execute"]);
    assert_eq!(run.code, 2, "{run:?}");
    let (dry, run) = (report(&dry), report(&run));
    assert_eq!(comparable(&dry), comparable(&run));
    assert_eq!((total(&run), &run["reconciles"]), (600, &Value::Bool(true)));
    assert!(run["outcomes"]["conflict"].as_u64().unwrap() > 0 && run["outcomes"]["quarantine"].as_u64().unwrap() > 0);
    let again = report(&import(&place, &["--execute"]));
    for outcome in ["import", "import_disabled", "import_reset_required", "updated"] {
        assert_eq!(again["outcomes"][outcome], 0, "{again}");
    }
    assert_eq!(again["outcomes"]["conflict"], run["outcomes"]["conflict"]);
    assert_eq!(accounts(&place), again["outcomes"]["unchanged"].as_u64().unwrap());
}

#[test]
fn whoever_says_dry_run_wins_and_is_told_so() {
    let place = place(20);
    let words = |more: &'static str| [&["migrate", "import", "--execute"], SOURCE, &[more]].concat();
    let back = ["migrate", "rollback", "--all", "--execute", "--dry-run"];
    for dry in [place.run(&words("--dry-run")), place.run(&back)] {
        assert!(dry.err.contains("--dry-run was given, so nothing was written."), "{dry:?}");
    }
    let mut place = place;
    for (said, dry) in [("true", true), ("1", true), ("Yes", true), ("0", false), ("false", false), ("", false)] {
        place.variables = vec![("DRY_RUN", said.to_owned())];
        let done = place.run(&words("--yes"));
        assert_eq!(done.err.contains("DRY_RUN is set, so nothing was written."), dry, "{said}: {done:?}");
        assert_eq!(accounts(&place) == 0, dry, "{said}");
    }
}

#[test]
fn no_hash_and_no_password_is_printed() {
    let place = place(300);
    for arguments in [&["migrate", "plan"][..], &["migrate", "import", "--execute"][..]] {
        let done = place.run(&[arguments, SOURCE].concat());
        for secret in ["$2b$", "$2a$", "$argon2", "{SSHA}", "$6$"] {
            assert!(!done.out.contains(secret) && !done.err.contains(secret), "{secret} in {done:?}");
        }
    }
    // Nor does the ledger hold one that is not sealed.
    let file = std::fs::read(place.folder.path().join("authly.db")).unwrap();
    let ledger_marks = file.windows(8).filter(|window| *window == br#""sealed:"#).count();
    assert!(ledger_marks > 50, "{ledger_marks}");
}

#[test]
fn everything_is_taken_back() {
    let place = place(300);
    let before = place.json(&["user", "list"]);
    import(&place, &["--execute"]);
    let imported = accounts(&place);
    assert!(imported > 100);
    let dry = place.json(&["migrate", "rollback", "--all"]);
    assert_eq!((&dry["dry_run"], dry["accounts"]["removed"].as_u64()), (&true.into(), Some(imported)));
    assert_eq!(accounts(&place), imported);
    assert_eq!(place.run(&["migrate", "rollback", "--all", "--execute"]).code, 1);
    place.json_with(&["migrate", "rollback", "--all", "--execute"], "yes\n");
    assert_eq!((accounts(&place), place.json(&["user", "list"])), (0, before));
    let nothing = place.json(&["migrate", "rollback", "--all", "--execute", "--yes"]);
    assert_eq!(nothing["accounts"], serde_json::json!({}));
    assert_eq!(report(&import(&place, &["--execute"]))["outcomes"]["unchanged"], 0);
    assert_eq!(accounts(&place), imported);
}

#[test]
fn one_account_is_taken_back_and_what_its_owner_changed_stays() {
    let place = place(100);
    import(&place, &["--execute"]);
    let users = place.json(&["user", "list", "--limit", "2"]);
    let id = |place: usize| users[place]["id"].as_str().unwrap().to_owned();
    let (first, second) = (id(0), id(1));
    let count = accounts(&place);
    place.json(&["migrate", "rollback", "--user", &first, "--execute", "--yes"]);
    assert_eq!(accounts(&place), count - 1);
    let changed = ["user", "update", &second, "--email", "mine@example.com"];
    assert_eq!(place.run(&changed).code, 0);
    let kept = place.run(&["migrate", "rollback", "--user", &second, "--execute", "--yes", "--output", "json"]);
    assert_eq!(kept.code, 2, "{kept:?}");
    let kept = report(&kept);
    assert_eq!(kept["conflicts"][0]["changed_later"][0], "email", "{kept}");
    assert_eq!(accounts(&place), count - 1);
    place.json(&["migrate", "rollback", "--user", &second, "--execute", "--yes", "--force"]);
    assert_eq!(accounts(&place), count - 2);
}

#[test]
fn an_import_that_is_killed_goes_on_and_nobody_is_lost_or_doubled() {
    let (whole, place) = (place(1_500), place(1_500));
    let expected = comparable(&report(&import(&whole, &["--execute"])));
    for round in 0..6_u64 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
        command.args(["migrate", "import", "--execute", "--batch", "40", "--max-rate", "3000"]).args(SOURCE);
        command.current_dir(place.folder.path()).env_clear();
        command.env("DATABASE_URL", format!("sqlite://{}", place.folder.path().join("authly.db").display()));
        command.env("AUTHLY_DATA_DIR", place.folder.path().join("data"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(120 + 70 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        release(&place);
    }
    let done = import(&place, &["--execute"]);
    let last = report(&done);
    assert_eq!((total(&last), &last["reconciles"]), (1_500, &Value::Bool(true)), "{done:?}");
    assert_eq!(accounts(&place), accounts(&whole));
    // One more run finds everything as an undisturbed one would leave it.
    let (mine, theirs) = (report(&import(&place, &["--execute"])), report(&import(&whole, &["--execute"])));
    assert_eq!(comparable(&mine)["outcomes"], comparable(&theirs)["outcomes"]);
    assert_eq!(expected["outcomes"]["conflict"], mine["outcomes"]["conflict"]);
}

/// Lets the lease of a process that was killed run out, as thirty seconds would.
fn release(place: &Place) {
    let file = rusqlite::Connection::open(place.folder.path().join("authly.db")).unwrap();
    file.execute("UPDATE migration_runs SET heartbeat_at = heartbeat_at - 60000000", []).unwrap();
}

#[test]
fn a_second_import_is_refused_while_one_is_alive() {
    let place = place(400);
    let slow = ["migrate", "import", "--execute", "--batch", "10", "--max-rate", "100"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
    command.args(slow).args(SOURCE).current_dir(place.folder.path()).env_clear();
    command.env("DATABASE_URL", format!("sqlite://{}", place.folder.path().join("authly.db").display()));
    command.env("AUTHLY_DATA_DIR", place.folder.path().join("data"));
    let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while place.json(&["migrate", "status"])["last_run"]["rows"].as_u64().unwrap_or(0) == 0 {
        assert!(first.try_wait().unwrap().is_none(), "the first import ended too early");
    }
    let second = import(&place, &["--execute"]);
    assert!(second.refused(1).contains("is under way"), "{second:?}");
    // The first one is asked to stop, does so after its batch, and the next goes on at once.
    let pid = first.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(first.wait().unwrap().code(), Some(1));
    let rest = report(&import(&place, &["--execute"]));
    assert_eq!((&rest["resumed"], total(&rest)), (&Value::Bool(true), 400));
}

#[test]
fn rows_that_wait_are_decided_one_by_one() {
    let place = place(120);
    let told = [&["migrate", "import"], SOURCE].concat();
    assert!(place.run(&told).err.contains("Rows will wait"), "nothing waits before the run");
    assert!(place.run(&[&told[..], &["--execute"]].concat()).err.contains("list` shows them."));
    let waiting = place.json(&["migrate", "quarantine", "list"]);
    let rows = waiting.as_array().unwrap();
    let of = |reason: &str| {
        rows.iter().find(|row| row["reason"] == reason).unwrap()["source_id"].as_str().unwrap().to_owned()
    };
    let (twin, flawed) = (of("email_taken"), of("flawed"));
    assert_eq!(place.json(&["migrate", "quarantine", "show", &twin])["detail"].get("more"), None, "one twin is all");
    let wrong = place.run(&["migrate", "quarantine", "resolve", &twin, "--rename-email", "mended"]);
    assert!(wrong.refused(1).contains("write one as somebody@example.org"));
    place.json(&["migrate", "quarantine", "resolve", &twin, "--drop"]);
    place.json(&[
        "migrate",
        "quarantine",
        "resolve",
        &flawed,
        "--rename-email",
        "mended@example.com",
        "--rename-username",
        "mended",
    ]);
    let count = accounts(&place);
    let report = report(&import(&place, &["--execute"]));
    assert_eq!(report["outcomes"]["skip_deleted"], 1, "{report}");
    assert!(accounts(&place) > count);
    assert_eq!(place.json(&["user", "show", "mended@example.com"])["email"], "mended@example.com");
    let left = place.json(&["migrate", "quarantine", "list"]).as_array().unwrap().len();
    assert!(left <= rows.len() - 2, "{left} of {}", rows.len());
    place.run(&["migrate", "quarantine", "resolve", "no-such-row", "--drop"]).refused(1);
    assert_eq!(place.run(&["migrate", "quarantine", "resolve", &twin]).code, 64);
}

#[test]
fn a_plan_holds_only_while_the_source_is_the_same() {
    let place = place(50);
    let plan = place.run(&[&["migrate", "plan", "--out", "plan.json"], SOURCE].concat());
    assert_eq!(plan.code, 2, "{plan:?}");
    let whole: Value = serde_json::from_slice(&std::fs::read(place.folder.path().join("plan.json")).unwrap()).unwrap();
    assert_eq!(whole["rows"].as_array().unwrap().len(), 50);
    // It names people: nobody else reads it, and what lies in its way is not written through.
    let mode = std::fs::metadata(place.folder.path().join("plan.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let other = place.folder.path().join("somebody-elses");
    std::fs::write(&other, "as it was").unwrap();
    std::os::unix::fs::symlink(&other, place.folder.path().join("plan.json.part")).unwrap();
    let file = rusqlite::Connection::open(place.folder.path().join("old.db")).unwrap();
    file.execute("UPDATE legacy_users SET email = 'another@example.com' WHERE id = 1", []).unwrap();
    import(&place, &["--execute", "--plan", "plan.json"]).refused(1);
    assert_eq!(accounts(&place), 0);
    file.execute("UPDATE legacy_users SET email = 'once-more@example.com' WHERE id = 1", []).unwrap();
    place.run(&[&["migrate", "plan", "--out", "plan.json"], SOURCE].concat());
    assert_eq!(report(&import(&place, &["--execute", "--plan", "plan.json"]))["reconciles"], true);
    assert_eq!(std::fs::read_to_string(other).unwrap(), "as it was");
}

#[test]
fn the_gate_names_what_is_not_met_and_figures_are_there_at_once() {
    let place = place(50);
    let empty = place.json(&["migrate", "status"]);
    assert_eq!((&empty["overall"]["total"], &empty["overall"]["completed_percent"]), (&0.into(), &Value::Null));
    import(&place, &["--execute"]);
    let gate = place.run(&["migrate", "finalize", "check", "--output", "json"]);
    assert_eq!(gate.code, 3, "{gate:?}");
    let conditions = report(&gate);
    assert_eq!((conditions.as_array().unwrap().len(), &conditions[0]["met"]), (9, &Value::Bool(false)));
    assert_eq!(place.json(&["migrate", "progress", "--days", "7"]).as_array().unwrap().len(), 7);
    assert_eq!(place.json(&["migrate", "pending", "--limit", "3"]).as_array().unwrap().len(), 3);
    place.run(&["migrate", "status", "--tenant", "nobody"]).refused(1);
}

#[test]
fn a_source_that_is_not_there_or_does_not_fit_is_told() {
    let place = Place::new();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let missing = place.run(&[&["migrate", "import"], SOURCE].concat());
    assert!(missing.refused(1).contains("old.db"), "{missing:?}");
    let mut file = std::fs::File::create(place.folder.path().join("users.csv")).unwrap();
    writeln!(file, "number,mail\n1,a@example.com").unwrap();
    let misfit = place.run(&["migrate", "import", "--profile", "legacy-users", "--source", "users.csv"]);
    assert_ne!(misfit.code, 0, "{misfit:?}");
    assert_eq!(place.run(&["migrate", "import", "--profile", "legacy-users"]).code, 64);
}

#[test]
fn postgresql_takes_the_same_accounts_and_gives_them_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(PgFixture::empty());
    let sqlite = place(400);
    let postgres = prepared(Place::new().with("DATABASE_URL", database.url().to_owned()), 400);
    let (mine, theirs) = (import(&postgres, &["--execute"]), import(&sqlite, &["--execute"]));
    assert_eq!(comparable(&report(&mine)), comparable(&report(&theirs)));
    assert_eq!(accounts(&postgres), accounts(&sqlite));
    let again = report(&import(&postgres, &["--execute"]));
    assert_eq!((&again["outcomes"]["import"], &again["outcomes"]["updated"]), (&0.into(), &0.into()), "{again}");
    let overall = |place: &Place| place.json(&["migrate", "status"])["overall"].clone();
    assert_eq!(overall(&postgres), overall(&sqlite));
    postgres.json(&["migrate", "rollback", "--all", "--execute", "--yes"]);
    assert_eq!(accounts(&postgres), 0);
}

#[test]
fn a_check_after_the_import_is_clean_and_a_link_can_be_repaired() {
    let place = place(200);
    let verify = |place: &Place| place.run(&[&["migrate", "verify", "--output", "json"], SOURCE].concat());
    let before = verify(&place);
    assert_eq!((before.code, &report(&before)["clean"]), (10, &Value::Bool(false)));
    import(&place, &["--execute"]);
    let clean = verify(&place);
    assert_eq!(clean.code, 0, "{clean:?}");
    assert_eq!(report(&clean)["rows"], 200);
    let row = ["--source-name", "legacy-users", "--source-id", "1"];
    let user = place.json(&[&["migrate", "unlink"][..], &row].concat());
    assert_eq!(user["user"], Value::Null);
    assert_eq!(verify(&place).code, 10);
    place.run(&[&["migrate", "unlink"][..], &row].concat()).refused(1);
    let file = rusqlite::Connection::open(place.folder.path().join("old.db")).unwrap();
    let email: String = file.query_row("SELECT email FROM legacy_users WHERE id = 1", [], |row| row.get(0)).unwrap();
    let link = |subject: &str| place.run(&[&["migrate", "link", "--subject", subject][..], &row].concat());
    assert!(link("adaa").refused(1).contains("id, e-mail address or user name \"adaa\""));
    assert!(link("adaa@example.com").refused(1).contains("user list --contains adaa"));
    assert_eq!(link(email.trim()).code, 0);
    assert!(link("adaa").err.contains("noted as the id of the row's account at the external provider"));
    import(&place, &["--execute"]);
    assert_eq!(verify(&place).code, 0);
}

#[test]
fn tenants_come_with_their_groups_and_go_again() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let source = runtime.block_on(PgFixture::empty());
    let plan = Plan { users: 300, dirty: true, ..Plan::new(Legacy::Tenants) };
    runtime.block_on(fill(source.url(), &plan)).unwrap();
    let place = Place::new();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let shop = ["--profile", "tenants", "--source", source.url(), "--output", "json"];
    let run = |arguments: &[&str]| place.run(&[arguments, &shop[..]].concat());
    let (dry, done) = (run(&["migrate", "import"]), run(&["migrate", "import", "--execute"]));
    assert_eq!(comparable(&report(&dry)), comparable(&report(&done)));
    let done = report(&done);
    assert_eq!((total(&done), &done["reconciles"]), (300, &Value::Bool(true)), "{done}");
    assert!(!done["new_tenants"].as_array().unwrap().is_empty(), "{done}");
    let again = report(&run(&["migrate", "import", "--execute"]));
    assert_eq!((&again["outcomes"]["import"], &again["outcomes"]["updated"]), (&0.into(), &0.into()), "{again}");
    assert_eq!(again["new_tenants"], serde_json::json!([]));
    let verified = run(&["migrate", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    place.json(&["migrate", "rollback", "--all", "--execute", "--yes"]);
    assert_eq!(accounts(&place), 0);
}

/// What the older program's own columns hold, all rows.
async fn older_rows(database: &authly_pg_fixture::TestDatabase) -> Vec<String> {
    let columns = "id, email, username, password_hash, is_verified, is_admin, created_at";
    let query = format!("SELECT row_to_json(row)::text FROM (SELECT {columns} FROM users ORDER BY id) row");
    database.client().await.query(&query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn an_adopted_database_is_migrated_in_place_and_taken_back_exactly() {
    const OLDER: &str = include_str!("../../../../crates/storage-pg/tests/older/with_oauth.sql");
    const PEOPLE: &str = include_str!("../../../../crates/storage-pg/tests/older/people.sql");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(async {
        let database = PgFixture::empty().await;
        let client = database.client().await;
        for script in [OLDER, PEOPLE] {
            client.batch_execute(script).await.unwrap();
        }
        database
    });
    let place = Place::new().with("DATABASE_URL", database.url().to_owned());
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let before = runtime.block_on(older_rows(&database));
    assert!(!before.is_empty());
    let import = |more: &[&str]| {
        let done = place.run(&[&["migrate", "import", "--profile", "authly", "--output", "json"], more].concat());
        report(&done)
    };
    let (dry, done) = (import(&[]), import(&["--execute"]));
    assert_eq!(comparable(&dry), comparable(&done));
    assert_eq!(done["inactive_as"], Value::Null, "nobody's status changes in place");
    let chosen = place.run(&["migrate", "import", "--profile", "authly", "--inactive-as", "disabled"]);
    assert!(chosen.refused(64).contains("nobody's status changes"), "{chosen:?}");
    assert_eq!((total(&done), &done["reconciles"]), (before.len() as u64, &Value::Bool(true)), "{done}");
    assert_eq!(runtime.block_on(older_rows(&database)), before);
    let imported = place.json(&["migrate", "status"])["overall"]["imported"].as_u64().unwrap();
    assert!(imported > 0);
    let again = import(&["--execute"]);
    assert_eq!((&again["outcomes"]["import"], &again["outcomes"]["updated"]), (&0.into(), &0.into()), "{again}");
    place.json(&["migrate", "rollback", "--all", "--execute", "--yes"]);
    assert_eq!(runtime.block_on(older_rows(&database)), before);
    assert_eq!(place.json(&["migrate", "status"])["overall"]["imported"], 0);
}
