//! Authly in front of another Authly, over HTTP: the real documents, keys and tokens of both.

use authly_admin_cases::client::{ClientChange, ClientDraft};
use authly_federation::{UpstreamCarrier, UpstreamReach};
use authly_testkit::{CodeFlow, Options, Page, TestApp};
use authly_upstream::{
    party::Upstream,
    provider::{ClientProof, Provider, ProviderName, UpstreamIssuer},
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
        scopes: ["openid", "email", "profile", "groups"].map(str::to_owned).to_vec(),
        grant_types: vec![GrantType::AuthorizationCode],
        ..ClientDraft::default()
    };
    behind.client(draft).await.secret
}

/// The whole way of somebody with two browsers, because the test's jar knows no hosts; returns the page after it.
async fn sign_in(front: &TestApp, behind: &TestApp, flow: &CodeFlow) -> Page {
    let (mut here, mut there) = (front.browser(), behind.browser());
    let page = here.open(&flow.path()).await;
    let left = leave(&mut here, &page).await;
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
