//! Tests of the end: what a plan that somebody thought about for a while is still worth.

use authly_cutover::{
    finalization::{FinalizationState, Passwords},
    store::{CutoverStore as _, FinalizeStore as _, TimedFact},
};
use oauth_core::audit::AuditKind;

use super::{super::tools::event, *};

const TERMS: FinalizeTerms = FinalizeTerms { grace_days: 30, passwords: Passwords::Keep };

/// Nobody was imported, and everything else is as it should be.
fn ready_to_end() -> Bench {
    let bench = Bench::default();
    let now = bench.clock.now();
    let verified = TimedFact::BackupVerified { at: now, place: "a folder".to_owned() };
    for fact in [TimedFact::CountingSince { at: Timestamp::from_seconds(0) }, verified] {
        let audit = event(&bench, AuditKind::SettingChanged, serde_json::json!({}));
        ready(bench.target.put_fact(fact, audit)).unwrap();
    }
    bench
}

fn end(bench: &Bench, plan: FinalizePlan) -> Result<Executed, Box<FinalizePlan>> {
    ready(finalize(bench, plan, &Stop::default(), &mut Silent)).unwrap().map_err(Box::new)
}

#[test]
fn a_plan_whose_gate_is_still_open_is_executed() {
    let bench = ready_to_end();
    let plan = ready(finalize_plan(&bench, Vec::new(), TERMS)).unwrap();
    assert!(plan.is_open(), "{plan:?}");
    assert!(end(&bench, plan).unwrap().purge_from.is_some());
    let known = ready(bench.target.finalization()).unwrap().unwrap();
    assert_eq!((known.state, known.grace_days), (FinalizationState::Executed, 30));
}

#[test]
fn a_gate_that_shut_since_the_plan_refuses_and_nothing_is_changed() {
    let bench = ready_to_end();
    let plan = ready(finalize_plan(&bench, Vec::new(), TERMS)).unwrap();
    assert!(plan.is_open(), "{plan:?}");
    bench.clock.0.fetch_add(2 * 86_400_000_000, Ordering::SeqCst);
    let refused = end(&bench, plan).unwrap_err();
    let unmet: Vec<_> = refused.conditions.iter().filter(|one| !one.met).map(|one| one.name).collect();
    assert_eq!(unmet, ["backup"]);
    assert!(!refused.is_open());
    assert_eq!(ready(bench.target.finalization()).unwrap(), None);
}

#[test]
fn a_plan_that_was_never_open_begins_no_run() {
    let bench = Bench::default();
    let plan = ready(finalize_plan(&bench, Vec::new(), TERMS)).unwrap();
    assert!(end(&bench, plan).is_err());
    assert!(ready(bench.target.runs(None, 10)).unwrap().is_empty());
}
