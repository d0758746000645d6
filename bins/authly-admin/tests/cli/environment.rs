//! What the environment of a migration is called (S002-03), as people meet it.

use authly_legacy_source::{Legacy, Plan, fill};
use serde_json::Value;

use crate::support::Place;

const SOURCE: &[&str] = &["--profile", "legacy-users", "--source", "sqlite:old.db"];

fn place(name: &str) -> Place {
    let place = Place::new().with("MIGRATION_ENV", name).with("MIGRATION_LOG", "migration.log");
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(fill(&address, &Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) }))
        .unwrap();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    place
}

fn accounts(place: &Place) -> u64 {
    place.json(&["migrate", "status"])["overall"]["total"].as_u64().unwrap()
}

#[test]
fn any_name_stands_in_report_log_and_question() {
    let place = place("Rehearsal 3");
    let import = |more: &[&str]| place.json(&[&["migrate", "import"], SOURCE, more].concat());
    let (dry, run) = (import(&[]), import(&["--execute"]));
    assert_eq!((&dry["environment"], &run["environment"]), (&"Rehearsal 3".into(), &"Rehearsal 3".into()));
    assert_eq!(accounts(&place), 20, "only production asks first");
    assert_eq!(place.json(&["migrate", "status"])["last_run"]["environment"], "Rehearsal 3");
    let back = place.run_with(&["migrate", "rollback", "--all", "--execute"], "yes\n");
    assert!(back.err.contains("The environment is Rehearsal 3.") && back.out.contains("Rehearsal 3"), "{back:?}");
    assert_eq!((back.code, accounts(&place)), (0, 0));
    let log = std::fs::read_to_string(place.folder.path().join("migration.log")).unwrap();
    assert!(log.contains("migrate import: begins in Rehearsal 3"), "{log}");
    let other = place.run_with(&["tenant", "delete", "nobody"], "");
    assert!(!other.err.contains("Rehearsal"), "it is the migration's: {other:?}");
}

#[test]
fn in_production_whatever_writes_asks_first() {
    let place = place("Production");
    let import = [&["migrate", "import"], SOURCE].concat();
    assert_eq!(place.run(&import).code, 0, "a dry run asks nobody");
    let run = [&import[..], &["--execute"]].concat();
    for answer in ["", "no\n"] {
        let done = place.run_with(&run, answer);
        assert_eq!(done.code, 1, "{done:?}");
        assert!(
            done.err.contains("The environment is Production.") && done.err.contains("did not import accounts"),
            "{done:?}"
        );
        assert_eq!(accounts(&place), 0);
    }
    for more in [&["tokens", "import"][..], &["api-keys", "import"], &["write-back"]] {
        let done = place.run(&[&["migrate"], more, SOURCE, &["--execute"]].concat());
        assert!(done.code == 1 && done.err.contains("Type yes to do it"), "{done:?}");
    }
    let invited = place.run(&["migrate", "invite", "--all", "--outbox", "letters", "--execute"]);
    assert!(invited.err.contains("Type yes to do it") && !place.folder.path().join("letters").exists(), "{invited:?}");
    place.json(&["tenant", "create", "--slug", "acme"]);
    let groups = place.run(&["migrate", "tenants", "sync", "--execute"]);
    assert!(groups.code == 1 && groups.err.contains("Type yes to do it"), "{groups:?}");
    assert_eq!(place.json(&["group", "list"]), Value::Array(Vec::new()));
    assert_eq!(place.run_with(&run, "yes\n").code, 0);
    assert_eq!(accounts(&place), 20);
    assert_eq!(place.run(&[&run[..], &["--yes"]].concat()).code, 0);
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let mut place = place("");
    place.variables = ["MIGRATION_ENV", "MIGRATION_LOG", "BACKUP_LOCATION"].map(|name| (name, String::new())).to_vec();
    let run = place.json(&[&["migrate", "import", "--execute"], SOURCE].concat());
    assert_eq!(run.get("environment"), None);
    let backup = place.json(&["backup", "create"]);
    assert!(backup["file"].as_str().unwrap().contains("data/backups/"), "{backup}");
    place.variables = vec![("BACKUP_LOCATION", "elsewhere".to_owned())];
    let backup = place.json(&["backup", "create"]);
    assert!(backup["file"].as_str().unwrap().contains("elsewhere/"), "{backup}");
    place.variables = vec![("MIGRATION_LOG", String::new())];
    assert_eq!(place.run(&["support-bundle", "--out", "bundle.json"]).code, 0);
}
