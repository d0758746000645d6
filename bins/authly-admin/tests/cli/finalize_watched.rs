//! The end of the migration while somebody watches: how far it is, and Ctrl-C, behind which the same command goes on. That it may be
//! killed at any point is tried where it is killed (`finalize.rs`).

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{site::Site, support::Place, terminal};

fn begin(place: &Place, what: &str, stderr: Stdio) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
    command.args(["migrate", "finalize", what, "--yes"]).current_dir(place.folder.path()).env_clear();
    command.env("DATABASE_URL", format!("sqlite://{}", place.folder.path().join("authly.db").display()));
    command.env("AUTHLY_DATA_DIR", place.folder.path().join("data"));
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn().unwrap()
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Another program holds the file while the signal comes: the step that waits for it is written, and none behind it.
#[test]
fn ctrl_c_lets_the_step_under_way_end() {
    let site = Site::sqlite(600);
    let before = site.state();
    let file = rusqlite::Connection::open(site.place.folder.path().join("authly.db")).unwrap();
    file.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut child = begin(&site.place, "execute", Stdio::piped());
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // It says what it is about to do, and then waits for the file.
    while !line.contains("will be on OAuth alone") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0);
    }
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    while !line.contains("stopping after the batch under way") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0);
    }
    file.execute_batch("COMMIT").unwrap();
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("finalize was stopped"), "{rest}");
    assert_eq!(site.place.json(&["migrate", "finalize", "execute", "--yes"])["finalized"]["stopped"], false);
    site.place.json(&["migrate", "finalize", "undo", "--yes"]);
    assert_eq!(site.state(), before);
}

/// What a command draws on a terminal.
fn drawn(place: &Place, what: &str) -> String {
    let (mut people, programs) = terminal::terminal();
    let mut child = begin(place, what, Stdio::from(programs.try_clone().unwrap()));
    let reader = std::thread::spawn(move || read(&mut people));
    assert!(child.wait().unwrap().success());
    drop(programs);
    reader.join().unwrap()
}

/// Reads until the other end is closed, which a terminal tells by an error.
fn read(people: &mut File) -> String {
    let (mut told, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = people.read(&mut chunk) {
        told.extend_from_slice(&chunk[..read]);
    }
    String::from_utf8_lossy(&told).into_owned()
}

#[test]
fn a_terminal_shows_how_far_the_end_is() {
    let site = Site::sqlite(700);
    let shown = drawn(&site.place, "execute");
    for phase in ["moving accounts to OAuth: 100 %", "archiving what is old: 100 %"] {
        assert!(shown.contains(phase), "{shown}");
    }
    assert!(shown.contains("accounts/s") && shown.contains("rows/s") && shown.contains("[#"), "{shown}");
    let shown = drawn(&site.place, "undo");
    for phase in ["bringing back what was old: 100 %", "bringing accounts back: 100 %"] {
        assert!(shown.contains(phase), "{shown}");
    }
    site.place.json(&["migrate", "finalize", "execute", "--grace-days", "0", "--yes"]);
    let shown = drawn(&site.place, "purge");
    assert!(shown.contains("purging: 100 %"), "{shown}");
}
