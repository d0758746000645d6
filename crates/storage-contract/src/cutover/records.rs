//! The ledger, policies and facts.

use std::collections::BTreeMap;

use authly_cutover::{
    finalize::ImportedSource,
    ledger::{Action, LedgerAsk, LedgerItem, LedgerKey, LedgerScope},
    outcome::{Outcome, Reason, ReasonCode},
    policy::{Mode, Policy, PolicyScope},
    run::{RunId, RunKind, RunPlan, RunState},
    store::{CutoverStore, LinkWrite, NewTenant, RunEnd, Said, SchemaFound, TimedFact},
};
use oauth_core::{ids::TenantId, store::Commit};
use serde_json::{Map, json};

use super::world::*;

fn line(run: RunId, seq: u64, number: u64, action: Action) -> LedgerItem {
    LedgerItem {
        key: LedgerKey { run, seq },
        source: source(),
        source_id: row(number),
        user: Some(user(number)),
        tenant: None,
        action,
        before: Map::from_iter([("email".to_owned(), json!("a\u{2028}'b\"@example.com"))]),
        after: Map::new(),
        outcome: Some(Outcome::Import),
        reason: Some(Reason::plain(ReasonCode::Inactive)),
        undoes: None,
        at: NOW,
    }
}

/// Pages follow each other, scopes leave out the others' lines, and a line that was taken back says so.
pub async fn the_ledger_is_read_newest_first(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let actions = [Action::Create, Action::Note, Action::Change, Action::Decide];
    let lines: Vec<_> = (1..=4).zip(actions).map(|(seq, action)| line(lease.run, seq, seq % 2, action)).collect();
    let mut write = batch(lease);
    write.ledger.clone_from(&lines);
    apply(&store, write).await;
    let end = RunEnd { state: RunState::Finished, at: NOW, note: None, audit: None };
    assert_eq!(store.finish_run(lease, end).await.unwrap(), Commit::Applied);
    let second = begin(&store, RunPlan { kind: RunKind::Rollback, ..plan(2) }).await;
    let back = LedgerItem { undoes: Some(lines[2].key), outcome: None, ..line(second.run, 1, 1, Action::Change) };
    let mut write = batch(second);
    write.ledger = vec![back.clone()];
    apply(&store, write).await;

    let ask = |scope| LedgerAsk { scope, changes_only: false, before: None, limit: 100 };
    let all = store.ledger(ask(LedgerScope::All)).await.unwrap();
    let expected: Vec<_> = [&back].into_iter().chain(lines.iter().rev()).cloned().collect();
    assert_eq!(all.iter().map(|entry| entry.item.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(all.iter().map(|entry| entry.undone).collect::<Vec<_>>(), [false, false, true, false, false]);
    let mut paged = Vec::new();
    let mut before = None;
    while let [entry] = &store.ledger(LedgerAsk { before, limit: 1, ..ask(LedgerScope::All) }).await.unwrap()[..] {
        before = Some(entry.item.key);
        paged.push(entry.clone());
    }
    assert_eq!(paged, all);
    let seqs = |entries: Vec<authly_cutover::ledger::LedgerEntry>| -> Vec<u64> {
        entries.iter().map(|entry| entry.item.key.seq).collect()
    };
    assert_eq!(seqs(store.ledger(ask(LedgerScope::Run(lease.run))).await.unwrap()), [4, 3, 2, 1]);
    assert_eq!(seqs(store.ledger(ask(LedgerScope::User(user(0)))).await.unwrap()), [4, 2]);
    let changes = LedgerAsk { changes_only: true, ..ask(LedgerScope::Run(lease.run)) };
    assert_eq!(seqs(store.ledger(changes).await.unwrap()), [3, 1]);
}

/// Policies and facts are kept, replaced and removed, and the gate sees the facts.
pub async fn policies_and_facts_are_kept(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let tenant = TenantId::generate(NOW, &Seeded(900));
    let mut write = batch(lease);
    write.tenants = vec![NewTenant { id: tenant, slug: "acme".to_owned(), name: "Acme".to_owned(), active: true }];
    write.accounts = vec![create(&account(1))];
    apply(&store, write).await;
    let policy =
        Policy { mode: Mode::OauthOnly, until: Some(NOW), wave: Some("pilot".to_owned()), ..Policy::default() };
    let scopes = [PolicyScope::Installation, PolicyScope::Tenant(tenant), PolicyScope::Account(user(1))];
    for scope in scopes {
        store.put_policy(scope, Some(policy.clone()), audit()).await.unwrap();
    }
    let shared = store.policies().await.unwrap();
    assert_eq!(shared, [(scopes[0], policy.clone()), (scopes[1], policy.clone())].into());
    assert_eq!(store.account_policy(user(1)).await.unwrap(), Some(policy));
    for scope in scopes {
        store.put_policy(scope, None, audit()).await.unwrap();
    }
    assert!(store.policies().await.unwrap().is_empty());
    assert_eq!(store.account_policy(user(1)).await.unwrap(), None);

    let gate = store.gate_facts(NOW, NOW.minus(DAY)).await.unwrap();
    assert_eq!(gate.unconfirmed_tenants, [(tenant, "acme".to_owned())]);
    assert_eq!((gate.backup_verified_at, gate.sources), (None, Vec::new()));
    for clean in [false, true] {
        store.put_fact(TimedFact::Verified { source: source(), at: NOW, clean }, audit()).await.unwrap();
    }
    assert_eq!(store.gate_facts(NOW, NOW).await.unwrap().sources, [], "nothing of it is here");
    let mut linked = batch(lease);
    linked.links = vec![LinkWrite::Put(link(1, user(1), lease.run))];
    apply(&store, linked).await;
    let found = ImportedSource { source: source(), last_import_at: NOW, verified: Some((NOW, true)) };
    assert_eq!(store.gate_facts(NOW, NOW).await.unwrap().sources, [found]);
    for fact in [
        TimedFact::BackupVerified { at: NOW, place: "a file".to_owned() },
        TimedFact::TenantConfirmed { at: NOW, tenant, by: "Ada".to_owned() },
        TimedFact::InactiveDecided { at: NOW, decision: "stay disabled".to_owned() },
        TimedFact::CountingSince { at: NOW.minus(DAY) },
    ] {
        store.put_fact(fact, audit()).await.unwrap();
    }
    let gate = store.gate_facts(NOW, NOW.minus(DAY)).await.unwrap();
    assert_eq!(gate.unconfirmed_tenants, []);
    assert_eq!((gate.backup_verified_at, gate.inactive_decided_at), (Some(NOW), Some(NOW)));
    assert_eq!(gate.counting_since, Some(NOW.minus(DAY)));
}

/// Facts are told as they were written, the newest of each name, and forgotten.
pub async fn facts_are_told_and_forgotten(store: impl CutoverStore) {
    // Counting began with the schema, in stores that have one.
    let begun: Vec<TimedFact> = store.facts().await.unwrap();
    let parts = |passed| BTreeMap::from([("security".to_owned(), passed)]);
    let said = Said { by: "Ada".to_owned(), note: Some("told by \"mail\"".to_owned()) };
    let confirmed = TimedFact::BoxConfirmed { at: NOW, name: "feedback".to_owned(), said };
    let found = SchemaFound { clean: true, step: "V1__x".to_owned() };
    let looked = TimedFact::SchemaVerified { at: NOW, found };
    let tried = TimedFact::Validated { at: NOW, parts: parts(true) };
    let checked = TimedFact::Verified { source: source(), at: NOW, clean: true };
    for fact in [TimedFact::Validated { at: NOW.minus(DAY), parts: parts(false) }, tried.clone(), confirmed.clone()] {
        store.put_fact(fact, audit()).await.unwrap();
    }
    for fact in [looked.clone(), checked.clone()] {
        store.put_fact(fact, audit()).await.unwrap();
    }
    let mut all = begun.clone();
    all.extend([confirmed.clone(), looked, tried, checked]);
    all.sort_by_key(|fact| fact.name().into_owned());
    assert_eq!(store.facts().await.unwrap(), all);
    assert_eq!(store.forget_fact(&confirmed.name(), audit()).await.unwrap(), Commit::Applied);
    assert_eq!(store.forget_fact(&confirmed.name(), audit()).await.unwrap(), Commit::Lost);
    all.retain(|fact| *fact != confirmed);
    assert_eq!(store.facts().await.unwrap(), all);
}
