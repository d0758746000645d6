//! `authly-admin completion`: scripts that complete commands in a shell.

use clap::{Command, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::{args::Cli, console::Console, failure::Failure};

const NAME: &str = "authly-admin";

/// The same without a hyphen.
const PLAIN: &str = "authly_admin";

pub(crate) fn run(shell: Shell, console: Console) -> Result<(), Failure> {
    console.raw(&script(shell))
}

fn script(shell: Shell) -> String {
    let mut command = visible(&Cli::command());
    // The generator panics where it cannot write.
    let mut script = Vec::new();
    // For Bash it spells a hyphen of the program's name in two ways, and then no command below the first is completed.
    let name = if shell == Shell::Bash { PLAIN } else { NAME };
    generate(shell, &mut command, name, &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        Shell::Bash => script.replace(&format!("default {PLAIN}\n"), &format!("default {NAME}\n")),
        _ => script.into_owned(),
    }
}

/// What `--help` shows: nobody is offered the rest.
fn visible(whole: &Command) -> Command {
    Command::new(NAME)
        .args(whole.get_arguments().filter(|option| !option.is_hide_set()))
        .subcommands(whole.get_subcommands().filter(|command| !command.is_hide_set()))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn in_bash_every_command_is_completed() {
        let script = script(Shell::Bash);
        let mut found = 0;
        for line in script.lines() {
            let Some(command) = line.trim().strip_prefix("cmd=\"").and_then(|rest| rest.strip_suffix('"')) else {
                continue;
            };
            found += usize::from(!command.is_empty());
            let label = format!("\n        {command})\n");
            assert!(command.is_empty() || script.contains(&label), "{command} is completed by nothing");
        }
        assert!(found > 100, "{found}");
        assert_eq!(script.lines().filter(|line| line.trim().ends_with("default authly-admin")).count(), 2);
    }

    #[test]
    fn what_help_does_not_show_is_not_offered() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            assert!(!script.contains("migration-log") && !script.contains("page of the reference"), "{shell}");
            assert!(!script.contains("authly_admin,reference)"), "{shell}");
            assert!(script.contains("support-bundle") && script.contains("outbox"), "{shell}");
        }
    }
}
