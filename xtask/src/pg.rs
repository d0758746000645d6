//! `cargo xtask pg`: a private PostgreSQL that stays until it is stopped, for development.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::machine::Machine;
use crate::postgres::{self, Durability, Owner};
use crate::services::free_port;
use crate::{process, workspace};

const HELP: &str = "\
A private PostgreSQL for development, apart from any server of the system.

Usage: cargo xtask pg <start|stop|url>

  start   Start it, if it does not run, and print its URL
  stop    Stop it and throw its data away
  url     Print the URL of the running server

Example:
  cargo xtask pg start
  export AUTHLY_TEST_DATABASE_URL=$(cargo xtask pg url)
  cargo test -p authly-storage-pg
";

/// Runs the task.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["start"] => start(),
        ["stop"] => stop(),
        ["url"] => match Running::find()? {
            Some(running) => {
                println!("{}", running.url);
                Ok(())
            }
            None => Err(Failure::new("no private PostgreSQL runs; start it with `cargo xtask pg start`")),
        },
        [] | ["--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(Failure::new(format!("cannot read this\n\n{HELP}"))),
    }
}

/// The server that an earlier `start` left running.
struct Running {
    folder: PathBuf,
    id: String,
    url: String,
}

impl Running {
    fn find() -> Result<Option<Self>, Failure> {
        let Ok(note) = fs::read_to_string(note()?) else { return Ok(None) };
        let folder = PathBuf::from(note.trim());
        let file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = file.lines();
        let (Some(id), Some(port)) = (lines.next(), lines.nth(2).and_then(|port| port.trim().parse().ok())) else {
            return Ok(None);
        };
        let alive = process::succeeds(Command::new("kill").args(["-0", id]));
        Ok(alive.then(|| Self { folder, id: id.to_owned(), url: postgres::url(port) }))
    }
}

/// Where we note which folder the server lives in.
fn note() -> Result<PathBuf, Failure> {
    Ok(workspace::target()?.join("xtask-pg"))
}

fn start() -> Result<(), Failure> {
    if let Some(running) = Running::find()? {
        println!("{}", running.url);
        return Ok(());
    }
    let bin = postgres::ensure(&Machine::here())?;
    let folder = Folder::create("dev-pg")?;
    let path = folder.path().to_path_buf();
    let owner = Owner::choose()?;
    postgres::initialize(&bin, &path, &owner)?;
    let port = free_port()?;
    let mut server = postgres::server(&bin, &path, &owner, port, Durability::None);
    server.stdin(Stdio::null()).stdout(postgres::log(&path)?).stderr(postgres::log(&path)?).process_group(0);
    let mut child = server.spawn().map_err(|error| Failure::of("cannot start PostgreSQL", error))?;
    if !postgres::is_ready(&path, || !matches!(child.try_wait(), Ok(None))) {
        let log = fs::read_to_string(path.join("log")).unwrap_or_default();
        return Err(Failure::new(format!("PostgreSQL does not start:\n{log}")));
    }
    let note = note()?;
    fs::write(&note, folder.keep().display().to_string()).map_err(|error| Failure::of(note.display(), error))?;
    println!("{}", postgres::url(port));
    Ok(())
}

fn stop() -> Result<(), Failure> {
    let Some(running) = Running::find()? else {
        println!("no private PostgreSQL runs");
        return Ok(());
    };
    process::output(Command::new("kill").args(["-INT", &running.id]))?;
    let begin = Instant::now();
    while process::succeeds(Command::new("kill").args(["-0", &running.id])) {
        if begin.elapsed() > Duration::from_secs(30) {
            return Err(Failure::new(format!("PostgreSQL (process {}) does not stop", running.id)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::remove_dir_all(&running.folder).map_err(|error| Failure::of(running.folder.display(), error))?;
    fs::remove_file(note()?).map_err(|error| Failure::of("cannot forget the server", error))
}
