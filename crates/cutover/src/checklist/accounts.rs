//! Phase 4.2: accounts and groups.

use super::{ChecklistFacts, Look, Phase, Todo};
use crate::words::count;

impl ChecklistFacts<'_> {
    pub(super) fn accounts(&self) -> Vec<Todo> {
        let mut phase = Phase::new("accounts");
        let comes = |command: &str| Look::done(format!("`migrate {command}` comes with this program"));
        phase.tick(6, "export-script", "have what lists people", comes("export"));
        phase.tick(7, "import-script", "have what moves people", comes("import"));
        phase.tick(8, "groups-script", "have what makes groups of tenants", comes("tenants sync"));
        phase.tick(9, "dev-trial", "try it on a copy, in development", self.on_a_copy());
        phase.tick(10, "export", "list who is to move", self.export());
        phase.tick(11, "groups", "bring the groups of tenants into step", self.groups());
        phase.tick(12, "dry-run", "look at what an import would do", self.dry_run());
        phase.step("import", "bring the accounts in", self.import());
        let waits = self.gate.quarantined + self.gate.conflicts;
        let waiting =
            Look::measured(waits == 0, self.condition("nothing_waits"), "authly-admin migrate quarantine list");
        phase.step("waiting-rows", "decide about every row that waits", waiting);
        let verified = match self.gate.sources.len() {
            0 => Look::needless(self.condition("verified")),
            _ => Look::measured(self.met("verified"), self.condition("verified"), "authly-admin migrate verify --help"),
        };
        phase.tick(13, "verify", "compare every source with what is here", verified);
        phase.steps
    }

    /// An account of an operator's own brings nobody in.
    fn has_moved(&self) -> bool {
        self.overall.imported > 0 || self.is_over()
    }

    fn on_a_copy(&self) -> Look {
        let next = "authly-admin migrate checklist confirm dev-trial --by NAME";
        let open = match self.has_moved() {
            true => Look::needless("the accounts are here; nobody said that it was tried before"),
            false => Look::measured(false, "only people can know", next),
        };
        self.by_hand("dev-trial", open)
    }

    fn export(&self) -> Look {
        let next = "authly-admin migrate export --help; then: authly-admin migrate checklist confirm export --by NAME";
        let open = match self.around.upstream {
            true => Look::measured(false, "an export leaves no trace here: only people can know", next),
            false => {
                Look::needless("an import reads the source itself; a list is for another provider, and none is set up")
            }
        };
        self.by_hand("export", open)
    }

    fn groups(&self) -> Look {
        if self.tenants == 0 {
            return Look::needless("there are no tenants");
        }
        let found = format!("{}, {} without groups", count(self.tenants, "tenant", "tenants"), self.without_groups);
        Look::measured(self.without_groups == 0, found, "authly-admin migrate tenants sync")
    }

    fn dry_run(&self) -> Look {
        let next = "authly-admin migrate import --help; then: authly-admin migrate checklist confirm dry-run --by NAME";
        let open = match self.has_moved() {
            true => Look::needless("an import ran; a dry run leaves no trace, and nobody said that there was one"),
            false => Look::measured(false, "a dry run leaves no trace here: only people can know", next),
        };
        self.by_hand("dry-run", open)
    }

    fn import(&self) -> Look {
        let found = format!(
            "{}, {} of them from {}",
            count(self.overall.total, "account", "accounts"),
            self.overall.imported,
            count(self.gate.sources.len() as u64, "source", "sources")
        );
        Look::measured(self.has_moved(), found, "authly-admin migrate import --help")
    }
}
