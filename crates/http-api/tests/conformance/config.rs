//! oidcc-config-certification-test-plan, and that everything advertised is wired (RFC 8414 2, OpenID Connect Discovery 3).

use std::collections::BTreeSet;

use authly_testkit::{Options, TestApp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{crypto::Algorithm, endpoint::Endpoint};
use serde_json::{Value, json};

use crate::op::{Mode, Op};

/// oidcc-discovery-endpoint-verification
#[tokio::test(flavor = "multi_thread")]
async fn the_provider_describes_itself_completely() {
    let app = TestApp::with(Options { https_issuer: true, ..Options::default() }).await;
    let answer = app.get("/.well-known/openid-configuration").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    let document = answer.json();
    assert_eq!(document["issuer"], app.issuer(), "OpenID Connect Discovery 4.3: MUST be identical");
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        assert!(document[name].as_str().unwrap().starts_with("https://"), "{name}");
    }
    for (name, value) in [
        ("response_types_supported", "code"),
        ("response_modes_supported", "query"),
        ("response_modes_supported", "form_post"),
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("grant_types_supported", "authorization_code"),
        ("code_challenge_methods_supported", "S256"),
        ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ("token_endpoint_auth_methods_supported", "client_secret_post"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("token_endpoint_auth_methods_supported", "none"),
        ("token_endpoint_auth_signing_alg_values_supported", "ES256"),
        ("revocation_endpoint_auth_methods_supported", "none"),
        ("introspection_endpoint_auth_methods_supported", "client_secret_basic"),
    ] {
        assert!(document[name].as_array().unwrap().contains(&json!(value)), "{name} lacks {value}");
    }
    assert_eq!(document["authorization_response_iss_parameter_supported"], true, "RFC 9207 3");
    for name in ["request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"] {
        assert_eq!(document[name], false, "{name}");
    }
    assert_eq!(
        app.get("/.well-known/oauth-authorization-server").await.body,
        answer.body,
        "RFC 8414 3: the same issuer"
    );
}

/// oidcc-discovery-endpoint-verification: valid JWKS without private parts.
#[tokio::test(flavor = "multi_thread")]
async fn the_published_keys_are_whole_and_public() {
    let app = TestApp::start().await;
    let document = app.get("/.well-known/jwks.json").await.json();
    let keys = document["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    let kids: BTreeSet<_> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), 2, "RFC 7517 4.5: distinct");
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        assert_eq!(key["use"], "sig");
        let members: &[&str] = if key["kty"] == "RSA" { &["n", "e"] } else { &["crv", "x", "y"] };
        assert!(members.iter().all(|name| key[*name].is_string()), "{key}");
    }
}

/// RFC 8414 2: what is advertised answers, under the methods of its specification.
#[tokio::test(flavor = "multi_thread")]
async fn every_advertised_address_is_wired() {
    let all =
        Options { engine: Some(Box::new(|settings| settings.first_party_challenge = true)), ..Options::default() };
    let app = TestApp::with(all).await;
    let document = app.get("/.well-known/openid-configuration").await.json();
    let advertised =
        document.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut seen = 0;
    for (name, address) in advertised {
        let path = address.as_str().unwrap().strip_prefix(app.issuer()).unwrap();
        let endpoint = Endpoint::ALL.iter().find(|endpoint| endpoint.path() == path).unwrap();
        assert_eq!(endpoint.metadata(), Some(name.as_str()));
        for method in endpoint.methods() {
            let answer = app.send(app.http.request(method.parse().unwrap(), app.at(path))).await;
            assert!(!matches!(answer.status.as_u16(), 404 | 405 | 500..), "{method} {name}: {}", answer.status);
        }
        seen += 1;
    }
    assert_eq!(seen, Endpoint::ALL.iter().filter(|endpoint| endpoint.metadata().is_some()).count());
}

/// RFC 8414 2: the advertised grants, methods, modes and prompts work, others do not.
#[tokio::test(flavor = "multi_thread")]
async fn every_advertised_grant_is_known_at_the_token_endpoint() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    let document = app.get("/.well-known/openid-configuration").await.json();
    let advertised: Vec<&str> =
        document["grant_types_supported"].as_array().unwrap().iter().map(|grant| grant.as_str().unwrap()).collect();
    let others =
        ["implicit", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange"];
    for grant in advertised.iter().chain(&others) {
        let request =
            app.http.post(app.at("/auth/token")).basic_auth("app", Some(&secret)).form(&[("grant_type", *grant)]);
        let answer = app.send(request).await;
        let unknown = answer.json()["error"] == "unsupported_grant_type";
        assert_eq!(unknown, !advertised.contains(grant), "{grant}: {}", answer.body);
    }
    assert!(!advertised.contains(&"password"), "RFC 9700 2.4: the password grant is never advertised");
}

/// RFC 8414 3.2: "Claims with zero elements MUST be omitted".
#[tokio::test(flavor = "multi_thread")]
async fn no_member_of_the_metadata_is_empty() {
    let document = TestApp::start().await.get("/.well-known/openid-configuration").await.json();
    for (name, value) in document.as_object().unwrap() {
        assert!(!value.is_null() && value.as_array().is_none_or(|values| !values.is_empty()), "{name}");
        if let Value::Array(values) = value {
            let texts: BTreeSet<_> = values.iter().map(ToString::to_string).collect();
            assert_eq!(texts.len(), values.len(), "{name} repeats itself");
        }
    }
}

/// oidcc-server-rotate-keys: the new key appears, the old one stays, and what it signed still counts.
#[tokio::test(flavor = "multi_thread")]
async fn rotated_keys_appear_and_the_old_ones_stay() {
    let op = Op::start(Mode::Query).await;
    let (app, mut browser) = (&op.app, op.browser());
    let kids = async || {
        let document = app.get("/.well-known/jwks.json").await.json();
        let keys = document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
        keys.collect::<BTreeSet<_>>()
    };
    let before = op.tokens(&mut browser, &op.request()).await;
    let old = kids().await;
    for algorithm in [Algorithm::ES256, Algorithm::RS256] {
        app.app.admin.rotate_key(algorithm, authly_admin_cases::key::Rotation::AtOnce).await.unwrap();
    }
    app.services.refresh().await;
    let new = kids().await;
    assert!(old.is_subset(&new) && new.len() > old.len(), "{old:?} {new:?}");
    let after = op.tokens(&mut browser, &op.request()).await;
    for name in ["id_token", "access_token"] {
        assert_ne!(kid(before.text(name)), kid(after.text(name)), "{name}");
        assert!(new.contains(&kid(after.text(name))), "{name}: signed by a published key");
    }
    for tokens in [&before, &after] {
        assert_eq!(app.userinfo(tokens.access()).await.status, 200);
        let flow = op.request().with("prompt", "none").with("id_token_hint", tokens.text("id_token"));
        let page = browser.open(&flow.path()).await;
        assert!(op.read(&page).contains_key("code"));
    }
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}
