//! Letters of `authly-admin migrate invite --deliver` to a mail server on a real socket, by a process that is asked to stop or killed.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use authly_legacy_source::{Legacy, Plan, fill};

use crate::support::{Done, Place};

const PEOPLE: u32 = 60;

/// Whom a mail server took letters for.
type Taken = Arc<Mutex<Vec<String>>>;

/// A mail server that takes a moment for each letter.
fn server() -> (u16, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, taken) = (listener.local_addr().unwrap().port(), Taken::default());
    let its = taken.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let taken = its.clone();
            thread::spawn(move || serve(stream, &taken));
        }
    });
    (port, taken)
}

fn serve(stream: TcpStream, taken: &Taken) -> Option<()> {
    let mut answers = stream.try_clone().ok()?;
    answers.write_all(b"220 ready\r\n").ok()?;
    let (mut recipient, mut content) = (String::new(), false);
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let answer = match line.split(' ').next().unwrap_or_default() {
            "." => {
                thread::sleep(Duration::from_millis(20));
                taken.lock().unwrap().push(recipient.clone());
                content = false;
                "250 taken"
            }
            _ if content => continue,
            "DATA" => {
                content = true;
                "354 go on"
            }
            "RCPT" => {
                recipient = line;
                "250 fine"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        answers.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
    Some(())
}

/// A place with people, who have a mail server.
fn people(port: u16) -> Place {
    let place = Place::new()
        .with("SMTP_HOST", "localhost")
        .with("SMTP_PORT", port.to_string())
        .with("SMTP_FROM_EMAIL", "no-reply@example.com")
        .with("AUTHLY_SMTP_ENCRYPTION", "none");
    let plan = Plan { users: PEOPLE, ..Plan::new(Legacy::LegacyUsers) };
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
    let import = ["migrate", "import", "--profile", "legacy-users", "--source", "sqlite:old.db", "--execute"];
    assert_eq!(place.run(&import).code, 0);
    place
}

const INVITE: [&str; 6] = ["migrate", "invite", "--all", "--include-unverified", "--deliver", "--execute"];

/// Invites, and lets go as soon as some have their letters.
fn begun(place: &Place, taken: &Taken) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
    command.args(INVITE).current_dir(place.folder.path()).env_clear();
    command.env("DATABASE_URL", format!("sqlite://{}", place.folder.path().join("authly.db").display()));
    command.env("AUTHLY_DATA_DIR", place.folder.path().join("data"));
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while taken.lock().unwrap().len() < 5 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

/// How many people got letters, each one.
fn once(taken: &Taken) -> u32 {
    let taken = taken.lock().unwrap();
    let distinct: BTreeSet<&String> = taken.iter().collect();
    assert_eq!(distinct.len(), taken.len(), "somebody got two");
    u32::try_from(taken.len()).unwrap()
}

fn invited(place: &Place) -> Done {
    let done = place.run(&INVITE);
    assert_eq!(done.code, 0, "{done:?}");
    done
}

#[test]
fn letters_that_are_stopped_go_on_and_nobody_gets_two() {
    let (port, taken) = server();
    let place = people(port);
    let child = begun(&place, &taken);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    let told = String::from_utf8(stopped.stderr).unwrap();
    assert_eq!(stopped.status.code(), Some(1), "{told}");
    assert!(told.contains("error: the command was stopped") && !told.contains("held by another"), "{told}");
    assert!(once(&taken) < PEOPLE);
    let rest = invited(&place);
    assert!(rest.err.contains("; 0 wait") && !rest.err.contains("held by another"), "{rest:?}");
    assert_eq!(once(&taken), PEOPLE);
    assert!(invited(&place).err.contains("accepted 0 mails"));
    assert_eq!(once(&taken), PEOPLE);
}

#[test]
fn letters_of_a_process_that_was_killed_go_on_and_what_nobody_knows_is_listed() {
    let (port, taken) = server();
    let place = people(port);
    let mut child = begun(&place, &taken);
    child.kill().unwrap();
    child.wait().unwrap();
    // Those that the dead process held are not forgotten, and the command says so.
    let rest = invited(&place);
    assert!(rest.err.contains("held by another process"), "{rest:?}");
    assert!(once(&taken) < PEOPLE);
    let file = rusqlite::Connection::open(place.folder.path().join("authly.db")).unwrap();
    file.execute("UPDATE mail_outbox SET lease_until = lease_until - 420000000", []).unwrap();
    assert!(!invited(&place).err.contains("held by another process"));
    let unknown = place.json(&["mail", "outbox", "list", "--state", "unknown"]);
    let unknown: Vec<_> = unknown.as_array().unwrap().iter().map(|mail| mail["to"].as_str().unwrap()).collect();
    let silent = unknown.iter().filter(|to| !taken.lock().unwrap().iter().any(|line| line.contains(**to))).count();
    assert!(unknown.len() <= 1, "{unknown:?}");
    assert_eq!(once(&taken) + u32::try_from(silent).unwrap(), PEOPLE);
}

#[test]
fn what_kept_letters_from_being_sent_is_told_as_it_was() {
    let mut place = Place::new();
    place.json(&["user", "create", "--email", "ada@example.com", "--username", "ada", "--verified"]);
    let letters = place.folder.path().join("letters");
    let letters = letters.to_str().unwrap();
    let asks =
        |act: &'static str, more: &[&'static str]| [&["migrate", act, "--all", "--outbox", letters][..], more].concat();
    for act in ["invite", "remind"] {
        let alone = place.run(&asks(act, &[]));
        assert!(
            alone.err.contains(&format!("This was a dry run: nothing was written. Add --execute to {act}.")),
            "{alone:?}"
        );
        let option = place.run(&asks(act, &["--execute", "--dry-run"]));
        assert!(option.err.contains("--dry-run was given") && !option.err.contains("DRY_RUN"), "{option:?}");
        place.variables = vec![("DRY_RUN", "1".to_owned())];
        let variable = place.run(&asks(act, &["--execute"]));
        assert_eq!(variable.code, 0, "{variable:?}");
        assert!(variable.err.contains("DRY_RUN is set, so nothing was written."), "{variable:?}");
        place.variables = vec![];
    }
    assert!(!std::path::Path::new(letters).exists());
    assert_eq!(place.run(&asks("invite", &["--execute"])).code, 0);
    assert_eq!(std::fs::read_dir(letters).unwrap().count(), 1);
}
