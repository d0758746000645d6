//! Tests of request.

use proptest::prelude::*;

use super::*;
use crate::{
    authorize::prompt::Pages,
    catalog::{CatalogRecords, ScopeRecord, SwitchOverrides},
    client::ClientState,
    ids::ScopeKey,
    redirect::{ApplicationType, RedirectUri},
    scope::Scope,
    testing::{ALICE, FakeCrypto, FakeSealer, client, issuer, scopes},
};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// `app` must send a challenge, `plain` need not; `native` is public; `two` has two redirect URIs; `off` is switched off.
fn catalog() -> Catalog {
    let change = |id: &str, change: fn(&mut Client)| {
        let mut client = client(id);
        change(&mut client);
        client
    };
    let scope = |(number, name): (u128, &str)| ScopeRecord {
        key: ScopeKey::from_uuid(uuid::Uuid::from_u128(number)),
        name: Scope::parse(name).unwrap(),
        description: String::new(),
        is_default: name == "read",
        is_active: name != "retired",
    };
    let records = CatalogRecords {
        clients: vec![
            change("app", |client| client.audiences = vec!["https://api.example.com".into(), "b".into()]),
            change("plain", |client| client.pkce = PkcePolicy::Exempt),
            change("native", |client| {
                client.kind = ClientType::Public;
                client.application = ApplicationType::Native;
                client.pkce = PkcePolicy::Exempt;
                client.redirect_uris = vec![RedirectUri::stored("http://127.0.0.1/cb".into())];
            }),
            change("two", |client| client.redirect_uris.push(RedirectUri::stored("https://two.example.com/".into()))),
            change("off", |client| client.state = ClientState::Inactive),
            change("machine", |client| client.grant_types = vec![GrantType::ClientCredentials]),
            change("narrow", |client| client.scopes = scopes("openid retired")),
            change("old", |client| {
                client.redirect_uris = ["javascript:alert(1)//", "data:text/html,x", "https://a.example/ b"]
                    .map(|uri| RedirectUri::stored(uri.into()))
                    .to_vec();
            }),
        ],
        scopes: (1..)
            .zip(["openid", "profile", "read", "write", "admin", "offline_access", "retired"])
            .map(scope)
            .collect(),
        ..CatalogRecords::default()
    };
    Catalog::build(records, SwitchOverrides::default(), &FakeCrypto, &FakeSealer).unwrap()
}

/// The hint `hint-of-<client>` is an ID token about Alice for that client.
fn read(query: &str) -> Result<AuthorizationRequest, AuthorizeError> {
    let hint = |token: &str, client: &Client| {
        (token == format!("hint-of-{}", client.id)).then(|| UserId::parse(ALICE)).flatten()
    };
    let (catalog, issuer) = (catalog(), issuer());
    let reader = Reader { catalog: &catalog, issuer: &issuer, hint };
    reader.read(&Params::parse(query.as_bytes()).unwrap())
}

/// A request of `client` that is in order, with `more` at the end.
fn with(client: &str, more: &str) -> String {
    format!(
        "response_type=code&client_id={client}&code_challenge={CHALLENGE}&code_challenge_method=S256&state=s1{more}"
    )
}

/// What makes it an OpenID request with that scope.
fn openid(scope: &str) -> String {
    format!("&redirect_uri=https://app.example.com/callback&scope={scope}")
}

fn problem(query: &str) -> Problem {
    match read(query) {
        Err(AuthorizeError::Redirect(error)) => error.problem,
        other => panic!("{query}: {other:?}"),
    }
}

fn page(query: &str) -> PageError {
    match read(query) {
        Err(AuthorizeError::Page(error)) => error,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn a_full_request_is_read() {
    let request = read(&with(
        "app",
        "&redirect_uri=https://app.example.com/callback&scope=read%20openid&nonce=n1&prompt=login%20consent&max_age=60\
         &login_hint=a@b.example&id_token_hint=hint-of-app&response_mode=form_post&ui_locales=de%20en\
         &resource=https://api.example.com&resource=b&resource=b",
    ));
    let request = request.unwrap();
    assert_eq!(request.scope, scopes("read openid"));
    assert_eq!(request.nonce.as_deref(), Some("n1"));
    assert_eq!(request.prompt, Prompt::Pages(Pages { login: true, consent: true, select_account: false }));
    assert_eq!(request.max_age, Some(Duration::from_secs(60)));
    assert_eq!(request.expected_user, UserId::parse(ALICE));
    assert_eq!(request.mode, ResponseMode::FormPost);
    assert_eq!(request.resources, ["https://api.example.com", "b"]);
    assert_eq!(request.state.as_deref(), Some("s1"));
    assert_eq!(request.proof, CodeProof::Challenge(CodeChallenge::parse(CHALLENGE, Some("S256")).unwrap()));
}

/// SECURITY.md rows 1 and 2: a page, whatever else is wrong. oidcc-ensure-registered-redirect-uri, oidcc-redirect-uri-query-*.
#[test]
fn nothing_is_redirected_to_an_address_that_is_not_the_clients() {
    for uri in [
        "https://app.example.com/callback/",
        "https://app.example.com/callback/x",
        "https://app.example.com/callbac",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback%23f",
        "https://app.example.com/./callback",
        "https://app.example.com/%2563allback",
        "HTTPS://app.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com./callback",
        "https://good@app.example.com/callback",
        "https://app.example.com%5Ccallback",
        "https://evil.example/callback",
        "https://app.example.com/callback https://evil.example/",
        "https://%D0%B0pp.example.com/callback",
        "//app.example.com/callback",
        "javascript:alert(1)",
    ] {
        let query = with("app", &format!("&redirect_uri={}&scope=%22&prompt=none", uri.replace(' ', "+")));
        assert_eq!(page(&query), PageError::RedirectUnregistered, "{uri}");
    }
}

/// RFC 6749 4.1.2.1.
#[test]
fn nothing_is_redirected_for_a_client_that_is_not_known() {
    assert_eq!(page("response_type=code"), PageError::ClientMissing);
    assert_eq!(page("client_id="), PageError::ClientMissing);
    for id in ["nobody", "off", "APP", "app%20", "%C3%A9"] {
        assert_eq!(page(&with(id, "")), PageError::ClientUnknown, "{id}");
    }
}

/// SECURITY.md row 5.
#[test]
fn a_repeated_client_or_redirect_stays_on_a_page_and_other_repetitions_go_back() {
    assert_eq!(page(&with("app", "&client_id=app")), PageError::Repeated);
    let uri = "&redirect_uri=https://app.example.com/callback";
    assert_eq!(page(&with("app", &format!("{uri}{uri}"))), PageError::Repeated);
    for name in ["state", "scope", "nonce", "response_type", "prompt", "unknown"] {
        assert_eq!(problem(&with("app", &format!("&{name}=a&{name}=a"))), Problem::Repeated, "{name}");
    }
    let Err(AuthorizeError::Redirect(error)) = read(&with("app", "&state=s2")) else { panic!() };
    assert_eq!(error.state, None, "which state was meant is not known");
}

/// oidcc-ensure-redirect-uri-in-authorization-request; OAuth 2.1 4.1.1.
#[test]
fn a_redirect_uri_may_be_left_out_only_if_there_is_exactly_one() {
    assert_eq!(read(&with("app", "")).unwrap().redirect.as_str(), "https://app.example.com/callback");
    assert_eq!(page(&with("two", "")), PageError::RedirectMissing);
    assert!(read(&with("two", "&redirect_uri=https://two.example.com/")).is_ok());
}

/// OpenID Connect Core 3.1.2.1: "redirect_uri REQUIRED."
#[test]
fn an_openid_request_names_its_redirect_uri() {
    for scope in ["openid", "read+openid", "openid+%22", "read&scope=openid"] {
        assert_eq!(page(&with("app", &format!("&scope={scope}"))), PageError::RedirectMissing, "{scope}");
        let query = with("app", &format!("&scope={scope}&redirect_uri="));
        assert_eq!(page(&query), PageError::RedirectMissing, "an empty one is none: {scope}");
    }
    assert_eq!(page(&with("app", "&scope=openid&prompt=none")), PageError::RedirectMissing);
    assert!(
        read(&with("app", "&scope=openid.x+openidx")).is_err_and(|error| matches!(error, AuthorizeError::Redirect(_)))
    );
    assert!(read(&with("app", "&scope=read")).is_ok());
}

/// SECURITY.md row 4: what an older program stored.
#[test]
fn a_stored_address_that_runs_scripts_leads_nowhere() {
    for uri in ["javascript:alert(1)//", "data:text/html,x", "https://a.example/+b"] {
        assert_eq!(page(&with("old", &format!("&redirect_uri={uri}"))), PageError::RedirectUnregistered, "{uri}");
    }
}

/// RFC 8252 7.3.
#[test]
fn the_port_of_a_native_loopback_redirect_is_free() {
    let request = read(&with("native", "&redirect_uri=http://127.0.0.1:51004/cb")).unwrap();
    assert_eq!(request.redirect.as_str(), "http://127.0.0.1:51004/cb");
}

/// oidcc-response-type-missing, fapi2 ensure-response-type-*-fails.
#[test]
fn only_the_response_type_code_is_taken() {
    let typed = |text: &str| with("app", "").replace("response_type=code", text);
    assert_eq!(problem(&typed("x=y")), Problem::ResponseTypeMissing);
    assert_eq!(problem(&typed("response_type=")), Problem::ResponseTypeMissing);
    for other in ["token", "id_token", "code+id_token", "code+token", "none", "Code"] {
        assert_eq!(problem(&typed(&format!("response_type={other}"))), Problem::ResponseTypeUnsupported, "{other}");
    }
    assert_eq!(problem(&with("machine", "")), Problem::GrantNotAllowed);
}

#[test]
fn an_unknown_response_mode_is_told_by_query() {
    for mode in ["fragment", "jwt", "Query"] {
        let Err(AuthorizeError::Redirect(error)) = read(&with("app", &format!("&response_mode={mode}"))) else {
            panic!()
        };
        assert_eq!((error.problem, error.mode), (Problem::ResponseModeUnsupported, ResponseMode::Query), "{mode}");
    }
    let Err(AuthorizeError::Redirect(error)) = read(&with("app", "&response_mode=form_post&scope=%22")) else {
        panic!()
    };
    assert_eq!(error.mode, ResponseMode::FormPost);
}

/// SECURITY.md row 9; S000-62; oidcc-ensure-request-with-valid-pkce-succeeds.
#[test]
fn a_challenge_is_s256_and_required_but_for_exempted_confidential_clients() {
    let pkce = |client: &str, text: &str| format!("response_type=code&client_id={client}{text}");
    assert_eq!(read(&pkce("plain", "")).unwrap().proof, CodeProof::None);
    assert_eq!(problem(&pkce("app", "")), Problem::ChallengeMissing);
    assert_eq!(problem(&pkce("native", "")), Problem::ChallengeMissing, "public clients are never exempt");
    assert_eq!(problem(&pkce("plain", "&code_challenge_method=S256")), Problem::ChallengeMissing);
    for bad in [
        format!("&code_challenge={CHALLENGE}"),
        format!("&code_challenge={CHALLENGE}&code_challenge_method=plain"),
        "&code_challenge=test-challenge&code_challenge_method=S256".to_owned(),
    ] {
        assert_eq!(problem(&pkce("plain", &bad)), Problem::ChallengeInvalid, "{bad}");
    }
}

#[test]
fn scopes_are_those_of_the_client() {
    assert_eq!(read(&with("app", "")).unwrap().scope, scopes("read"), "the defaults");
    assert_eq!(read(&with("app", "&scope=")).unwrap().scope, scopes("read"), "RFC 6749 3.1: empty is absent");
    assert_eq!(problem(&with("narrow", "")), Problem::ScopeRefused, "no default that the client may have");
    assert_eq!(read(&with("narrow", &openid("openid+profile"))).unwrap().scope, scopes("openid"), "not the client's");
    assert_eq!(read(&with("app", "&scope=read+nonsense")).unwrap().scope, scopes("read"), "nobody's");
    assert_eq!(
        read(&with("app", &openid("openid+nonsense"))).unwrap().scope,
        scopes("openid"),
        "OpenID Connect Core 3.1.2.1"
    );
    assert_eq!(problem(&with("narrow", "&scope=profile")), Problem::ScopeRefused, "nothing is left");
    assert_eq!(problem(&with("app", "&scope=nonsense")), Problem::ScopeRefused, "nothing is left");
    assert_eq!(read(&with("narrow", &openid("openid+retired"))).unwrap().scope, scopes("openid"), "switched off");
    assert_eq!(problem(&with("app", "&scope=%22")), Problem::ScopeRefused);
    assert_eq!(problem(&with("app", "&scope=+")), Problem::ScopeRefused);
}

/// RFC 8707 2.
#[test]
fn a_resource_is_one_of_the_clients_audiences() {
    for bad in ["https://api.example.com/", "https://other.example.com", "https://auth.example.com", "c"] {
        assert_eq!(problem(&with("app", &format!("&resource={bad}"))), Problem::ResourceRefused, "{bad}");
    }
    let ours = read(&with("plain", "&resource=https://auth.example.com")).unwrap();
    assert_eq!(ours.resources, ["https://auth.example.com"], "the issuer is the audience of clients without any");
}

/// oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported and its likes.
#[test]
fn request_objects_are_refused_by_name() {
    for (name, code) in [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ] {
        assert_eq!(problem(&with("app", &format!("&{name}=x"))).code().as_str(), code);
    }
}

/// oidcc-display-*, -ui-locales, -claims-locales, -login-hint, -ensure-request-with-acr-values-succeeds,
/// -ensure-request-with-unknown-parameter-succeeds, -claims-essential (ignored), fapi2 long state.
#[test]
fn what_is_only_a_wish_is_never_an_error() {
    let long = "x".repeat(2_000);
    for more in [
        "&display=page",
        "&display=hologram",
        "&claims_locales=se",
        "&acr_values=1%202",
        "&claims=%7B%22userinfo%22%3A%7B%7D%7D",
        "&ui_locales=se",
        "&extra=foobar",
        "&nonce=",
        &format!("&login_hint={long}"),
        &format!("&ui_locales={long}"),
    ] {
        assert!(read(&with("app", more)).is_ok(), "{more}");
    }
    assert_eq!(read(&with("app", &format!("&login_hint={long}"))).unwrap().login_hint, None);
    let stateful = with("app", "").replace("state=s1", &format!("state={long}"));
    assert_eq!(read(&stateful).unwrap().state.as_deref(), Some(&*long));
}

#[test]
fn numbers_hints_and_nonces_are_checked() {
    for bad in ["-1", "1.5", "+5", "abc", "99999999999999999999999"] {
        let query = with("app", &format!("&max_age={}", bad.replace('+', "%2B")));
        assert_eq!(problem(&query), Problem::MaxAgeInvalid, "{bad}");
    }
    assert_eq!(read(&with("app", "&max_age=0")).unwrap().max_age, Some(Duration::ZERO));
    assert_eq!(problem(&with("app", "&id_token_hint=hint-of-two")), Problem::HintInvalid, "another client's");
    assert_eq!(problem(&with("app", &format!("&nonce={}", "n".repeat(513)))), Problem::NonceInvalid);
    assert!(read(&with("app", &format!("&nonce={}", "n".repeat(512)))).is_ok());
    assert_eq!(problem(&with("app", "&prompt=none+login")), Problem::PromptInvalid);
}

/// RFC 9700 4.11.2; SECURITY.md row 3.
#[test]
fn an_error_waits_for_a_sign_in_unless_no_page_is_allowed() {
    for (prompt, release) in [
        ("", Release::AfterSignIn),
        ("&prompt=login", Release::AfterSignIn),
        ("&prompt=none", Release::AtOnce),
        ("&prompt=none+login", Release::AtOnce),
    ] {
        let Err(AuthorizeError::Redirect(error)) = read(&with("app", &format!("&scope=%22{prompt}"))) else { panic!() };
        assert_eq!(error.release, release, "{prompt}");
        assert_eq!(error.state.as_deref(), Some("s1"));
    }
}

/// oidcc-alternate-happy-flow.
#[test]
fn the_order_of_parameters_and_scopes_means_nothing() {
    let parts: Vec<String> = with("app", &openid("openid+read")).split('&').map(str::to_owned).collect();
    let reversed: Vec<String> = parts.iter().rev().cloned().collect();
    assert_eq!(read(&parts.join("&")).unwrap(), read(&reversed.join("&")).unwrap());
}

proptest! {
    /// Every request is read, stays on a page, or goes to an address of the very client.
    #[test]
    fn any_parameters_are_read_or_refused_without_panic(
        pairs in proptest::collection::vec((
            prop_oneof![
                Just("client_id"), Just("redirect_uri"), Just("response_type"), Just("response_mode"), Just("scope"),
                Just("state"), Just("nonce"), Just("prompt"), Just("max_age"), Just("code_challenge"), Just("resource"),
                Just("code_challenge_method"), Just("id_token_hint"), Just("request"), Just("ui_locales"),
            ],
            prop_oneof![
                Just("app".to_owned()), Just("native".to_owned()), Just("code".to_owned()), Just("none".to_owned()),
                Just("https://app.example.com/callback".to_owned()), Just("openid".to_owned()), "\\PC{0,40}",
            ],
        ), 0..12)
    ) {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        if let Ok(params) = Params::parse(query.as_bytes()) {
            let (catalog, issuer) = (catalog(), issuer());
            let reader = Reader { catalog: &catalog, issuer: &issuer, hint: |_: &str, _: &Client| None };
            let redirect = match reader.read(&params) {
                Ok(request) => request.redirect,
                Err(AuthorizeError::Redirect(error)) => error.to,
                Err(AuthorizeError::Page(_)) => return Ok(()),
            };
            let known = redirect.as_str() == "https://app.example.com/callback"
                || redirect.as_str().starts_with("http://127.0.0.1");
            prop_assert!(known, "{redirect:?}");
        }
    }
}
