//! Phase 4.1: the schema, and what must be there before anybody moves.

use super::{ChecklistFacts, Look, Phase, Todo};
use crate::{
    installation::{Trial, schema_verified},
    words::{count, moment},
};

impl ChecklistFacts<'_> {
    pub(super) fn schema(&self) -> Vec<Todo> {
        let mut phase = Phase::new("schema");
        // The three migrations of S001-05, 06 and 11 are steps of one schema.
        phase.tick(1, "schema-passwords", "bring the schema up to date: accounts without a password", self.steps());
        phase.tick(2, "schema-progress", "bring the schema up to date: how far each account is", self.steps());
        phase.tick(3, "schema-sessions", "bring the schema up to date: sessions of another provider", self.steps());
        phase.tick(4, "schema-verify", "compare the schema with what its steps make", self.looked_at());
        phase.tick(5, "application-trial", "try the password sign-in of the applications", self.passwords());
        let clients = count(self.around.clients, "client is switched on", "clients are switched on");
        let clients = Look::measured(self.around.clients > 0, clients, "authly-admin client create --help");
        phase.step("clients", "register the applications as clients", clients);
        // A backup counts for as long as it is young; after the end nobody needs one for the gate.
        let fresh = self.backup_is_fresh || self.is_over();
        let backup = Look::measured(fresh, self.condition("backup"), "authly-admin backup create");
        phase.step("backup", "make and verify a backup", backup);
        phase.steps
    }

    fn steps(&self) -> Look {
        let pending = &self.around.setup.pending;
        let found = if pending.is_empty() { "current".to_owned() } else { format!("pending: {}", pending.join(", ")) };
        Look::measured(pending.is_empty(), found, "authly-admin migrate schema up")
    }

    fn looked_at(&self) -> Look {
        match schema_verified(self.known, &self.around.setup.newest_step) {
            Some(at) => Look::done(format!("clean {}", moment(at))),
            None => Look::measured(false, "not seen clean since its newest step", "authly-admin migrate schema verify"),
        }
    }

    /// Whatever was imported since: this is about the program, not about people.
    fn passwords(&self) -> Look {
        let next = "authly-admin migrate validate";
        match self.tried() {
            Trial::Never => Look::measured(false, "`validate` never ran", next),
            Trial::Fresh { at, parts } | Trial::Outdated { at, parts, .. } => {
                let passed = parts.get("compatibility") == Some(&true);
                let found = if passed { "`validate` passed it" } else { "`validate` did not pass it" };
                Look::measured(passed, format!("{found} {}", moment(at)), next)
            }
        }
    }
}
