//! What the tests of signed things share.

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{ASSERTION_TYPE, Page, TestApp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::client::GrantType;
use serde_json::Value;

pub(crate) const EMAIL: &str = "ada@example.org";

pub(crate) async fn machine(app: &TestApp, jwks: Option<String>, jwks_uri: Option<String>) {
    app.client(ClientDraft {
        client_id: Some("machine".to_owned()),
        name: "The Machine".to_owned(),
        scopes: vec!["read".to_owned()],
        grant_types: vec![GrantType::ClientCredentials],
        jwks,
        jwks_uri,
        ..ClientDraft::default()
    })
    .await;
}

pub(crate) async fn present(app: &TestApp, assertion: &str) -> Page {
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "read"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    app.post("/auth/token", &form).await
}

pub(crate) async fn refused(app: &TestApp, assertion: &str, why: &str) {
    let answer = present(app, assertion).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_client")), "{why}");
}

pub(crate) fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

pub(crate) fn mac(algorithm: oauth_core::crypto::HmacAlgorithm, key: &[u8], input: &[u8], app: &TestApp) -> Vec<u8> {
    use oauth_core::{crypto::Crypto as _, services::Services as _};
    app.services.crypto().hmac(algorithm, key, input)
}
