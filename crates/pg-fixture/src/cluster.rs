//! The server: a given one, or a private cluster that ends with this process.

use std::{
    env, fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::search::programs;

/// A running server.
#[derive(Debug)]
pub(crate) struct Cluster {
    url: String,
    // The server ends when the pipe to its keeper closes, however this process ends.
    _keeper: Option<Child>,
}

/// Waits for the end of its input, then ends the server and removes its folder.
const KEEPER: &str =
    "\"$1\" -D \"$2\" >\"$2/log\" 2>&1 & server=$!; read -r _; kill -QUIT $server; wait $server; rm -rf \"$2\"";

impl Cluster {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Takes the server that is named, or makes one.
    pub(crate) fn start() -> Self {
        if let Some(url) = env::var_os("AUTHLY_TEST_DATABASE_URL") {
            let url = url.into_string().expect("AUTHLY_TEST_DATABASE_URL is text");
            return Self { url, _keeper: None };
        }
        let Some(programs) = programs() else {
            panic!(
                "no PostgreSQL server is installed (Debian: apt-get install postgresql; Fedora: dnf install \
                 postgresql-server; macOS: brew install postgresql); its folder may be named in AUTHLY_PG_BIN, a running \
                 server in AUTHLY_TEST_DATABASE_URL"
            );
        };
        let owner = Owner::choose();
        let folder = TempDir::with_prefix("authly-pg-").expect("a temporary folder").keep();
        owner.give(&folder);
        initialize(&programs, &folder, &owner);
        let mut command = owner.command(Path::new("/bin/sh"), &folder);
        command.arg("-c").arg(KEEPER).arg("sh").arg(programs.join("postgres")).arg(&folder);
        let keeper = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        wait_for(&folder);
        let host = folder.display().to_string().replace('%', "%25").replace('/', "%2F");
        Self { url: format!("postgresql://postgres@{host}/postgres"), _keeper: Some(keeper) }
    }
}

pub(crate) fn initialize(programs: &Path, folder: &Path, owner: &Owner) {
    let output = owner
        .command(&programs.join("initdb"), folder)
        .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"])
        .arg(folder)
        .output()
        .expect("initdb runs");
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    let settings = format!(
        "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nsynchronous_commit = off\n\
         full_page_writes = off\nmax_connections = 200\nshared_buffers = 32MB\n",
        folder.display()
    );
    let file = folder.join("postgresql.conf");
    let text = fs::read_to_string(&file).unwrap_or_default() + &settings;
    fs::write(&file, text).expect("the settings can be written");
    owner.give(&file);
}

pub(crate) fn wait_for(folder: &Path) {
    // The last line of the file says so.
    for _ in 0..600 {
        let state = fs::read_to_string(folder.join("postmaster.pid")).unwrap_or_default();
        if state.lines().last().is_some_and(|line| line.trim() == "ready") {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the server does not start: {}", fs::read_to_string(folder.join("log")).unwrap_or_default());
}

/// Who the server belongs to: root may not run it.
pub(crate) enum Owner {
    Us,
    Other { user: u32, group: u32 },
}

impl Owner {
    pub(crate) fn choose() -> Self {
        let told = Command::new("id").arg("-u").output().expect("id runs");
        if String::from_utf8_lossy(&told.stdout).trim() != "0" {
            return Self::Us;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        for name in ["postgres", "nobody"] {
            let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let mut fields = line.into_iter().flat_map(|line| line.split(':')).skip(1);
            let (user, group) = (fields.next(), fields.next());
            if let (Some(user), Some(group)) =
                (user.and_then(|user| user.parse().ok()), group.and_then(|group| group.parse().ok()))
            {
                return Self::Other { user, group };
            }
        }
        panic!("root cannot run PostgreSQL, and there is no user postgres or nobody");
    }

    pub(crate) fn give(&self, path: &PathBuf) {
        if let Self::Other { user, group } = self {
            chown(path, Some(*user), Some(*group)).expect("root may give files away");
        }
    }

    pub(crate) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Self::Other { user, group } = self {
            command.uid(*user).gid(*group);
        }
        command
    }
}
