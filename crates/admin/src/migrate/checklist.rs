//! The checklist of a migration, computed from the real state (S001-61): each step with what was measured and the command to do next.

use authly_cutover::{
    finalization::{Finalization, FinalizationState},
    finalize::{self, BACKUP_AGE, Condition, GateFacts, QUIET},
    progress,
    store::{CutoverStore as _, FinalizeStore as _, TenantFigures},
    words::count,
};
use oauth_core::services::Clock as _;
use serde::Serialize;

use super::{MigrateError, Tools};

/// What the migration's own store does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether every step of the schema is applied.
    pub schema_is_current: bool,
    /// Clients that are switched on.
    pub clients: u64,
    /// Whether mail can be sent.
    pub mail: bool,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TodoState {
    /// Done.
    Done,
    /// Nothing of that kind is here.
    NotApplicable,
    /// To be done.
    Open,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Todo {
    /// Its number, from 1.
    pub number: usize,
    /// The part of the migration that it belongs to.
    pub phase: &'static str,
    /// What is to be done.
    pub step: &'static str,
    /// How far it is.
    pub state: TodoState,
    /// What was measured.
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
}

/// Measures every step.
pub async fn checklist<T: Tools>(tools: &T, around: Surroundings) -> Result<Checklist, MigrateError> {
    let (target, now) = (tools.target(), tools.clock().now());
    let mut facts = target.gate_facts(now, now.minus(QUIET)).await?;
    let figures = target.figures().await?;
    let policies = target.policies().await?.len();
    let end = target.finalization().await?;
    // Who was waived by the end stays waived.
    let waived = end.as_ref().map_or(0, |end| end.waived).min(facts.not_completed);
    facts.not_completed -= waived;
    facts.waived += waived;
    let (tenants, groups) = target.tenants().await?;
    let without_groups =
        tenants.iter().filter(|tenant| tenant.active && !groups.iter().any(|group| group.tenant == Some(tenant.id)));
    let state = State {
        around,
        figures: &figures,
        conditions: finalize::judge(&facts, now),
        policies,
        tenants: tenants.iter().filter(|tenant| tenant.active).count(),
        without_groups: without_groups.count(),
        backup_is_fresh: facts.backup_verified_at.is_some_and(|at| now.since(at) < BACKUP_AGE),
        facts,
        end,
    };
    let mut steps: Vec<Todo> = state.steps();
    for (step, number) in steps.iter_mut().zip(1..) {
        step.number = number;
    }
    let open = steps.iter().filter(|step| step.state == TodoState::Open).count();
    Ok(Checklist { steps, open })
}

struct State<'a> {
    around: Surroundings,
    figures: &'a [TenantFigures],
    facts: GateFacts,
    conditions: Vec<Condition>,
    policies: usize,
    tenants: usize,
    without_groups: usize,
    backup_is_fresh: bool,
    end: Option<Finalization>,
}

impl State<'_> {
    fn steps(&self) -> Vec<Todo> {
        let mut steps = self.preparation();
        steps.extend(self.import());
        steps.extend(self.moving());
        steps.extend(self.ending());
        steps
    }

    fn preparation(&self) -> Vec<Todo> {
        let phase = "prepare";
        let Surroundings { schema_is_current: schema, clients, .. } = self.around;
        vec![
            todo(
                phase,
                "bring the schema up to date",
                schema,
                words(schema, "current", "steps are pending"),
                "authly-admin migrate schema up",
            ),
            todo(
                phase,
                "register the applications as clients",
                clients > 0,
                match clients {
                    1 => "1 client is switched on".to_owned(),
                    _ => format!("{clients} clients are switched on"),
                },
                "authly-admin client create --help",
            ),
            // A backup counts for as long as it is young; after the end nobody needs one for the gate.
            todo(
                phase,
                "make and verify a backup",
                self.backup_is_fresh || self.is_over(),
                self.condition("backup"),
                "authly-admin backup create",
            ),
        ]
    }

    fn import(&self) -> Vec<Todo> {
        let phase = "import";
        let (_, overall) = progress::overview(self.figures);
        let sources = self.facts.sources.len();
        // An account of an operator's own brings nobody in.
        let moved = overall.imported > 0 || self.is_over();
        let waits = self.facts.quarantined + self.facts.conflicts;
        let groups = match (self.tenants, self.without_groups) {
            (0, _) => None,
            (_, without) => Some(without == 0),
        };
        vec![
            todo(
                phase,
                "bring the accounts in",
                moved,
                format!(
                    "{}, {} of them from {}",
                    count(overall.total, "account", "accounts"),
                    overall.imported,
                    count(sources, "source", "sources")
                ),
                "authly-admin migrate import --help",
            ),
            todo(
                phase,
                "decide about every row that waits",
                waits == 0,
                self.condition("nothing_waits"),
                "authly-admin migrate quarantine list",
            ),
            perhaps(
                phase,
                "compare every source with what is here",
                (sources > 0).then(|| self.met("verified")),
                self.condition("verified"),
                "authly-admin migrate verify --help",
            ),
            perhaps(
                phase,
                "bring the groups of tenants into step",
                groups,
                format!("{}, {} without groups", count(self.tenants, "tenant", "tenants"), self.without_groups),
                "authly-admin migrate tenants sync",
            ),
        ]
    }

    fn moving(&self) -> Vec<Todo> {
        let phase = "move";
        let (_, overall) = progress::overview(self.figures);
        let pending = overall.total.saturating_sub(overall.completed);
        // Letters may have been written into files as well.
        let invited = overall.invited > 0;
        let said = format!("{}; where there is none both ways are open", count(self.policies, "policy", "policies"));
        let told = (pending > 0 && (self.around.mail || invited)).then_some(invited);
        vec![
            perhaps(
                phase,
                "say which ways are open, and until when",
                (self.tenants > 0 || self.policies > 0).then_some(self.policies > 0 || self.is_over()),
                words(self.is_over(), "the old doors are closed for everybody", &said),
                "authly-admin migrate policy set --help",
            ),
            perhaps(
                phase,
                "tell people",
                told,
                words(
                    self.around.mail || invited,
                    &format!("{} invited", overall.invited),
                    "no mail can be sent from here; `migrate invite --outbox` writes the letters into files",
                ),
                "authly-admin migrate invite --help",
            ),
            todo(
                phase,
                "see the first sign in by OAuth",
                overall.completed > 0,
                format!("{} have", overall.completed),
                "authly-admin migrate pending",
            ),
            self.gate(
                phase,
                "completed",
                "see everybody sign in by OAuth, or waive them",
                "authly-admin migrate pending",
            ),
            self.gate(phase, "quiet", "see 30 quiet days at the old doors", "authly-admin migrate usage"),
            self.gate(
                phase,
                "tenants_confirmed",
                "let every tenant confirm",
                "authly-admin migrate tenants confirm --help",
            ),
        ]
    }

    fn ending(&self) -> Vec<Todo> {
        let phase = "end";
        let state = self.end.as_ref().map(|end| end.state);
        let executed =
            matches!(state, Some(FinalizationState::Executed | FinalizationState::Purging | FinalizationState::Purged));
        let kept = self.end.as_ref().and_then(Finalization::purge_from);
        let found = match (state, kept) {
            (None, _) => "the old doors are open".to_owned(),
            (Some(FinalizationState::Undoing), _) => "is being taken back".to_owned(),
            (Some(FinalizationState::Executing), _) => "is under way".to_owned(),
            (Some(FinalizationState::Purging | FinalizationState::Purged), _) => {
                "done; there is no way back".to_owned()
            }
            (_, Some(kept)) => format!("done; what was removed is kept until {}", kept.to_rfc3339()),
            (_, None) => "done".to_owned(),
        };
        let purged = state == Some(FinalizationState::Purged);
        vec![
            self.gate(
                phase,
                "nothing_old_alive",
                "wait for the last old token to expire",
                "authly-admin migrate finalize check",
            ),
            self.gate(phase, "hashes", "replace the last hash of another program", "authly-admin migrate status"),
            self.gate(
                phase,
                "inactive_decided",
                "decide about accounts that are switched off",
                "authly-admin migrate finalize decide-inactive --help",
            ),
            todo(phase, "close the old doors for good", executed, found, "authly-admin migrate finalize execute"),
            perhaps(
                phase,
                "purge what was removed",
                executed.then_some(purged),
                words(executed, words(purged, "purged", "kept for the way back").as_str(), "nothing was removed yet"),
                "authly-admin migrate finalize purge",
            ),
        ]
    }

    /// A step that is a condition of the gate; after the end it is done, whatever is measured since.
    fn gate(&self, phase: &'static str, name: &str, step: &'static str, next: &'static str) -> Todo {
        todo(phase, step, self.met(name) || self.is_over(), self.condition(name), next)
    }

    fn is_over(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.executed_at.is_some())
    }

    fn met(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| condition.name == name && condition.met)
    }

    fn condition(&self, name: &str) -> String {
        let found = self.conditions.iter().find(|condition| condition.name == name);
        found.map(|condition| condition.found.to_string()).unwrap_or_default()
    }
}

fn todo(phase: &'static str, step: &'static str, done: bool, found: String, next: &'static str) -> Todo {
    perhaps(phase, step, Some(done), found, next)
}

/// A step that may not apply.
fn perhaps(phase: &'static str, step: &'static str, done: Option<bool>, found: String, next: &'static str) -> Todo {
    let state = match done {
        None => TodoState::NotApplicable,
        Some(true) => TodoState::Done,
        Some(false) => TodoState::Open,
    };
    Todo { number: 0, phase, step, state, found, next: (state == TodoState::Open).then_some(next) }
}

fn words(yes: bool, one: &str, other: &str) -> String {
    if yes { one.to_owned() } else { other.to_owned() }
}
