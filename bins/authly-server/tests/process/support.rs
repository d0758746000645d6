//! Servers and commands as processes of their own, on an SQLite file of their own and a free port.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Condvar, Mutex, OnceLock},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long nothing is asked between two looks at a server.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A folder with a store in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Place {
    /// An empty place, in development mode.
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), variables: Vec::new() }
    }

    /// The same place with another variable in its environment.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(other, _)| *other != name);
        self.variables.push((name, value.into()));
        self
    }

    /// A production installation, with everything that it needs.
    pub(crate) fn production() -> Self {
        Self::new()
            .with("ENVIRONMENT", "production")
            .with("AUTHLY_ISSUER", "https://auth.example.com")
            .with("ALLOWED_HOSTS", "auth.example.com,127.0.0.1")
            .with("JWT_SECRET_KEY", "9f8b1c3de0a74562b18c90d4f3e2a71b-access")
            .with("JWT_REFRESH_SECRET_KEY", "9f8b1c3de0a74562b18c90d4f3e2a71b-refresh")
            .with("SECRET_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        command.env("DATABASE_URL", format!("sqlite://{}", self.folder.path().join("authly.db").display()));
        command.env("AUTHLY_DATA_DIR", self.folder.path().join("data"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the server's program until it ends by itself.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(env!("CARGO_BIN_EXE_authly-server")).args(arguments).output().unwrap())
    }

    /// Runs `authly-admin` on the same store.
    pub(crate) fn admin(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(admin_program()).args(arguments).output().unwrap())
    }

    /// Starts a server on a free port and waits until it answers.
    pub(crate) fn start(&self) -> Server {
        let mut command = self.command(env!("CARGO_BIN_EXE_authly-server"));
        command.args(["--listen", "127.0.0.1:0"]);
        let mut child = command.spawn().unwrap();
        let log = Log::default();
        log.read(child.stdout.take().unwrap());
        log.read(child.stderr.take().unwrap());
        let mut server = Server { child, log, port: 0 };
        let told = server.log.wait_for("authly-server answers");
        let (_, address) = told.split_once("127.0.0.1:").unwrap();
        server.port = address.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        server
    }
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A running server; it is killed if the test ends before it is stopped.
pub(crate) struct Server {
    child: Child,
    pub(crate) log: Log,
    pub(crate) port: u16,
}

impl Server {
    /// Connects.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The whole answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        self.get_with(path, "")
    }

    /// The whole answer to a GET with a bearer token.
    pub(crate) fn get_as(&self, path: &str, token: &str) -> String {
        self.get_with(path, &format!("Authorization: Bearer {token}\r\n"))
    }

    fn get_with(&self, path: &str, lines: &str) -> String {
        let mut stream = self.connect();
        let port = self.port;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{lines}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The status and the body of a POST of JSON.
    pub(crate) fn post(&self, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let body = body.to_string();
        let (port, length) = (self.port, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.get(9..12).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    /// The status of a GET.
    pub(crate) fn status(&self, path: &str) -> u16 {
        self.get(path).get(9..12).unwrap().parse().unwrap()
    }

    /// Waits until something holds; fails after the time in which a change must be seen. The time is counted in looks, so
    /// that a machine that stands still for a while, and the server with it, does not use it up.
    #[track_caller]
    pub(crate) fn within(&self, limit: Duration, holds: impl Fn(&Self) -> bool) {
        let looks = limit.as_millis() / BETWEEN_LOOKS.as_millis();
        for _ in 0..looks {
            if holds(self) {
                return;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        assert!(holds(self), "not within {limit:?}:\n{}", self.log.text());
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end and gives the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end:\n{}", self.log.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it in good order.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait(), Some(0), "{}", self.log.text());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What a server prints, as it comes.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Log {
    fn read(&self, source: impl std::io::Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                log.0.0.lock().unwrap().push(line);
                log.0.1.notify_all();
            }
            log.0.0.lock().unwrap().push("(closed)".to_owned());
            log.0.1.notify_all();
        });
    }

    /// The first line that holds `text`, now or later.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let (lines, news) = &*self.0;
        let absent = |lines: &mut Vec<String>| {
            !lines.iter().any(|line| line.contains(text)) && lines.iter().filter(|line| *line == "(closed)").count() < 2
        };
        let (lines, _) = news.wait_timeout_while(lines.lock().unwrap(), PATIENCE, absent).unwrap();
        let found = lines.iter().find(|line| line.contains(text)).cloned();
        found.unwrap_or_else(|| panic!("{text:?} never came:\n{}", lines.join("\n")))
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.0.0.lock().unwrap().join("\n")
    }
}

/// `authly-admin` of the same build: its package is another one, so it is built here if nobody else did.
fn admin_program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let server = std::path::Path::new(env!("CARGO_BIN_EXE_authly-server"));
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "authly-admin"]);
        if server.components().any(|part| part.as_os_str() == "release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
        server.with_file_name("authly-admin").display().to_string()
    })
}
