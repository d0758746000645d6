//! Phase 4.3: tests. What `validate` tries of a running server counts until an import writes again.

use super::{ChecklistFacts, Look, Phase, Todo};
use crate::{installation::Trial, words::moment};

/// What is tried by `validate`.
const NEXT: &str = "authly-admin migrate validate";

impl ChecklistFacts<'_> {
    pub(super) fn trial(&self) -> Vec<Todo> {
        let mut phase = Phase::new("test");
        phase.tick(
            14,
            "integration-test",
            "sign in as each kind of client does",
            self.passed(&["compatibility", "OAuth"]),
        );
        phase.tick(15, "scenario-test", "try every scenario", self.passed(&[]));
        phase.tick(16, "performance-test", "measure sign-ins", self.passed(&["performance"]));
        phase.tick(17, "security-test", "try what must be refused", self.passed(&["security"]));
        let next = "authly-admin migrate checklist confirm load-test --by NAME";
        let load = self.by_hand("load-test", Look::measured(false, "only people can know", next));
        phase.tick(18, "load-test", "put the load of a busy day on it", load);
        phase.steps
    }

    /// Whether these parts of the last run passed; all that were asked, where none is named.
    fn passed(&self, wanted: &[&str]) -> Look {
        let (at, parts) = match self.tried() {
            Trial::Fresh { at, parts } => (at, parts),
            Trial::Never => return Look::measured(false, "`validate` never ran", NEXT),
            Trial::Outdated { at, import_at, .. } => {
                let found = format!("`validate` ran {}, and an import wrote {}", moment(at), moment(import_at));
                return Look::measured(false, found, NEXT);
            }
        };
        let is_wanted = |part: &str| wanted.is_empty() || wanted.contains(&part);
        let failed: Vec<&str> =
            parts.iter().filter(|(part, passed)| is_wanted(part) && !**passed).map(|(part, _)| part.as_str()).collect();
        let unasked: Vec<&str> = wanted.iter().filter(|part| !parts.contains_key(**part)).copied().collect();
        let at = moment(at);
        match (failed.as_slice(), unasked.as_slice()) {
            ([], []) => Look::done(format!("`validate` passed {at}")),
            ([], unasked) => {
                Look::measured(false, format!("`validate` did not ask {at}: {}", unasked.join(", ")), NEXT)
            }
            (failed, _) => Look::measured(false, format!("`validate` failed {at}: {}", failed.join(", ")), NEXT),
        }
    }
}
