//! Tests of logout.

use super::*;
use crate::{
    client::Client,
    crypto::Algorithm,
    ids::SessionId,
    jws::{compact, date::NumericDate, id_token::IdClaims},
    redirect::RedirectUri,
    session::AuthenticationMethod,
    testing::{FakeKey, World, at, client, subject},
};

fn world() -> World {
    let bye = |id: &str| {
        let mut client = client(id);
        client.post_logout_redirect_uris = vec![RedirectUri::stored(format!("https://{id}.example.com/bye?x=1"))];
        client
    };
    World::with(vec![bye("app"), bye("other")], |_| {})
}

/// An ID token for `client` about `user`, long expired.
fn id_token(key: &FakeKey, client: &Client, user: UserId) -> String {
    let at = NumericDate::new(at(-10_000));
    let claims = IdClaims {
        iss: "https://auth.example.com",
        sub: user,
        aud: &client.id,
        azp: &client.id,
        iat: at,
        exp: at,
        auth_time: Some(at),
        nonce: None,
        acr: "1",
        amr: vec![],
        at_hash: None,
        sid: None,
    };
    compact::sign(key, "JWT", &claims).unwrap()
}

fn hint() -> String {
    id_token(&FakeKey::new("rs", Algorithm::RS256), &client("app"), subject().id)
}

fn session() -> Session {
    Session {
        id: SessionId::from_uuid(uuid::Uuid::from_u128(1)),
        authenticated_at: Some(at(-100)),
        methods: vec![AuthenticationMethod::Pwd],
        created_at: at(-100),
        last_seen_at: at(-5),
        idle_expires_at: at(1_000),
        expires_at: at(2_000),
        remembered: false,
        ended_at: None,
        user_agent: None,
        address: None,
        grants_end_at: None,
        subject: subject(),
    }
}

fn read(query: &str) -> LogoutRequest {
    let world = world();
    let params = Params::parse(query.as_bytes()).unwrap();
    LogoutRequest::read(&params, &world.engine.catalog(), &world.engine.settings().issuer)
}

fn signed_in(query: &str) -> LogoutNext {
    read(query).decide(Some(&session()), at(0))
}

fn signed_out(query: &str) -> LogoutNext {
    read(query).decide(None, at(0))
}

const BYE: &str = "post_logout_redirect_uri=https://app.example.com/bye?x%3D1";

/// oidcc-rp-initiated-logout, -no-state.
#[test]
fn a_proven_request_of_the_users_own_client_signs_out_and_goes_back() {
    let redirect = |text: &str| Some(text.to_owned());
    assert_eq!(
        signed_in(&format!("id_token_hint={}&{BYE}&state=s+1", hint())),
        LogoutNext::SignOut { redirect: redirect("https://app.example.com/bye?x=1&state=s+1") }
    );
    assert_eq!(
        signed_in(&format!("id_token_hint={}&{BYE}&client_id=app", hint())),
        LogoutNext::SignOut { redirect: redirect("https://app.example.com/bye?x=1") }
    );
    assert_eq!(
        signed_out(&format!("id_token_hint={}&{BYE}", hint())),
        LogoutNext::Done { redirect: redirect("https://app.example.com/bye?x=1") }
    );
}

/// oidcc-rp-initiated-logout-no-post-logout-redirect-uri, -no-params, -only-state.
#[test]
fn a_request_without_a_way_back_ends_on_our_page() {
    assert_eq!(signed_in(&format!("id_token_hint={}", hint())), LogoutNext::SignOut { redirect: None });
    assert_eq!(signed_in(""), LogoutNext::Ask);
    assert_eq!(signed_in("state=s"), LogoutNext::Ask);
    assert_eq!(signed_out("state=s"), LogoutNext::Done { redirect: None });
}

/// oidcc-rp-initiated-logout-bad-*, -query-added-*, -no-id-token-hint, -modified-id-token-hint; SECURITY.md row 47.
#[test]
fn whatever_is_wrong_asks_and_leads_nowhere() {
    let foreign = FakeKey { secret: b"foreign".to_vec(), ..FakeKey::new("rs", Algorithm::RS256) };
    let forged = id_token(&foreign, &client("app"), subject().id);
    let stranger = UserId::from_uuid(uuid::Uuid::from_u128(9));
    let of_stranger = id_token(&FakeKey::new("rs", Algorithm::RS256), &client("app"), stranger);
    let of_nobody = id_token(&FakeKey::new("rs", Algorithm::RS256), &client("nobody"), subject().id);
    let unsigned = format!("{}.", hint().rsplit_once('.').unwrap().0);
    let hint = hint();
    for query in [
        BYE.to_owned(),
        format!("{BYE}&client_id=app"),
        format!("id_token_hint={forged}&{BYE}"),
        format!("id_token_hint={unsigned}&{BYE}"),
        format!("id_token_hint={of_nobody}&{BYE}"),
        format!("id_token_hint={hint}&client_id=other&{BYE}"),
        format!("id_token_hint={hint}&{BYE}&{BYE}"),
        format!("id_token_hint={hint}&{BYE}%26foo%3Dbar"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://app.example.com/"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://other.example.com/bye?x%3D1"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=//evil.example"),
    ] {
        assert_eq!(signed_in(&query), LogoutNext::Ask, "{query}");
        assert_eq!(signed_out(&query), LogoutNext::Done { redirect: None }, "{query}");
    }
    assert_eq!(signed_in(&format!("id_token_hint={of_stranger}&{BYE}")), LogoutNext::Ask, "another user's");
}

#[test]
fn only_the_known_parameters_survive_our_own_redirect() {
    let params = Params::parse(b"state=a+b&evil=1&client_id=app").unwrap();
    assert_eq!(LogoutRequest::own_query(&params), "state=a+b&client_id=app");
}
