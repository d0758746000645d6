//! `authly-admin backup` on files that others made, or compressed: dumps in plain SQL, and what gzip made. Files are called by names that
//! say nothing, or something else.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use authly_pg_fixture::TestDatabase;

use crate::{
    backup::{backup, clients, drop_kept, postgres, register, runtime},
    support::{Done, Place},
};

fn folder(place: &Place) -> &Path {
    place.folder.path()
}

/// A dump as the script of before made it (S000-10), under this name.
fn plain(place: &Place, database: &TestDatabase, name: &str) -> PathBuf {
    let file = folder(place).join(name);
    let dump = ["--clean", "--if-exists", "--create", "--dbname", database.url(), "--file"];
    assert!(Command::new("pg_dump").args(dump).arg(&file).status().unwrap().success());
    file
}

/// Compresses a file, and gives the result this name.
fn compressed(file: &Path, name: &str) -> PathBuf {
    let target = file.with_file_name(name);
    let out = fs::File::create(&target).unwrap();
    assert!(Command::new("gzip").arg("-c").arg(file).stdout(out).status().unwrap().success());
    target
}

fn run(place: &Place, words: &[&str], file: &Path) -> Done {
    let file = file.display().to_string();
    place.run(&[&["backup"], words, &[&file]].concat())
}

/// The databases beside that of a place.
fn beside(runtime: &tokio::runtime::Runtime, database: &TestDatabase) -> Vec<String> {
    runtime.block_on(async {
        let client = database.client().await;
        let current: String = client.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
        let like = format!("{current}\\_%");
        let rows = client.query("SELECT datname::text FROM pg_database WHERE datname LIKE $1", &[&like]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    })
}

#[test]
fn a_dump_in_plain_sql_is_verified_and_put_back() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime);
    let place = place.with("PKCE_REQUIRED", "true");
    register(&place, "first");
    let sql = plain(&place, &database, "backup.dump");
    let zipped = compressed(&sql, "backup.txt");
    for file in [&sql, &zipped] {
        register(&place, "second");
        let name = file.display().to_string();
        let verified = place.json(&["backup", "verify", &name]);
        assert_eq!(
            (&verified["holds_accounts"], &verified["compared"]),
            (&true.into(), &"nothing".into()),
            "{verified}"
        );
        assert!(verified["form"].as_str().unwrap().starts_with("a dump of PostgreSQL in plain SQL"), "{verified}");
        assert_eq!(verified["recorded"], false, "the gate does not count what was compared with nothing");
        let restored = place.json(&["backup", "restore", &name, "--yes"]);
        assert_eq!(clients(&place), ["first"]);
        assert!(restored["check_by_hand"].as_array().unwrap().len() > 3, "{restored}");
        assert!(
            restored["settings_of_oauth"].as_array().unwrap().contains(&"REQUIRE_USER_CONSENT".into()),
            "{restored}"
        );
        assert_eq!(restored["set_here"], serde_json::json!(["PKCE_REQUIRED"]));
        let left = restored["not_restored"].as_array().unwrap();
        assert!(left.iter().any(|one| one.as_str().unwrap().contains("about the database itself")), "{restored}");
    }
    let told = run(&place, &["restore", "--yes", "--no-owner"], &zipped);
    assert!(told.code == 0 && told.out.contains("PKCE_REQUIRED") && told.err.contains("Check by hand"), "{told:?}");
    drop_kept(&runtime, &database);
}

#[test]
fn a_plain_dump_that_fails_changes_nothing() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime);
    register(&place, "first");
    let sql = fs::read_to_string(plain(&place, &database, "good.sql")).unwrap();
    let last = "--\n-- PostgreSQL database dump complete";
    let marker = folder(&place).join("marker");
    let cases = [
        (
            sql.replace(last, &format!("INSERT INTO none VALUES (1);\n{last}")),
            "ERROR:  relation \"none\" does not exist",
        ),
        (sql.replace(last, &format!("\\! touch {}\n{last}", marker.display())), "has a command of psql"),
        (
            sql.replace(last, &format!("COPY clients FROM PROGRAM 'touch {}';\n{last}", marker.display())),
            "something else",
        ),
        (sql.replace("-- PostgreSQL database dump complete", ""), "is not complete"),
        (sql[..sql.len() / 2].to_owned(), "complete"),
        (sql.replace("PostgreSQL database dump", "PostgreSQL database cluster dump"), "a whole server"),
    ];
    for (text, why) in cases {
        let file = folder(&place).join("bad.sql");
        fs::write(&file, text).unwrap();
        for file in [compressed(&file, "bad.gz"), file] {
            let refused = run(&place, &["restore", "--yes"], &file);
            assert!(refused.refused(1).contains(why), "{why}: {refused:?}");
        }
    }
    assert!(!marker.exists());
    assert_eq!(clients(&place), ["first"]);
    assert_eq!(beside(&runtime, &database), Vec::<String>::new());
}

#[test]
fn a_backup_of_ours_that_was_compressed_is_what_it_was() {
    let runtime = runtime();
    let (pg, database) = postgres(&runtime);
    for place in [pg, Place::new()] {
        register(&place, "first");
        let (_, path) = backup(&place);
        register(&place, "second");
        let zipped = compressed(&path, &format!("{}.gz", path.file_name().unwrap().display()));
        fs::remove_file(&path).unwrap();
        let name = zipped.display().to_string();
        let verified = place.json(&["backup", "verify", &name]);
        assert_eq!((&verified["compared"], &verified["recorded"]), (&"contents".into(), &true.into()), "{verified}");
        let restored = place.json(&["backup", "restore", &name, "--yes"]);
        assert_eq!(restored["compared"], "contents");
        assert_eq!(clients(&place), ["first"]);
        // What is in it is compared, and not how it was packed.
        let sum = format!("{}.sha256", path.display());
        fs::write(&sum, format!("{}  x\n", "0".repeat(64))).unwrap();
        assert!(run(&place, &["verify"], &zipped).refused(10).contains("of what is in it"));
        fs::remove_file(&sum).unwrap();
        // Nor does a damaged one get anywhere, with or without a checksum.
        let mut bytes = fs::read(&zipped).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(&zipped, bytes).unwrap();
        run(&place, &["restore", "--yes"], &zipped).refused(1);
        assert_eq!(clients(&place), ["first"]);
        let data = folder(&place).join("data");
        let left = fs::read_dir(data).map_or(0, |found| {
            found.filter(|one| one.as_ref().unwrap().file_name().to_string_lossy().starts_with("unpacked")).count()
        });
        assert_eq!(left, 0, "nothing that was unpacked is left");
    }
    drop_kept(&runtime, &database);
}

#[test]
fn a_file_that_unpacks_beyond_all_measure_is_refused() {
    let place = Place::new();
    let path = folder(&place).join("small.sql");
    let mut text = b"-- PostgreSQL database dump\n".to_vec();
    text.resize(80 << 20, b' ');
    fs::write(&path, text).unwrap();
    let bomb = compressed(&path, "small.gz");
    assert!(fs::metadata(&bomb).unwrap().len() < 100_000);
    let refused = run(&place, &["verify"], &bomb);
    assert!(refused.refused(10).contains("64 MiB") && refused.err.contains("200 times"), "{refused:?}");
    run(&place, &["restore", "--yes"], &bomb).refused(1);
}

/// Somebody gives up while rows are written: nothing is left of it, and the store is as it was.
#[test]
fn a_restore_that_is_interrupted_leaves_nothing() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime);
    register(&place, "first");
    let sql = fs::read_to_string(plain(&place, &database, "slow.sql")).unwrap();
    let last = "--\n-- PostgreSQL database dump complete";
    let slow = folder(&place).join("slow.sql");
    fs::write(&slow, sql.replace(last, &format!("SELECT pg_sleep(300);\n{last}"))).unwrap();
    let slow = compressed(&slow, "slow.gz");
    for signal in ["-INT", "-TERM"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
        command.args(["backup", "restore", "--yes"]).arg(&slow).current_dir(folder(&place)).env_clear();
        command.envs(place.variables.iter().map(|(name, value)| (name, value)));
        command.env("AUTHLY_DATA_DIR", folder(&place).join("data"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let began = Instant::now();
        let sleeping =
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(300)%'";
        let is_at_it = || -> i64 {
            runtime.block_on(async { database.client().await.query_one(sleeping, &[]).await.unwrap().get(0) })
        };
        // What looks says the same words, but its text begins otherwise.
        while is_at_it() == 0 {
            assert!(began.elapsed() < Duration::from_secs(120), "{:?}", child.try_wait());
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(beside(&runtime, &database).len(), 1);
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let told: Vec<String> = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{told:?}");
        assert!(told.iter().any(|line| line.contains("stopped before the end")), "{told:?}");
        assert_eq!(beside(&runtime, &database), Vec::<String>::new());
        assert_eq!(clients(&place), ["first"]);
    }
}
