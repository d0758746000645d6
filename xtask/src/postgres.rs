//! A private PostgreSQL: found, initialized and started for one run, then thrown away.
//!
//! `postgres` refuses to belong to root; root starts it as the user `postgres`, else as `nobody`.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::machine::{Machine, Need, is_root};
use crate::places::{Places, is_program};
use crate::process::{self, Guarded};
use crate::services::free_port;

const POSTGRES: Need = Need {
    what: "a PostgreSQL server (initdb and postgres)",
    packages: &["postgresql"],
    otherwise: "Fedora: dnf install postgresql-server; macOS: brew install postgresql@17; or name its folder in AUTHLY_PG_BIN, or a running server in AUTHLY_TEST_DATABASE_URL",
};

const PSQL: Need = Need {
    what: "PostgreSQL's client (psql)",
    packages: &["postgresql-client"],
    otherwise: "Fedora: dnf install postgresql; macOS: brew install libpq",
};

/// Does a commit survive a crash of the machine?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Durability {
    /// No, and so tests are fast.
    None,
    /// Yes, for tests that kill.
    Full,
}

/// A running private server; it ends when this is dropped or when we die.
pub(crate) struct Postgres {
    url: String,
    _server: Guarded,
}

impl Postgres {
    /// The URL of its administrator.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes a cluster in a temporary folder and starts it.
    pub(crate) fn start(bin: &Path, durability: Durability) -> Result<Self, Failure> {
        let mut told = String::new();
        // The free port may be taken by another before the server has it.
        for _ in 0..3 {
            let folder = Folder::create("pg")?;
            let path = folder.path().to_path_buf();
            let owner = Owner::choose()?;
            initialize(bin, &path, &owner)?;
            let port = free_port()?;
            let mut command = server(bin, &path, &owner, port, durability);
            command.stdout(log(&path)?).stderr(log(&path)?);
            let mut started = Guarded::start(&mut command, "INT", Some(folder))?;
            if is_ready(&path, || started.has_ended()) {
                return Ok(Self { url: url(port), _server: started });
            }
            told = fs::read_to_string(path.join("log")).unwrap_or_default();
        }
        Err(Failure::new(format!("the private PostgreSQL does not start:\n{told}")))
    }
}

/// The folder that holds `initdb` and `postgres`, after installing them if need be.
pub(crate) fn ensure(machine: &Machine) -> Result<PathBuf, Failure> {
    machine.ensure(&POSTGRES, find)
}

/// `psql`, which comes with every PostgreSQL, after installing it if need be.
pub(crate) fn ensure_client(machine: &Machine) -> Result<PathBuf, Failure> {
    machine.ensure(&PSQL, |places| {
        let beside = || find(places).map(|bin| bin.join("psql")).filter(|file| is_program(file));
        places.program("psql").or_else(beside)
    })
}

/// Makes an empty database and gives back its URL.
pub(crate) fn create_database(psql: &Path, url: &str, name: &str) -> Result<String, Failure> {
    drop_database(psql, url, name)?;
    execute(psql, url, &format!("CREATE DATABASE {name}"))?;
    Ok(named(url, name))
}

/// Drops a database, with whoever is still connected to it.
pub(crate) fn drop_database(psql: &Path, url: &str, name: &str) -> Result<(), Failure> {
    execute(psql, url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
}

fn execute(psql: &Path, url: &str, statement: &str) -> Result<(), Failure> {
    let mut command = Command::new(psql);
    command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement, url]);
    process::output(&mut command).map(|_| ())
}

/// The URL with another database in its path.
fn named(url: &str, name: &str) -> String {
    let (address, parameters) =
        url.split_once('?').map_or((url, String::new()), |(address, rest)| (address, format!("?{rest}")));
    let server = match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest)),
        None => address.to_owned(),
    };
    format!("{server}/{name}{parameters}")
}

/// Debian keeps these programs out of the search path, and others have places of their own.
fn find(places: &Places) -> Option<PathBuf> {
    if let Some(named) = places.variable("AUTHLY_PG_BIN") {
        return Some(PathBuf::from(named)).filter(|bin| is_complete(bin));
    }
    let beside = |program: PathBuf| program.parent().map(Path::to_path_buf);
    let mut folders: Vec<PathBuf> = places.program("initdb").and_then(beside).into_iter().collect();
    if let Some(tool) = places.program("pg_config") {
        folders.extend(process::output(Command::new(tool).arg("--bindir")).map(|bin| PathBuf::from(bin.trim())));
    }
    folders.extend(places.versions("/usr/lib/postgresql", "").into_iter().map(|version| version.join("bin")));
    folders.extend(places.versions("/usr", "pgsql-").into_iter().map(|version| version.join("bin")));
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt"] {
        folders.extend(places.versions(homebrew, "postgresql@").into_iter().map(|version| version.join("bin")));
    }
    folders.push(places.at("/Applications/Postgres.app/Contents/Versions/latest/bin"));
    folders.push(places.at("/usr/local/pgsql/bin"));
    folders.into_iter().find(|bin| is_complete(bin))
}

fn is_complete(bin: &Path) -> bool {
    is_program(&bin.join("initdb")) && is_program(&bin.join("postgres"))
}

/// The user that the server belongs to.
pub(crate) enum Owner {
    /// Ourselves.
    Us,
    /// Another, because we are root.
    Other { user: u32, group: u32 },
}

impl Owner {
    /// Ourselves, or for root the first of `postgres` and `nobody` that exists.
    pub(crate) fn choose() -> Result<Self, Failure> {
        if !is_root() {
            return Ok(Self::Us);
        }
        let number = |flag: &str, name: &str| {
            process::output(Command::new("id").args([flag, name])).ok()?.trim().parse::<u32>().ok()
        };
        let found =
            ["postgres", "nobody"].into_iter().find_map(|name| Some((number("-u", name)?, number("-g", name)?)));
        let (user, group) = found.ok_or_else(|| {
            Failure::new("root cannot run PostgreSQL, and there is neither a user postgres nor a user nobody")
        })?;
        Ok(Self::Other { user, group })
    }

    fn give(&self, folder: &Path) -> Result<(), Failure> {
        match self {
            Self::Us => Ok(()),
            Self::Other { user, group } => chown(folder, Some(*user), Some(*group))
                .map_err(|error| Failure::of(format!("cannot give {} away", folder.display()), error)),
        }
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Self::Other { user, group } = self {
            command.uid(*user).gid(*group);
        }
        command
    }
}

/// Makes the cluster `data` within the folder.
pub(crate) fn initialize(bin: &Path, folder: &Path, owner: &Owner) -> Result<(), Failure> {
    owner.give(folder)?;
    let initdb = |locale: &str| {
        let mut command = owner.command(&bin.join("initdb"), folder);
        command.args(["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", locale]);
        process::output(&mut command)
    };
    // Not every system has C.UTF-8; the C locale orders the same way.
    initdb("--locale=C.UTF-8").or_else(|_| initdb("--locale=C")).map(|_| ())
}

/// The server's command line.
pub(crate) fn server(bin: &Path, folder: &Path, owner: &Owner, port: u16, durability: Durability) -> Command {
    let mut command = owner.command(&bin.join("postgres"), folder);
    command.arg("-D").arg(folder.join("data"));
    let socket = format!("unix_socket_directories={}", folder.display());
    let port = format!("port={port}");
    let mut settings =
        vec!["listen_addresses=127.0.0.1", &port, &socket, "max_connections=300", "log_min_messages=warning"];
    if durability == Durability::None {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    command
}

/// A file for what the server prints.
pub(crate) fn log(folder: &Path) -> Result<Stdio, Failure> {
    let file = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    file.map(Stdio::from).map_err(|error| Failure::of("cannot write the log of PostgreSQL", error))
}

/// The administrator's URL of a private server.
pub(crate) fn url(port: u16) -> String {
    format!("postgresql://postgres@127.0.0.1:{port}/postgres")
}

/// Waits until the server writes that it is ready; its file is written before it listens, the last line after.
pub(crate) fn is_ready(folder: &Path, mut has_ended: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) && !has_ended() {
        let file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if file.lines().nth(7).is_some_and(|status| status.trim() == "ready") {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::fake;

    fn install(root: &Folder, bin: &str) {
        fake(root.path(), &format!("{bin}/initdb"), "true");
        fake(root.path(), &format!("{bin}/postgres"), "true");
    }

    fn found(root: &Folder) -> Option<PathBuf> {
        find(&Places::within(root.path())).map(|bin| bin.strip_prefix(root.path()).unwrap().to_path_buf())
    }

    #[test]
    fn nothing_is_found_where_nothing_is_installed() {
        let root = Folder::create("find").unwrap();
        assert_eq!(found(&root), None);
        fake(root.path(), "/usr/lib/postgresql/15/bin/psql", "a client is no server");
        assert_eq!(found(&root), None);
    }

    #[test]
    fn debians_highest_version_is_taken() {
        let root = Folder::create("find").unwrap();
        for version in ["9.6", "13", "17"] {
            install(&root, &format!("/usr/lib/postgresql/{version}/bin"));
        }
        assert_eq!(found(&root), Some("usr/lib/postgresql/17/bin".into()));
    }

    #[test]
    fn the_search_path_comes_before_debians_folders_and_a_named_folder_before_all() {
        let root = Folder::create("find").unwrap();
        install(&root, "/usr/lib/postgresql/17/bin");
        install(&root, "/usr/bin");
        assert_eq!(found(&root), Some("usr/bin".into()));
        install(&root, "/opt/pg");
        let named = root.path().join("opt/pg");
        let places = Places::within(root.path()).with("AUTHLY_PG_BIN", &named.display().to_string());
        assert_eq!(find(&places), Some(named));
        let places = Places::within(root.path()).with("AUTHLY_PG_BIN", "/nowhere");
        assert_eq!(find(&places), None, "a wrong folder is an error and not a hint");
    }

    #[test]
    fn pg_config_tells_where_the_programs_are() {
        let root = Folder::create("find").unwrap();
        install(&root, "/opt/odd/bin");
        fake(
            root.path(),
            "/usr/bin/pg_config",
            &format!("[ \"$1\" = --bindir ] && echo {}", root.path().join("opt/odd/bin").display()),
        );
        assert_eq!(found(&root), Some("opt/odd/bin".into()));
    }

    #[test]
    fn red_hat_and_homebrew_have_places_of_their_own() {
        for bin in ["/usr/pgsql-16/bin", "/opt/homebrew/opt/postgresql@17/bin", "/usr/local/pgsql/bin"] {
            let root = Folder::create("find").unwrap();
            install(&root, bin);
            assert_eq!(found(&root), Some(bin.trim_start_matches('/').into()));
        }
    }

    #[test]
    fn a_url_is_pointed_at_another_database() {
        assert_eq!(named("postgresql://postgres@127.0.0.1:5/postgres", "x"), "postgresql://postgres@127.0.0.1:5/x");
        assert_eq!(named("postgresql://u:p@h/old?sslmode=require", "x"), "postgresql://u:p@h/x?sslmode=require");
        assert_eq!(named("postgresql://h", "x"), "postgresql://h/x");
    }

    #[test]
    fn only_the_durable_server_syncs() {
        let shown = |durability| format!("{:?}", server(Path::new("/bin"), Path::new("/f"), &Owner::Us, 1, durability));
        assert!(shown(Durability::None).contains("fsync=off"));
        assert!(!shown(Durability::Full).contains("fsync"));
    }
}
