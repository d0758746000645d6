//! Tests of the checklist: its boxes, and what ticks each.

use super::*;
use crate::{
    finalization::FinalizationState,
    finalize::judge,
    policy::Mode,
    source::SourceName,
    store::{Said, SchemaFound},
};
use oauth_core::ids::TenantId;

/// A state that a test changes.
#[derive(Clone, Default)]
struct World {
    around: Surroundings,
    overall: Progress,
    gate: GateFacts,
    policies: BTreeMap<PolicyScope, Policy>,
    tenants: u64,
    without_groups: u64,
    written_back: u64,
    end: Option<Finalization>,
    known: Vec<TimedFact>,
    last_import_at: Option<Timestamp>,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn tenant(number: u128) -> PolicyScope {
    PolicyScope::Tenant(TenantId::from_uuid(uuid::Uuid::from_u128(number)))
}

impl World {
    fn list(&self) -> Checklist {
        let now = at(1_800_000_000);
        checklist(&ChecklistFacts {
            around: &self.around,
            overall: &self.overall,
            gate: &self.gate,
            conditions: &judge(&self.gate, now),
            policies: &self.policies,
            tenants: self.tenants,
            without_groups: self.without_groups,
            written_back: self.written_back,
            backup_is_fresh: false,
            end: self.end.as_ref(),
            known: &self.known,
            last_import_at: self.last_import_at,
            now,
        })
    }

    #[track_caller]
    fn step(&self, name: &str) -> Todo {
        self.list().steps.into_iter().find(|step| step.name == name).unwrap()
    }

    fn state(&self, name: &str) -> TodoState {
        self.step(name).state
    }

    /// People of tenants are here, and may come.
    fn under_way() -> Self {
        let around = Surroundings { oauth: true, ..Surroundings::default() };
        let overall = Progress { total: 10, imported: 10, completed_percent: Some(0.0), ..Progress::default() };
        Self { around, overall, tenants: 2, ..Self::default() }
    }

    fn tried(mut self, when: i64, parts: &[(&str, bool)]) -> Self {
        let parts = parts.iter().map(|(part, passed)| ((*part).to_owned(), *passed)).collect();
        self.known.push(TimedFact::Validated { at: at(when), parts });
        self
    }
}

#[test]
fn there_are_thirty_boxes_in_order_over_five_phases_and_each_name_is_there_once() {
    let list = World::default().list();
    let boxes: Vec<usize> = list.steps.iter().filter_map(|step| step.box_number).map(usize::from).collect();
    assert_eq!(boxes, (1..=BOXES).collect::<Vec<_>>());
    let mut phases: Vec<&str> =
        list.steps.iter().filter(|step| step.box_number.is_some()).map(|step| step.phase).collect();
    let per_phase: Vec<usize> = ["schema", "accounts", "test", "rollout", "cleanup"]
        .iter()
        .map(|phase| phases.iter().filter(|of| *of == phase).count())
        .collect();
    assert_eq!(per_phase, [5, 8, 5, 7, 5]);
    phases.dedup();
    assert_eq!(phases.len(), 5);
    let mut names: Vec<&str> = list.steps.iter().map(|step| step.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(CONFIRMED.iter().all(|name| names.contains(name)));
    assert_eq!(list.steps.iter().map(|step| step.number).collect::<Vec<_>>(), (1..=all).collect::<Vec<_>>());
}

#[test]
fn what_is_open_names_a_command_and_what_does_not_apply_says_why() {
    for world in [World::default(), World::under_way()] {
        for step in world.list().steps {
            assert_eq!(step.next.is_some_and(|next| !next.is_empty()), step.state == TodoState::Open, "{step:?}");
            assert!(!step.found.is_empty(), "{step:?}");
        }
    }
}

#[test]
fn the_word_of_somebody_ticks_what_only_people_can_know() {
    for name in CONFIRMED {
        let mut world = World { written_back: 1, ..World::default() };
        world.around.upstream = true;
        assert_eq!(world.state(name), TodoState::Open, "{name}");
        let said = Said { by: "Ada".to_owned(), note: Some("by mail".to_owned()) };
        world.known.push(TimedFact::BoxConfirmed { at: at(0), name: name.to_owned(), said });
        let step = world.step(name);
        assert_eq!(
            (step.state, step.found.as_str()),
            (TodoState::Done, "confirmed by Ada 1970-01-01T00:00:00Z: by mail")
        );
    }
    // Nobody's word counts for what is measured.
    let said = Said { by: "Ada".to_owned(), note: None };
    let said = TimedFact::BoxConfirmed { at: at(0), name: "security-test".to_owned(), said };
    assert_eq!(World { known: vec![said], ..World::default() }.state("security-test"), TodoState::Open);
}

#[test]
fn the_schema_counts_as_compared_until_a_newer_step_is_there() {
    let mut world = World::default();
    world.around.setup.newest_step = "V9__x".to_owned();
    assert_eq!(world.state("schema-verify"), TodoState::Open);
    let found = SchemaFound { clean: true, step: "V9__x".to_owned() };
    world.known.push(TimedFact::SchemaVerified { at: at(1), found });
    assert_eq!(world.state("schema-verify"), TodoState::Done);
    world.around.setup.newest_step = "V10__y".to_owned();
    assert_eq!(world.state("schema-verify"), TodoState::Open);
    assert_eq!(world.state("schema-sessions"), TodoState::Done);
    world.around.setup.pending.push("V10__y".to_owned());
    assert_eq!(world.state("schema-sessions"), TodoState::Open);
}

#[test]
fn each_part_of_a_trial_ticks_its_box_until_an_import_writes() {
    let parts = [("compatibility", true), ("OAuth", true), ("performance", false), ("security", true)];
    let mut world = World::default().tried(10, &parts);
    let states = |world: &World| {
        ["application-trial", "integration-test", "scenario-test", "performance-test", "security-test"]
            .map(|name| world.state(name) == TodoState::Done)
    };
    assert_eq!(states(&world), [true, true, false, false, true]);
    assert!(world.step("scenario-test").found.ends_with(": performance"), "{:?}", world.step("scenario-test"));
    world.last_import_at = Some(at(11));
    assert_eq!(states(&world), [true, false, false, false, false], "the program is what it was, the accounts are not");
    let unasked = World::default().tried(10, &[("compatibility", true)]);
    assert_eq!(states(&unasked), [true, false, true, false, false]);
    assert!(unasked.step("integration-test").found.contains("did not ask"), "{:?}", unasked.step("integration-test"));
}

#[test]
fn waves_are_ticked_by_policies_and_do_not_apply_without_tenants_or_when_all_may_come() {
    let mut world = World::under_way();
    let waves = |world: &World| [world.state("wave-internal"), world.state("wave-pilot")];
    assert_eq!(waves(&world), [TodoState::Open; 2]);
    let policy = |wave: &str| Policy { wave: Some(wave.to_owned()), ..Policy::default() };
    world.policies.insert(tenant(1), policy("Internal"));
    assert_eq!(waves(&world), [TodoState::Done, TodoState::Open]);
    world.policies.insert(tenant(1), policy("pilot"));
    assert_eq!(waves(&world), [TodoState::Done; 2]);
    world.policies.clear();
    world.overall.completed = 1;
    assert_eq!(waves(&world), [TodoState::NotApplicable; 2]);
    assert_eq!(waves(&World { tenants: 0, ..World::under_way() }), [TodoState::NotApplicable; 2]);
}

#[test]
fn it_is_open_to_everybody_when_nothing_keeps_anybody_at_the_password() {
    let mut world = World::under_way();
    assert_eq!(world.state("general"), TodoState::Done);
    world.policies.insert(tenant(1), Policy { mode: Mode::Password, ..Policy::default() });
    assert_eq!(world.step("general").found, "1 tenant is at the password alone");
    world.policies = [(PolicyScope::Installation, Policy { mode: Mode::Password, ..Policy::default() })].into();
    assert_eq!(world.state("general"), TodoState::Open);
    world.policies.clear();
    world.around.oauth = false;
    assert_eq!(world.step("general").next, Some("authly-admin migrate oauth enable"));
    assert_eq!(World::default().state("general"), TodoState::Open, "nobody is here");
}

#[test]
fn adoption_is_ticked_at_ninety_five_per_cent() {
    let with = |percent| {
        let mut world = World::under_way();
        world.overall.completed_percent = percent;
        world.state("adoption")
    };
    assert_eq!(
        [with(Some(94.99)), with(Some(95.0)), with(None)],
        [TodoState::Open, TodoState::Done, TodoState::NotApplicable]
    );
}

#[test]
fn the_end_ticks_what_it_did_and_nothing_else() {
    let mut world = World { written_back: 3, ..World::under_way() };
    world.around.foreign_hashes = true;
    let ended = |state| {
        let begun = Finalization::begun(at(0), 30, 0);
        Finalization { state, executed_at: Some(at(1)), ..begun }
    };
    let names = ["completed", "drop-columns", "close-doors", "purge", "foreign-hashes", "documents"];
    let done = |world: &World| names.map(|name| world.state(name) == TodoState::Done);
    world.gate.not_completed = 1;
    assert_eq!(done(&world), [false; 6]);
    world.end = Some(ended(FinalizationState::Executed));
    assert_eq!(done(&world), [true, false, true, false, false, false]);
    world.end = Some(ended(FinalizationState::Purged));
    world.around.foreign_hashes = false;
    assert_eq!(done(&world), [true, false, true, true, true, false]);
    world.written_back = 0;
    assert_eq!(world.state("drop-columns"), TodoState::NotApplicable);
    let table =
        crate::parting::Parted { source: SourceName::parse("shop").unwrap(), table: "users".to_owned(), at: at(2) };
    world.end.as_mut().unwrap().parted.push(table);
    assert_eq!(world.step("drop-columns").found, "gone from users");
}
