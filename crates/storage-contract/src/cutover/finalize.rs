//! The end of a migration: its record, the accounts that it moves, and its archive.

use authly_cutover::{
    account::{AuthMethod, TargetAccount},
    finalization::{Finalization, Passwords, Relic, RelicKind, SealedRelic},
    outcome::ReasonCode,
    run::{Lease, RunKind, RunPlan},
    source::SourceName,
    store::{BatchCommit, CutoverStore, EndStep, EndWrite},
};
use oauth_core::{ids::UserId, subject::AccountStatus};

use super::world::*;

/// The lease of a run of the end.
pub(super) async fn end(store: &impl CutoverStore) -> Lease {
    begin(store, RunPlan { kind: RunKind::Finalize, source: SourceName::of_finalize(), ..plan(50) }).await
}

pub(super) fn step(lease: Lease, step: EndStep) -> EndWrite {
    EndWrite { lease, at: NOW, step, ledger: Vec::new(), last_seq: 0, audit: audit() }
}

pub(super) fn put_away(relics: Vec<Relic>) -> EndStep {
    let sealed = |relic: Relic| {
        let sealed = relic.content.to_string().into_bytes();
        let shut = SealedRelic { kind: relic.kind, key: relic.key.clone(), sealed };
        (relic, shut)
    };
    EndStep::Archive(relics.into_iter().map(sealed).collect())
}

/// The record is kept, replaced and removed, by whoever holds the lease.
pub async fn the_end_is_recorded_under_its_lease(store: impl CutoverStore) {
    assert_eq!(store.finalization().await.unwrap(), None);
    let lease = end(&store).await;
    let record = Finalization::begun(NOW, 30, 2);
    for record in [Some(record.clone()), Some(Finalization { executed_at: Some(NOW), ..record.clone() }), None] {
        let done = store.commit_end(step(lease, EndStep::Record(record.clone()))).await.unwrap();
        assert_eq!(done, BatchCommit::Applied);
        assert_eq!(store.finalization().await.unwrap(), record);
    }
    let stale = Lease { fence: lease.fence + 1, ..lease };
    let refused = store.commit_end(step(stale, EndStep::Record(Some(record)))).await.unwrap();
    assert_eq!((refused, store.finalization().await.unwrap()), (BatchCommit::Fenced, None));
}

/// Accounts that completed are found page by page; those on OAuth alone are among them where their
/// password is to go, and deleted ones never.
pub async fn accounts_that_completed_are_found_in_order(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let completed = |number| TargetAccount { completed_at: Some(NOW), ..account(number) };
    let mut write = batch(lease);
    let elsewhere = |account: TargetAccount| TargetAccount {
        external_subject: Some(format!("elsewhere {}", account.user)),
        auth_method: AuthMethod::Oauth,
        ..account
    };
    let bare = |account| TargetAccount { hash: None, upgraded_hash: None, ..account };
    let others = [
        account(1),
        TargetAccount { auth_method: AuthMethod::Oauth, ..completed(2) },
        TargetAccount { status: AccountStatus::Deleted, ..completed(3) },
        TargetAccount { status: AccountStatus::Deleted, ..elsewhere(completed(10)) },
        bare(elsewhere(completed(11))),
        elsewhere(account(12)),
        elsewhere(completed(13)),
    ];
    let mut wanted: Vec<UserId> = Vec::new();
    for number in 4..9 {
        wanted.push(user(number));
        write.accounts.push(create(&completed(number)));
    }
    write.accounts.extend(others.iter().map(create));
    apply(&store, write).await;
    for (passwords, more) in [(Passwords::Keep, [].as_slice()), (Passwords::Remove, &[user(12), user(13)])] {
        wanted.extend(more);
        wanted.sort();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.concerned_accounts(passwords, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(*last);
            found.extend(page);
        }
        assert_eq!(found, wanted);
    }
    let outlook = store.outlook().await.unwrap();
    assert_eq!((outlook.accounts, outlook.passwords), (5, 2));
}

/// Rows that waited go into the archive whole, come back as they were, and are purged.
pub async fn rows_that_waited_go_into_the_archive_and_back(store: impl CutoverStore) {
    let lease = begin(&store, plan(1)).await;
    let mut write = batch(lease);
    write.pen = vec![waiting(1, lease.run, ReasonCode::Inactive), waiting(2, lease.run, ReasonCode::EmailTaken)];
    apply(&store, write).await;
    let before = store.pen(None, true, None, 10).await.unwrap();
    let lease = end(&store).await;
    let relics = store.relics(RelicKind::WaitingRow, 10).await.unwrap();
    assert_eq!(relics.len(), 2);
    let commit = async |one| store.commit_end(step(lease, one)).await.unwrap();
    assert_eq!(commit(put_away(relics.clone())).await, BatchCommit::Applied);
    assert_eq!(store.pen(None, true, None, 10).await.unwrap(), []);
    assert_eq!(store.outlook().await.unwrap().archived, [(RelicKind::WaitingRow, 2)].into());
    assert_eq!(commit(put_away(relics.clone())).await, BatchCommit::Lost, "they are gone");
    let shelved = store.archived(&RelicKind::ALL, "", 10).await.unwrap();
    let contents: Vec<Vec<u8>> = relics.iter().map(|relic| relic.content.to_string().into_bytes()).collect();
    assert!(shelved.iter().all(|one| contents.contains(&one.sealed)), "as they were sealed");

    assert_eq!(commit(EndStep::Restore(relics.clone())).await, BatchCommit::Applied);
    assert_eq!(store.pen(None, true, None, 10).await.unwrap(), before);
    assert_eq!(store.archived(&RelicKind::ALL, "", 10).await.unwrap(), []);

    assert_eq!(commit(put_away(relics)).await, BatchCommit::Applied);
    let keys =
        store.archived(&RelicKind::ALL, "", 1).await.unwrap().into_iter().map(|one| (one.kind, one.key)).collect();
    assert_eq!(commit(EndStep::Purge(keys)).await, BatchCommit::Applied);
    assert_eq!(store.archived(&RelicKind::ALL, "", 10).await.unwrap().len(), 1);
}

/// What is kept of an application's own table stands beside the rest, is replaced, found by the beginning of its key, and purged.
pub async fn what_is_kept_of_an_application_is_found_by_its_source(store: impl CutoverStore) {
    let lease = end(&store).await;
    let kept = |kind, key: &str, sealed: &str| SealedRelic { kind, key: key.to_owned(), sealed: sealed.into() };
    let rows = vec![
        kept(RelicKind::AppTable, "[\"one\"]", "how"),
        kept(RelicKind::AppRow, "[\"one\",\"b\"]", "old"),
        kept(RelicKind::AppRow, "[\"one\",\"a%\"]", "a"),
        kept(RelicKind::AppRow, "[\"one2\",\"a\"]", "of another"),
    ];
    let commit = async |one| store.commit_end(step(lease, one)).await.unwrap();
    assert_eq!(commit(EndStep::Shelve(rows.clone())).await, BatchCommit::Applied);
    let newer = kept(RelicKind::AppRow, "[\"one\",\"b\"]", "new");
    assert_eq!(commit(EndStep::Shelve(vec![newer.clone()])).await, BatchCommit::Applied);
    assert_eq!(store.archived(&RelicKind::ALL, "", 10).await.unwrap(), [], "no row of the store itself");
    let found = store.archived(&[RelicKind::AppRow], "[\"one\",", 10).await.unwrap();
    assert_eq!(found, [rows[2].clone(), newer]);
    assert_eq!(store.archived(&[RelicKind::AppRow], "[\"one\",", 1).await.unwrap(), [rows[2].clone()]);
    assert_eq!(store.archived(&[RelicKind::AppTable], "[\"one\"]", 10).await.unwrap(), [rows[0].clone()]);
    assert_eq!(store.outlook().await.unwrap().archived, [(RelicKind::AppRow, 3), (RelicKind::AppTable, 1)].into());
    let keys = found.into_iter().map(|one| (one.kind, one.key)).collect();
    assert_eq!(commit(EndStep::Purge(keys)).await, BatchCommit::Applied);
    let left = store.archived(&RelicKind::OF_APPLICATIONS, "", 10).await.unwrap();
    assert_eq!(left, [rows[3].clone(), rows[0].clone()], "in order of kinds");
}
