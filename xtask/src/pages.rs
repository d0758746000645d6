//! The browser tests: the pages in real Chromium, checked by axe-core.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::browser;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::node::Node;
use crate::process::{self, Guarded};
use crate::server::Binaries;
use crate::services::{Services, free_port};
use crate::workspace;

/// Runs them; `pictures` is where they put what they saw.
pub(crate) fn run(machine: &Machine, services: &Services, pictures: &Path) -> Result<(), Failure> {
    let folder = workspace::root().join("tests/browser");
    Node::prepare(machine, &folder)?;
    let binaries = Binaries::build(machine)?;
    let driver = Driver::start(&browser::ensure(machine)?.driver)?;
    let mut command = workspace::cargo(["test", "--package", "authly-browser-tests", "--no-fail-fast"]);
    services
        .introduce(&mut command)
        .env("AUTHLY_TEST_SERVER", &binaries.server)
        .env("AUTHLY_TEST_ADMIN", &binaries.admin)
        .env("AUTHLY_TEST_WEBDRIVER", driver.url())
        .env("AUTHLY_TEST_AXE", folder.join("node_modules/axe-core/axe.min.js"))
        .env("AUTHLY_TEST_PICTURES", pictures);
    process::run(&mut command)
}

/// The running driver; each test has a browser of its own there.
struct Driver {
    port: u16,
    _process: Guarded,
}

impl Driver {
    fn start(program: &Path) -> Result<Self, Failure> {
        let port = free_port()?;
        let mut command = Command::new(program);
        command.arg(format!("--port={port}")).arg("--log-level=OFF").stdout(Stdio::null());
        let mut process = Guarded::start(&mut command, "TERM", None)?;
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if process.has_ended() || begin.elapsed() > Duration::from_secs(20) {
                return Err(Failure::new("chromedriver does not start"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { port, _process: process })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
