//! What signing in tells a migration: for stores that keep accounts and migrations together.

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    board::{BoardAsk, BoardStore, Step, day_of},
    finalization::{Finalization, RelicKind},
    policy::{Mode, Policy, PolicyScope},
    store::{BatchCommit, BatchWrite, CutoverStore, EndStep, LegacyUse},
};
use authly_directory::{
    identifier::Identifier,
    store::SignIn,
    uniqueness::{EmailUniqueness, UniquenessChange},
    upstream::{UpstreamEntry, UpstreamKey},
    usage::{UseKey, Uses, Way},
};
use oauth_core::{
    audit::AuditKind,
    ids::UserId,
    policy::Policies,
    store::{Commit, NewAuthorization},
};

use super::finalize::{end, put_away, step};
pub use super::old_tokens::*;
use super::world::{DAY, NOW, account, apply, batch, begin, create, plan};
use crate::{WholeStore, World, legacy::new_pair, world::hash_of};

async fn target<S: WholeStore + CutoverStore>(w: &World<S>, user: UserId) -> TargetAccount {
    w.store.target_accounts(&[user]).await.unwrap().pop().unwrap()
}

/// The first code makes the account a dual one; later ones change nothing.
pub async fn a_code_completes_an_account_once<S: WholeStore + CutoverStore>(w: World<S>) {
    let (user, client) = (w.user("ada").await, w.client("app").await);
    let session = w.begin("ada", w.new_session(user)).await;
    let before = target(&w, user).await;
    assert_eq!((before.completed_at, before.auth_method), (None, AuthMethod::Password));
    let first = async || w.store.authorize_snapshot(Some(session.token), client).await.unwrap().first;
    assert!(first().await);
    // The third was told that it is the first, but another was there before.
    for (seconds, first) in [(5, true), (7, false), (9, true)] {
        let mut grant = w.new_grant(user, client, Some(session.id));
        grant.created_at = w.later(seconds);
        let write = NewAuthorization { first, ..w.new_authorization(grant) };
        assert_eq!(w.store.issue_code(write).await.unwrap(), Commit::Applied);
        let after = target(&w, user).await;
        assert_eq!((after.completed_at, after.auth_method), (Some(w.later(5)), AuthMethod::Dual));
    }
    assert!(!first().await);
}

/// A sign-in on a page is none at a legacy door.
pub async fn a_password_at_a_legacy_door_is_noted<S: WholeStore + CutoverStore>(w: World<S>) {
    let user = w.user("ada").await;
    w.begin("ada", w.new_session(user)).await;
    assert_eq!(target(&w, user).await.last_password_login_at, None);
    // And one that does not count is none either, before and after one that does.
    for (legacy_use_at, noted) in [(None, None), (Some(w.later(3)), Some(w.later(3))), (None, Some(w.later(3)))] {
        let new = w.new_sign_in(user, "ada");
        let write = SignIn { at: w.later(4), legacy: Some(new_pair(&w, user)), legacy_use_at, ..new };
        assert_eq!(w.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
        assert_eq!(target(&w, user).await.last_password_login_at, noted);
    }
}

/// An upgrade is no new password.
pub async fn an_upgraded_hash_is_noted<S: WholeStore + CutoverStore>(w: World<S>) {
    let user = w.user("ada").await;
    let before = target(&w, user).await;
    let commit = w.store.upgrade_hash(user, hash_of("ada"), hash_of("better"), w.later(7)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    let after = target(&w, user).await;
    assert_eq!((after.hash_upgraded_at, after.credential_state), (Some(w.later(7)), CredentialState::Ok));
    assert_eq!(after.password_set_at, before.password_set_at);
}

/// An account that has moved on finds the legacy doors closed, whatever its switch says.
pub async fn the_method_of_an_account_closes_the_legacy_doors<S: WholeStore + CutoverStore>(w: World<S>) {
    let lease = begin(&*w.store, plan(1)).await;
    let methods = [AuthMethod::Password, AuthMethod::Dual, AuthMethod::Oauth];
    let of = |(number, auth_method)| TargetAccount { auth_method, legacy_login: true, ..account(number) };
    let accounts: Vec<TargetAccount> = (1..).zip(methods).map(of).collect();
    apply(&*w.store, BatchWrite { accounts: accounts.iter().map(create).collect(), ..batch(lease) }).await;
    for (account, open) in accounts.iter().zip([true, true, false]) {
        let found = w.store.account(account.user).await.unwrap().unwrap().0;
        assert_eq!(found.legacy_login, open, "{:?}", account.auth_method);
    }
}

/// What comes over keeps to the rule of the store: an address in each tenant, or in the whole installation.
pub async fn imported_addresses_are_unique_as_the_store_says<S: WholeStore + CutoverStore>(w: World<S>) {
    let tenants = [Some(crate::tenants::put(&w, "acme").await), Some(crate::tenants::put(&w, "beta").await), None];
    let lease = begin(&*w.store, plan(1)).await;
    let twin = |number: u64, tenant| TargetAccount { tenant, email: account(1).email, ..account(number) };
    let commit = async |imported: TargetAccount| {
        let mut write = batch(lease);
        write.accounts = vec![create(&imported)];
        w.store.commit_batch(write).await.unwrap()
    };
    assert_eq!(commit(twin(1, tenants[0])).await, BatchCommit::Applied);
    assert_eq!(commit(twin(2, tenants[1])).await, BatchCommit::Lost);
    let audit = w.audit(AuditKind::SettingChanged);
    let changed = w.store.set_email_uniqueness(EmailUniqueness::PerTenant, audit).await.unwrap();
    assert_eq!(changed, UniquenessChange::Applied);
    assert_eq!(commit(twin(2, tenants[1])).await, BatchCommit::Applied);
    assert_eq!(commit(twin(3, tenants[2])).await, BatchCommit::Applied);
    assert_eq!(commit(twin(4, tenants[0])).await, BatchCommit::Lost);
    let identifier = Identifier::parse(&account(1).email.to_lowercase()).unwrap();
    assert_eq!(w.store.find_accounts(&identifier).await.unwrap().len(), 3);
}

/// Servers read them with the catalog, and notice a change by its revision.
pub async fn a_policy_is_part_of_the_catalog<S: WholeStore + CutoverStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    let policy = Policy { mode: Mode::OauthOnly, ..Policy::default() };
    for scope in [PolicyScope::Installation, PolicyScope::Tenant(tenant)] {
        for set in [Some(policy.clone()), None] {
            let before = w.store.revision().await.unwrap();
            w.store.put_policy(scope, set.clone(), w.audit(AuditKind::SettingChanged)).await.unwrap();
            let records = w.store.load_catalog().await.unwrap();
            assert!(records.revision > before);
            let read = Policies::read(&records.settings);
            let found = match scope {
                PolicyScope::Tenant(tenant) => read.tenants.get(&tenant).cloned(),
                _ => read.installation,
            };
            assert_eq!(found, set);
        }
    }
}

/// Old tokens go into the archive, those of clients stay; they come back as they were, but for what must stay dead.
pub async fn old_tokens_go_into_the_archive_and_back<S: WholeStore + CutoverStore>(w: World<S>) {
    let user = w.user("ada").await;
    let pair = new_pair(&w, user);
    crate::legacy::record(&w, "ada", pair.clone()).await;
    w.store.invalidate_legacy(&pair.access).await.unwrap();
    let state = async |id| w.store.legacy_token(id).await.unwrap().map(|token| (token.invalidated, token.expires_at));
    let before = (state(&pair.access).await, state(&pair.refresh).await);
    assert!(before.0.is_some_and(|(dead, _)| dead) && before.1.is_some_and(|(dead, _)| !dead));

    let lease = end(&*w.store).await;
    let commit = async |one| w.store.commit_end(step(lease, one)).await.unwrap();
    let relics = w.store.relics(RelicKind::LegacyToken, 10).await.unwrap();
    assert_eq!(relics.len(), 2);
    assert!(relics.iter().all(|relic| relic.owner() == Some(user)));
    // A token that was revoked since it was read is not put away as a living one.
    w.store.invalidate_legacy(&pair.refresh).await.unwrap();
    assert_eq!(commit(put_away(relics)).await, BatchCommit::Lost);
    assert_eq!(w.store.archived(&RelicKind::ALL, "", 10).await.unwrap(), []);

    let mut relics = w.store.relics(RelicKind::LegacyToken, 10).await.unwrap();
    assert_eq!(commit(put_away(relics.clone())).await, BatchCommit::Applied);
    assert_eq!((state(&pair.access).await, state(&pair.refresh).await), (None, None));
    assert_eq!(w.store.outlook().await.unwrap().archived, [(RelicKind::LegacyToken, 2)].into());
    relics.iter_mut().for_each(authly_cutover::finalization::Relic::kill);
    assert_eq!(commit(EndStep::Restore(relics)).await, BatchCommit::Applied);
    let dead = |state: Option<(bool, _)>| state.map(|(_, expires_at)| (true, expires_at));
    assert_eq!((state(&pair.access).await, state(&pair.refresh).await), (dead(before.0), dead(before.1)));
}

/// Servers learn of the end with the catalog.
pub async fn the_end_is_part_of_the_catalog<S: WholeStore + CutoverStore>(w: World<S>) {
    let lease = end(&*w.store).await;
    assert!(!w.store.load_catalog().await.unwrap().switches().finalized);
    for record in [Some(Finalization::begun(w.now, 30, 0)), None] {
        let before = w.store.revision().await.unwrap();
        let over = record.is_some();
        let done = w.store.commit_end(step(lease, EndStep::Record(record))).await.unwrap();
        assert_eq!(done, BatchCommit::Applied);
        let records = w.store.load_catalog().await.unwrap();
        assert!(records.revision > before);
        assert_eq!(records.switches().finalized, over);
    }
}

/// Whoever reads an account, or the account behind a token, has read its policy.
pub async fn a_policy_of_an_account_is_read_with_it<S: WholeStore + CutoverStore>(w: World<S>) {
    let (user, other) = (w.user("ada").await, w.user("grace").await);
    let pair = new_pair(&w, user);
    crate::legacy::record(&w, "ada", pair.clone()).await;
    let policy = Policy { mode: Mode::OauthOnly, wave: Some("pilot".to_owned()), ..Policy::default() };
    for set in [Some(policy), None] {
        let scope = PolicyScope::Account(user);
        w.store.put_policy(scope, set.clone(), w.audit(AuditKind::SettingChanged)).await.unwrap();
        let set = set.map(Box::new);
        assert_eq!(w.store.account(user).await.unwrap().unwrap().0.subject.policy, set);
        let token = w.store.legacy_token(&pair.refresh).await.unwrap().unwrap();
        assert_eq!(token.account.subject.policy, set);
        assert!(token.account.legacy_login);
        assert_eq!(w.store.account(other).await.unwrap().unwrap().0.subject.policy, None);
    }
}

/// A refresh at a legacy door is a use of it, though it changes no account.
pub async fn the_gate_sees_uses_of_every_legacy_door<S: WholeStore + CutoverStore>(w: World<S>) {
    let tenant = crate::tenants::put(&w, "acme").await;
    let seen = async || w.store.gate_facts(w.now, w.earlier(86_400)).await.unwrap().legacy_uses;
    let uses = |way, at| Uses { key: UseKey::at(way, None, Some(tenant), at), count: 1, last_at: at };
    let earlier = w.earlier(3 * 86_400);
    let others = [(Way::LegacyRefresh, earlier), (Way::AuthorizationCode, w.now), (Way::Check, w.now)];
    w.store.add_uses(others.map(|(way, at)| uses(way, at)).into()).await.unwrap();
    assert_eq!(seen().await, [], "one is too old, one no legacy door, one was the administrator");
    for way in [Way::LegacyRefresh, Way::JsonLogin, Way::PasswordGrant] {
        w.store.add_uses(vec![uses(way, w.now)]).await.unwrap();
        assert_eq!(seen().await, [LegacyUse { tenant: Some(tenant), last_at: w.now }], "{way:?}");
    }
}

/// Whoever signs in with an upstream provider for the first time has moved on: beside the password, or without one.
pub async fn a_first_sign_in_upstream_completes_an_account<S: WholeStore + CutoverStore + BoardStore>(w: World<S>) {
    let lease = begin(&*w.store, plan(1)).await;
    let imported = Some("abc".to_owned());
    let with = TargetAccount { external_subject: imported.clone(), ..account(1) };
    let without = TargetAccount { hash: None, external_subject: Some("null".to_owned()), ..account(2) };
    apply(&*w.store, BatchWrite { accounts: vec![create(&with), create(&without)], ..batch(lease) }).await;
    let key = |subject: &str| UpstreamKey { issuer: "https://idp.example".to_owned(), subject: subject.to_owned() };
    let found = w.store.upstream_matches(&key("abc"), None).await.unwrap();
    assert_eq!((found.imported, found.linked), (vec![with.user], None));
    let email = Identifier::parse(&without.email).unwrap();
    let found = w.store.upstream_matches(&key("def"), Some(&email)).await.unwrap();
    assert_eq!(found.by_email[0].external_subject.as_deref(), Some("null"), "as it stands");
    let moved = NOW.plus(DAY * 2);
    for (account, subject, method) in [(&with, "abc", AuthMethod::Dual), (&without, "def", AuthMethod::Oauth)] {
        let entry = UpstreamEntry {
            key: key(subject),
            user: account.user,
            new_link: true,
            sid: None,
            id_token: None,
            session: w.new_session(account.user),
            at: moved,
            audit: w.audit(AuditKind::UpstreamLinked),
        };
        assert_eq!(w.store.enter_upstream(entry.clone()).await.unwrap(), Commit::Applied);
        let again =
            UpstreamEntry { new_link: false, session: w.new_session(account.user), at: NOW.plus(DAY * 3), ..entry };
        let again = UpstreamEntry { audit: w.audit(AuditKind::SignedIn), ..again };
        assert_eq!(w.store.enter_upstream(again).await.unwrap(), Commit::Applied);
        let after = target(&w, account.user).await;
        assert_eq!((after.auth_method, after.completed_at), (method, Some(moved)));
        assert_eq!(after.external_subject, account.external_subject, "what an import wrote stays");
    }
    let ask = BoardAsk { tenant: None, from_day: day_of(NOW) - 9, recent_from: NOW };
    let steps = w.store.board(ask).await.unwrap().steps;
    let then = |step| steps.iter().find(|count| count.step == step && count.day == day_of(moved)).unwrap().accounts;
    assert_eq!([Step::Both, Step::Completed, Step::OauthOnly].map(then), [2, 2, 1], "and not when they were imported");
    let only = w.store.only_upstream(vec![with.user, without.user]).await.unwrap();
    assert_eq!(only, [without.user], "who has a password still has a choice");
}
