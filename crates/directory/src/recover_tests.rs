//! Tests of recover.

use oauth_core::{
    engine::session::Remember,
    ids::ApiKeyId,
    legacy::api_key::ApiKey,
    limit::Rate,
    scope::ScopeSet,
    services::Services as _,
    store::{ApiKeyRepository as _, SessionRepository as _},
    subject::AccountStatus,
    token::TokenHash,
};

use super::*;
use crate::{
    mail::outbox::{Hold, MailState, OutboxQuery},
    settings::{DirectorySettings, Limits},
    signin::{Door, PageVisit, SignInRequest},
    testing::{TestServices, World, account, at, hash, now_or_never, pair, secret},
};
use oauth_core::{browser::Browser, ids::LeaseId};

pub(crate) fn mailing() -> World {
    World::with(|settings| settings.mail.sending = MailSending::On, |_| {})
}

pub(crate) fn visitor() -> Visitor {
    Visitor { address: Some("192.0.2.1".into()), browser: Some("Firefox on Linux".into()), locale: "en".into() }
}

/// Every letter that waits, oldest first.
pub(crate) fn letters(world: &World) -> Vec<(MailKind, String, Letter)> {
    let lease = LeaseId::generate(at(0), world.services().random());
    let hold = Hold { lease, now: at(1_000_000), until: at(1_000_001), limit: 100 };
    let held = now_or_never(world.memory().hold_mails(hold)).unwrap();
    now_or_never(world.memory().release_mails(lease)).unwrap();
    let read = |mail: crate::mail::outbox::HeldMail| {
        let letter = Letter::open(&mail.sealed, mail.entry.id, world.services().sealer()).unwrap();
        (mail.entry.kind, mail.entry.to, letter)
    };
    held.into_iter().map(read).collect()
}

fn token(letter: &Letter) -> String {
    letter.link.as_ref().unwrap().0.expose().to_owned()
}

fn ask(world: &World, identifier: &str) -> Result<(), RecoverRefused> {
    now_or_never(world.directory.request_password_link(identifier, &visitor()))
}

fn set(world: &World, token: &str, password: &str) -> Result<Account, LinkFailed> {
    now_or_never(world.directory.set_password_by_link(LinkKind::SetPassword, token, &secret(password), &visitor()))
}

/// A link that was just asked for by ada.
fn asked(world: &World) -> String {
    ask(world, "ada").unwrap();
    token(&letters(world).pop().unwrap().2)
}

fn with_ada() -> (World, Account) {
    let world = mailing();
    let ada = account(1, "ada@example.org", "ada");
    world.put(&ada, hash("the old one"));
    (world, ada)
}

fn sign_in(world: &World, password: &str) -> bool {
    let request = SignInRequest {
        identifier: "ada".into(),
        password: secret(password),
        tenant: None,
        known_device: None,
        address: None,
        locale: "en".into(),
    };
    let browser = Browser { address: None, session: None, pending: vec![] };
    let visit = PageVisit { door: Door::Page, browser: &browser, remember: Remember::BrowserSession, user_agent: None };
    now_or_never(world.directory.sign_in_page(&request, visit)).is_ok()
}

/// SECURITY.md row 33: one write for everybody, and a mail for the owner alone, at the account's own address.
#[test]
fn a_known_and_an_unknown_name_are_answered_alike() {
    let (world, _) = with_ada();
    ask(&world, "ADA@example.org").unwrap();
    ask(&world, "nobody@example.org").unwrap();
    ask(&world, "\0").unwrap();
    assert_eq!(world.audit(), ["link_issued"; 3]);
    let letters = letters(&world);
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].0, letters[0].1.as_str()), (MailKind::SetPassword, "ada@example.org"));
    assert_eq!(letters[0].2.visitor, visitor());
}

#[test]
fn closed_accounts_get_no_link() {
    let world = mailing();
    let mut locked = account(1, "a@example.org", "a");
    locked.is_locked = true;
    let mut disabled = account(2, "b@example.org", "b");
    disabled.subject.status = AccountStatus::Disabled;
    for account in [&locked, &disabled] {
        world.put(account, hash("x"));
        ask(&world, &account.username).unwrap();
    }
    assert!(letters(&world).is_empty());
}

/// Where an address stands for an account in each tenant, each account has its own link.
#[test]
fn an_address_of_two_accounts_gets_a_link_for_each() {
    let world = mailing();
    for number in [1, 2] {
        world.put(&account(number, "ada@example.org", &format!("ada{number}")), hash("x"));
    }
    ask(&world, "ada@example.org").unwrap();
    let letters = letters(&world);
    assert_eq!(letters.len(), 2);
    let opened = |place: usize| {
        let link = now_or_never(world.directory.open_link(&token(&letters[place].2), LinkKind::SetPassword));
        link.unwrap().account.subject.id
    };
    assert_ne!(opened(0), opened(1));
}

#[test]
fn a_link_sets_a_password_once() {
    let (world, _) = with_ada();
    let token = asked(&world);
    assert!(now_or_never(world.directory.open_link(&token, LinkKind::SetPassword)).is_ok());
    assert!(now_or_never(world.directory.open_link(&token, LinkKind::SetPassword)).is_ok());
    set(&world, &token, "a brand new one").unwrap();
    assert!(sign_in(&world, "a brand new one") && !sign_in(&world, "the old one"));
    assert!(matches!(set(&world, &token, "another new one"), Err(LinkFailed::Over(LinkRefused::Used))));
    let told: Vec<_> = letters(&world).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(told, [MailKind::SetPassword, MailKind::PasswordChanged]);
}

#[test]
fn a_new_password_uses_up_every_other_link() {
    let (world, _) = with_ada();
    let (first, second) = (asked(&world), asked(&world));
    set(&world, &second, "a brand new one").unwrap();
    assert!(matches!(set(&world, &first, "another new one"), Err(LinkFailed::Over(LinkRefused::Used))));
}

#[test]
fn a_link_ends_at_its_expiry() {
    let (world, _) = with_ada();
    let token = asked(&world);
    world.set_time(60 * 60);
    assert!(matches!(set(&world, &token, "a brand new one"), Err(LinkFailed::Over(LinkRefused::Expired))));
    world.set_time(60 * 60 - 1);
    assert!(set(&world, &token, "a brand new one").is_ok());
}

#[test]
fn a_poor_password_leaves_the_link_good() {
    let (world, _) = with_ada();
    let token = asked(&world);
    assert!(matches!(set(&world, &token, "short"), Err(LinkFailed::Policy(PasswordRefused::TooShort(8)))));
    assert!(matches!(set(&world, &token, "Ada@Example.org"), Err(LinkFailed::Policy(PasswordRefused::Personal))));
    assert!(set(&world, &token, "a brand new one").is_ok());
}

#[test]
fn a_new_password_ends_sessions_and_older_tokens() {
    let (world, ada) = with_ada();
    assert!(sign_in(&world, "the old one"));
    let legacy = pair(ada.subject.id, at(0));
    world.memory().store().record_legacy(legacy.clone()).unwrap();
    let token = asked(&world);
    set(&world, &token, "a brand new one").unwrap();
    let sessions = now_or_never(world.memory().sessions_of(ada.subject.id)).unwrap();
    assert!(sessions.is_empty());
    let stored = now_or_never(oauth_core::store::LegacyTokenRepository::legacy_token(world.memory(), &legacy.refresh));
    assert!(stored.unwrap().unwrap().invalidated);
}

/// C-32: whoever had the old password may have had the keys with it. Where it could not be carried over nobody had it, and they stay,
/// unless nobody had verified the address: then they may be of somebody else than its owner.
#[test]
fn a_link_ends_the_api_keys_with_the_password_that_it_replaces() {
    let ended = Some(at(5));
    for (reset_required, is_verified, revoked_at) in [(false, true, ended), (true, true, None), (true, false, ended)] {
        let world = mailing();
        let mut ada = account(1, "ada@example.org", "ada");
        (ada.reset_required, ada.is_verified) = (reset_required, is_verified);
        world.put(&ada, hash("the old one"));
        let key = ApiKey {
            id: ApiKeyId::generate(at(0), world.services().random()),
            user: ada.subject.id,
            client: None,
            scope: ScopeSet::default(),
            label: "build server".into(),
            hash: TokenHash::of(b"key"),
            created_at: at(0),
            expires_at: None,
            revoked_at: None,
            uses: 0,
            last_used_at: None,
        };
        world.memory().store().put_api_key(key);
        let token = asked(&world);
        world.set_time(5);
        set(&world, &token, "a brand new one").unwrap();
        let kept = now_or_never(world.memory().api_keys(None, 9)).unwrap().remove(0);
        assert_eq!(kept.revoked_at, revoked_at, "{reset_required} {is_verified}");
    }
}

/// C-13: an account whose password must be set anew, or that never had one, is led to a link by trying to sign in.
#[test]
fn a_sign_in_without_a_usable_password_sends_the_link() {
    for (reset_required, stored) in [(true, hash("whatever it was")), (false, None)] {
        let world = mailing();
        let mut ada = account(1, "ada@example.org", "ada");
        (ada.reset_required, ada.is_verified) = (reset_required, false);
        ada.subject.status = AccountStatus::PendingVerification;
        world.put(&ada, stored);
        assert!(!sign_in(&world, "whatever it was"));
        assert_eq!(world.audit(), [AuditKind::SignInFailed.as_str()]);
        let token = token(&letters(&world).pop().unwrap().2);
        set(&world, &token, "a brand new one").unwrap();
        assert!(sign_in(&world, "a brand new one"));
        let (account, _) = now_or_never(world.memory().account(ada.subject.id)).unwrap().unwrap();
        assert!(account.is_verified && account.subject.status == AccountStatus::Active);
    }
}

#[test]
fn a_wrong_password_sends_nothing() {
    let (world, _) = with_ada();
    assert!(!sign_in(&world, "wrong"));
    assert!(letters(&world).is_empty());
    let _ = Door::Page;
}

#[test]
fn a_stranger_cannot_fill_somebodys_mailbox() {
    let limits = DirectorySettings::default().limits;
    let world = World::with(
        |settings| {
            (settings.mail.sending, settings.limits) = (MailSending::On, limits);
            settings.mail.per_account = Rate { burst: 2, every: Duration::from_secs(600) };
        },
        |_| {},
    );
    world.put(&account(1, "ada@example.org", "ada"), hash("x"));
    world.put(&account(2, "bob@example.org", "bob"), hash("x"));
    // Two names of one account share one bucket; the answer does not tell.
    for name in ["ada", "ada@example.org", "ADA"] {
        ask(&world, name).unwrap();
    }
    assert_eq!(letters(&world).len(), 2);
    assert!(matches!(ask(&world, "ada"), Err(RecoverRefused::TooMany(_))));
    // Whether the account exists or not.
    ask(&world, "nobody").unwrap();
    ask(&world, "nobody").unwrap();
    assert!(matches!(ask(&world, "nobody"), Err(RecoverRefused::TooMany(_))));
    ask(&world, "bob").unwrap();
    assert_eq!(letters(&world).len(), 3);
}

#[test]
fn one_address_cannot_ask_for_ever() {
    let world = World::with(
        |settings| {
            settings.mail.sending = MailSending::On;
            settings.mail.per_address = Rate { burst: 1, every: Duration::from_secs(60) };
            settings.limits = Some(Limits { ..DirectorySettings::default().limits.unwrap() });
        },
        |_| {},
    );
    ask(&world, "a").unwrap();
    assert!(matches!(ask(&world, "b"), Err(RecoverRefused::TooMany(_))));
}

#[test]
fn without_mail_there_is_no_link_to_ask_for() {
    let world = World::new();
    assert!(matches!(ask(&world, "ada"), Err(RecoverRefused::NoMail)));
    let queued = now_or_never(world.memory().list_mails(OutboxQuery { state: Some(MailState::Queued), limit: 9 }));
    assert!(queued.unwrap().is_empty());
    let _: &TestServices = world.services();
}

#[test]
fn an_unknown_link_opens_nothing() {
    let (world, _) = with_ada();
    for token in ["", "x", &"x".repeat(600)] {
        assert!(matches!(set(&world, token, "a brand new one"), Err(LinkFailed::Unknown)));
    }
}
