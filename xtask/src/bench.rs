//! `cargo xtask bench`: measures the programs as they are shipped (profile `dist`) over loopback.
//!
//! The measuring itself is the program `authly-bench`; here it is built beside the server, and given a private PostgreSQL
//! that syncs every commit, as one in production does.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::machine::Machine;
use crate::postgres::{self, Durability, Postgres};
use crate::{prerequisites, process, workspace};

/// Shared with the program, which reads all options but `--help`.
const HELP: &str = include_str!("../../crates/bench/src/help.txt");

/// Runs the task.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        print!("{HELP}");
        return Ok(());
    }
    measure(Build::Shipped, arguments)
}

/// Kills the server in the middle of a load and looks at what became of it, as a test: any build will do.
pub(crate) fn crash() -> Result<(), Failure> {
    measure(Build::Debug, &["crash".to_owned()])
}

/// Which build is driven.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Build {
    Debug,
    Shipped,
}

fn measure(which: Build, arguments: &[String]) -> Result<(), Failure> {
    let machine = Machine::here();
    let openssl = prerequisites::check(&machine)?;
    let (folder, profile) = match which {
        Build::Debug => ("debug", "dev"),
        Build::Shipped => ("dist", "dist"),
    };
    let mut build = workspace::cargo(["build"]);
    let packages = ["authly-server", "authly-admin", "authly-bench", "authly-jose", "authly-legacy-source"];
    build
        .args(["--profile", profile])
        .args(packages.into_iter().flat_map(|name| ["--package", name]))
        .args(openssl.arguments());
    run(&mut build)?;
    if which == Build::Shipped {
        hold_no_failpoints(&workspace::target()?.join(folder))?;
    }
    let mut bench = Command::new(workspace::target()?.join(folder).join("authly-bench"));
    bench.args(arguments);
    let database = if needs_postgres(arguments) { Some(Database::start(&machine)?) } else { None };
    if let Some(database) = &database {
        bench.env("AUTHLY_BENCH_DATABASE_URL", &database.url);
        bench.env("AUTHLY_BENCH_DATABASE_PROCESS", &database.process);
        bench.env("AUTHLY_BENCH_PSQL", &database.psql);
    }
    match which {
        // Part of the tests, where nothing may wait forever.
        Build::Debug => process::run(&mut bench),
        Build::Shipped => run(&mut bench),
    }
}

/// The variable by which tests kill a process is known to builds with debug assertions alone; what is shipped does not hold it.
fn hold_no_failpoints(folder: &Path) -> Result<(), Failure> {
    const VARIABLE: &[u8] = b"AUTHLY_FAILPOINT";
    for name in ["authly-server", "authly-admin"] {
        let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let program =
            std::fs::read(&file).map_err(|error| Failure::of(format!("cannot read {}", file.display()), error))?;
        if program.windows(VARIABLE.len()).any(|window| window == VARIABLE) {
            return Err(Failure::new(format!("{name} is made to be shipped and holds failpoints")));
        }
    }
    Ok(())
}

/// Runs a program to its end and prints nothing of our own: the figures may go into a file.
fn run(command: &mut Command) -> Result<(), Failure> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| Failure::of(format!("cannot start {name}"), error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{name} failed: {status}"))) }
}

/// An empty database of a private server.
struct Database {
    url: String,
    /// The server's first process, whose children are the others.
    process: String,
    /// The client's program.
    psql: PathBuf,
    _server: Postgres,
}

impl Database {
    fn start(machine: &Machine) -> Result<Self, Failure> {
        let server = Postgres::start(&postgres::ensure(machine)?, Durability::Full)?;
        let psql = postgres::ensure_client(machine)?;
        let url = postgres::create_database(&psql, server.url(), "authly_bench")?;
        // A migration has a source, two targets for each kind of source, and a table to adopt.
        for ending in ["_source", "_2", "_3", "_4", "_old"] {
            postgres::create_database(&psql, server.url(), &format!("authly_bench{ending}"))?;
        }
        let mut ask = Command::new(&psql);
        ask.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command"]);
        ask.args(["SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)", &url]);
        let process = process::output(&mut ask)?.trim().to_owned();
        Ok(Self { url, process, psql, _server: server })
    }
}

/// Whether the options ask for PostgreSQL, as both stores are measured if none is named.
fn needs_postgres(arguments: &[String]) -> bool {
    let named = arguments.iter().enumerate().find_map(|(position, argument)| match argument.as_str() {
        "--store" => arguments.get(position + 1).map(String::as_str),
        other => other.strip_prefix("--store="),
    });
    named != Some("sqlite")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(words: &[&str]) -> bool {
        needs_postgres(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_database_is_started_unless_only_sqlite_is_measured() {
        assert!(needs(&[]) && needs(&["--store", "postgres"]) && needs(&["--scenario=code", "--store=postgres"]));
        assert!(!needs(&["--store", "sqlite"]) && !needs(&["crash", "--store=sqlite"]));
    }
}
