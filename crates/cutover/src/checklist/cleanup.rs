//! Phase 4.5: the end.

use super::{ChecklistFacts, Look, Phase, Todo};
use crate::{
    finalization::{Finalization, FinalizationState},
    words::count,
};

impl ChecklistFacts<'_> {
    pub(super) fn cleanup(&self) -> Vec<Todo> {
        let mut phase = Phase::new("cleanup");
        let completed = self.gate("completed", "authly-admin migrate pending");
        phase.tick(26, "completed", "see everybody sign in by OAuth, or waive them", completed);
        phase.step("quiet", "see 30 quiet days at the old doors", self.gate("quiet", "authly-admin migrate usage"));
        let confirmed = self.gate("tenants_confirmed", "authly-admin migrate tenants confirm --help");
        phase.step("tenants-confirmed", "let every tenant confirm", confirmed);
        let alive = self.gate("nothing_old_alive", "authly-admin migrate finalize check");
        phase.step("old-tokens", "wait for the last old token to expire", alive);
        let hashes = self.gate("hashes", "authly-admin migrate status");
        phase.step("old-hashes", "replace the last hash of another program", hashes);
        let inactive = self.gate("inactive_decided", "authly-admin migrate finalize decide-inactive --help");
        phase.step("inactive-accounts", "decide about accounts that are switched off", inactive);
        phase.tick(27, "drop-columns", "take the password columns of the application away", self.columns());
        phase.tick(28, "close-doors", "close the old doors for good", self.doors());
        phase.step("purge", "purge what was removed", self.purge());
        phase.tick(29, "foreign-hashes", "stop verifying hashes of other programs", self.foreign_hashes());
        let next = "authly-admin migrate checklist confirm documents --by NAME";
        let documents = self.by_hand("documents", Look::measured(false, "only people can know", next));
        phase.tick(30, "documents", "bring the documents up to date", documents);
        phase.steps
    }

    fn columns(&self) -> Look {
        let parted: Vec<&str> =
            self.end.iter().flat_map(|end| &end.parted).map(|parted| parted.table.as_str()).collect();
        if !parted.is_empty() {
            return Look::done(format!("gone from {}", parted.join(", ")));
        }
        let open = if self.written_back == 0 {
            Look::needless("no table of an application is kept in step; here the password is the sign-in page's own")
        } else if self.is_over() {
            Look::measured(false, "they may stay", "authly-admin migrate finalize drop-columns --help")
        } else {
            Look::measured(false, "after the old doors are closed", "authly-admin migrate finalize execute")
        };
        self.by_hand("drop-columns", open)
    }

    fn end_is(&self, states: &[FinalizationState]) -> bool {
        self.end.is_some_and(|end| states.contains(&end.state))
    }

    fn is_executed(&self) -> bool {
        self.end_is(&[FinalizationState::Executed, FinalizationState::Purging, FinalizationState::Purged])
    }

    fn doors(&self) -> Look {
        let kept = self.end.and_then(Finalization::purge_from);
        let found = match (self.end.map(|end| end.state), kept) {
            (None, _) => "the old doors are open".to_owned(),
            (Some(FinalizationState::Undoing), _) => "is being taken back".to_owned(),
            (Some(FinalizationState::Executing), _) => "is under way".to_owned(),
            (Some(FinalizationState::Purging | FinalizationState::Purged), _) => {
                "done; there is no way back".to_owned()
            }
            (_, Some(kept)) => format!("done; what was removed is kept until {}", kept.to_rfc3339()),
            (_, None) => "done".to_owned(),
        };
        Look::measured(self.is_executed(), found, "authly-admin migrate finalize execute")
    }

    fn purge(&self) -> Look {
        if !self.is_executed() {
            return Look::needless("nothing was removed yet");
        }
        let purged = self.end_is(&[FinalizationState::Purged]);
        let found = if purged { "purged" } else { "kept for the way back" };
        Look::measured(purged, found, "authly-admin migrate finalize purge")
    }

    fn foreign_hashes(&self) -> Look {
        match (self.around.foreign_hashes, self.gate.foreign_hashes) {
            (false, _) => Look::done("AUTHLY_FOREIGN_HASHES_ENABLED is false"),
            (true, _) if !self.is_over() => {
                Look::measured(false, "they verify while people move", "authly-admin migrate finalize execute")
            }
            (true, 0) => Look::measured(
                false,
                "they verify, and nobody needs one",
                "set AUTHLY_FOREIGN_HASHES_ENABLED=false; authly-admin config check",
            ),
            (true, left) => {
                let left = count(left, "is left", "are left");
                Look::measured(false, format!("they verify, and {left}"), "authly-admin migrate status")
            }
        }
    }
}
