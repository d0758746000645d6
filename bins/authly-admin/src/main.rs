//! The command line that administrators run: arguments in, use cases of `authly-admin-cases` over the store, results out.

mod args;
mod aside;
mod commands;
mod console;
mod environment;
mod failure;
mod hidden;
mod journal;
mod outlet;
mod reference;
mod run;
mod secret_files;
mod secret_input;
mod signal;

use std::{io, process::ExitCode};

use crate::{
    args::{Cli, Format},
    failure::{Code, Failure},
};

fn main() -> ExitCode {
    // Known before the command line is read as a whole: it may be wrong.
    let format = Format::asked_for(std::env::args_os());
    if let Err(trouble) = secret_files::take_up() {
        return Failure::from(trouble).tell(format);
    }
    match Cli::read(std::env::args_os()) {
        Ok(cli) => match run::run(cli) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.tell(format),
        },
        Err(error) if error.exit_code() != 0 && format == Format::Json => failure::unread(&error).tell(format),
        // Help and version that were asked for are results; everything else is wrong usage.
        Err(error) => {
            let printed = error.print();
            match (error.exit_code(), printed) {
                // A reader that has gone away, as `head` does, is no failure.
                (0, Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(Code::Failed as u8),
                (0, _) => ExitCode::SUCCESS,
                _ => ExitCode::from(Code::Usage as u8),
            }
        }
    }
}
