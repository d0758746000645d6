//! How far the installation itself is (S000-90): the schema, default data, the application, tests. Each phase presumes the one before.

use std::collections::BTreeMap;

use oauth_core::time::Timestamp;
use serde::Serialize;

use crate::{
    run::{Run, RunKind},
    store::{SchemaFound, TimedFact},
    words::{count, moment},
};

/// What the settings, the schema and the catalog show; the rest is remembered as facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Steps of the schema that are not applied.
    pub pending: Vec<String>,
    /// The newest step that this program knows.
    pub newest_step: String,
    /// Default scopes that are not there.
    pub missing_scopes: Vec<&'static str>,
    /// Whether tokens can be signed: a server has run, or somebody made keys.
    pub signing_keys: bool,
    /// What `doctor` finds that does not work.
    pub errors: u64,
    /// What `doctor` finds that should be better.
    pub warnings: u64,
}

/// How far a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseState {
    /// Reached.
    Done,
    /// To be done now.
    Open,
    /// A phase before it is open.
    Waits,
}

impl PhaseState {
    /// The text in JSON and on a terminal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
            Self::Waits => "waits",
        }
    }
}

/// A phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstallationPhase {
    /// Its number, from 1.
    pub number: u8,
    /// Its name.
    pub phase: &'static str,
    /// How far it is.
    pub state: PhaseState,
    /// What was found.
    pub found: String,
    /// The command that does it, where it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<&'static str>,
}

/// The phases of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Installation {
    /// The last one that is reached with all before it; 0 where none is.
    pub reached: u8,
    /// All four, in order.
    pub phases: Vec<InstallationPhase>,
}

/// The last run of `validate`, as far as it is worth something now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial<'a> {
    /// It ran, and no import wrote since.
    Fresh {
        /// When.
        at: Timestamp,
        /// Its parts, and whether each passed.
        parts: &'a BTreeMap<String, bool>,
    },
    /// It never ran.
    Never,
    /// An import wrote after it.
    Outdated {
        /// When it ran.
        at: Timestamp,
        /// Its parts, and whether each passed.
        parts: &'a BTreeMap<String, bool>,
        /// When the import wrote.
        import_at: Timestamp,
    },
}

impl<'a> Trial<'a> {
    /// The last run among these facts, where the last import wrote then.
    pub fn of(facts: &'a [TimedFact], last_import_at: Option<Timestamp>) -> Self {
        let found = facts.iter().find_map(|fact| match fact {
            TimedFact::Validated { at, parts } => Some((*at, parts)),
            _ => None,
        });
        match (found, last_import_at) {
            (None, _) => Self::Never,
            (Some((at, parts)), Some(import_at)) if import_at >= at => Self::Outdated { at, parts, import_at },
            (Some((at, parts)), _) => Self::Fresh { at, parts },
        }
    }
}

/// When an import last wrote.
pub fn last_import(runs: &[Run]) -> Option<Timestamp> {
    runs.iter().filter(|run| run.plan.kind == RunKind::Import).map(|run| run.heartbeat_at).max()
}

/// The last look at the schema that was clean and saw its newest step.
pub fn schema_verified(facts: &[TimedFact], newest_step: &str) -> Option<Timestamp> {
    facts.iter().find_map(|fact| match fact {
        TimedFact::SchemaVerified { at, found: SchemaFound { clean: true, step } } if step == newest_step => Some(*at),
        _ => None,
    })
}

/// A phase as it is measured, whatever those before it are: whether it is reached, what was found, what to do.
type Measured = (bool, String, &'static str);

/// Judges the four phases.
pub fn judge(setup: &Setup, facts: &[TimedFact], last_import_at: Option<Timestamp>) -> Installation {
    let measured: [(&'static str, Measured); 4] = [
        ("schema", schema(setup, facts)),
        ("default data", default_data(setup)),
        ("application", application(setup)),
        ("tests", tests(Trial::of(facts, last_import_at))),
    ];
    let (mut reached, mut phases) = (0, Vec::new());
    for ((phase, (done, found, next)), number) in measured.into_iter().zip(1u8..) {
        let follows = reached + 1 == number;
        let (state, found, next) = match (follows, done) {
            (true, true) => (PhaseState::Done, found, None),
            (true, false) => (PhaseState::Open, found, Some(next)),
            // What a later phase shows counts for nothing yet, and may not even be measured.
            (false, _) => (PhaseState::Waits, format!("after phase {}", number - 1), None),
        };
        reached += u8::from(state == PhaseState::Done);
        phases.push(InstallationPhase { number, phase, state, found, next });
    }
    Installation { reached, phases }
}

fn schema(setup: &Setup, facts: &[TimedFact]) -> Measured {
    if !setup.pending.is_empty() {
        let found = format!("{} pending", count(setup.pending.len() as u64, "step is", "steps are"));
        return (false, found, "authly-admin migrate schema up");
    }
    let step = &setup.newest_step;
    match schema_verified(facts, step) {
        Some(at) => (true, format!("at {step}, verified {}", moment(at)), ""),
        None => (false, format!("at {step}, not verified since"), "authly-admin migrate schema verify"),
    }
}

fn default_data(setup: &Setup) -> Measured {
    let missing = &setup.missing_scopes;
    if missing.is_empty() {
        return (true, "every default scope is there".to_owned(), "");
    }
    let scopes = count(missing.len() as u64, "default scope is", "default scopes are");
    (false, format!("{scopes} missing: {}", missing.join(", ")), "authly-admin migrate seed")
}

fn application(setup: &Setup) -> Measured {
    let Setup { signing_keys, errors, warnings, .. } = setup;
    let doctor = match (errors, warnings) {
        (0, 0) => "`doctor` finds nothing".to_owned(),
        (0, warnings) => format!("`doctor` has {}", count(*warnings, "warning", "warnings")),
        (errors, _) => format!("`doctor` has {}", count(*errors, "error", "errors")),
    };
    if *errors > 0 {
        (false, doctor, "authly-admin doctor")
    } else if *signing_keys {
        (true, format!("the configuration is valid, {doctor}"), "")
    } else {
        (
            false,
            "the configuration is valid, and no server has run: there are no signing keys".to_owned(),
            "authly-server",
        )
    }
}

fn tests(trial: Trial<'_>) -> Measured {
    let next = "authly-admin migrate validate";
    match trial {
        Trial::Never => (false, "`validate` never ran".to_owned(), next),
        Trial::Outdated { at, import_at, .. } => {
            let (at, import_at) = (moment(at), moment(import_at));
            (false, format!("`validate` ran {at}, and an import wrote {import_at}"), next)
        }
        Trial::Fresh { at, parts } => {
            let failed: Vec<&str> =
                parts.iter().filter(|(_, passed)| !**passed).map(|(part, _)| part.as_str()).collect();
            match failed.is_empty() {
                true => (true, format!("`validate` passed {}", moment(at)), ""),
                false => (false, format!("`validate` failed {}: {}", moment(at), failed.join(", ")), next),
            }
        }
    }
}

#[cfg(test)]
mod tests_of_phases {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn sound() -> (Setup, Vec<TimedFact>) {
        let setup = Setup { newest_step: "V9__x".to_owned(), signing_keys: true, warnings: 1, ..Setup::default() };
        let found = SchemaFound { clean: true, step: "V9__x".to_owned() };
        let parts = BTreeMap::from([("security".to_owned(), true)]);
        (setup, vec![TimedFact::SchemaVerified { at: at(1), found }, TimedFact::Validated { at: at(20), parts }])
    }

    fn states(installation: &Installation) -> Vec<PhaseState> {
        installation.phases.iter().map(|phase| phase.state).collect()
    }

    #[test]
    fn all_phases_are_reached_one_after_the_other() {
        let (setup, facts) = sound();
        let all = judge(&setup, &facts, Some(at(10)));
        assert_eq!((all.reached, states(&all)), (4, vec![PhaseState::Done; 4]));
        assert!(all.phases.iter().all(|phase| phase.next.is_none()));
    }

    #[test]
    fn what_is_open_makes_all_behind_it_wait_and_names_its_command() {
        type Spoil = fn(&mut Setup, &mut Vec<TimedFact>);
        let lacks: [(u8, &str, Spoil); 8] = [
            (1, "schema up", |setup, _| setup.pending.push("V10__y".to_owned())),
            (1, "schema verify", |setup, _| setup.newest_step = "V10__y".to_owned()),
            (1, "schema verify", |_, facts| drop(facts.remove(0))),
            (2, "seed", |setup, _| setup.missing_scopes.push("read")),
            (3, "doctor", |setup, _| setup.errors = 1),
            (3, "authly-server", |setup, _| setup.signing_keys = false),
            (4, "validate", |_, facts| drop(facts.remove(1))),
            (4, "validate", |_, facts| {
                let parts = BTreeMap::from([("security".to_owned(), true), ("OAuth".to_owned(), false)]);
                facts[1] = TimedFact::Validated { at: at(20), parts };
            }),
        ];
        for (number, next, spoil) in lacks {
            let (mut setup, mut facts) = sound();
            spoil(&mut setup, &mut facts);
            let found = judge(&setup, &facts, Some(at(10)));
            assert_eq!(found.reached, number - 1, "{next}");
            let open: Vec<_> = found.phases.iter().filter(|phase| phase.state == PhaseState::Open).collect();
            assert_eq!(open.len(), 1);
            assert!(open[0].number == number && open[0].next.unwrap().ends_with(next), "{open:?}");
            assert!(found.phases.iter().skip(usize::from(number)).all(|phase| phase.state == PhaseState::Waits));
        }
    }

    #[test]
    fn an_import_outdates_what_was_tried_before_it() {
        let (setup, facts) = sound();
        assert_eq!(judge(&setup, &facts, None).reached, 4);
        for import in [20, 21] {
            assert_eq!(judge(&setup, &facts, Some(at(import))).reached, 3, "{import}");
        }
    }
}
