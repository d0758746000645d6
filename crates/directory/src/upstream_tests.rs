//! Signing in with a provider over the store in memory.

use authly_upstream::{
    identity::{Email, Identity, UpstreamSubject},
    provider::{LinkRule, NewPeople, PeopleRule, ProviderName, TenantRule, UpstreamIssuer},
};
use oauth_core::{browser::Browser, engine::session::Remember, store::SessionRepository as _};

use super::*;
use crate::{
    signin::{Door, SignInRequest},
    testing::{World, account, hash, now_or_never},
};

/// Kinds of events; those of one instant have no order.
fn kinds(world: &World) -> Vec<&'static str> {
    let mut kinds = world.audit();
    kinds.sort_unstable();
    kinds
}

fn identity(subject: &str, email: &str) -> Identity {
    Identity {
        provider: ProviderName::parse("corp").unwrap(),
        issuer: UpstreamIssuer::parse("https://idp.example").unwrap(),
        subject: UpstreamSubject::parse(subject).unwrap(),
        session: Some("s1".to_owned()),
        email: Some(Email { address: email.to_owned(), verified: true }),
        name: Some("Ada".to_owned()),
        groups: Vec::new(),
    }
}

fn rule(new_people: NewPeople) -> PeopleRule {
    let session = Some(Duration::from_secs(600));
    PeopleRule { link: LinkRule::Email, new_people, tenants: TenantRule::Ignore, session, grants: None }
}

fn sign_in(world: &World, identity: &Identity, new_people: NewPeople) -> Result<PageSignIn, UpstreamRefused> {
    let browser = Browser::default();
    let visit = PageVisit { door: Door::Page, browser: &browser, remember: Remember::Device, user_agent: None };
    let rule = rule(new_people);
    let arrival = Arrival {
        identity,
        id_token: None,
        authenticated_at: None,
        rule: &rule,
        tenant: None,
        visit,
        known_device: None,
        address: None,
    };
    now_or_never(world.directory.sign_in_upstream(&arrival))
}

#[test]
fn the_first_sign_in_links_and_the_next_one_finds_the_link() {
    let world = World::new();
    let ada = account(1, "ada@example.com", "ada");
    world.put(&ada, hash("pw"));
    let first = sign_in(&world, &identity("alice", "Ada@Example.com"), NewPeople::Refuse).unwrap();
    assert_eq!((first.account.subject.id, first.session.methods), (ada.subject.id, Vec::new()));
    assert_eq!(first.session.expires_at, crate::testing::at(600), "the provider is asked again before long");
    sign_in(&world, &identity("alice", "moved@example.com"), NewPeople::Refuse).unwrap();
    assert_eq!(kinds(&world), ["signed_in", "upstream_linked"]);
    let session = now_or_never(world.memory().session(first.cookie.hash())).unwrap().unwrap();
    assert_eq!(session.ended_at, None);
}

/// Clocks differ by a minute at most; what was proven before that was proven then, and where nobody says when, nobody knows.
#[test]
fn a_session_knows_when_the_provider_was_shown_who_they_are() {
    let world = World::new();
    world.put(&account(1, "ada@example.com", "ada"), hash("pw"));
    world.set_time(10_000);
    let (identity, rule, browser) = (identity("alice", "ada@example.com"), rule(NewPeople::Refuse), Browser::default());
    let visit = PageVisit { door: Door::Page, browser: &browser, remember: Remember::Device, user_agent: None };
    let (id_token, authenticated_at, tenant, known_device, address) = (None, None, None, None, None);
    let arrival =
        Arrival { identity: &identity, id_token, authenticated_at, rule: &rule, tenant, visit, known_device, address };
    let at = |seconds| Some(crate::testing::at(seconds));
    let now = at(10_000);
    for (there, here) in [(None, None), (at(9_939), at(9_939)), (at(9_940), now), (at(10_000), now), (at(10_060), now)]
    {
        let arrival = Arrival { authenticated_at: there, ..arrival.clone() };
        let session = now_or_never(world.directory.sign_in_upstream(&arrival)).unwrap().session;
        assert_eq!((session.authenticated_at, Some(session.begun_at)), (here, now), "{there:?}");
    }
}

#[test]
fn a_second_person_does_not_get_the_account_by_its_address() {
    let world = World::new();
    world.put(&account(1, "ada@example.com", "ada"), hash("pw"));
    sign_in(&world, &identity("alice", "ada@example.com"), NewPeople::Refuse).unwrap();
    let refused = sign_in(&world, &identity("mallory", "ada@example.com"), NewPeople::Create).unwrap_err();
    assert!(matches!(refused, UpstreamRefused::Refused(Refusal::AlreadyLinked(_))), "{refused}");
    assert_eq!(kinds(&world), ["upstream_linked", "upstream_refused"]);
}

#[test]
fn somebody_new_gets_an_account_without_a_password_or_none() {
    let world = World::new();
    let refused = sign_in(&world, &identity("bob", "bob@example.com"), NewPeople::Refuse).unwrap_err();
    assert!(matches!(refused, UpstreamRefused::Refused(Refusal::NoAccount)), "{refused}");
    let made = sign_in(&world, &identity("bob", "bob@example.com"), NewPeople::Create).unwrap().account;
    assert_eq!((made.email.as_str(), made.is_verified, made.subject.is_admin), ("bob@example.com", true, false));
    let again = sign_in(&world, &identity("bob", "bob@example.com"), NewPeople::Create).unwrap().account;
    assert_eq!(again.subject.id, made.subject.id);
    assert_eq!(kinds(&world), ["account_created", "signed_in", "upstream_linked", "upstream_refused"]);
}

/// Ada came from the provider at 0, with what hangs on it bounded to an hour; in the same browser she then signs in with her password.
#[test]
fn a_password_in_the_same_browser_does_not_lift_the_bound() {
    let world = World::new();
    world.put(&account(1, "ada@example.com", "ada"), hash("pw"));
    let rule = PeopleRule { session: None, grants: Some(Duration::from_secs(3_600)), ..rule(NewPeople::Refuse) };
    let identity = identity("alice", "ada@example.com");
    let browser = Browser::default();
    let visit = PageVisit { door: Door::Page, browser: &browser, remember: Remember::Device, user_agent: None };
    let (id_token, authenticated_at, tenant, known_device, address) = (None, None, None, None, None);
    let arrival =
        Arrival { identity: &identity, id_token, authenticated_at, rule: &rule, tenant, visit, known_device, address };
    let there = now_or_never(world.directory.sign_in_upstream(&arrival)).unwrap();
    let hour = Some(crate::testing::at(3_600));
    assert_eq!(
        (there.session.grants_end_at, Some(there.session.expires_at)),
        (hour, hour),
        "it ends with what hangs on it"
    );
    let password = |session: Option<&PageSignIn>| {
        let browser = Browser { session: session.map(|one| one.cookie.clone()), ..Browser::default() };
        let visit = PageVisit { door: Door::Page, browser: &browser, remember: Remember::Device, user_agent: None };
        let request = SignInRequest {
            identifier: "ada".to_owned(),
            password: crate::testing::secret("pw"),
            tenant: None,
            known_device: None,
            address: None,
            locale: "en".to_owned(),
        };
        now_or_never(world.directory.sign_in_page(&request, visit)).unwrap().session
    };
    assert_eq!(password(None).grants_end_at, None, "a browser in which nobody came from there");
    world.set_time(60);
    let here = password(Some(&there));
    assert_eq!((here.replaces, here.grants_end_at, Some(here.expires_at)), (Some(there.session.id), hour, hour));
    // What is past its bound stays behind: it does not come to life again, and bounds nothing that begins now.
    let there = now_or_never(world.directory.sign_in_upstream(&arrival)).unwrap();
    world.set_time(4_000);
    let later = password(Some(&there));
    assert_eq!((later.replaces, later.grants_end_at), (None, None));
}

#[test]
fn a_sign_out_there_ends_the_session_here() {
    let world = World::new();
    world.put(&account(1, "ada@example.com", "ada"), hash("pw"));
    let signed_in = sign_in(&world, &identity("alice", "ada@example.com"), NewPeople::Refuse).unwrap();
    let said = authly_upstream::logout_token::SignedOutThere {
        id: oauth_core::token::TokenHash::of(b"j"),
        subject: None,
        session: Some("s1".to_owned()),
        at: crate::testing::at(0),
    };
    let ended = |issuer: &str| now_or_never(world.directory.signed_out_upstream(issuer, &said, None)).unwrap();
    assert_eq!(ended("https://other.example"), 0);
    assert_eq!(ended("https://idp.example"), 1);
    let session = now_or_never(world.memory().session(signed_in.cookie.hash())).unwrap().unwrap();
    assert!(session.ended_at.is_some());
}
