//! Databases and files that are not there, or let nobody in: told once, with what to do.

use std::fs;

use authly_pg_fixture::{PgFixture, TestDatabase};

use crate::support::{Done, Place};

fn database() -> TestDatabase {
    tokio::runtime::Runtime::new().unwrap().block_on(PgFixture::empty())
}

/// The name of a database that is not there, and its address on the same server.
fn absent(database: &TestDatabase) -> (String, String) {
    let name = format!("{database:?}");
    let other = format!("absent_{name}");
    (other.clone(), database.url().replace(&name, &other))
}

fn path() -> String {
    std::env::var_os("PATH").unwrap().into_string().unwrap()
}

#[test]
fn a_database_that_does_not_exist_is_told_with_the_command_that_makes_it() {
    let database = database();
    let (name, url) = absent(&database);
    let place = Place::new().with("DATABASE_URL", database.url()).with("PATH", path());
    let made = place.json(&["migrate", "schema", "up"]);
    assert_eq!(made["current"], true);
    let backup = place.json(&["backup", "create", "--dir", "backups"]);
    let place = place.with("DATABASE_URL", url);
    for command in [
        &["client", "list"][..],
        &["migrate", "schema", "up"],
        &["doctor"],
        &["backup", "create"],
        &["backup", "restore", backup["file"].as_str().unwrap(), "--yes"],
    ] {
        let done = place.run(command);
        let told = format!("{}{}", done.out, done.err);
        assert!(told.contains(&format!("has no database called \"{name}\"")), "{command:?}: {done:?}");
        assert!(told.contains("`createdb ") && told.contains(&format!(" {name}`;")), "{command:?}: {done:?}");
        assert!(!told.contains("3D000"), "{command:?}: {done:?}");
    }
}

#[test]
fn a_source_that_does_not_exist_is_told_by_its_name() {
    let (name, url) = absent(&database());
    let told = Place::new().run(&["migrate", "assess", "--profile", "tenants", "--source", &url]);
    assert!(told.refused(1).contains(&format!("has no database called \"{name}\"")), "{told:?}");
    assert!(told.err.contains("psql -l") && !told.err.contains("createdb"), "an empty one has no accounts: {told:?}");
}

#[test]
fn a_user_that_the_database_does_not_know_is_told_so() {
    let database = database();
    let rest = database.url().split_once('@').unwrap().1;
    let url = format!("postgresql://nobody_of_that_name:s3cr3t@{rest}");
    let place = Place::new().with("DATABASE_URL", url.clone());
    let store = place.run(&["client", "list"]);
    let source = place.run(&["migrate", "assess", "--profile", "tenants", "--source", &url]);
    for done in [store, source] {
        let told = done.refused(1);
        assert!(told.contains("lets nobody in with this user and password"), "{told}");
        assert!(told.contains("correct user and password") && !told.contains("s3cr3t"), "{told}");
        assert!(!told.contains("(table"), "{told}");
    }
}

/// How often a message says a word.
fn times(done: &Done, word: &str) -> usize {
    done.refused(done.code).matches(word).count()
}

#[test]
fn a_file_that_is_not_there_is_named_once() {
    let place = Place::new();
    for source in ["sqlite:none.db", "none.csv", "none.ndjson"] {
        let done = place.run(&["migrate", "assess", "--profile", "legacy-users", "--source", source]);
        let name = source.trim_start_matches("sqlite:");
        assert_eq!((done.code, times(&done, name)), (1, 1), "{done:?}");
    }
    let verified = place.run(&["backup", "verify", "none.dump"]);
    assert_eq!((verified.code, times(&verified, "none.dump")), (10, 1), "{verified:?}");
}

#[test]
fn nobody_is_asked_whether_to_restore_a_file_that_is_not_there() {
    let done = Place::new().run_with(&["backup", "restore", "none.dump"], "yes\n");
    assert!(times(&done, "none.dump") == 1 && !done.err.contains("Type yes"), "{done:?}");
}

#[test]
fn a_store_that_is_none_is_named_once() {
    let place = Place::new();
    fs::write(place.folder.path().join("authly.db"), "a file of another kind, which is longer than nothing").unwrap();
    let done = place.run(&["client", "list"]);
    assert_eq!(times(&done, "authly.db"), 1, "{done:?}");
    let place = Place::new().with("DATABASE_URL", "sqlite:///proc/nothing/authly.db");
    let done = place.run(&["migrate", "schema", "up"]);
    assert_eq!(times(&done, "authly.db"), 0, "the folder is what cannot be made: {done:?}");
    assert!(done.err.contains("DATABASE_URL") && !done.err.contains("AUTHLY_DATA_DIR"), "{done:?}");
    let folder = place.folder.path().display().to_string();
    let place = place.with("DATABASE_URL", format!("sqlite://{folder}"));
    let done = place.run(&["migrate", "schema", "up"]);
    assert_eq!((times(&done, &folder), times(&done, "it is a folder")), (1, 1), "{done:?}");
}
