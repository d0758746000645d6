//! Tests of pending.

use super::*;
use crate::{
    authorize::prompt::Pages,
    testing::{ALICE, CountingRandom, FakeSealer, at, client, scopes},
};

const TTL: Duration = Duration::from_secs(3_600);

fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        client: client("app").id,
        redirect: TrustedRedirect::new("https://app.example.com/callback?a=1".into()),
        mode: ResponseMode::FormPost,
        state: Some("state \"é\" 1".into()),
        scope: scopes("openid read"),
        nonce: Some("n".into()),
        proof: CodeProof::Challenge(
            CodeChallenge::parse_stored("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        ),
        prompt: Prompt::Pages(Pages { login: true, consent: false, select_account: true }),
        max_age: Some(Duration::from_secs(60)),
        login_hint: Some("a@b.example".into()),
        expected_user: UserId::parse(ALICE),
        resources: vec!["https://api.example.com".into()],
        ui_locales: Some("de en".into()),
    }
}

fn begin(asked: Asked, random: &CountingRandom, seconds: i64) -> Pending {
    Pending::begin(asked, at(seconds), TTL, random)
}

#[test]
fn what_is_sealed_is_read_back_unchanged() {
    let random = CountingRandom::default();
    let plain = AuthorizationRequest {
        state: None,
        nonce: None,
        proof: CodeProof::None,
        prompt: Prompt::Silent,
        max_age: None,
        login_hint: None,
        expected_user: None,
        resources: vec![],
        ui_locales: None,
        ..request()
    };
    let error = RedirectError {
        client: client("app").id,
        to: request().redirect,
        mode: ResponseMode::Query,
        state: Some("s".into()),
        problem: Problem::ScopeRefused,
        release: Release::AfterSignIn,
    };
    for asked in [Asked::Request(Box::new(request())), Asked::Request(Box::new(plain)), Asked::Error(Box::new(error))] {
        let mut pending = begin(asked, &random, 0);
        pending.chosen = Some(SessionId::from_uuid(uuid::Uuid::from_u128(7)));
        let cookie = pending.seal(&FakeSealer).unwrap();
        assert_eq!(Pending::open(&cookie, &FakeSealer, at(10)), Some(pending));
    }
}

/// SECURITY.md rows 32 and 58.
#[test]
fn an_altered_renamed_or_expired_cookie_is_as_good_as_none() {
    let random = CountingRandom::default();
    let cookie = begin(Asked::Request(Box::new(request())), &random, 0).seal(&FakeSealer).unwrap();
    assert!(Pending::open(&cookie, &FakeSealer, at(3_599)).is_some());
    assert_eq!(Pending::open(&cookie, &FakeSealer, at(3_600)), None);
    let renamed = PendingCookie { id: PendingId::generate(&random), ..cookie.clone() };
    assert_eq!(Pending::open(&renamed, &FakeSealer, at(10)), None);
    for position in (0..cookie.value.len()).step_by(13) {
        let mut value = cookie.value.clone().into_bytes();
        value[position] = if value[position] == b'A' { b'B' } else { b'A' };
        let altered = PendingCookie { id: cookie.id, value: String::from_utf8(value).unwrap() };
        assert_eq!(Pending::open(&altered, &FakeSealer, at(10)), None, "{position}");
    }
    for value in ["", "A", "!", &"A".repeat(4_000)] {
        assert_eq!(Pending::open(&PendingCookie { id: cookie.id, value: value.into() }, &FakeSealer, at(10)), None);
    }
}

#[test]
fn a_request_that_no_cookie_holds_is_too_long() {
    let random = CountingRandom::default();
    let sealed = |state: usize| {
        let request = AuthorizationRequest { state: Some("x".repeat(state)), ..request() };
        begin(Asked::Request(Box::new(request)), &random, 0).seal(&FakeSealer)
    };
    assert!(sealed(1_500).unwrap().value.len() <= Pending::MAX_COOKIE);
    assert_eq!(sealed(2_500), Err(PageError::TooLong));
    let longest = (1_500..2_500).map_while(|state| sealed(state).ok()).last().unwrap();
    assert!(
        (Pending::MAX_COOKIE - 128..=Pending::MAX_COOKIE).contains(&longest.value.len()),
        "{}",
        longest.value.len()
    );
}

#[test]
fn a_browser_keeps_four_requests_and_drops_the_oldest() {
    let random = CountingRandom::default();
    let cookie = |seconds| begin(Asked::Request(Box::new(request())), &random, seconds).seal(&FakeSealer).unwrap();
    let jar = [cookie(30), cookie(10), cookie(20)];
    assert_eq!(to_drop(&jar, &FakeSealer, at(40)), []);
    let full = [&jar[..], &[cookie(35)]].concat();
    assert_eq!(to_drop(&full, &FakeSealer, at(40)), [jar[1].id]);
    let broken = PendingCookie { id: PendingId::generate(&random), value: "broken".into() };
    let mixed = [&jar[..], std::slice::from_ref(&broken)].concat();
    assert_eq!(to_drop(&mixed, &FakeSealer, at(40)), [broken.id], "what does not open goes first");
    assert_eq!(to_drop(&jar, &FakeSealer, at(3_615)), [jar[1].id], "what is over goes even where there is room");
    assert_eq!(to_drop(&[], &FakeSealer, at(0)), []);
}

#[test]
fn ids_have_one_spelling() {
    let id = PendingId::generate(&CountingRandom::default());
    assert_eq!(PendingId::parse(&id.to_string()), Some(id));
    for bad in ["", "a", &"=".repeat(22), &"a".repeat(23), &format!("{} ", &id.to_string()[..21])] {
        assert_eq!(PendingId::parse(bad), None, "{bad}");
    }
}
