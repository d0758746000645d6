//! Many callers at once: exactly one winner, and nobody suffers from a neighbour's write.

use std::sync::Arc;

use authly_directory::{
    identifier::EmailAddress,
    mail::{
        letter::{MailKind, NewMail},
        link::{AddressProof, Delivery, EmailLink, LinkKind},
        outbox::Hold,
        store::{ApiKeys, LinkUse, LinkedPassword, NewLink},
    },
    store::{PasswordChange, Replace, SignIn},
};
use oauth_core::{
    audit::AuditKind,
    catalog::KeyState,
    ids::{LeaseId, MailId, UserId},
    legacy::LegacyRotation,
    session::NewSession,
    store::{Commit, RevocationReason, StoreError},
};

use crate::{
    WholeStore, World,
    legacy::new_pair,
    world::{assert_conflict, hash_of},
};

/// Starts all at once and waits for all.
async fn together<T: Send + 'static, F: Future<Output = T> + Send + 'static>(all: Vec<F>) -> Vec<T> {
    let gate = Arc::new(tokio::sync::Barrier::new(all.len()));
    let tasks: Vec<_> = all
        .into_iter()
        .map(|one| {
            let gate = gate.clone();
            tokio::spawn(async move {
                gate.wait().await;
                one.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// The places of those that were applied.
fn winners(answers: &[Result<Commit, StoreError>]) -> Vec<usize> {
    let applied = |(place, answer): (usize, &Result<Commit, StoreError>)| {
        (*answer.as_ref().unwrap() == Commit::Applied).then_some(place)
    };
    answers.iter().enumerate().filter_map(applied).collect()
}

/// RFC 6749 10.5 under concurrency.
pub async fn fifty_parallel_redemptions_have_one_winner<S: WholeStore>(w: World<S>) {
    let code = w.lone_code().await;
    let writes: Vec<_> = (0..50).map(|_| w.redemption(code)).collect();
    let tokens: Vec<_> = writes.iter().map(|write| write.refresh.as_ref().unwrap().hash).collect();
    let all = writes.into_iter().map(|write| {
        let store = w.store.clone();
        async move { store.redeem_code(write).await }
    });
    let won = winners(&together(all.collect()).await);
    assert_eq!(won.len(), 1);
    for (place, token) in tokens.into_iter().enumerate() {
        assert_eq!(w.store.refresh(token).await.unwrap().is_some(), won == [place]);
    }
}

/// RFC 9700 4.14.2 under concurrency: one successor.
pub async fn fifty_parallel_rotations_have_one_winner<S: WholeStore>(w: World<S>) {
    let token = w.lone_token().await;
    let writes: Vec<_> = (0..50).map(|_| w.rotation(token)).collect();
    let tokens: Vec<_> = writes.iter().map(|write| write.next.hash).collect();
    let all = writes.into_iter().map(|write| {
        let store = w.store.clone();
        async move { store.rotate_refresh(write).await }
    });
    let won = winners(&together(all.collect()).await);
    assert_eq!(won.len(), 1);
    for (place, token) in tokens.into_iter().enumerate() {
        assert_eq!(w.store.refresh(token).await.unwrap().is_some(), won == [place]);
    }
}

/// The legacy contract has the same promise.
pub async fn fifty_parallel_legacy_rotations_have_one_winner<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let first = new_pair(&w, user);
    crate::legacy::record(&w, "ada", first.clone()).await;
    let pairs: Vec<_> = (0..50).map(|_| new_pair(&w, user)).collect();
    let all = pairs.iter().cloned().map(|pair| {
        let (store, spent) = (w.store.clone(), first.refresh.clone());
        async move { store.rotate_legacy(LegacyRotation { spent, pair }).await }
    });
    let won = winners(&together(all.collect()).await);
    assert_eq!(won.len(), 1);
    for (place, pair) in pairs.into_iter().enumerate() {
        for id in [pair.access, pair.refresh] {
            assert_eq!(w.store.legacy_token(&id).await.unwrap().is_some(), won == [place]);
        }
    }
}

/// RFC 7523 3 under concurrency.
pub async fn fifty_parallel_assertions_have_one_winner<S: WholeStore>(w: World<S>) {
    let assertion = w.assertion(w.client("app").await);
    let all = (0..50).map(|_| {
        let (store, assertion) = (w.store.clone(), assertion.clone());
        async move { store.spend_assertion(assertion).await }
    });
    assert_eq!(winners(&together(all.collect()).await).len(), 1);
}

/// Writes that have nothing to do with each other do not stop each other.
pub async fn parallel_rotations_of_different_tokens_all_apply<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let mut writes = Vec::new();
    for _ in 0..40 {
        let code = w.code(w.new_grant(user, client, None)).await;
        writes.push(w.rotation(w.token(code).await));
    }
    let all = writes.clone().into_iter().map(|write| {
        let store = w.store.clone();
        async move { store.rotate_refresh(write).await }
    });
    assert_eq!(winners(&together(all.collect()).await).len(), 40);
    for write in writes {
        assert_eq!(w.store.refresh(write.next.hash).await.unwrap().unwrap().grant.grant.id, write.grant);
    }
}

/// Writes that are committed together are still writes of their own.
pub async fn a_poisoned_write_in_a_crowd_fails_alone<S: WholeStore>(w: World<S>) {
    let taken = w.lone_token().await;
    let grant = w.store.refresh(taken.0).await.unwrap().unwrap().grant.grant;
    let mut writes = Vec::new();
    for place in 0..30 {
        let code = w.code(w.new_grant(grant.user, grant.client, None)).await;
        let mut write = w.rotation(w.token(code).await);
        if place % 10 == 3 {
            write.next.hash = taken.0;
        }
        writes.push(write);
    }
    let all = writes.clone().into_iter().map(|write| {
        let store = w.store.clone();
        async move { store.rotate_refresh(write).await }
    });
    for (place, answer) in together(all.collect()).await.into_iter().enumerate() {
        let spent = w.store.refresh(writes[place].spent).await.unwrap().unwrap();
        if place % 10 == 3 {
            assert_conflict(answer, "refresh_tokens.hash");
            assert_eq!(spent.used_at, None);
        } else {
            assert_eq!(answer.unwrap(), Commit::Applied);
            assert_eq!(spent.used_at, Some(writes[place].at));
        }
    }
}

/// Whoever comes first, in the end the grant is revoked and every token of it shows that.
pub async fn a_rotation_that_races_a_revocation_leaves_nothing_alive<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    for _ in 0..20 {
        let code = w.code(w.new_grant(user, client, None)).await;
        let token = w.token(code).await;
        let (rotation, revocation) = (w.rotation(token), w.revocation(token.1));
        let next = rotation.next.hash;
        let (store, other) = (w.store.clone(), w.store.clone());
        let rotate = tokio::spawn(async move { store.rotate_refresh(rotation).await.unwrap() });
        let revoke = tokio::spawn(async move { other.revoke_grant(revocation).await.unwrap() });
        let commit = rotate.await.unwrap();
        revoke.await.unwrap();
        let found = w.store.refresh(next).await.unwrap();
        assert_eq!(found.is_some(), commit == Commit::Applied);
        assert!(found.is_none_or(|found| found.grant.grant.revoked_at.is_some()));
        assert!(w.is_revoked(token.1).await);
    }
}

/// Attempts are charged before the password is looked at, so guessing in parallel gains nothing.
pub async fn parallel_guesses_do_not_outrun_the_counter<S: WholeStore>(w: World<S>) {
    w.user("ada").await;
    let all = (0..20).map(|_| {
        let (store, attempt) = (w.store.clone(), w.attempt("ada", w.now));
        async move { store.begin_sign_in(attempt).await.unwrap().remove(0) }
    });
    let candidates = together(all.collect()).await;
    let mut counts: Vec<u32> = candidates.iter().filter(|one| !one.locked).map(|one| one.failures).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4, 5]);
}

/// Two people who register the same name at once do not both get it.
pub async fn parallel_registrations_of_one_name_have_one_winner<S: WholeStore>(w: World<S>) {
    let all = (0..20).map(|_| {
        let (store, account) = (w.store.clone(), w.new_account("ada"));
        let audit = w.audit(AuditKind::AccountCreated);
        async move { store.create_account(account, audit).await }
    });
    let answers = together(all.collect()).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(w.store.count_accounts(w.now).await.unwrap().total, 1);
    assert_eq!(w.logged(AuditKind::AccountCreated).await, 1);
}

/// Whoever comes first, a code that was issued hangs on a revoked grant once the session has ended.
pub async fn a_code_that_races_a_sign_out_is_not_alive_after_it<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    for _ in 0..30 {
        let session = w.begin("ada", w.new_session(user)).await;
        let write = w.new_authorization(w.new_grant(user, client, Some(session.id)));
        let (code, at) = (write.code, w.later(5));
        let (store, other) = (w.store.clone(), w.store.clone());
        let issue = tokio::spawn(async move { store.issue_code(write).await.unwrap() });
        let end = tokio::spawn(async move {
            other.end_session(session.id, at, RevocationReason::SignedOut, None).await.unwrap();
        });
        let commit = issue.await.unwrap();
        end.await.unwrap();
        let found = w.store.code(code).await.unwrap();
        assert_eq!(found.is_some(), commit == Commit::Applied);
        assert!(found.is_none_or(|found| found.grant.grant.revoked_at == Some(at)));
    }
}

/// Whoever comes first, a code that was issued hangs on the session that goes on.
pub async fn a_code_that_races_a_renewed_session_follows_it<S: WholeStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    for _ in 0..30 {
        let old = w.begin("ada", w.new_session(user)).await;
        let write = w.new_authorization(w.new_grant(user, client, Some(old.id)));
        let new = NewSession { replaces: Some(old.id), ..w.new_session(user) };
        let sign_in = SignIn { session: Some(new.clone()), ..w.new_sign_in(user, "ada") };
        let code = write.code;
        let (store, other) = (w.store.clone(), w.store.clone());
        let issue = tokio::spawn(async move { store.issue_code(write).await.unwrap() });
        let renew = tokio::spawn(async move { other.complete_sign_in(sign_in).await.unwrap() });
        let commit = issue.await.unwrap();
        assert_eq!(renew.await.unwrap(), Commit::Applied);
        let found = w.store.code(code).await.unwrap();
        assert_eq!(found.is_some(), commit == Commit::Applied);
        assert!(found.is_none_or(|found| found.grant.grant.session == Some(new.id)));
    }
}

/// Whoever comes first, no token of the old contract outlives the old password.
pub async fn a_legacy_rotation_that_races_a_new_password_leaves_nothing_alive<S: WholeStore>(w: World<S>) {
    for round in 0..20 {
        let name = format!("user{round}");
        let user = w.user(&name).await;
        let (first, pair) = (new_pair(&w, user), new_pair(&w, user));
        crate::legacy::record(&w, &name, first.clone()).await;
        let rotation = LegacyRotation { spent: first.refresh.clone(), pair: pair.clone() };
        let change = new_password(&w, user, Replace::Any);
        let (store, other) = (w.store.clone(), w.store.clone());
        let rotate = tokio::spawn(async move { store.rotate_legacy(rotation).await.unwrap() });
        let change = tokio::spawn(async move { other.set_password(change).await.unwrap() });
        let commit = rotate.await.unwrap();
        assert_eq!(change.await.unwrap(), Commit::Applied);
        for id in [pair.access, pair.refresh] {
            let found = w.store.legacy_token(&id).await.unwrap();
            assert_eq!(found.is_some(), commit == Commit::Applied);
            assert!(found.is_none_or(|found| found.invalidated));
        }
    }
}

fn new_password<S: WholeStore>(w: &World<S>, user: UserId, replaces: Replace) -> PasswordChange {
    let hash = hash_of(&format!("{:?}", w.hash()));
    PasswordChange { user, replaces, hash, older_hash: None, at: w.later(5), audit: None }
}

/// Two browsers with the same old password: one change holds.
pub async fn parallel_changes_of_one_password_have_one_winner<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let all = (0..20).map(|_| {
        let (store, write) = (w.store.clone(), new_password(&w, user, Replace::This(hash_of("ada"))));
        async move { store.set_password(write).await }
    });
    assert_eq!(winners(&together(all.collect()).await).len(), 1);
}

/// Two administrators rotate at once: one key signs in the end.
pub async fn parallel_current_keys_leave_one_current<S: WholeStore>(w: World<S>) {
    let all = (0..10).map(|place| {
        let (store, at, audit) = (w.store.clone(), w.later(1_000), w.audit(AuditKind::KeyChanged));
        let key = crate::keys::record(&w, &format!("key{place}"), "ES256", KeyState::Current);
        async move { store.insert_key(&key, at, audit).await }
    });
    let answers = together(all.collect()).await;
    let keys = w.store.load_catalog().await.unwrap().keys;
    assert_eq!(keys.len(), answers.iter().filter(|answer| answer.is_ok()).count());
    assert_eq!(keys.iter().filter(|key| key.state == KeyState::Current).count(), 1);
}

/// Two servers never send the same mail: each is held once, and begun once.
pub async fn twenty_servers_hold_each_mail_once<S: WholeStore>(w: World<S>) {
    let w = Arc::new(w);
    for _ in 0..30 {
        let mail = NewMail {
            id: MailId::from_uuid(w.user_id().uuid()),
            kind: MailKind::SetPassword,
            to: EmailAddress::parse("ada@example.org").unwrap(),
            user: None,
            sealed: vec![1],
            at: w.now,
        };
        w.store.queue_mail(mail, None).await.unwrap();
    }
    let servers = (0..20).map(|_| {
        let w = w.clone();
        async move {
            let lease = LeaseId::from_uuid(w.user_id().uuid());
            let mut begun = Vec::new();
            loop {
                let hold = Hold { lease, now: w.now, until: w.later(60), limit: 3 };
                let held = w.store.hold_mails(hold).await.unwrap();
                if held.is_empty() {
                    return begun;
                }
                for mail in held {
                    let id = mail.entry.id;
                    if w.store.begin_transmission(id, lease, w.now, w.later(60)).await.unwrap() == Commit::Applied {
                        begun.push(id);
                    }
                }
            }
        }
    });
    let mut begun = together(servers.collect()).await.concat();
    let all = begun.len();
    begun.sort();
    begun.dedup();
    assert_eq!((all, begun.len()), (30, 30));
}

/// A link opens once under concurrency.
pub async fn a_link_that_twenty_open_sets_one_password<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let address = w.store.account(user).await.unwrap().unwrap().0.email;
    let w = Arc::new(w);
    let link = EmailLink {
        token: w.hash(),
        kind: LinkKind::SetPassword,
        user,
        address: address.clone(),
        delivery: Delivery::Mailed,
        created_at: w.now,
        expires_at: w.later(60),
        used_at: None,
    };
    let write = NewLink { link: link.clone(), mail: None, audit: w.audit(AuditKind::LinkIssued) };
    w.store.issue_link(write).await.unwrap();
    let opened = (0..20).map(|number| {
        let (w, address) = (w.clone(), address.clone());
        async move {
            let audit = w.audit(AuditKind::PasswordChanged);
            let link = LinkUse { token: link.token, user, address, at: w.later(1), audit };
            let write = LinkedPassword {
                kind: LinkKind::SetPassword,
                link,
                proof: AddressProof::Known,
                hash: hash_of(&number.to_string()),
                older_hash: None,
                api_keys: ApiKeys::End,
                notice: None,
            };
            w.store.set_password_by_link(write).await
        }
    });
    let winners = winners(&together(opened.collect()).await);
    assert_eq!(winners.len(), 1);
    let stored = w.store.account(user).await.unwrap().unwrap().1.hash;
    assert_eq!(stored, Some(hash_of(&winners[0].to_string())));
    assert_eq!(w.logged(AuditKind::PasswordChanged).await, 1);
}
