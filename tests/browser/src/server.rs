//! A server in development mode on a free port, with an empty store.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{EMAIL, PASSWORD, variable};

/// Starts the server and ends it when the standard input closes: when the test is over, passed, failed or killed.
const GUARD: &str =
    r#""$0" "$@" </dev/null & server=$!; while read -r _; do :; done; kill -TERM "$server"; wait "$server""#;

/// A running server; it ends with the test.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    guard: Child,
    port: u16,
    host: &'static str,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with settings of the environment.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::named("localhost", settings)
    }

    /// Starts one under another name, whose cookies a browser keeps apart from those of the others.
    pub fn elsewhere() -> Self {
        Self::named("127.0.0.1", &[])
    }

    fn named(host: &'static str, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, &variable("AUTHLY_TEST_SERVER")]).envs(settings.iter().copied());
        configure(&mut command, &folder, host, port);
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let mut server = Self { folder, guard: command.spawn().unwrap(), port, host };
        let begin = Instant::now();
        while !server.answers() {
            let ended = server.guard.try_wait().unwrap().is_some();
            assert!(
                !ended && begin.elapsed() < Duration::from_secs(60),
                "the server does not answer:\n{}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// The server's address as people type it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.host, self.port)
    }

    /// Creates the account [`EMAIL`] with [`PASSWORD`].
    pub fn create_account(&self) {
        self.create_person(EMAIL, "ada", "Ada Lovelace", PASSWORD);
    }

    /// Creates an account.
    pub fn create_person(&self, email: &str, username: &str, name: &str, password: &str) {
        let arguments = ["user", "create", "--email", email, "--username", username, "--name", name, "--verified"];
        self.admin(&[&arguments[..], &["--password-stdin"]].concat(), Some(password));
    }

    /// Runs a command of `authly-admin` on the server's store.
    pub fn admin(&self, arguments: &[&str], input: Option<&str>) {
        let mut command = Command::new(variable("AUTHLY_TEST_ADMIN"));
        command.args(arguments).args(["--output", "json"]);
        configure(&mut command, &self.folder, self.host, self.port);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        input.into_iter().for_each(|input| writeln!(stdin, "{input}").unwrap());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The file that the store is in, for tests that put a past into it.
    pub fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("authly.db")
    }

    /// What the server printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn answers(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            write!(stream, "GET /health HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n", self.host, self.port)?;
            let mut status = [0; 12];
            stream.read_exact(&mut status)?;
            std::io::Result::Ok(status.ends_with(b" 200"))
        };
        ask().unwrap_or(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _reaped = self.guard.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn configure(command: &mut Command, folder: &TempDir, host: &str, port: u16) {
    let address = format!("127.0.0.1:{port}");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUTHLY_TEST_")) {
        command.env_remove(name);
    }
    command
        .current_dir(folder.path())
        .env("DATABASE_URL", format!("sqlite://{}", folder.path().join("authly.db").display()))
        .env("AUTHLY_DATA_DIR", folder.path().join("data"))
        .env("AUTHLY_LISTEN", address)
        .env("AUTHLY_ISSUER", format!("http://{host}:{port}"));
}
