//! Runs and batches.

use std::{collections::BTreeSet, sync::Arc};

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    digest::Digest,
    outcome::ReasonCode,
    run::{Begun, Lease, RunPlan, RunState},
    source::SourceName,
    store::{
        AccountWrite, BatchCommit, CutoverStore, LinkWrite, NewGroup, NewTenant, Resolution, ResolutionWrite, RowKeys,
        RunEnd,
    },
};
use authly_directory::{identifier::fold, password::StoredHash};
use oauth_core::{
    ids::{GroupId, TenantId},
    store::Commit,
};

use super::world::*;

/// A second one is told who runs; a run without a sign of life is taken over, and its holder fenced off.
pub async fn one_run_of_a_source_at_a_time(store: impl CutoverStore) {
    let first = begin(&store, plan(1)).await;
    assert!(
        matches!(store.begin_run(plan(2), NOW, NOW.minus(DAY)).await.unwrap(), Begun::Busy(run) if run.plan == plan(1))
    );
    let mut write = batch(first);
    write.progress.checkpoint = Some(row(1));
    write.progress.last_seq = 3;
    apply(&store, write).await;
    assert_eq!(store.renew_run(first, NOW.plus(DAY)).await.unwrap(), Commit::Applied);

    let Begun::Resumed(run) = store.begin_run(plan(3), NOW.plus(DAY), NOW.plus(DAY)).await.unwrap() else {
        panic!("a stale import with the same profile goes on")
    };
    assert_eq!((run.plan.id, run.fence, run.checkpoint, run.last_seq), (plan(1).id, 2, Some(row(1)), 3));
    assert_eq!(store.renew_run(first, NOW).await.unwrap(), Commit::Lost);
    let end = RunEnd { state: RunState::Stopped, at: NOW, note: Some("Ctrl-C".to_owned()), audit: Some(audit()) };
    assert_eq!(store.finish_run(first, end.clone()).await.unwrap(), Commit::Lost);
    let second = Lease { fence: 2, ..first };
    assert_eq!(store.finish_run(second, end).await.unwrap(), Commit::Applied);
    assert_eq!(store.renew_run(second, NOW).await.unwrap(), Commit::Lost);

    let other = RunPlan { profile_digest: Digest::of([b"other".as_slice()]), ..plan(4) };
    assert!(
        matches!(store.begin_run(other.clone(), NOW, NOW).await.unwrap(), Begun::Started(run) if run.plan == other)
    );
    let runs = store.runs(Some(&source()), 9).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.plan.id).collect::<Vec<_>>(), [other.id, plan(1).id]);
    assert_eq!(runs[1].note.as_deref(), Some("Ctrl-C"));
    assert_eq!(store.run(other.id).await.unwrap().as_ref(), runs.first());
    assert_eq!(store.runs(SourceName::parse("none").as_ref(), 9).await.unwrap(), []);
}

/// However many begin at once.
pub async fn parallel_begins_have_one_winner(store: impl CutoverStore + 'static) {
    let store = Arc::new(store);
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.begin_run(plan(number), NOW, NOW.minus(DAY)).await })
        })
        .collect();
    let mut started = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Begun::Started(_)) => started += 1,
            Ok(Begun::Busy(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(started, 1);
}

/// Whoever lost the lease changes nothing.
pub async fn a_fenced_batch_writes_nothing(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let mut write = batch(Lease { fence: lease.fence + 1, ..lease });
    write.accounts = vec![create(&account(1))];
    assert_eq!(store.commit_batch(write).await.unwrap(), BatchCommit::Fenced);
    assert_eq!(one(&store, user(1)).await, None);
}

/// Every column, and by every key.
pub async fn an_account_reads_back_as_it_was_written(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let (tenant, group) = (TenantId::generate(NOW, &Seeded(900)), GroupId::generate(NOW, &Seeded(901)));
    let full = TargetAccount {
        tenant: Some(tenant),
        upgraded_hash: Some(StoredHash::new("$argon2id$x".to_owned())),
        hash_upgraded_at: Some(NOW.plus(DAY)),
        is_admin: true,
        is_locked: true,
        reset_required: true,
        legacy_login: false,
        groups: [group].into(),
        failures: 4,
        locked_until: Some(NOW.plus(DAY)),
        auth_method: AuthMethod::Dual,
        credential_state: CredentialState::Wrapped,
        external_subject: Some("upstream-1".to_owned()),
        invited_at: Some(NOW),
        completed_at: Some(NOW.minus(DAY)),
        last_password_login_at: Some(NOW.minus(DAY)),
        last_login_at: Some(NOW),
        ..account(1)
    };
    let bare = TargetAccount { hash: None, password_set_at: None, roles: Vec::new(), imported_at: None, ..account(2) };
    let mut write = batch(lease);
    write.tenants =
        vec![NewTenant { id: tenant, slug: "acme".to_owned(), name: "Acme „GmbH“".to_owned(), active: true }];
    write.groups = vec![NewGroup {
        id: group,
        tenant: Some(tenant),
        name: "tenant_acme_users".to_owned(),
        description: "acme Users".to_owned(),
    }];
    write.accounts = vec![create(&full), create(&bare)];
    write.links = vec![LinkWrite::Put(link(1, full.user, lease.run))];
    apply(&store, write).await;

    assert_eq!(one(&store, full.user).await.as_ref(), Some(&full));
    assert_eq!(one(&store, bare.user).await.as_ref(), Some(&bare));
    let (tenants, groups) = store.tenants().await.unwrap();
    assert_eq!((tenants[0].id, tenants[0].slug.as_str(), tenants[0].active), (tenant, "acme", true));
    assert_eq!((groups[0].id, groups[0].tenant, groups[0].name.as_str()), (group, Some(tenant), "tenant_acme_users"));
    assert_eq!(store.snapshot(asked(1)).await.unwrap().accounts, std::slice::from_ref(&full));
    assert_eq!(store.snapshot(asked(1)).await.unwrap().links, [link(1, full.user, lease.run)]);
    assert_eq!(store.snapshot(asked(2)).await.unwrap().accounts, []);
    let by = |change: fn(&mut RowKeys)| {
        let mut ask = asked(7);
        ask.rows.iter_mut().for_each(change);
        ask
    };
    let by_name = by(|keys| keys.names = vec![fold("PERSON1@example.COM"), fold("JÜRGEN \"2\" O'HARA")]);
    let found: BTreeSet<_> = store.snapshot(by_name).await.unwrap().accounts.iter().map(|one| one.user).collect();
    assert_eq!(found, [full.user, bare.user].into());
    let by_subject = by(|keys| keys.external_subject = Some("upstream-1".to_owned()));
    assert_eq!(store.snapshot(by_subject).await.unwrap().accounts, std::slice::from_ref(&full));
    let by_id = by(|keys| keys.user = Some(user(1)));
    let found = store.snapshot(by_id).await.unwrap();
    assert_eq!((found.accounts, found.links.len()), (vec![full], 1));
}

/// An account that changed meanwhile, or a name that is taken, and nothing of the batch is there.
pub async fn a_guard_that_fails_leaves_nothing(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let mut write = batch(lease);
    write.accounts = vec![create(&account(1)), create(&account(2))];
    apply(&store, write).await;
    let here = TargetAccount { updated_at: NOW.plus(DAY), ..account(1) };
    let mut write = batch(lease);
    write.accounts = vec![change(&account(1), &here)];
    apply(&store, write).await;

    let renamed = TargetAccount { email: "PERSON2@example.com".to_owned(), ..here.clone() };
    let same_name = TargetAccount { username: account(2).username.to_uppercase(), ..account(8) };
    let removed = AccountWrite::Remove(Box::new(account(1)));
    for refused in
        [change(&account(1), &renamed), change(&here, &renamed), create(&same_name), create(&account(2)), removed]
    {
        let mut write = batch(lease);
        write.accounts = vec![create(&account(5)), refused];
        write.links = vec![LinkWrite::Put(link(5, user(5), lease.run))];
        write.progress.checkpoint = Some(row(5));
        assert_eq!(store.commit_batch(write).await.unwrap(), BatchCommit::Lost);
    }
    assert_eq!(one(&store, user(5)).await, None);
    assert_eq!(one(&store, user(1)).await, Some(here));
    assert_eq!(store.links(&source(), None, 9).await.unwrap(), []);
    assert_eq!(store.run(lease.run).await.unwrap().unwrap().checkpoint, None);
}

/// Two accounts swap their names, and a third takes that of one that goes.
pub async fn names_that_a_batch_frees_may_be_taken_in_it(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let all: Vec<TargetAccount> = (1..=3).map(account).collect();
    let mut write = batch(lease);
    write.accounts = all.iter().map(create).collect();
    apply(&store, write).await;
    let take = |own: &TargetAccount, names: &TargetAccount| TargetAccount {
        email: names.email.clone(),
        username: names.username.clone(),
        ..own.clone()
    };
    let (first, second, heir) = (take(&all[0], &all[1]), take(&all[1], &all[0]), take(&account(4), &all[2]));
    let mut write = batch(lease);
    write.accounts = vec![
        change(&all[0], &first),
        create(&heir),
        change(&all[1], &second),
        AccountWrite::Remove(Box::new(all[2].clone())),
    ];
    apply(&store, write).await;
    assert_eq!(one(&store, user(1)).await, Some(first));
    assert_eq!(one(&store, user(2)).await, Some(second));
    assert_eq!(one(&store, user(3)).await, None);
    assert_eq!(one(&store, user(4)).await, Some(heir));
}

/// The same finding again keeps what was decided; another one asks again.
pub async fn a_decision_outlives_the_same_finding(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let mut write = batch(lease);
    write.pen = (1..=3).map(|number| waiting(number, lease.run, ReasonCode::EmailTaken)).collect();
    write.settled = vec![row(3), row(9)];
    apply(&store, write).await;
    let resolution = Resolution::Rename { email: Some("new@example.com".to_owned()), username: None };
    let decide = |id, resolution| ResolutionWrite { source: source(), source_id: id, resolution };
    let mut write = batch(lease);
    write.resolutions = vec![decide(row(9), Some(Resolution::Drop))];
    assert_eq!(store.commit_batch(write).await.unwrap(), BatchCommit::Lost);
    let mut write = batch(lease);
    write.resolutions = vec![decide(row(1), Some(resolution.clone())), decide(row(2), Some(Resolution::Drop))];
    apply(&store, write).await;
    let mut write = batch(lease);
    write.pen = vec![waiting(1, lease.run, ReasonCode::EmailTaken), waiting(2, lease.run, ReasonCode::UsernameTaken)];
    apply(&store, write).await;

    let kept = store.pen_entry(&source(), &row(1)).await.unwrap().unwrap();
    assert_eq!((kept.resolution, kept.resolved_at), (Some(resolution), Some(NOW)));
    let open = store.pen(Some(&source()), false, None, 9).await.unwrap();
    assert_eq!(open, [waiting(2, lease.run, ReasonCode::UsernameTaken)]);
    let all = store.pen(None, true, None, 1).await.unwrap();
    assert_eq!(all[0].source_id, row(1));
    let rest = store.pen(None, true, Some((source(), row(1))), 9).await.unwrap();
    assert_eq!(rest, open);
    assert_eq!(store.pen_entry(&source(), &row(3)).await.unwrap(), None);
}
