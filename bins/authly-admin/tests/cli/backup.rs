//! `authly-admin backup` on both engines: made, verified, put back, and what happens when something is wrong.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use authly_pg_fixture::{PgFixture, TestDatabase};

use crate::support::Place;

const CREATE: [&str; 5] = ["backup", "create", "--dir", "backups", "--keep"];

pub(crate) fn register(place: &Place, id: &str) {
    let uri = "https://app.example.com/callback";
    place.json(&["client", "create", "--client-id", id, "--name", id, "--redirect-uri", uri]);
}

pub(crate) fn clients(place: &Place) -> Vec<String> {
    let clients = place.json(&["client", "list"]);
    let ids = clients.as_array().unwrap().iter().map(|client| client["client_id"].as_str().unwrap().to_owned());
    ids.collect()
}

fn backups(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.folder.path().join("backups")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Makes one backup and returns its path.
pub(crate) fn backup(place: &Place) -> (String, PathBuf) {
    let made = place.json(&[&CREATE[..], &["30"]].concat());
    assert_eq!((&made["verified"], &made["recorded"]), (&true.into(), &true.into()), "{made}");
    let file = made["file"].as_str().unwrap().to_owned();
    let path = place.folder.path().join(&file);
    (file, path)
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// A place on a PostgreSQL database of its own.
pub(crate) fn postgres(runtime: &tokio::runtime::Runtime) -> (Place, TestDatabase) {
    let database = runtime.block_on(PgFixture::empty());
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    (Place::new().with("DATABASE_URL", database.url().to_owned()).with("PATH", path), database)
}

fn round_trip(place: &Place) {
    register(place, "first");
    let (file, path) = backup(place);
    for name in [
        path.clone(),
        PathBuf::from(format!("{}.sha256", path.display())),
        PathBuf::from(format!("{}.json", path.display())),
    ] {
        assert_eq!(fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o600, "{name:?}");
    }
    assert_eq!(backups(place).len(), 3, "no draft is left: {:?}", backups(place));
    let description = fs::read_to_string(format!("{}.json", path.display())).unwrap();
    assert!(description.contains("authly_version") && description.contains("JWT_SECRET_KEY"), "{description}");
    register(place, "second");
    let verified = place.json(&["backup", "verify", &file]);
    assert_eq!((&verified["verified"], &verified["holds_accounts"]), (&true.into(), &true.into()), "{verified}");
    let cancelled = place.run_with(&["backup", "restore", &file], "y\n");
    assert!(cancelled.code == 1 && cancelled.err.contains("cancelled"), "{cancelled:?}");
    assert_eq!(clients(place).len(), 2);
    let restored = place.json_with(&["backup", "restore", &file], "yes\n");
    assert!(restored["kept"].as_str().unwrap().contains("before"), "{restored}");
    assert_eq!(clients(place), ["first"]);
}

fn damage_is_found(place: &Place) {
    register(place, "first");
    let (file, path) = backup(place);
    let whole = fs::read(&path).unwrap();
    let checksum = format!("{}.sha256", path.display());
    let sum = fs::read_to_string(&checksum).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    assert!(place.run(&["backup", "verify", &file]).refused(10).contains("not what was written"));
    place.run(&["backup", "restore", &file, "--yes"]).refused(1);
    // Even with a checksum that fits: the end is missing.
    let cut = std::process::Command::new("sha256sum").arg(&path).output().unwrap();
    fs::write(&checksum, cut.stdout).unwrap();
    place.run(&["backup", "verify", &file]).refused(10);
    place.run(&["backup", "restore", &file, "--yes"]).refused(1);
    assert_eq!(clients(place), ["first"]);
    fs::write(&path, &whole).unwrap();
    fs::remove_file(&checksum).unwrap();
    assert!(place.run(&["backup", "verify", &file]).refused(10).contains("sha256"));
    fs::write(&checksum, sum).unwrap();
    assert_eq!(place.run(&["backup", "verify", &file]).code, 0);
}

#[test]
fn an_sqlite_store_is_backed_up_and_put_back() {
    round_trip(&Place::new());
}

#[test]
fn a_damaged_sqlite_backup_is_refused() {
    damage_is_found(&Place::new());
}

#[test]
fn a_postgres_database_is_backed_up_and_put_back() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime);
    round_trip(&place);
    drop_kept(&runtime, &database);
}

#[test]
fn a_damaged_dump_is_refused() {
    let runtime = runtime();
    let (place, _database) = postgres(&runtime);
    damage_is_found(&place);
}

/// Databases that a test left behind under names of its own.
pub(crate) fn drop_kept(runtime: &tokio::runtime::Runtime, database: &TestDatabase) {
    runtime.block_on(async {
        let client = database.client().await;
        let current: String = client.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
        let like = format!("{current}\\_%");
        for row in client.query("SELECT datname::text FROM pg_database WHERE datname LIKE $1", &[&like]).await.unwrap()
        {
            client.batch_execute(&format!("DROP DATABASE \"{}\"", row.get::<_, String>(0))).await.unwrap();
        }
    });
}

#[test]
fn a_database_in_use_is_replaced_only_by_force() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime);
    register(&place, "first");
    let (file, _) = backup(&place);
    register(&place, "second");
    let user = runtime.block_on(database.client());
    let known = "SELECT detail FROM migration_facts WHERE name = 'backup_verified'";
    let known: String = runtime.block_on(user.query_one(known, &[])).unwrap().get(0);
    assert_eq!(known, file, "the gate at the end of a migration knows of it");
    let refused = place.run(&["backup", "restore", &file, "--yes"]);
    assert!(refused.refused(1).contains("--force"), "{refused:?}");
    assert_eq!(clients(&place).len(), 2);
    let forced = place.run(&["backup", "restore", &file, "--yes", "--force"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    assert_eq!(clients(&place), ["first"]);
    assert!(runtime.block_on(user.simple_query("SELECT 1")).is_err(), "the session was ended");
    drop_kept(&runtime, &database);
}

#[test]
fn a_dump_of_another_engine_and_missing_programs_are_refused() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime);
    place.json(&["migrate", "schema", "up"]);
    let folder = place.folder.path().to_owned();
    let none = place.run(&["backup", "create", "--dir", "backups", "--pg-bin", &folder.display().to_string()]);
    assert!(none.refused(1).contains("postgresql-client-"), "{none:?}");
    assert!(backups(&place).is_empty());
    let (file, _) = backup(&place);
    let sqlite = Place::new();
    let wrong = sqlite.run(&["backup", "restore", &folder.join(file).display().to_string(), "--yes"]);
    assert!(wrong.code == 1, "{wrong:?}");
    drop(database);
}

#[test]
fn a_password_stands_in_no_argument_and_in_no_file() {
    let runtime = runtime();
    let (_, database) = postgres(&runtime);
    // A program of that name that tells how it was called, in front of the real one.
    let place = Place::new();
    let bin = place.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let real = std::process::Command::new("sh").args(["-c", "command -v pg_dump"]).output().unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {0}/arguments\nenv >> {0}/environment\nexec {1} \"$@\"\n",
        bin.display(),
        real.trim()
    );
    let restore = script.replace(real.trim(), real.trim().replace("pg_dump", "pg_restore").as_str());
    for (name, text) in [("pg_dump", script), ("pg_restore", restore)] {
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let url = database.url().replacen("postgres@", "postgres:s3cr3t-w0rd@", 1);
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let place = place
        .with("DATABASE_URL", url)
        .with("PATH", path)
        .with("JWT_SECRET_KEY", "another-s3cr3t-of-more-than-32-letters");
    place.json(&["migrate", "schema", "up"]);
    let bin_ = bin.display().to_string();
    let made = place.run(&["backup", "create", "--dir", "backups", "--pg-bin", &bin_]);
    assert_eq!(made.code, 0, "{made:?}");
    let arguments = fs::read_to_string(bin.join("arguments")).unwrap();
    assert!(arguments.contains("--format=custom") && !arguments.contains("s3cr3t"), "{arguments}");
    let environment = fs::read_to_string(bin.join("environment")).unwrap();
    assert!(environment.contains("PGPASSWORD=s3cr3t-w0rd") && !environment.contains("another-s3cr3t"), "{environment}");
    for name in backups(&place) {
        let content = fs::read(place.folder.path().join("backups").join(&name)).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("s3cr3t"), "{name}");
    }
    assert!(!format!("{}{}", made.out, made.err).contains("s3cr3t"));
}

#[test]
fn old_backups_go_and_the_newest_stays() {
    let place = Place::new();
    place.json(&["migrate", "schema", "up"]);
    fs::create_dir(place.folder.path().join("backups")).unwrap();
    for name in
        ["authly_20200101_000000.db", "authly_20200101_000000.db.sha256", "authly_20200101_000000.dump", "mine.db"]
    {
        fs::write(place.folder.path().join("backups").join(name), "x").unwrap();
    }
    let made = place.json(&[&CREATE[..], &["30"]].concat());
    assert_eq!(made["removed"].as_array().unwrap().len(), 2, "{made}");
    let names = backups(&place);
    assert!(names.len() == 4 && names.contains(&"mine.db".to_owned()), "{names:?}");
}

#[test]
fn a_lost_or_damaged_file_is_replaced_and_put_aside() {
    let place = Place::new();
    register(&place, "first");
    let (file, _) = backup(&place);
    let store = place.folder.path().join("authly.db");
    fs::write(&store, "noise ".repeat(10_000)).unwrap();
    let restored = place.json(&["backup", "restore", &file, "--yes"]);
    let kept = restored["kept"].as_str().unwrap();
    assert!(fs::read_to_string(kept).unwrap().starts_with("noise"), "{kept}");
    assert_eq!(clients(&place), ["first"]);
    fs::remove_file(&store).unwrap();
    assert_eq!(place.json(&["backup", "restore", &file, "--yes"])["kept"], serde_json::Value::Null);
    assert_eq!(clients(&place), ["first"]);
}
