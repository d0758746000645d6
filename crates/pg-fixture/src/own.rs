//! A server for one test alone, which may be stopped and started again under whoever uses it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    cluster::{Owner, initialize, wait_for},
    search::programs,
};

/// Waits for the end of its input, then ends the server.
const KEEPER: &str =
    "\"$1\" -D \"$2\" >>\"$2/log\" 2>&1 & server=$!; read -r _; kill -QUIT $server 2>/dev/null; wait $server";

/// A private server; it ends with this value.
#[derive(Debug)]
pub struct OwnServer {
    folder: TempDir,
    programs: PathBuf,
    keeper: Child,
}

impl OwnServer {
    /// Makes one, whatever other server is named for tests.
    pub fn start() -> Self {
        let programs = programs().expect("PostgreSQL's server programs are installed");
        let folder = TempDir::with_prefix("authly-own-").expect("a temporary folder");
        let owner = Owner::choose();
        owner.give(&folder.path().to_path_buf());
        initialize(&programs, folder.path(), &owner);
        let keeper = keep(&programs, folder.path());
        Self { folder, programs, keeper }
    }

    /// The address of its database, by the file system's socket.
    pub fn url(&self) -> String {
        let host = self.folder.path().display().to_string().replace('%', "%25").replace('/', "%2F");
        format!("postgresql://postgres@{host}/postgres")
    }

    /// The file of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Ends it at once, as a crash would, whoever is connected; and starts it again.
    pub fn crash_and_start(&mut self) {
        self.end();
        // What is left of the former process must not be taken for the new one's word that it is ready.
        let _gone = fs::remove_file(self.folder.path().join("postmaster.pid"));
        self.keeper = keep(&self.programs, self.folder.path());
    }

    fn end(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().expect("the server's keeper ends");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn keep(programs: &Path, folder: &Path) -> Child {
    let mut command: Command = Owner::choose().command(Path::new("/bin/sh"), folder);
    command.arg("-c").arg(KEEPER).arg("sh").arg(programs.join("postgres")).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let keeper = command.spawn().expect("a shell");
    wait_for(folder);
    keeper
}
