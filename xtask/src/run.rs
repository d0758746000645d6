//! `cargo xtask run`: from a fresh clone to a running server with one command.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::failure::Failure;
use crate::machine::Machine;
use crate::{prerequisites, process, workspace};

const HELP: &str = "\
Check what the build needs (a C compiler, OpenSSL's headers), install it where we may, build authly-server and authly-admin,
and start the server.

Usage: cargo xtask run [--release] [arguments of authly-server]

Examples:
  cargo xtask run                 the development server on 127.0.0.1:8000
  cargo xtask run --release       the same, optimized
  cargo xtask run --check         look at the configuration and exit
  cargo xtask run -- --help       what authly-server itself can do
";

/// Runs the task; where it succeeds the server takes this process over.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    let order = Order::parse(arguments);
    if order.help {
        print!("{HELP}");
        return Ok(());
    }
    let openssl = prerequisites::check(&Machine::here())?;
    let mut build = workspace::cargo([
        "build",
        "--package",
        "authly-server",
        "--package",
        "authly-admin",
        "--package",
        "authly-jose",
    ]);
    build.args(openssl.arguments()).args(order.release.then_some("--release"));
    process::run(&mut build)?;
    let folder = if order.release { "release" } else { "debug" };
    let server = workspace::target()?.join(folder).join("authly-server");
    let failed = Command::new(&server).args(&order.server).exec();
    Err(Failure::of(format!("cannot start {}", server.display()), failed))
}

#[derive(Debug, Default, Eq, PartialEq)]
struct Order {
    help: bool,
    release: bool,
    server: Vec<String>,
}

impl Order {
    /// Our own options come first; the rest, or what follows `--`, is the server's.
    fn parse(arguments: &[String]) -> Self {
        let mut order = Self::default();
        let mut rest = arguments.iter().peekable();
        while let Some(argument) =
            rest.next_if(|argument| matches!(argument.as_str(), "--release" | "--help" | "-h" | "--"))
        {
            match argument.as_str() {
                "--release" => order.release = true,
                "--" => break,
                _ => order.help = true,
            }
        }
        order.server = rest.cloned().collect();
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Order {
        Order::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_not_ours_goes_to_the_server() {
        let order = parse(&["--release", "--check", "--release"]);
        assert_eq!(order, Order { help: false, release: true, server: vec!["--check".into(), "--release".into()] });
    }

    #[test]
    fn after_two_dashes_everything_is_the_servers() {
        assert_eq!(parse(&["--", "--help"]), Order { server: vec!["--help".into()], ..Order::default() });
        assert!(parse(&["--help"]).help);
    }
}
