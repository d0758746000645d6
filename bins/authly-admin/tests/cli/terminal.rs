//! What happens at a terminal: secrets are not shown while they are typed, and the terminal is left as it was.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use crate::support::Place;

/// A terminal: the end that people type into, and the one that programs read from.
pub(crate) fn terminal() -> (File, File) {
    let people = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&people).unwrap();
    unlockpt(&people).unwrap();
    let name = ptsname(&people, Vec::new()).unwrap().into_string().unwrap();
    (File::from(people), OpenOptions::new().read(true).write(true).open(name).unwrap())
}

fn shows(programs: &File) -> bool {
    tcgetattr(programs).unwrap().local_modes.contains(LocalModes::ECHO)
}

fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
    command.args(arguments).current_dir(place.folder.path()).env_clear();
    command.env("DATABASE_URL", format!("sqlite://{}", place.folder.path().join("authly.db").display()));
    command.env("AUTHLY_DATA_DIR", place.folder.path().join("data"));
    command
}

fn begin(place: &Place, programs: &File, arguments: &[&str]) -> Child {
    let mut command = command(place, arguments);
    command.stdin(programs.try_clone().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for this word on standard error.
fn prompted(child: &mut Child, word: &str) {
    let (mut told, mut byte) = (Vec::new(), [0]);
    while !told.ends_with(word.as_bytes()) {
        let read = child.stderr.as_mut().unwrap().read(&mut byte).unwrap();
        assert_eq!(read, 1, "{}", String::from_utf8_lossy(&told));
        told.extend(byte);
    }
}

fn place() -> Place {
    let place = Place::new();
    place.json(&["user", "create", "--email", "ada@example.com", "--username", "ada"]);
    place
}

#[test]
fn a_terminal_shows_what_is_typed_again_after_an_interrupted_password() {
    let (place, (_people, programs)) = (place(), terminal());
    for signal in ["-INT", "-TERM"] {
        let mut child = begin(&place, &programs, &["user", "set-password", "ada"]);
        prompted(&mut child, "New password: ");
        assert!(!shows(&programs));
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(shows(&programs), "{signal}");
    }
}

#[test]
fn a_password_is_hidden_whichever_way_it_is_asked_for() {
    let (place, (mut people, programs)) = (place(), terminal());
    for (arguments, prompts) in [
        (&["user", "set-password", "ada"][..], &["New password: ", "The same again: "][..]),
        (&["user", "set-password", "ada", "--password-stdin"], &["Password: "]),
    ] {
        let mut child = begin(&place, &programs, arguments);
        for prompt in prompts {
            prompted(&mut child, prompt);
            assert!(!shows(&programs), "{arguments:?}");
            people.write_all(b"quite-long-and-unknown-77\n").unwrap();
        }
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(shows(&programs), "{arguments:?}");
    }
}

#[test]
fn nobody_is_asked_for_the_password_of_an_account_that_is_not_there() {
    let (place, (_people, programs)) = (place(), terminal());
    let child = begin(&place, &programs, &["user", "set-password", "nobody"]);
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && !told.contains("New password") && told.contains("user list"), "{told}");
}

/// As in a container: nobody has told the terminal how wide it is.
#[test]
fn a_terminal_without_a_size_gets_a_table_that_can_be_read() {
    let (place, (mut people, programs)) = (place(), terminal());
    let mut child = command(&place, &["user", "show", "ada"]).stdin(Stdio::null()).stdout(programs).spawn().unwrap();
    let (mut shown, mut part) = (Vec::new(), [0; 1024]);
    // The end of the program ends its side, which is an error here.
    while let Ok(read @ 1..) = people.read(&mut part) {
        shown.extend_from_slice(&part[..read]);
    }
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("ada@example.com"), "{shown}");
}
