//! Authly in front of another Authly, over HTTP: the real documents, keys and tokens of both.

use authly_admin_cases::client::{ClientChange, ClientDraft};
use authly_federation::{UpstreamCarrier, UpstreamReach};
use authly_testkit::{Browser, CodeFlow, Options, Page, TestApp};
use authly_upstream::{
    party::Upstream,
    provider::{ClientProof, Provider, ProviderName, SignOut, UpstreamIssuer},
};
use oauth_core::{
    client::{ClientType, GrantType},
    crypto::Algorithm,
    secret::Secret,
};
use serde_json::json;

use crate::fake::{leave, rule};

/// A server in front of `behind`, and the way back that its client there is registered with.
async fn in_front_of(behind: &TestApp, proof: ClientProof) -> TestApp {
    let issuer = UpstreamIssuer::parse(behind.issuer()).unwrap();
    let carrier = UpstreamCarrier::new(&issuer, UpstreamReach::Intranet, None).unwrap();
    let provider = Provider {
        name: ProviderName::parse("corp").unwrap(),
        label: "Corp".to_owned(),
        issuer,
        client_id: "front".to_owned(),
        proof,
        scope: "openid email profile groups".to_owned(),
        algorithms: Algorithm::ALL.to_vec(),
        groups_claim: "groups".to_owned(),
        sign_out: SignOut::There,
        people: rule(),
    };
    let upstream = Upstream::new(provider, Box::new(carrier), Box::new(|_| ()));
    TestApp::with(Options { upstreams: vec![upstream], ..Options::default() }).await
}

/// The client of the front at the server behind it.
async fn register(behind: &TestApp, front: &TestApp, kind: ClientType) -> Option<Secret<String>> {
    let draft = ClientDraft {
        client_id: Some("front".to_owned()),
        name: "Front".to_owned(),
        kind: Some(kind),
        redirect_uris: vec![format!("{}/sign-in/upstream/corp/callback", front.issuer())],
        post_logout_redirect_uris: vec![format!("{}/signed-out", front.issuer())],
        scopes: ["openid", "email", "profile", "groups"].map(str::to_owned).to_vec(),
        grant_types: vec![GrantType::AuthorizationCode],
        ..ClientDraft::default()
    };
    behind.client(draft).await.secret
}

/// The whole way of somebody with two browsers, because the test's jar knows no hosts; returns the page after it.
async fn sign_in(front: &TestApp, behind: &TestApp, flow: &CodeFlow) -> Page {
    sign_in_with(&mut front.browser(), &mut behind.browser(), front, flow).await
}

async fn sign_in_with(here: &mut Browser, there: &mut Browser, front: &TestApp, flow: &CodeFlow) -> Page {
    let page = here.open(&flow.path()).await;
    let left = leave(here, &page).await;
    let page = there.open(&left.location).await;
    let page = there.sign_in(&page, "ada@example.com", "correct horse").await;
    let page = if page.is_consent() { there.decide(&page, "allow").await } else { page };
    let back = page.location().to_owned();
    assert!(back.starts_with(&format!("{}/sign-in/upstream/corp/callback?", front.issuer())), "{back}");
    assert!(back.contains("iss="), "RFC 9207");
    let page = here.open(&back).await;
    if page.is_consent() { here.decide(&page, "allow").await } else { page }
}

#[tokio::test]
async fn a_client_of_the_front_gets_tokens_for_somebody_who_signed_in_behind() {
    let behind = TestApp::start().await;
    let front = in_front_of(&behind, ClientProof::Nothing).await;
    register(&behind, &front, ClientType::Public).await;
    behind.user("ada@example.com").await;
    let user = front.user("Ada@Example.com").await;
    let flow = CodeFlow::confidential(&front.confidential_client().await, "openid email");
    for _ in 0..2 {
        let page = sign_in(&front, &behind, &flow).await;
        let tokens = flow.redeem(&front, &page.query("code").unwrap()).await;
        assert_eq!(tokens.claims("id_token")["sub"], json!(user.id));
    }
}

/// One question less: the server behind knows by its own ID token who signs out, ends the session and leads back to the application.
#[tokio::test]
async fn signing_out_of_the_front_signs_out_behind_and_leads_back() {
    let behind = TestApp::start().await;
    let front = in_front_of(&behind, ClientProof::Nothing).await;
    register(&behind, &front, ClientType::Public).await;
    behind.user("ada@example.com").await;
    front.user("Ada@Example.com").await;
    let flow = CodeFlow::confidential(&front.confidential_client().await, "openid email");
    let (mut here, mut there) = (front.browser(), behind.browser());
    let page = sign_in_with(&mut here, &mut there, &front, &flow).await;
    let tokens = flow.redeem(&front, &page.query("code").unwrap()).await;
    assert!(there.get("/account").await.status.is_success());
    let bye = "https%3A%2F%2Fapp.example%2Fbye";
    let hint = tokens.text("id_token");
    let page = here.get(&format!("/auth/logout?id_token_hint={hint}&post_logout_redirect_uri={bye}&state=s")).await;
    let place = format!("{}/auth/logout?", behind.issuer());
    assert!(page.location().starts_with(&place), "{}", page.location());
    let page = there.get(page.location()).await;
    assert!(page.location().starts_with(&format!("{}/signed-out?state=", front.issuer())), "{}", page.location());
    assert!(there.open("/account").await.is_sign_in(), "signed out behind");
    assert_eq!(here.get(page.location()).await.location(), "https://app.example/bye?state=s");
    assert!(here.open("/account").await.is_sign_in());
}

#[tokio::test]
async fn a_front_with_a_wrong_secret_signs_nobody_in() {
    let behind = TestApp::start().await;
    let wrong = Secret::new("not the secret".to_owned());
    for proof in [ClientProof::Basic(wrong.clone()), ClientProof::Post(wrong)] {
        let front = in_front_of(&behind, proof).await;
        if behind.app.admin.client("front").await.is_err() {
            register(&behind, &front, ClientType::Confidential).await;
            behind.user("ada@example.com").await;
        } else {
            let redirect_uris = Some(vec![format!("{}/sign-in/upstream/corp/callback", front.issuer())]);
            behind.change_client("front", ClientChange { redirect_uris, ..ClientChange::default() }).await;
        }
        front.user("Ada@Example.com").await;
        let flow = CodeFlow::confidential(&front.confidential_client().await, "openid email");
        let page = sign_in(&front, &behind, &flow).await;
        assert!(page.is_sign_in() && page.status == 502, "{}", page.body);
    }
}
