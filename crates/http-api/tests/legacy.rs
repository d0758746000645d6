//! The contract of the program that came before, as existing consumers use it (REQUIREMENTS S000-57..64 and section 6).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use authly_testkit::{CodeFlow, Options, TestApp};
use oauth_core::endpoint::Endpoint;
use serde_json::{Value, json};

struct Answer {
    status: u16,
    body: Value,
    headers: reqwest::header::HeaderMap,
}

async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    let response = app.http.post(app.at(path)).json(body).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

async fn pair(app: &TestApp) -> Value {
    let body = json!({ "grant_type": "password", "username": "ada@example.org", "password": "correct horse" });
    let answer = post(app, "/auth/token", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn me(app: &TestApp, token: &str) -> u16 {
    app.http.get(app.at("/api/v1/users/me")).bearer_auth(token).send().await.unwrap().status().as_u16()
}

/// S000-57.
#[tokio::test(flavor = "multi_thread")]
async fn the_password_grant_answers_in_its_old_shape() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let tokens = pair(&app).await;
    let mut members: Vec<_> = tokens.as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "token_type"]);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 1800);
}

/// S000-57 over a form (C-02), with the user name instead of the address.
#[tokio::test(flavor = "multi_thread")]
async fn the_password_grant_takes_forms_and_user_names() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let form = [("grant_type", "password"), ("username", "ADA"), ("password", "correct horse")];
    let answer = app.http.post(app.at("/auth/token")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

/// C-35 and C-43.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_400_at_the_grant_and_401_at_the_login_doors() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let grant = json!({ "grant_type": "password", "username": "ada@example.org", "password": "wrong" });
    let answer = post(&app, "/auth/token", &grant).await;
    assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(answer.body["detail"], answer.body["error_description"]);
    for path in ["/api/auth/login", "/api/v1/auth/login"] {
        let answer = post(&app, path, &json!({ "email": "ada@example.org", "password": "wrong" })).await;
        assert_eq!(answer.status, 401, "{path}");
        let answer = post(&app, path, &json!({ "email": "ada@example.org", "password": "correct horse" })).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body["user"]["email"], "ada@example.org");
    }
}

/// S000-59: a refresh gives a new pair, and the old token is spent.
#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_refresh_works_once_through_either_path() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let mut token = pair(&app).await["refresh_token"].as_str().unwrap().to_owned();
    for path in ["/auth/token", "/auth/refresh"] {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": token });
        let answer = post(&app, path, &body).await;
        assert_eq!(answer.status, 200, "{path} {}", answer.body);
        assert_eq!(post(&app, path, &body).await.body["error"], "invalid_grant", "a second use");
        token = answer.body["refresh_token"].as_str().unwrap().to_owned();
    }
}

/// SECURITY.md row 60 and section 5.
#[tokio::test(flavor = "multi_thread")]
async fn the_two_kinds_of_refresh_tokens_never_meet() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user("ada@example.org").await;
    let legacy = pair(&app).await["refresh_token"].as_str().unwrap().to_owned();
    let with_client = json!({ "grant_type": "refresh_token", "refresh_token": legacy, "client_id": "app" });
    assert_eq!(post(&app, "/auth/token", &with_client).await.body["error"], "invalid_grant");
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    assert_eq!(flow.refresh(&app, &legacy).await.json()["error"], "invalid_grant", "with client authentication");
    let oauth = flow.tokens(&app, &mut app.browser(), "ada@example.org").await;
    let door = post(&app, "/auth/refresh", &json!({ "refresh_token": oauth.refresh() })).await;
    assert_eq!((door.status, &door.body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(flow.refresh(&app, oauth.refresh()).await.status, 200, "and it still works where it belongs");
}

/// S000-58: an access token works until it expires; revocation ends it at once.
#[tokio::test(flavor = "multi_thread")]
async fn me_takes_legacy_and_oauth_tokens() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user("ada@example.org").await;
    let tokens = pair(&app).await;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(me(&app, access).await, 200);
    assert_eq!(me(&app, tokens["refresh_token"].as_str().unwrap()).await, 401, "a refresh token is no access token");
    let flow = CodeFlow::confidential(&secret, "openid profile");
    let oauth = flow.tokens(&app, &mut app.browser(), "ada@example.org").await;
    assert_eq!(me(&app, oauth.access()).await, 200);
    assert_eq!(post(&app, "/auth/revoke", &json!({ "token": access })).await.status, 200);
    assert_eq!(me(&app, access).await, 401);
    assert_eq!(post(&app, "/auth/revoke", &json!({ "token": "unknown" })).await.status, 200);
    app.clock.advance(Duration::from_secs(1_801));
    assert_eq!(me(&app, oauth.access()).await, 401);
}

/// S000-60, C-41: a known address is answered alike.
#[tokio::test(flavor = "multi_thread")]
async fn registration_tells_nobody_who_has_an_account() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let known =
        json!({ "email": "ADA@example.org", "username": "ada", "password": "another password", "is_admin": true });
    let fresh =
        json!({ "email": "bob@example.org", "username": "bob", "password": "another password", "is_admin": true });
    let (known, fresh) = (post(&app, "/auth/register", &known).await, post(&app, "/api/auth/register", &fresh).await);
    assert_eq!((known.status, fresh.status), (201, 201));
    let members = |answer: &Answer| answer.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&known), members(&fresh));
    assert_eq!((&fresh.body["is_admin"], &fresh.body["is_verified"]), (&json!(false), &json!(false)));
    let login =
        post(&app, "/api/auth/login", &json!({ "email": "ada@example.org", "password": "another password" })).await;
    assert_eq!(login.status, 401, "nothing was stored for the known address");
    let bad = post(&app, "/auth/register", &json!({ "email": "x", "username": "y", "password": "short" })).await;
    assert_eq!(bad.status, 422);
    assert!(bad.body["detail"].is_string());
}

/// REQUIREMENTS 6: invalid fields are 422 with `detail` at every JSON door but the token endpoint, which has RFC 6749's 400.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_field_is_422_at_each_door_and_400_at_the_token_endpoint() {
    let app = TestApp::start().await;
    let missing = [
        ("/auth/register", json!({ "username": "bob", "password": "another password" }), "email: "),
        ("/auth/register", json!({ "email": "bob@example.org" }), "password: "),
        ("/api/auth/register", json!({}), "email: "),
        ("/api/v1/auth/register", json!({}), "email: "),
        ("/api/auth/login", json!({ "email": "bob@example.org" }), "password: "),
        ("/api/v1/auth/login", json!({ "password": "another password" }), "email: "),
        ("/auth/refresh", json!({}), "refresh_token: "),
        ("/auth/revoke", json!({}), "token: "),
    ];
    for (path, body, detail) in missing {
        let answer = post(&app, path, &body).await;
        assert_eq!((answer.status, &answer.body["error"]), (422, &json!("invalid_request")), "{path} {}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().starts_with(detail), "{path} {}", answer.body);
        assert_eq!(answer.body["detail"], answer.body["error_description"], "C-43");
    }
    for (path, body) in [
        ("/auth/register", json!({ "email": 1, "password": "s3cr3t" })),
        ("/api/auth/login", json!({ "email": "bob@example.org", "password": ["s3cr3t"] })),
        ("/auth/refresh", json!({ "refresh_token": { "s3cr3t": 1 } })),
        ("/auth/revoke", json!(["s3cr3t"])),
        ("/auth/revoke", json!("s3cr3t")),
    ] {
        let answer = post(&app, path, &body).await;
        assert_eq!(answer.status, 422, "{path}");
        assert!(!answer.body.to_string().contains("s3cr3t"), "no value is echoed: {}", answer.body);
    }
    for body in [json!({ "grant_type": "password", "username": "bob" }), json!({}), json!([]), json!("x")] {
        let answer = post(&app, "/auth/token", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert!(answer.body["error"].is_string() && answer.body["detail"].is_string(), "{}", answer.body);
    }
    for path in ["/auth/register", "/api/auth/login", "/auth/refresh", "/auth/revoke", "/auth/token"] {
        let request = app.http.post(app.at(path)).header("content-type", "application/json").body("{\"email\":");
        assert_eq!(app.send(request).await.status, 400, "{path}: what is no JSON at all is 400");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_registration_says_so() {
    let app = TestApp::with(Options { closed_registration: true, ..Options::default() }).await;
    let body = json!({ "email": "bob@example.org", "username": "bob", "password": "another password" });
    let answer = post(&app, "/auth/register", &body).await;
    assert_eq!((answer.status, &answer.body["error"]), (403, &json!("registration_disabled")));
}

/// S000-63 and C-35: 400 for a secret in the JSON body, 401 with a challenge for Basic and for forms.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_client_secret_is_answered_by_where_it_stood() {
    let app = TestApp::start().await;
    app.confidential_client().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("code_verifier", "y"),
        ("redirect_uri", "https://app.example/cb"),
    ];
    let mut body: serde_json::Map<String, Value> =
        fields.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
    body.insert("client_id".into(), json!("app"));
    body.insert("client_secret".into(), json!("wrong"));
    let answer = post(&app, "/auth/token", &Value::Object(body)).await;
    assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_client")));
    assert!(answer.headers.get("www-authenticate").is_none());
    let basic =
        app.http.post(app.at("/auth/token")).basic_auth("app", Some("wrong")).form(&fields).send().await.unwrap();
    assert_eq!(basic.status(), 401);
    assert!(basic.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic"));
}

/// S000-61, C-05.
#[tokio::test(flavor = "multi_thread")]
async fn the_older_metadata_path_serves_the_same_bytes() {
    let app = TestApp::start().await;
    let mut bodies = Vec::new();
    for path in ["/.well-known/oauth-authorization-server", "/auth/.well-known/oauth-authorization-server"] {
        let answer = app.http.get(app.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["cache-control"], "public, max-age=3600");
        bodies.push(answer.text().await.unwrap());
    }
    assert_eq!(bodies[0], bodies[1]);
    let document: Value = serde_json::from_str(&bodies[0]).unwrap();
    for member in ["authorization_endpoint", "token_endpoint", "revocation_endpoint"] {
        assert!(document[member].as_str().unwrap().starts_with(app.issuer()), "{member}");
    }
    assert!(!document["grant_types_supported"].as_array().unwrap().contains(&json!("password")), "C-02");
}

/// C-42: with OAuth off the legacy contract stays and the rest is 404, at run time.
#[tokio::test(flavor = "multi_thread")]
async fn switching_oauth_off_never_signs_legacy_users_out() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let tokens = pair(&app).await;
    app.app.admin.set_oauth_enabled(false).await.unwrap();
    app.services.refresh().await;
    for endpoint in Endpoint::ALL {
        let path = endpoint.path();
        let stays = path.starts_with("/api/")
            || ["/auth/token", "/auth/refresh", "/auth/revoke", "/auth/register"].contains(&path)
            || ["/health", "/health/live", "/health/ready", "/metrics", "/"].contains(&path)
            || ["/forgot-password", "/reset-password", "/verify-email"].contains(&path);
        if stays || *endpoint == Endpoint::SecurityTxt {
            continue;
        }
        for method in endpoint.methods() {
            let request = app.http.request(method.parse().unwrap(), app.at(path));
            let request = request.bearer_auth(tokens["access_token"].as_str().unwrap());
            assert_eq!(request.send().await.unwrap().status(), 404, "{method} {path}");
        }
    }
    let home = app.get("/").await.body;
    assert!(home.contains("switched off") && !home.contains("/.well-known/openid-configuration"), "{home}");
    assert_eq!(me(&app, tokens["access_token"].as_str().unwrap()).await, 200);
    let refresh = json!({ "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
    assert_eq!(post(&app, "/auth/token", &refresh).await.status, 200);
    for path in ["/health", "/health/live", "/health/ready", "/metrics", "/", "/favicon.ico"] {
        assert_eq!(app.http.get(app.at(path)).send().await.unwrap().status(), 200, "{path}");
    }
    let code = json!({ "grant_type": "authorization_code", "code": "x", "client_id": "app" });
    assert_eq!(post(&app, "/auth/token", &code).await.body["error"], "unsupported_grant_type");
}

/// C-33.
#[tokio::test(flavor = "multi_thread")]
async fn the_challenge_door_makes_a_pair_and_keeps_nothing() {
    let app = TestApp::start().await;
    let answer = app.http.post(app.at("/auth/challenge")).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let pair: Value = answer.json().await.unwrap();
    let verifier = oauth_core::pkce::CodeVerifier::parse(pair["code_verifier"].as_str().unwrap()).unwrap();
    assert_eq!(pair["code_challenge"], verifier.challenge().to_text());
    assert_eq!(pair["code_challenge_method"], "S256");
}

/// C-02: the switch of the installation closes every legacy door.
#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_doors_have_a_switch() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    app.app.admin.set_legacy_login(false).await.unwrap();
    app.services.refresh().await;
    let grant = json!({ "grant_type": "password", "username": "ada@example.org", "password": "correct horse" });
    assert_eq!(post(&app, "/auth/token", &grant).await.body["error"], "unsupported_grant_type");
    let login = json!({ "email": "ada@example.org", "password": "correct horse" });
    assert_eq!(post(&app, "/api/auth/login", &login).await.status, 400);
}

/// C-06: the paths of earlier programs are switched per installation, the doors themselves stay.
#[tokio::test(flavor = "multi_thread")]
async fn the_paths_of_earlier_programs_can_be_closed() {
    let app = TestApp::with(Options { no_legacy_routes: true, ..Options::default() }).await;
    app.user("ada@example.org").await;
    for path in ["/api/auth/login", "/api/auth/register", "/api/v1/auth/login", "/api/v1/auth/register"] {
        assert_eq!(post(&app, path, &json!({})).await.status, 404, "{path}");
    }
    let tokens = pair(&app).await;
    assert_eq!(me(&app, tokens["access_token"].as_str().unwrap()).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_is_a_setting() {
    let app = TestApp::with(Options { body_limit: Some(100), ..Options::default() }).await;
    let long = json!({ "grant_type": "password", "username": "a".repeat(100), "password": "x" });
    assert_eq!(post(&app, "/auth/token", &long).await.status, 413);
    let short = json!({ "grant_type": "password", "username": "a", "password": "x" });
    assert_eq!(post(&app, "/auth/token", &short).await.status, 400);
}
