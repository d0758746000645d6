//! The server that operators run: reads the settings, starts the installation, listens, and stops in good order.

mod args;
mod banner;
mod check;
mod health;
mod http;
mod listen;
mod log_line;
mod logos;
mod logs;
mod mail_metrics;
mod metrics;
mod reload;
mod serve;
mod tls;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use authly_runtime::Trouble;
use clap::Parser as _;

use crate::args::{Arguments, Command};

/// The command line cannot be read; the same code as that of `authly-admin`.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked_for = error.exit_code() == 0;
            let _unheard = error.print();
            return if asked_for { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    let done = match &arguments.command {
        Some(Command::Health { url }) => health::run(&arguments.source, url.as_deref()),
        None if arguments.check => check::run(&arguments.source),
        None => serve::run(&arguments.source),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            tell(&trouble);
            ExitCode::FAILURE
        }
    }
}

/// What stopped us, on standard error, in three parts.
fn tell(trouble: &Trouble) {
    let mut out = io::stderr().lock();
    let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (on, off) = if colour { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    let _unheard = writeln!(out, "{on}error:{off} {trouble}");
}
