//! The checklist of a migration (S001-61): thirty boxes over five phases, and the steps between them that have no box, each computed
//! from the real state where a computer can know it.
//!
//! What only people can know is confirmed by somebody, and remembered with who it was. A box that does not apply says why.

mod accounts;
mod cleanup;
mod rollout;
mod schema;
mod trial;

use std::collections::BTreeMap;

use oauth_core::time::Timestamp;
use serde::Serialize;

use crate::{
    finalization::Finalization,
    finalize::{Condition, GateFacts},
    installation::{Setup, Trial},
    policy::{Policy, PolicyScope},
    progress::Progress,
    store::TimedFact,
    words::moment,
};

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TodoState {
    /// Done.
    Done,
    /// There is nothing to do, for the reason that was found.
    NotApplicable,
    /// To be done.
    Open,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Todo {
    /// Its number among all steps, from 1.
    pub number: usize,
    /// Its number among the thirty boxes, where it is one.
    #[serde(rename = "box")]
    pub box_number: Option<u8>,
    /// Its name for programs.
    pub name: &'static str,
    /// The phase that it belongs to.
    pub phase: &'static str,
    /// What is to be done.
    pub step: &'static str,
    /// How far it is.
    pub state: TodoState,
    /// What was measured, who confirmed it, or why it does not apply.
    pub found: String,
    /// The command to do next, where it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<&'static str>,
}

/// All steps, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checklist {
    /// The steps.
    pub steps: Vec<Todo>,
    /// How many are open.
    pub open: usize,
    /// How many of the thirty boxes are done.
    pub boxes_done: usize,
}

/// Boxes that somebody confirms: nothing in this installation shows them. The columns of an application may be left where they are.
pub const CONFIRMED: [&str; 8] =
    ["dev-trial", "export", "dry-run", "load-test", "monitoring", "feedback", "drop-columns", "documents"];

/// The thirty boxes.
pub const BOXES: usize = 30;

/// What the steps are judged by.
#[derive(Clone, Copy, Debug)]
pub struct ChecklistFacts<'a> {
    /// Of the installation as a whole.
    pub around: &'a Surroundings,
    /// All accounts together.
    pub overall: &'a Progress,
    /// What the gate measured, whoever was waived by the end among the waived.
    pub gate: &'a GateFacts,
    /// Its conditions.
    pub conditions: &'a [Condition],
    /// The policies of the installation and of tenants.
    pub policies: &'a BTreeMap<PolicyScope, Policy>,
    /// Tenants in operation.
    pub tenants: u64,
    /// Of them without groups.
    pub without_groups: u64,
    /// Rows of the applications' own tables that are kept in step.
    pub written_back: u64,
    /// Whether a backup was verified a short while ago.
    pub backup_is_fresh: bool,
    /// How the end stands.
    pub end: Option<&'a Finalization>,
    /// Facts that are remembered.
    pub known: &'a [TimedFact],
    /// When an import last wrote.
    pub last_import_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// What the migration's own store does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Schema, default data and keys.
    pub setup: Setup,
    /// Clients that are switched on.
    pub clients: u64,
    /// Whether mail can be sent.
    pub mail: bool,
    /// Whether people may sign in by OAuth at all.
    pub oauth: bool,
    /// Whether people can sign in at another provider.
    pub upstream: bool,
    /// Whether hashes of other programs verify.
    pub foreign_hashes: bool,
}

/// Judges every step.
pub fn checklist(facts: &ChecklistFacts<'_>) -> Checklist {
    let mut steps = facts.schema();
    steps.extend(facts.accounts());
    steps.extend(facts.trial());
    steps.extend(facts.rollout());
    steps.extend(facts.cleanup());
    for (step, number) in steps.iter_mut().zip(1..) {
        step.number = number;
    }
    let open = steps.iter().filter(|step| step.state == TodoState::Open).count();
    let boxes_done = steps.iter().filter(|step| step.box_number.is_some() && step.state == TodoState::Done).count();
    Checklist { steps, open, boxes_done }
}

/// How a step was found: its state and what tells of it, and the command to do next where it is open.
struct Look {
    state: TodoState,
    found: String,
    next: &'static str,
}

impl Look {
    fn measured(done: bool, found: impl Into<String>, next: &'static str) -> Self {
        Self { state: if done { TodoState::Done } else { TodoState::Open }, found: found.into(), next }
    }

    fn done(found: impl Into<String>) -> Self {
        Self::measured(true, found, "")
    }

    fn needless(why: impl Into<String>) -> Self {
        Self { state: TodoState::NotApplicable, found: why.into(), next: "" }
    }
}

/// A phase while its steps are put down.
struct Phase {
    name: &'static str,
    steps: Vec<Todo>,
}

impl Phase {
    const fn new(name: &'static str) -> Self {
        Self { name, steps: Vec::new() }
    }

    /// One of the thirty boxes.
    fn tick(&mut self, number: u8, name: &'static str, step: &'static str, look: Look) {
        self.put(Some(number), name, step, look);
    }

    /// A step without a box.
    fn step(&mut self, name: &'static str, step: &'static str, look: Look) {
        self.put(None, name, step, look);
    }

    fn put(&mut self, box_number: Option<u8>, name: &'static str, step: &'static str, look: Look) {
        let Look { state, found, next } = look;
        let next = (state == TodoState::Open).then_some(next);
        self.steps.push(Todo { number: 0, box_number, name, phase: self.name, step, state, found, next });
    }
}

impl ChecklistFacts<'_> {
    /// A box that only people can know; otherwise how it stands without their word.
    fn by_hand(&self, name: &str, otherwise: Look) -> Look {
        let said = self.known.iter().find_map(|fact| match fact {
            TimedFact::BoxConfirmed { at, name: of, said } if of == name => Some((at, said)),
            _ => None,
        });
        match said {
            Some((at, said)) => {
                let note = said.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
                Look::done(format!("confirmed by {} {}{note}", said.by, moment(*at)))
            }
            None => otherwise,
        }
    }

    /// A step that is a condition of the gate; after the end it is done, whatever is measured since.
    fn gate(&self, name: &str, next: &'static str) -> Look {
        Look::measured(self.met(name) || self.is_over(), self.condition(name), next)
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end.executed_at.is_some())
    }

    fn met(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| condition.name == name && condition.met)
    }

    fn condition(&self, name: &str) -> String {
        let found = self.conditions.iter().find(|condition| condition.name == name);
        found.map(|condition| condition.found.to_string()).unwrap_or_default()
    }

    /// The last run of `validate`.
    fn tried(&self) -> Trial<'_> {
        Trial::of(self.known, self.last_import_at)
    }
}

#[cfg(test)]
mod tests;
