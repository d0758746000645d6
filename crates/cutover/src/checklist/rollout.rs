//! Phase 4.4: people move, wave by wave (S001-50..53).

use super::{ChecklistFacts, Look, Phase, Todo};
use crate::{
    policy::{Mode, PolicyScope},
    words::count,
};

/// The share of accounts that S001-60 aims at.
const AIM: f64 = 95.0;

impl ChecklistFacts<'_> {
    pub(super) fn rollout(&self) -> Vec<Todo> {
        let mut phase = Phase::new("rollout");
        let internal = "authly-admin migrate policy set --tenant SLUG --mode dual --wave internal";
        phase.tick(
            19,
            "wave-internal",
            "open the new way to your own people",
            self.wave(&["internal", "pilot"], internal),
        );
        let next = "authly-admin migrate checklist confirm monitoring --by NAME";
        let watched = self.by_hand("monitoring", Look::measured(false, "only people can know", next));
        phase.tick(20, "monitoring", "watch logs, metrics and alerts", watched);
        let pilot = "authly-admin migrate policy set --tenant SLUG --mode dual --wave pilot";
        phase.tick(21, "wave-pilot", "open it to the first tenants", self.wave(&["pilot"], pilot));
        phase.tick(22, "invite", "tell people", self.told());
        let next = "authly-admin migrate checklist confirm feedback --by NAME";
        let feedback = self.by_hand("feedback", Look::measured(false, "only people can know", next));
        phase.tick(23, "feedback", "gather what people say", feedback);
        phase.tick(24, "general", "open it to everybody", self.general());
        phase.step("policies", "say which ways are open, and until when", self.ways());
        let first = Look::measured(
            self.overall.completed > 0,
            format!("{} have", self.overall.completed),
            "authly-admin migrate pending",
        );
        phase.step("first-sign-in", "see the first sign in by OAuth", first);
        phase.tick(25, "adoption", "see nearly everybody sign in by OAuth", self.adoption());
        phase.steps
    }

    /// A wave is there under its name, or under that of a later one.
    fn wave(&self, names: &[&str], next: &'static str) -> Look {
        let named = |wave: &&str| names.iter().any(|name| wave.eq_ignore_ascii_case(name));
        let found = self.policies.values().filter_map(|policy| policy.wave.as_deref()).filter(named).count() as u64;
        if found > 0 {
            Look::done(count(found, "policy of that wave or a later one", "policies of that wave or a later one"))
        } else if self.tenants == 0 {
            Look::needless("there are no tenants that could go one after the other")
        } else if self.is_over() || (self.is_general().is_ok() && self.overall.completed > 0) {
            Look::needless("it is open to everybody")
        } else {
            Look::measured(false, "no policy has a wave of that name", next)
        }
    }

    fn told(&self) -> Look {
        let pending = self.overall.total.saturating_sub(self.overall.completed);
        // Letters may have been written into files as well.
        let invited = self.overall.invited > 0;
        match (pending, self.around.mail || invited) {
            (0, _) => Look::needless("nobody is left to be told"),
            (_, false) => {
                Look::needless("no mail can be sent from here; `migrate invite --outbox` writes the letters into files")
            }
            (_, true) => {
                let found = format!("{} invited", self.overall.invited);
                Look::measured(invited, found, "authly-admin migrate invite --help")
            }
        }
    }

    /// Whether everybody may come; otherwise what is in the way, and the command that changes it.
    fn is_general(&self) -> Result<(), (String, &'static str)> {
        if !self.around.oauth {
            return Err(("OAuth is switched off".to_owned(), "authly-admin migrate oauth enable"));
        }
        if self.overall.imported == 0 && !self.is_over() {
            return Err(("nobody is here yet".to_owned(), "authly-admin migrate import --help"));
        }
        let shut = |scope: &PolicyScope| {
            let policy = self.policies.get(scope);
            policy.is_some_and(|policy| policy.widest(self.now) == Mode::Password)
        };
        let next = "authly-admin migrate policy set --mode dual --help";
        if shut(&PolicyScope::Installation) {
            return Err(("the policy of the installation keeps people at their password".to_owned(), next));
        }
        let tenants =
            self.policies.keys().filter(|scope| matches!(scope, PolicyScope::Tenant(_)) && shut(scope)).count();
        match tenants as u64 {
            0 => Ok(()),
            tenants => Err((
                format!("{} at the password alone", count(tenants, "tenant is", "tenants are")),
                "authly-admin migrate policy set --tenant SLUG --mode dual",
            )),
        }
    }

    fn general(&self) -> Look {
        match self.is_general() {
            Ok(()) => Look::done("no policy keeps anybody at the password alone"),
            Err((found, next)) => Look::measured(false, found, next),
        }
    }

    fn ways(&self) -> Look {
        let policies = self.policies.len();
        if self.is_over() {
            Look::done("the old doors are closed for everybody")
        } else if self.tenants == 0 && policies == 0 {
            Look::needless("there are no tenants, and both ways are open to everybody")
        } else {
            let found = count(policies as u64, "policy", "policies");
            let found = format!("{found}; where there is none both ways are open");
            Look::measured(policies > 0, found, "authly-admin migrate policy set --help")
        }
    }

    fn adoption(&self) -> Look {
        let Some(percent) = self.overall.completed_percent else { return Look::needless("there are no accounts") };
        let found = format!("{percent:.2} % have; {AIM} % is the aim");
        Look::measured(percent >= AIM || self.is_over(), found, "authly-admin migrate remind --help")
    }
}
