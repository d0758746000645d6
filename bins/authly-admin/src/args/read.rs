//! Reading a command line, with the one mistake that clap does not know: an `update` that says nothing to change.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _, error::ErrorKind, parser::ValueSource};

use super::Cli;

impl Cli {
    /// Reads a command line.
    pub(crate) fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        must_change_something(&mut command, &matches)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// An update of nothing would be written, and logged, as a change.
fn must_change_something(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(()) };
    let Some(command) = command.find_subcommand_mut(name) else { return Ok(()) };
    if name != "update" {
        return must_change_something(command, matches);
    }
    let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let is_change = |option: &&Arg| !option.is_positional() && !option.is_global_set();
    if command.get_arguments().filter(is_change).any(|option| typed(option.get_id().as_str())) {
        return Ok(());
    }
    Err(command.error(ErrorKind::MissingRequiredArgument, "no option says what to change"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_of_nothing_is_wrong_usage() {
        for thing in ["client", "scope", "user", "tenant", "group"] {
            let nothing = Cli::read(["authly-admin", thing, "update", "x", "--output", "json"]);
            assert!(nothing.is_err_and(|error| error.exit_code() == 2), "{thing}");
        }
        let error = Cli::read(["authly-admin", "client", "update", "x", "--yes"]).unwrap_err();
        assert!(error.to_string().contains("no option says what to change"), "{error}");
        assert!(error.to_string().contains("authly-admin client update"), "{error}");
        assert!(Cli::read(["authly-admin", "client", "update", "x", "--name", "X"]).is_ok());
        assert!(Cli::read(["authly-admin", "scope", "update", "x", "--default", "on"]).is_ok());
    }
}
