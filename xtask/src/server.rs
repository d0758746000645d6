//! A running `authly-server` of this workspace, for tests from outside.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Failure;
use crate::machine::Machine;
use crate::process::{self, Guarded};
use crate::services::{Services, free_port};
use crate::{prerequisites, workspace};

/// The two programs.
pub(crate) struct Binaries {
    /// `authly-server`.
    pub(crate) server: PathBuf,
    /// `authly-admin`.
    pub(crate) admin: PathBuf,
}

impl Binaries {
    /// Builds them as `cargo test` does, which shares most of the work.
    pub(crate) fn build(machine: &Machine) -> Result<Self, Failure> {
        let openssl = prerequisites::check(machine)?;
        let packages =
            ["authly-server", "authly-admin", "authly-jose"].into_iter().flat_map(|name| ["--package", name]);
        process::run(workspace::cargo(["build"]).args(packages).args(openssl.arguments()))?;
        let folder = workspace::target()?.join("debug");
        Ok(Self { server: folder.join("authly-server"), admin: folder.join("authly-admin") })
    }
}

/// A server in development mode on a free port.
pub(crate) struct Server {
    database: String,
    folder: PathBuf,
    port: u16,
    process: Guarded,
}

impl Server {
    /// Starts it with its data and its log in the folder and with further variables, and waits until it answers.
    pub(crate) fn start(
        binaries: &Binaries,
        services: &Services,
        folder: &Path,
        database: &str,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let port = free_port()?;
        let log = fs::File::create(folder.join("server.log"))
            .map_err(|error| Failure::of("cannot write the server's log", error))?;
        let errors = log.try_clone().map_err(|error| Failure::of("cannot write the server's log", error))?;
        let mut command = Command::new(&binaries.server);
        configure(services.introduce(&mut command), folder, database, port).stdout(log).stderr(errors);
        command.envs(variables.iter().copied());
        let process = Guarded::start(&mut command, "TERM", None)?;
        let mut server = Self { database: database.to_owned(), folder: folder.to_path_buf(), port, process };
        let begin = Instant::now();
        while !status(port, "/.well-known/oauth-authorization-server").is_ok_and(|status| status == "200") {
            if server.process.has_ended() || begin.elapsed() > Duration::from_secs(60) {
                return Err(server.with_log(Failure::new("authly-server does not answer")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// The issuer that it speaks for.
    pub(crate) fn issuer(&self) -> String {
        issuer(self.port)
    }

    /// Waits until it serves a client that was just registered in its store: within a second, as promised, and a
    /// little more for a machine that is busy.
    pub(crate) fn wait_for_client(&self, client_id: &str, redirect_uri: &str) -> Result<(), Failure> {
        // The challenge of RFC 7636, appendix B. A redirect URI may stand in a query as it is, without "&" and "#".
        let query = format!(
            "response_type=code&client_id={client_id}&redirect_uri={redirect_uri}\
             &code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let begin = Instant::now();
        loop {
            let status = status(self.port, &format!("/authorize?{query}"))
                .map_err(|error| Failure::of("cannot ask /authorize", error))?;
            if status != "400" {
                return Ok(());
            }
            if begin.elapsed() > Duration::from_secs(5) {
                return Err(Failure::new(format!(
                    "the server does not know {client_id} five seconds after its creation"
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it printed.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// The failure together with what the server printed.
    pub(crate) fn with_log(&mut self, failure: Failure) -> Failure {
        let fate = if self.process.has_ended() { "it has ended" } else { "it still runs" };
        Failure::new(format!("{failure}\n-- the server's log ({fate})\n{}", self.log()))
    }

    /// `authly-admin` on the same store.
    pub(crate) fn admin<'a>(&'a self, binaries: &'a Binaries, services: &'a Services) -> Admin<'a> {
        Admin { server: self, binaries, services }
    }
}

/// `authly-admin` on a running server's store.
pub(crate) struct Admin<'a> {
    server: &'a Server,
    binaries: &'a Binaries,
    services: &'a Services,
}

impl Admin<'_> {
    /// Runs one command with `--output json`, a line on its standard input if it wants one, and reads what it prints.
    pub(crate) fn json(&self, arguments: &[&str], line: Option<&str>) -> Result<Value, Failure> {
        let mut command = Command::new(&self.binaries.admin);
        command.args(arguments).args(["--output", "json"]);
        configure(self.services.introduce(&mut command), &self.server.folder, &self.server.database, self.server.port);
        let failed = |error: std::io::Error| Failure::of("cannot run authly-admin", error);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        if let (Some(mut input), Some(line)) = (child.stdin.take(), line) {
            writeln!(input, "{line}").map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let told = || format!("authly-admin {}: {}\n{text}{errors}", arguments.join(" "), output.status);
        if !output.status.success() {
            return Err(Failure::new(told()));
        }
        serde_json::from_str(&text).map_err(|error| Failure::of(format!("no JSON from {}", told()), error))
    }
}

fn issuer(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// The variables that are for tests only would be unknown settings to the programs.
fn configure<'a>(command: &'a mut Command, folder: &Path, database: &str, port: u16) -> &'a mut Command {
    let for_tests: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
    for name in for_tests.into_iter().filter(|name| name.to_string_lossy().starts_with("AUTHLY_TEST_")) {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .env("DATABASE_URL", database)
        .env("AUTHLY_DATA_DIR", folder.join("data"))
        .env("AUTHLY_LISTEN", format!("127.0.0.1:{port}"))
        .env("AUTHLY_ISSUER", issuer(port))
}

/// The status of the answer to a GET.
fn status(port: u16, target: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    Ok(String::from_utf8_lossy(&line).split(' ').nth(1).unwrap_or_default().to_owned())
}
