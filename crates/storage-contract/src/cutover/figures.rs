//! Figures.

use std::time::Duration;

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    memory::MemoryTarget,
    outcome::{Counters, ReasonCode},
    source::SourceName,
    store::{CutoverStore, Lacks, LinkWrite, NewTenant, PenEntry, PenKind, PendingAsk, Progress},
};
use oauth_core::{ids::TenantId, services::Random, subject::AccountStatus};

use super::world::*;

/// A random crowd gives the figures that counting by hand gives.
pub async fn figures_agree_with_the_store_in_memory(store: impl CutoverStore) {
    let memory = MemoryTarget::new();
    let tenants: Vec<TenantId> = (0..3).map(|number| TenantId::generate(NOW, &Seeded(900 + number))).collect();
    let lease = begin(&store, plan(1)).await;
    assert_eq!(begin(&memory, plan(1)).await, lease);
    for part in 0..4u64 {
        let mut write = batch(lease);
        if part == 0 {
            write.tenants = (0..3)
                .zip(&tenants)
                .map(|(number, id)| NewTenant {
                    id: *id,
                    slug: format!("t{number}"),
                    name: format!("T {number}"),
                    active: number < 2,
                })
                .collect();
        }
        for number in part * 25..part * 25 + 25 {
            let person = random_account(number, &tenants);
            write.links.push(LinkWrite::Put(link(number, person.user, lease.run)));
            write.accounts.push(create(&person));
            if number % 7 == 0 {
                let kind = if number % 2 == 0 { PenKind::Quarantine } else { PenKind::Failed };
                let entry = waiting(1_000 + number, lease.run, ReasonCode::Flawed);
                write.pen.push(PenEntry { kind, tenant: person.tenant, ..entry });
            }
        }
        write.progress = Progress { checkpoint: Some(row(part)), counters: Counters::default(), ..Progress::default() };
        apply(&store, write.clone()).await;
        apply(&memory, write).await;
    }
    let sorted = |mut figures: Vec<authly_cutover::store::TenantFigures>| {
        figures.sort_by_key(|one| one.tenant);
        figures
    };
    assert_eq!(sorted(store.figures().await.unwrap()), sorted(memory.figures().await.unwrap()));
    let (from, to) = (NOW.minus(DAY * 20), NOW.plus(DAY));
    for tenant in [None, Some(tenants[0])] {
        assert_eq!(store.daily(tenant, from, to).await.unwrap(), memory.daily(tenant, from, to).await.unwrap());
        for lacks in [Lacks::Completion, Lacks::OwnHash] {
            let mut ask = PendingAsk { lacks, tenant, after: None, limit: 7 };
            loop {
                let page = store.pending(ask).await.unwrap();
                assert_eq!(page, memory.pending(ask).await.unwrap());
                let Some(last) = page.last() else { break };
                ask.after = Some((last.last_login_at, last.user));
            }
            assert!(ask.after.is_some(), "nobody lacks {lacks:?}");
        }
    }
    let window = NOW.minus(DAY * 3);
    let order = |mut facts: authly_cutover::finalize::GateFacts| {
        facts.legacy_uses.sort_by_key(|one| one.tenant);
        facts.unconfirmed_tenants.sort();
        // A store that keeps accounts counts from its beginning on.
        facts.counting_since = None;
        facts
    };
    let gate = order(store.gate_facts(NOW, window).await.unwrap());
    assert_eq!(gate, order(memory.gate_facts(NOW, window).await.unwrap()));
    assert_eq!(
        store.links(&source(), Some(&row(40)), 10).await.unwrap(),
        memory.links(&source(), Some(&row(40)), 10).await.unwrap()
    );
    let linked = store.links(&source(), None, 10_000).await.unwrap().len() as u64;
    assert_eq!(store.count_links(&source()).await.unwrap(), linked);
    assert_eq!(store.count_links(&SourceName::parse("nowhere").unwrap()).await.unwrap(), 0);
}

/// Accounts that came by a migration and were switched off or deleted are the operator's to decide about; accounts that
/// were made here and deleted again, as those of a trial, are not.
pub async fn accounts_made_and_deleted_here_ask_for_no_decision(store: impl CutoverStore) {
    let before = store.gate_facts(NOW, NOW).await.unwrap().inactive;
    let lease = begin(&store, plan(1)).await;
    let mut write = batch(lease);
    let kinds = [(AccountStatus::Deleted, false), (AccountStatus::Deleted, true), (AccountStatus::Disabled, false)];
    for (number, (status, imported)) in (400..).zip(kinds) {
        let imported_at = imported.then_some(NOW);
        write.accounts.push(create(&TargetAccount { status, imported_at, completed_at: None, ..account(number) }));
    }
    apply(&store, write).await;
    assert_eq!(store.gate_facts(NOW, NOW).await.unwrap().inactive - before, 2);
}

pub(super) fn random_account(number: u64, tenants: &[TenantId]) -> TargetAccount {
    let mut noise = [0u8; 16];
    Seeded(7_000 + number).fill(&mut noise);
    let pick = |place: usize, of: u8| noise[place] % of;
    let ago =
        |place: usize| (pick(place, 3) != 0).then(|| NOW.minus(Duration::from_secs(u64::from(noise[place]) * 9_000)));
    TargetAccount {
        tenant: tenants.get(usize::from(pick(0, 4))).copied(),
        status: [AccountStatus::Active, AccountStatus::Active, AccountStatus::Disabled, AccountStatus::Deleted]
            [usize::from(pick(1, 4))],
        auth_method: [AuthMethod::Password, AuthMethod::Dual, AuthMethod::Oauth][usize::from(pick(2, 3))],
        credential_state: [CredentialState::Ok, CredentialState::LegacyScheme, CredentialState::Wrapped]
            [usize::from(pick(3, 3))],
        reset_required: pick(4, 5) == 0,
        imported_at: ago(5),
        invited_at: ago(6),
        completed_at: ago(7),
        hash_upgraded_at: ago(8),
        last_password_login_at: ago(9),
        last_login_at: ago(10),
        ..account(number)
    }
}
