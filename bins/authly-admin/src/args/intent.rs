//! Whether a command writes: only with --execute, and not where --dry-run or DRY_RUN says otherwise (C-23).
//!
//! The scripts that came before wrote unless DRY_RUN said true (S001-23). Here DRY_RUN=false takes no wish for the deed: whoever has it
//! in the environment since then still has to say --execute.

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, builder::FalseyValueParser, parser::ValueSource,
};

const EXECUTE: &str = "execute";
const DRY_RUN: &str = "dry_run";

/// Whether a command writes, and who keeps it from that.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Intent {
    execute: bool,
    kept_by: Option<Keeper>,
    /// Whether DRY_RUN says that it is none.
    denied: bool,
}

/// What keeps a command from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeper {
    Environment,
    Option,
}

impl Intent {
    /// Whether it writes.
    pub(crate) const fn writes(self) -> bool {
        self.execute && self.kept_by.is_none()
    }

    /// Why nothing was written, and how to have it written; nothing where it was. `to` is what --execute is for.
    pub(crate) fn why_not(self, to: &str) -> Option<String> {
        match (self.execute, self.kept_by) {
            (true, None) => None,
            (true, Some(Keeper::Environment)) => Some("DRY_RUN is set, so nothing was written.".to_owned()),
            (true, Some(Keeper::Option)) => Some("--dry-run was given, so nothing was written.".to_owned()),
            (false, _) if self.denied => Some(format!(
                "This was a dry run: nothing was written, and DRY_RUN=false alone does not change that. Add --execute to {to}."
            )),
            (false, _) => Some(format!("This was a dry run: nothing was written. Add --execute to {to}.")),
        }
    }
}

impl FromArgMatches for Intent {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let kept_by = matches.get_flag(DRY_RUN).then(|| match matches.value_source(DRY_RUN) {
            Some(ValueSource::EnvVariable) => Keeper::Environment,
            _ => Keeper::Option,
        });
        let says = matches.value_source(DRY_RUN) == Some(ValueSource::EnvVariable) && !matches.get_flag(DRY_RUN);
        let denied = says && matches.get_raw(DRY_RUN).is_some_and(|mut words| words.any(|word| !word.is_empty()));
        Ok(Self { execute: matches.get_flag(EXECUTE), kept_by, denied })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Intent {
    fn augment_args(command: Command) -> Command {
        let execute = Arg::new(EXECUTE).long("execute").help("Write; without it nothing is written");
        let dry_run = Arg::new(DRY_RUN)
            .long("dry-run")
            .help("Write nothing, whatever else is said")
            .env("DRY_RUN")
            .hide_env_values(true)
            // 1, yes and true mean what they say; 0, no, false and nothing mean the opposite.
            .value_parser(FalseyValueParser::new());
        command.arg(execute.action(ArgAction::SetTrue)).arg(dry_run.action(ArgAction::SetTrue))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Intent {
        let command = Intent::augment_args(Command::new("import").no_binary_name(true));
        Intent::from_arg_matches(&command.try_get_matches_from(arguments).unwrap()).unwrap()
    }

    #[test]
    fn only_execute_alone_writes_and_what_keeps_from_it_is_named() {
        assert!(read(&["--execute"]).writes());
        assert_eq!(read(&["--execute"]).why_not("import"), None);
        for arguments in [&[][..], &["--dry-run"], &["--execute", "--dry-run"]] {
            assert!(!read(arguments).writes(), "{arguments:?}");
        }
        assert!(read(&["--dry-run"]).why_not("import").unwrap().ends_with("Add --execute to import."));
        assert!(read(&["--execute", "--dry-run"]).why_not("import").unwrap().starts_with("--dry-run was given"));
        let environment = Intent { execute: true, kept_by: Some(Keeper::Environment), denied: false };
        assert!(environment.why_not("import").unwrap().starts_with("DRY_RUN is set"));
        let denied = Intent { execute: false, kept_by: None, denied: true };
        assert!(!denied.writes());
        assert!(denied.why_not("import").unwrap().contains("DRY_RUN=false alone does not change that"));
    }
}
