//! The end of the migration as operators run it (G13): each condition alone keeps the gate shut and nothing changes; with all met it
//! closes, goes on after a kill, is taken back exactly, and is purged after its grace period. On SQLite and on PostgreSQL.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    site::{SOURCE, Site},
    support::Place,
};

/// A condition, and SQL that breaks it and nothing else.
const BREAKS: &[(&str, &str)] = &[
    (
        "completed",
        "UPDATE users SET completed_at = NULL WHERE id = (SELECT id FROM users WHERE status = 'active' LIMIT 1)",
    ),
    ("quiet", "UPDATE users SET last_password_login_at = {now} WHERE id = (SELECT id FROM users LIMIT 1)"),
    ("quiet", "UPDATE migration_facts SET at = {now} - 29 * {day} WHERE name = 'counting_since'"),
    ("tenants_confirmed", "UPDATE tenants SET confirmed_at = NULL"),
    ("nothing_old_alive", "UPDATE tokens SET invalidated = FALSE WHERE jti = (SELECT jti FROM tokens LIMIT 1)"),
    ("nothing_waits", "UPDATE migration_pen SET resolution = NULL, resolved_at = NULL"),
    (
        "hashes",
        "UPDATE users SET credential_state = 'wrapped' WHERE id = (SELECT id FROM users WHERE status = 'active' LIMIT 1)",
    ),
    ("backup", "UPDATE migration_facts SET at = {now} - {day} WHERE name = 'backup_verified'"),
    ("verified", "UPDATE migration_facts SET detail = 'false' WHERE name = 'verified:legacy-users'"),
    ("verified", "UPDATE migration_facts SET at = {now} - {day} WHERE name = 'verified:legacy-users'"),
    ("inactive_decided", "DELETE FROM migration_facts WHERE name = 'inactive_decided'"),
];

fn each_condition_alone_refuses(site: &Site) {
    site.place.json(&["tenant", "create", "--slug", "acme", "--name", "Acme"]);
    site.place.json(&["migrate", "tenants", "confirm", "acme", "--by", "Ada"]);
    site.sql("UPDATE users SET status = 'disabled', completed_at = NULL WHERE id = (SELECT id FROM users LIMIT 1)");
    assert_eq!(site.finalize(&["check"]).code, 0, "{:?}", site.finalize(&["check"]));
    let tables = ["users", "tenants", "tokens", "migration_pen", "migration_facts"];
    for (name, spoil) in BREAKS {
        let saved: Vec<String> =
            tables.iter().map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).collect();
        site.sql(&saved.join(";"));
        site.sql(spoil);
        let before = site.everything();
        // Also who has completed: the list of those who have not does not name them.
        let old_hashes = site.place.json(&["migrate", "pending", "--old-hash"]);
        assert_eq!(old_hashes.as_array().unwrap().len(), usize::from(*name == "hashes"), "{name}: {old_hashes}");
        let done = site.finalize(&["execute", "--yes", "--output", "json"]);
        assert_eq!(done.code, 3, "{name}: {done:?}");
        let unmet: Value = serde_json::from_str(&done.out).unwrap();
        let names: Vec<&str> = unmet.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, [*name]);
        assert!(done.err.contains(name) && done.err.contains("nothing was changed"), "{done:?}");
        assert_eq!(site.everything(), before, "{name}");
        // Back to where all are met: rows are compared by value, whichever order they are written in.
        let restore = tables.iter().filter(|table| **table != "tenants").rev();
        let mut sql: Vec<String> =
            vec!["UPDATE tenants SET confirmed_at = (SELECT confirmed_at FROM kept_tenants)".to_owned()];
        for table in restore {
            sql.push(match *table {
                "users" => {
                    "UPDATE users SET completed_at = (SELECT k.completed_at FROM kept_users k WHERE k.id = users.id),
                            credential_state = (SELECT k.credential_state FROM kept_users k WHERE k.id = users.id),
                            last_password_login_at = NULL"
                        .to_owned()
                }
                table => format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"),
            });
        }
        sql.extend(tables.iter().map(|table| format!("DROP TABLE kept_{table}")));
        site.sql(&sql.join(";"));
    }
    assert_eq!(site.finalize(&["check"]).code, 0);
}

fn it_closes_and_is_taken_back_exactly(site: &Site) {
    let before = site.state();
    let methods = site.methods();
    let completed = methods[0].as_u64().unwrap();
    assert!(completed > 0);
    let unasked = site.place.run(&["migrate", "finalize", "execute"]);
    assert_eq!((unasked.code, site.state()), (1, before.clone()), "{unasked:?}");
    let done = site.place.json_with(&["migrate", "finalize", "execute"], "yes\n");
    assert_eq!(done["finalized"]["accounts"], methods[0]);
    assert_eq!(done["finalized"]["archived"]["waiting_row"], 1);
    assert!(done["finalized"]["archived"]["legacy_token"].as_u64().unwrap() >= completed, "{done}");
    assert!(
        done["checklist"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step["step"] == "close the old doors for good" && step["state"] == "done")
    );
    assert_eq!(site.methods(), serde_json::json!([0, completed]));
    for kind in ["api_key", "token_family"] {
        assert!(done["finalized"]["archived"][kind].as_u64().unwrap() >= completed, "{done}");
    }
    let emptied = ["tokens", "legacy_families", "api_keys", "migration_pen"];
    assert_eq!(site.rows(&emptied), Vec::<String>::new());
    let archive = site.rows(&["migration_archive"]);
    assert!(!archive.is_empty());
    for clear in ["a \\\"label", "refresh", "email_taken", "family of", "key of"] {
        assert!(archive.iter().all(|row| !row.contains(clear)), "{clear} stands in the archive unsealed");
    }
    // Neither once more, nor an import or a rollback behind closed doors; nor is the archive given up before its time.
    assert_eq!(site.finalize(&["execute", "--yes"]).code, 3);
    assert!(site.place.run(&[&["migrate", "import", "--execute"], SOURCE].concat()).refused(1).contains("undo"));
    assert!(site.place.run(&["migrate", "rollback", "--all", "--execute", "--yes"]).refused(1).contains("undo"));
    assert!(site.place.run(&[&["migrate", "import"], SOURCE].concat()).refused(1).contains("undo"), "nor a dry run");
    assert!(site.place.run(&["migrate", "rollback", "--all"]).refused(1).contains("undo"), "nor a dry run");
    assert!(site.finalize(&["purge", "--yes"]).refused(3).contains("is kept until"));
    let undone = site.place.json(&["migrate", "finalize", "undo", "--yes"]);
    assert_eq!(undone["accounts"], completed);
    assert_eq!(undone["dead"], 0);
    assert_eq!(site.state(), before);
    assert_eq!(site.finalize(&["undo", "--yes"]).code, 3, "there is nothing to take back");
    assert!(site.finalize(&["undo"]).refused(3).contains("is not finalized"), "nobody is asked about nothing");
}

fn a_kill_loses_nothing(site: &Site) {
    let before = site.state();
    let done = site.place.json(&["migrate", "finalize", "execute", "--yes"]);
    assert_eq!(done["finalized"]["stopped"], false);
    let executed = site.reached();
    site.place.json(&["migrate", "finalize", "undo", "--yes"]);
    assert!(site.state() == before);
    let mut killed = 0;
    for (round, delay) in [0u64, 15, 30, 45, 60, 90, 120, 160, 220, 300].into_iter().enumerate() {
        killed += u32::from(killed_after(site, "execute", delay));
        let again = site.finalize(&["execute", "--yes"]);
        // A kill behind the last step leaves nothing to do.
        assert!(again.code == 0 || again.err.contains("is finalized since"), "{again:?}");
        assert!(site.reached() == executed, "round {round}");
        killed += u32::from(killed_after(site, "undo", delay));
        let again = site.finalize(&["undo", "--yes"]);
        assert!(again.code == 0 || again.err.contains("is not finalized"), "{again:?}");
        assert!(site.state() == before, "round {round}");
    }
    assert!(killed > 4, "{killed}");
}

/// Each process lives for one step, and dies before it can tell anybody that it was written; or before that is durable.
fn every_step_may_be_the_last(site: &Site) {
    let before = site.state();
    let mut steps = 0;
    for what in ["execute", "undo"] {
        for place in ["end.written", "batch.written", "finalizing"] {
            while killed_at(site, what, place) {
                steps += 1;
                assert!(steps < 80, "{what} gets nowhere");
                if place != "finalizing" {
                    break;
                }
            }
        }
        assert_eq!(site.finalize(&[what, "--yes"]).code, 3, "{what} is through");
    }
    assert!(steps > 6, "{steps}");
    assert_eq!(site.state(), before);
}

/// Runs the command until it gets to a place where it is killed; whether it got there.
fn killed_at(site: &Site, what: &str, failpoint: &str) -> bool {
    let mut command = command(site, what);
    let status = command.env("AUTHLY_FAILPOINT", failpoint).status().unwrap();
    site.sql("UPDATE migration_runs SET heartbeat_at = heartbeat_at - {day} WHERE state = 'running'");
    status.code().is_none()
}

fn command(site: &Site, what: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
    command.args(["migrate", "finalize", what, "--yes"]).current_dir(site.place.folder.path()).env_clear();
    command.env("DATABASE_URL", format!("sqlite://{}", site.place.folder.path().join("authly.db").display()));
    command.env("AUTHLY_DATA_DIR", site.place.folder.path().join("data"));
    command.envs(site.place.variables.iter().map(|(name, value)| (name, value)));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Kills the command after a while, as a crash would; whether it was still at it.
fn killed_after(site: &Site, what: &str, millis: u64) -> bool {
    let mut child = command(site, what).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(millis));
    let alive = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    // Half a minute later nobody takes it for alive.
    site.sql("UPDATE migration_runs SET heartbeat_at = heartbeat_at - {day} WHERE state = 'running'");
    alive
}

#[test]
fn each_condition_alone_keeps_the_gate_shut_and_nothing_changes() {
    each_condition_alone_refuses(&Site::sqlite(30));
}

#[test]
fn each_condition_alone_keeps_the_gate_of_postgresql_shut() {
    each_condition_alone_refuses(&Site::postgres(30));
}

#[test]
fn the_end_is_taken_back_exactly() {
    it_closes_and_is_taken_back_exactly(&Site::sqlite(60));
}

#[test]
fn the_end_is_taken_back_exactly_on_postgresql() {
    it_closes_and_is_taken_back_exactly(&Site::postgres(60));
}

#[test]
fn a_kill_in_the_middle_of_the_end_loses_nothing() {
    a_kill_loses_nothing(&Site::sqlite(1_200));
}

#[test]
fn a_kill_in_the_middle_of_the_end_loses_nothing_on_postgresql() {
    a_kill_loses_nothing(&Site::postgres(1_200));
}

#[test]
fn every_step_of_the_end_may_be_the_last_of_its_process() {
    every_step_may_be_the_last(&Site::sqlite(40));
}

#[test]
fn every_step_of_the_end_may_be_the_last_of_its_process_on_postgresql() {
    every_step_may_be_the_last(&Site::postgres(40));
}

#[test]
fn who_is_waived_keeps_the_method_and_stands_in_the_ledger() {
    let site = Site::sqlite(20);
    let waiting = "(SELECT id FROM users WHERE status = 'active' ORDER BY email LIMIT 2)";
    site.sql(&format!(
        "UPDATE users SET completed_at = NULL, credential_state = 'legacy_scheme' WHERE id IN {waiting}"
    ));
    let pending = site.place.json(&["migrate", "pending"]);
    let emails: Vec<&str> = pending.as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap()).collect();
    assert_eq!(emails.len(), 2);
    let file = |text: String| std::fs::write(site.place.folder.path().join("waived.txt"), text).unwrap();
    let execute = || site.finalize(&["execute", "--waive", "waived.txt", "--yes"]);

    file(format!("{} on leave\n", emails[0]));
    assert_eq!(execute().code, 3, "one is still waited for");
    for (bad, code) in [(emails[1].to_owned(), 64), ("nobody@example.com left\n".to_owned(), 1)] {
        file(bad);
        assert_eq!(execute().code, code);
    }
    file(format!("# waived\n{} on leave\n{} a service\n", emails[0], pending[1]["user"].as_str().unwrap()));
    let before = site.finalize(&["check"]);
    assert!(before.code == 3 && !before.err.contains("closed since"), "{before:?}");
    assert_eq!(site.finalize(&["check", "--waive", "waived.txt"]).code, 0);
    let done = execute();
    assert_eq!(done.code, 0, "{done:?}");
    let still = site.place.json(&["migrate", "pending"]);
    assert_eq!(still.as_array().unwrap().len(), 2, "their method is as it was");
    let phase = || site.place.json(&["migrate", "status"])["phase"].clone();
    assert_eq!(phase(), "finalized", "although somebody keeps the password");
    let again = ["migrate", "import", "--profile", "legacy-users", "--source", "sqlite:old.db", "--execute"];
    let refused = site.place.run(&again);
    assert!(refused.err.contains("is finalized since") && refused.err.contains("finalize undo"), "{refused:?}");
    let after = site.finalize(&["check"]);
    assert!(after.code == 3 && after.err.contains("The old doors are closed since "), "{after:?}");
    let seen = site.step("see everybody sign in by OAuth, or waive them");
    assert!(seen["found"].as_str().unwrap().starts_with("0 of "), "{seen}");
    assert!(seen["found"].as_str().unwrap().ends_with(" have not, 2 are waived"), "{seen}");
    let waivers: Vec<String> =
        site.rows(&["migration_items"]).into_iter().filter(|row| row.contains("waived")).collect();
    assert!(waivers.iter().any(|row| row.contains("on leave")) && waivers.iter().any(|row| row.contains("a service")));
}

#[test]
fn the_archive_is_purged_after_its_grace_period_and_then_there_is_no_way_back() {
    let site = Site::sqlite(20);
    site.place.json(&["migrate", "finalize", "execute", "--grace-days", "0", "--yes"]);
    let rows = site.rows(&["migration_archive"]).len();
    assert_eq!(site.finalize(&["purge"]).code, 1, "nobody said yes");
    let purged = site.place.json(&["migrate", "finalize", "purge", "--yes"]);
    assert_eq!(purged["rows"].as_u64(), u64::try_from(rows).ok());
    assert!(site.rows(&["migration_archive"]).is_empty());
    assert!(site.finalize(&["undo", "--yes"]).refused(3).contains("there is no way back"));
    assert_eq!(site.finalize(&["purge", "--yes"]).code, 3);
    assert_eq!(site.step("purge what was removed")["state"], "done");
    assert_eq!(site.step("close the old doors for good")["found"], "done; there is no way back");
}

#[test]
fn a_token_that_was_put_away_does_not_outlive_a_new_password() {
    let site = Site::sqlite(5);
    site.sql("UPDATE tokens SET invalidated = 1");
    site.place.json(&["migrate", "finalize", "execute", "--yes"]);
    site.sql("UPDATE users SET password_set_at = {now} + {day} WHERE id = (SELECT user_id FROM source_links ORDER BY source_id LIMIT 1)");
    let undone = site.place.json(&["migrate", "finalize", "undo", "--yes"]);
    assert_eq!(undone["dead"], 2, "the token and the API key");
}

#[test]
fn the_checklist_tells_the_next_command() {
    let place = Place::new();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    place.json(&["user", "create", "--email", "boss@example.com", "--admin", "--verified"]);
    let fresh = place.run(&["migrate", "checklist", "--output", "json"]);
    assert_eq!(fresh.code, 11, "{fresh:?}");
    let list: Value = serde_json::from_str(&fresh.out).unwrap();
    let steps = list["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(step("bring the schema up to date: how far each account is")["state"], "done");
    assert_eq!(step("register the applications as clients")["state"], "open");
    assert_eq!(step("bring the accounts in")["state"], "open", "an operator's own account was not brought in");
    assert_eq!(step("compare every source with what is here")["state"], "not_applicable");
    assert_eq!(step("make and verify a backup")["next"], "authly-admin backup create");
    let open = steps.iter().filter(|step| step["state"] == "open").count();
    assert_eq!(list["open"].as_u64(), u64::try_from(open).ok());
    for step in steps {
        assert_eq!(step["next"].is_string(), step["state"] == "open", "{step}");
    }
    let table = place.run(&["migrate", "checklist"]);
    assert!(table.code == 11 && table.out.contains("close the old doors for good"), "{table:?}");
}

/// C-31: with a provider elsewhere no password is kept here, until the end is taken back.
#[test]
fn passwords_of_people_who_sign_in_elsewhere_go_with_the_end_and_come_back() {
    let site = Site::sqlite(12);
    site.sql("UPDATE users SET external_subject = 'at-' || hex(id) WHERE id IN (SELECT id FROM users WHERE status = 'active' LIMIT 3)");
    // One was on OAuth alone before, and has a password all the same.
    site.sql("UPDATE users SET auth_method = 'oauth' WHERE id = (SELECT max(id) FROM users WHERE external_subject IS NOT NULL)");
    let before = site.state();
    let left = |external: &str| {
        let hashes =
            "(SELECT password_hash, upgraded_hash FROM users WHERE auth_method = 'oauth' AND external_subject IS";
        site.rows(&[&format!("{hashes} {external})")])
            .into_iter()
            .map(|row| row.ends_with("-|-"))
            .collect::<Vec<bool>>()
    };
    let done = site.place.json(&["migrate", "finalize", "execute", "--idp", "external", "--yes"]);
    assert_eq!(done["finalized"]["passwords"], 3, "{done}");
    assert_eq!(left("NOT NULL"), [true; 3]);
    assert!(!left("NULL").is_empty() && left("NULL").iter().all(|gone| !gone), "who has no id there signs in here");
    site.place.json(&["migrate", "finalize", "undo", "--yes"]);
    assert_eq!(site.state(), before);
}
