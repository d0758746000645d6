//! A provider for tests, and what a browser is sent there with.

use oauth_core::{crypto::Algorithm, services::Random};

use super::*;
use crate::provider::{
    ClientProof, LinkRule, NewPeople, PeopleRule, ProviderName, SignOut, TenantRule, UpstreamIssuer,
};

pub(crate) struct Noise;

impl Random for Noise {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

pub(crate) fn provider() -> Provider {
    Provider {
        name: ProviderName::parse("corp").unwrap(),
        label: "Corp".to_owned(),
        issuer: UpstreamIssuer::parse("https://idp.example").unwrap(),
        client_id: "authly-client".to_owned(),
        proof: ClientProof::Nothing,
        scope: "openid email".to_owned(),
        algorithms: vec![Algorithm::RS256],
        groups_claim: "groups".to_owned(),
        sign_out: SignOut::There,
        people: PeopleRule {
            link: LinkRule::Email,
            new_people: NewPeople::Refuse,
            tenants: TenantRule::Ignore,
            session: None,
            grants: None,
        },
    }
}

pub(crate) fn metadata() -> Metadata {
    let document = crate::document::tests::document().to_string();
    Metadata::parse(&document, &provider().issuer, &ClientProof::Nothing).unwrap()
}

struct Nowhere;

impl Carrier for Nowhere {
    fn send(&self, _: Call) -> crate::carrier::Answering<'_> {
        Box::pin(async { Err(FetchError::HeldBack) })
    }
}

#[test]
fn a_browser_is_sent_with_everything_that_protects_the_answer() {
    let upstream = Upstream::new(provider(), Box::new(Nowhere), Box::new(|_| ()));
    let departure = Departure {
        redirect_uri: "https://auth.example/sign-in/upstream/callback?provider=corp",
        request: None,
        stay: Stay::Browser,
        anew: Anew::Yes,
        hint: Some("a&b@example.com"),
    };
    let (state, kept) = Kept::begin(&departure, &Noise);
    let location = upstream.location(&metadata(), &departure, &state, &kept);
    let url = url::Url::parse(&location).unwrap();
    let find = |name: &str| url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned());
    assert!(location.starts_with("https://idp.example/authorize?v=2&response_type=code&"));
    assert_eq!(find("redirect_uri").as_deref(), Some(departure.redirect_uri));
    assert_eq!(find("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(find("code_challenge"), Some(kept.verifier.challenge().to_text()));
    assert_eq!((find("state").as_deref(), find("nonce")), (Some(state.expose()), Some(kept.nonce)));
    assert_eq!((find("prompt").as_deref(), find("login_hint").as_deref()), (Some("login"), Some("a&b@example.com")));
    assert_eq!(find("max_age").as_deref(), Some("0"), "so that the token has to say when");
}
