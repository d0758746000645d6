//! The command line, as clap reads it.

use std::{net::SocketAddr, path::PathBuf};

use authly_config::{Report, Settings};
use authly_runtime::Trouble;
use clap::{Args, Parser, Subcommand};

/// An OAuth 2.1 authorization server and OpenID Provider.
#[derive(Debug, Parser)]
#[command(
    name = "authly-server",
    version,
    max_term_width = 100,
    after_help = "With nothing configured it starts in development mode on http://localhost:8000, with an embedded store. \
        Everything is set in the environment or in a TOML file; `authly-admin config reference` lists all settings.\n\n\
        Examples:\n  authly-server\n  authly-server --config /etc/authly.toml --check\n\n\
        Signals: SIGTERM and Ctrl-C finish what is in flight and stop; SIGHUP reads settings, certificate and logos again."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Check the settings, the store and its schema, and exit: 0 when the server would start
    #[arg(long)]
    pub(crate) check: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Where settings come from, beside the environment.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// The configuration file (TOML), as AUTHLY_CONFIG names it
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The address and port, as AUTHLY_LISTEN names them
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// A folder into which mails are written as .eml files, as AUTHLY_MAIL_OUTBOX names it
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) outbox: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask a running server whether it works: exit 0 if so, 1 otherwise
    #[command(after_help = "Examples:\n  authly-server health\n  authly-server health --url https://auth.example.com")]
    Health {
        /// The server's address; the one that the settings name if not given
        #[arg(long)]
        url: Option<String>,
    },
}

impl Source {
    /// What the environment, the file and the command line say together.
    pub(crate) fn report(&self) -> Report {
        let file = self.config.as_ref().map(|path| ("AUTHLY_CONFIG".to_owned(), path.display().to_string()));
        let listen = self.listen.map(|address| ("AUTHLY_LISTEN".to_owned(), address.to_string()));
        let outbox = self.outbox.as_ref().map(|path| ("AUTHLY_MAIL_OUTBOX".to_owned(), path.display().to_string()));
        let report = authly_config::from_process_with(file.into_iter().chain(listen).chain(outbox));
        report.judged(authly_runtime::upstream::objections)
    }

    /// The settings, with what is doubtful about them in words.
    pub(crate) fn settings(&self) -> Result<(Settings, Vec<String>), Trouble> {
        let (settings, doubts) = self.report().into_result().map_err(|invalid| {
            let remedy = "correct them; `authly-server --check` tells whether anything is left";
            Trouble::new("cannot use the configuration", invalid, remedy)
        })?;
        Ok((settings, doubts.iter().map(ToString::to_string).collect()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
