//! The authorization server answers as its metadata says (S000-61..63).

use serde_json::{Value, json};

use crate::{Expected, Part, Target, Unreachable};

/// Where the test client's users are sent back to.
pub(crate) const CALLBACK: &str = "http://localhost:3000/callback";
pub(crate) const CLIENT: &str = "migration-test-client";

/// An authorization request of the test client, with what else it says.
pub(crate) fn request(more: &str) -> String {
    let callback: String = url::form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect();
    format!(
        "/authorize?response_type=code&client_id={CLIENT}&redirect_uri={callback}&scope=read+profile&state=validate{more}"
    )
}

/// Tries discovery, the authorization endpoint and the token endpoint.
pub async fn oauth(target: &Target, expected: Expected) -> Result<Part, Unreachable> {
    let mut part = Part::new("OAuth");
    if !expected.oauth {
        part.expect("OAuth is on", false, "it is off: `authly-admin migrate oauth enable`");
        return Ok(part);
    }
    let answer = target.get("/.well-known/oauth-authorization-server").await?;
    let metadata = answer.json();
    let named = |name: &str| metadata.get(name).and_then(Value::as_str).is_some();
    let endpoints = ["authorization_endpoint", "token_endpoint", "revocation_endpoint"];
    let whole = answer.status == 200 && endpoints.iter().all(|name| named(name));
    part.expect("discovery names the endpoints", whole, answer.told());
    let s256 = metadata.get("code_challenge_methods_supported").is_some_and(|methods| *methods == json!(["S256"]));
    part.expect("discovery offers S256 alone", s256, answer.told());
    if !expected.test_client {
        part.expect("the test client is registered", false, "it is not: `authly-admin migrate seed`");
        return Ok(part);
    }
    let answer = target.get(&request("&code_challenge=test-challenge&code_challenge_method=S256")).await?;
    let right = matches!(answer.status, 200 | 302 | 303);
    part.expect("the authorization endpoint answers 200 or a redirection", right, answer.told());
    let body = json!({
        "grant_type": "authorization_code", "code": "not-a-code", "client_id": CLIENT, "client_secret": "not-the-secret",
        "code_verifier": "a".repeat(43), "redirect_uri": CALLBACK,
    });
    let answer = target.post("/auth/token", &body).await?;
    let error = answer.json().get("error").is_some();
    part.expect("a code with a wrong secret answers 400 with an error", answer.status == 400 && error, answer.told());
    Ok(part)
}
