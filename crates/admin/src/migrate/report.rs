//! What an import tells at its end; but for times, run and its being dry, the same for a dry run and the run (G4).

use std::{collections::BTreeMap, fmt};

use authly_cutover::{
    outcome::{Counters, Outcome},
    profile::rules::Inactive,
};
use serde::Serialize;

/// Why an import ended before the end of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Stopped {
    /// Somebody asked it to.
    Asked,
    /// As many rows as were asked for.
    Limit,
    /// A row that waits, and `--on-error stop`.
    Row {
        /// The row.
        source_id: String,
        /// What became of it.
        outcome: Outcome,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("somebody asked it to stop; the same command goes on"),
            Self::Limit => f.write_str("it has done as many rows as --limit allowed"),
            Self::Row { source_id, outcome, reason } => {
                write!(f, "row {source_id} became {}: {reason}, and --on-error is stop", outcome.as_str())
            }
        }
    }
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What the operator calls the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The source's name.
    pub source: String,
    /// The profile's name.
    pub profile: String,
    /// Rows of the source.
    pub source_rows: u64,
    /// Rows with an outcome.
    pub rows: u64,
    /// Whether every row of the source has exactly one outcome; `None` if the import did not come to its end.
    pub reconciles: Option<bool>,
    /// Rows by outcome, all thirteen.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Rows by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Hashes by scheme.
    pub schemes: BTreeMap<String, u64>,
    /// Imported administrators.
    pub administrators: u64,
    /// Imported accounts whose address counts as verified.
    pub verified: u64,
    /// Roles that the profile knows nothing for.
    pub unmapped_roles: BTreeMap<String, u64>,
    /// Values that could not be read and were left out, by kind.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Accounts that get another user name, because several tenants have their own.
    pub names_given: u64,
    /// Short names of tenants that are created.
    pub new_tenants: Vec<String>,
    /// Names of groups that are created.
    pub new_groups: Vec<String>,
    /// Tenants of the source whose short name another has: their people wait.
    pub tenant_collisions: Vec<String>,
    /// Steps of the schema that come first: they were applied for this import, or have to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schema_steps: Vec<String>,
    /// What accounts become that are switched off in the source, where accounts are imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inactive_as: Option<Inactive>,
    /// Why it ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Whether it went on where an earlier process ended.
    pub resumed: bool,
    /// How long it took.
    pub seconds: f64,
}

impl ImportReport {
    /// Puts the counts in.
    pub(super) fn count(&mut self, counters: &Counters) {
        self.rows = counters.rows();
        self.outcomes = Outcome::ALL.iter().map(|outcome| (outcome.as_str(), counters.of(*outcome))).collect();
        self.reasons = counters.reasons.iter().map(|(reason, rows)| (reason.as_str(), *rows)).collect();
        self.left_out = counters.left_out.iter().map(|(kind, rows)| (kind.as_str(), *rows)).collect();
        self.schemes.clone_from(&counters.schemes);
        self.unmapped_roles.clone_from(&counters.unmapped_roles);
        (self.administrators, self.verified) = (counters.administrators, counters.verified);
        self.names_given = counters.names_given;
    }

    /// Rows that somebody has to look at.
    pub fn needs_decisions(&self) -> u64 {
        let counts = |outcome: &&Outcome| outcome.needs_a_decision();
        Outcome::ALL.iter().filter(counts).filter_map(|outcome| self.outcomes.get(outcome.as_str())).sum()
    }

    /// The same, without what differs between a dry run and the run.
    #[must_use]
    pub fn without_times(&self) -> Self {
        Self { dry_run: true, run: None, resumed: false, seconds: 0.0, ..self.clone() }
    }
}
