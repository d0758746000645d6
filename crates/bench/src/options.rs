//! What can be asked for on the command line.

use std::time::Duration;

use crate::failure::Failure;
use crate::installation::StoreKind;
use crate::measure::Load;
use crate::migrate::Size;
use crate::scenario::Scenario;

/// The help text.
pub const HELP: &str = include_str!("help.txt");

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Task {
    /// Kill and look.
    Crash,
    /// Print the help text.
    Help,
    /// Measure.
    Measure,
    /// Measure a migration.
    Migrate,
}

/// How figures are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// For programs.
    Json,
    /// For people.
    Table,
}

/// Everything that was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is to be done.
    pub task: Task,
    /// On which stores.
    pub stores: Vec<StoreKind>,
    /// Which scenarios.
    pub scenarios: Vec<Scenario>,
    /// How long.
    pub load: Load,
    /// On how many connections.
    pub connections: usize,
    /// How figures are printed.
    pub output: Output,
    /// How big the migration is.
    pub size: Size,
    /// The pace of its imports; the command's own, if `None`.
    pub pace: Option<&'static str>,
    /// Settings of the server that are tried, as names and values of the environment.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            task: Task::Measure,
            stores: vec![StoreKind::Sqlite, StoreKind::Postgres],
            scenarios: Scenario::ALL.to_vec(),
            load: Load { warmup: Duration::from_secs(1), duration: Duration::from_secs(5) },
            connections: 16,
            output: Output::Table,
            size: Size::default(),
            pace: None,
            settings: Vec::new(),
        }
    }
}

impl Options {
    /// Reads the command line; `--name value` and `--name=value` are the same.
    pub fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "crash" => options.task = Task::Crash,
                "migrate" => options.task = Task::Migrate,
                "-h" | "--help" => options.task = Task::Help,
                name => {
                    let (name, value) = match name.split_once('=') {
                        Some((name, value)) => (name, Some(value)),
                        None => (name, arguments.next().map(String::as_str)),
                    };
                    let value = value.ok_or_else(|| Failure::new(format!("cannot read `{name}`\n\n{HELP}")))?;
                    options.set(name, value)?;
                }
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let unknown = || Failure::new(format!("cannot read `{name} {value}`\n\n{HELP}"));
        let number = |range: std::ops::RangeInclusive<u64>| {
            value.parse::<u64>().ok().filter(|number| range.contains(number)).ok_or_else(unknown)
        };
        match name {
            "--store" => {
                let store = [StoreKind::Sqlite, StoreKind::Postgres].into_iter().find(|store| store.name() == value);
                self.stores = vec![store.ok_or_else(unknown)?];
            }
            "--scenario" => {
                let named = |name| Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
                self.scenarios =
                    value.split(',').map(|name| named(name).ok_or_else(unknown)).collect::<Result<_, _>>()?;
            }
            "--seconds" => self.load.duration = Duration::from_secs(number(1..=600)?),
            "--warmup" => self.load.warmup = Duration::from_secs(number(0..=60)?),
            "--connections" => self.connections = usize::try_from(number(1..=256)?).map_err(|_| unknown())?,
            "--users" => self.size.users = u32::try_from(number(100..=10_000_000)?).map_err(|_| unknown())?,
            "--tenants" => self.size.tenants = u32::try_from(number(1..=1_000_000)?).map_err(|_| unknown())?,
            "--pace" => {
                let pace = ["gentle", "full"].into_iter().find(|pace| *pace == value);
                self.pace = Some(pace.ok_or_else(unknown)?);
            }
            "--set" => {
                let (name, value) = value.split_once('=').ok_or_else(unknown)?;
                self.settings.push((name.to_owned(), value.to_owned()));
            }
            "--output" => {
                self.output = match value {
                    "json" => Output::Json,
                    "table" => Output::Table,
                    _ => return Err(unknown()),
                };
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, Failure> {
        Options::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn everything_is_measured_if_nothing_is_asked_for() {
        let options = parse(&[]).unwrap();
        assert_eq!(
            (options.task, options.stores.len(), options.scenarios.len()),
            (Task::Measure, 2, Scenario::ALL.len())
        );
    }

    #[test]
    fn options_are_read_in_both_spellings() {
        let options =
            parse(&["crash", "--store=sqlite", "--scenario", "code,refresh", "--seconds", "7", "--output=json"])
                .unwrap();
        assert_eq!((options.task, options.stores), (Task::Crash, vec![StoreKind::Sqlite]));
        assert_eq!(options.scenarios, [Scenario::Code, Scenario::Refresh]);
        assert_eq!((options.load.duration.as_secs(), options.output), (7, Output::Json));
    }

    #[test]
    fn a_migration_has_a_size() {
        let options = parse(&["migrate", "--users", "5000", "--tenants=7"]).unwrap();
        assert_eq!((options.task, options.size), (Task::Migrate, Size { users: 5_000, tenants: 7 }));
        assert_eq!(parse(&["migrate"]).unwrap().size.users, 100_000);
        assert!(parse(&["migrate", "--users", "1"]).is_err());
        assert_eq!(parse(&["migrate", "--pace=full"]).unwrap().pace, Some("full"));
        assert!(parse(&["migrate", "--pace=quick"]).is_err());
    }

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        assert_eq!(parse(&["--set", "A=b=c"]).unwrap().settings, [("A".to_owned(), "b=c".to_owned())]);
        assert!(parse(&["--set", "A"]).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_every_scenario_is_in_the_help() {
        for bad in ["--nonsense=1", "--store=x", "--scenario=x", "--seconds=0", "--connections=9999", "--seconds", "x"]
        {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
        assert!(Scenario::ALL.iter().all(|scenario| HELP.contains(scenario.name())));
    }
}
