//! A private Redis that keeps nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::machine::{Machine, Need};
use crate::process::Guarded;
use crate::services::free_port;

const REDIS: Need = Need {
    what: "a Redis server (redis-server)",
    packages: &["redis-server"],
    otherwise: "Fedora: dnf install redis; macOS: brew install redis; or name a running one in AUTHLY_TEST_REDIS_URL",
};

/// A running private server; it ends when this is dropped or when we die.
pub(crate) struct Redis {
    url: String,
    _server: Guarded,
}

impl Redis {
    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts it on a free port.
    pub(crate) fn start(program: &Path) -> Result<Self, Failure> {
        // The free port may be taken by another before the server has it.
        for _ in 0..3 {
            let folder = Folder::create("redis")?;
            let port = free_port()?;
            let mut command = Command::new(program);
            command.current_dir(folder.path()).args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
            command.args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", "."]).stdout(Stdio::null());
            let mut started = Guarded::start(&mut command, "TERM", Some(folder))?;
            if answers(port, || started.has_ended()) {
                return Ok(Self { url: format!("redis://127.0.0.1:{port}/"), _server: started });
            }
        }
        Err(Failure::new("the private Redis does not start"))
    }
}

/// The program, after installing it if need be.
pub(crate) fn ensure(machine: &Machine) -> Result<PathBuf, Failure> {
    machine.ensure(&REDIS, |places| {
        places
            .program("redis-server")
            .or_else(|| Some(places.at("/opt/homebrew/bin/redis-server")).filter(|file| file.is_file()))
    })
}

fn answers(port: u16, mut has_ended: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) && !has_ended() {
        if ping(port).is_ok_and(|answer| answer.starts_with(b"+PONG")) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn ping(port: u16) -> std::io::Result<[u8; 5]> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
