//! A running server process.

use std::fs::File;
use std::io::{Error, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::installation::{HOST, Installation};

/// How long a start or an end may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two looks at a server that is starting; it bounds the error of the start time.
const PAUSE: Duration = Duration::from_millis(1);
/// Ends the process when our end of its input closes, which also happens when we are killed.
const GUARD: &str = r#"while read -r _; do :; done; kill -TERM "$1" 2>/dev/null"#;

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    guard: Child,
    /// From the start of the process to its first answer.
    pub took: Duration,
}

impl Server {
    /// Starts the installation's server and waits for its first answer.
    pub fn start(installation: &Installation) -> Result<Self, Failure> {
        Self::start_node(installation, installation.port)
    }

    /// Starts one more server of the same installation, on a port of its own.
    pub fn start_node(installation: &Installation, port: u16) -> Result<Self, Failure> {
        let cannot = |error: Error| Failure::of("cannot start authly-server", error);
        let path = installation.log(port);
        let log = File::create(&path).map_err(cannot)?;
        let errors = log.try_clone().map_err(cannot)?;
        let mut command = installation.command(&installation.programs.server);
        command.env("AUTHLY_LISTEN", format!("127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
        let begin = Instant::now();
        let mut child = command.spawn().map_err(cannot)?;
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard", &child.id().to_string()]).stdin(Stdio::piped()).process_group(0);
        let guard = match guard.spawn() {
            Ok(guard) => guard,
            Err(error) => {
                let _ended = child.kill().and_then(|()| child.wait());
                return Err(Failure::of("cannot start sh", error));
            }
        };
        let mut server = Self { child, guard, took: Duration::ZERO };
        while !answers(port) {
            let ended = !matches!(server.child.try_wait(), Ok(None));
            if ended || begin.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(&path).unwrap_or_default();
                return Err(Failure::new(format!("authly-server does not answer\n{log}")));
            }
            std::thread::sleep(PAUSE);
        }
        server.took = begin.elapsed();
        Ok(server)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without a chance to finish anything (SIGKILL).
    pub fn kill(mut self) -> Result<(), Failure> {
        self.child.kill().and_then(|()| self.child.wait()).map_err(|error| Failure::of("cannot kill", error))?;
        Ok(())
    }

    /// Asks it to end and waits until it has; a server that does not end in order is a failure.
    pub fn stop(mut self) -> Result<(), Failure> {
        drop(self.guard.stdin.take());
        let begin = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(Failure::of("authly-server did not end in order", status)),
                Ok(None) if begin.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => return Err(Failure::new("authly-server does not end")),
                Err(error) => return Err(Failure::of("cannot wait for authly-server", error)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is left is not worth waiting for; `stop` is the polite way.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        drop(self.guard.stdin.take());
        let _reaped = self.guard.wait();
    }
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let path = "/.well-known/openid-configuration";
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        std::io::Result::Ok(status)
    };
    ask().is_ok_and(|status| status.ends_with(b" 200"))
}
