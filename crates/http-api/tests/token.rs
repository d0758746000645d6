//! The token endpoint: codes, refresh tokens and scopes (RFC 6749 4 to 6, RFC 7636 4.6, OAuth 2.1 4.3).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use authly_admin_cases::{
    client::{ClientChange, ClientDraft},
    user::UserDraft,
};
use authly_directory::{account::AccountChange, store::AccountRepository as _};
use authly_testkit::{Browser, CodeFlow, Options, Page, TestApp};
use oauth_core::{
    audit::AuditKind,
    client::{ClientState, GrantType},
    subject::AccountStatus,
};
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.org";
const SCOPE: &str = "openid profile offline_access";

async fn start() -> (TestApp, CodeFlow) {
    start_with(Options::default()).await
}

async fn start_with(options: Options) -> (TestApp, CodeFlow) {
    let app = TestApp::with(options).await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, SCOPE))
}

async fn other_client(app: &TestApp) -> CodeFlow {
    let registered = app
        .client(ClientDraft {
            client_id: Some("other".to_owned()),
            name: "Another".to_owned(),
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            scopes: SCOPE.split(' ').map(str::to_owned).collect(),
            grant_types: GrantType::ALL.to_vec(),
            ..ClientDraft::default()
        })
        .await;
    let secret = registered.secret.unwrap().expose().clone();
    CodeFlow { client_id: "other".to_owned(), ..CodeFlow::confidential(&secret, SCOPE) }
}

fn refused(page: &Page, error: &str) {
    assert_eq!((page.status.as_u16(), page.json()["error"].as_str()), (400, Some(error)), "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

async fn active(app: &TestApp, flow: &CodeFlow, token: &str) -> bool {
    let form = [("token", token)];
    let request =
        app.http.post(app.at("/auth/introspect")).basic_auth(&flow.client_id, flow.secret.as_ref()).form(&form);
    let answer = app.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    if answer["active"] == false {
        assert_eq!(answer, json!({ "active": false }), "RFC 7662 2.2: nothing else is told");
    }
    answer["active"] == true
}

fn parallel(
    app: &TestApp,
    flow: &CodeFlow,
    form: &[(String, String)],
    count: usize,
) -> Vec<tokio::task::JoinHandle<(u16, Value)>> {
    let barrier = Arc::new(tokio::sync::Barrier::new(count));
    (0..count)
        .map(|_| {
            let (barrier, form) = (barrier.clone(), form.to_vec());
            let request =
                app.http.post(app.at("/auth/token")).basic_auth(&flow.client_id, flow.secret.as_ref()).form(&form);
            tokio::spawn(async move {
                barrier.wait().await;
                let answer = request.send().await.unwrap();
                (answer.status().as_u16(), answer.json().await.unwrap())
            })
        })
        .collect()
}

/// SECURITY.md row 6; RFC 6749 4.1.2 "MUST NOT be used more than once".
#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_redemptions_of_one_code_give_exactly_one_answer() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let (mut won, mut lost) = (Vec::new(), 0);
    for answer in parallel(&app, &flow, &flow.redemption(&code), 50) {
        let (status, body) = answer.await.unwrap();
        if status == 200 {
            won.push(body);
        } else {
            assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
            lost += 1;
        }
    }
    assert_eq!((won.len(), lost), (1, 49));
    assert_eq!(
        app.userinfo(won[0]["access_token"].as_str().unwrap()).await.status,
        401,
        "replays revoked what was won"
    );
}

/// SECURITY.md row 7; RFC 6749 4.1.2 "SHOULD revoke (when possible) all tokens previously issued based on that authorization
/// code"; modules oidcc-codereuse and oidcc-codereuse-30seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_code_revokes_its_tokens_and_their_rotated_descendants() {
    for pause in [0, 30] {
        let (app, flow) = start().await;
        let code = flow.code(&mut app.browser(), EMAIL).await;
        let first = flow.redeem(&app, &code).await;
        let second = flow.refresh(&app, first.refresh()).await.json();
        let third = flow.refresh(&app, second["refresh_token"].as_str().unwrap()).await.json();
        let access: Vec<&str> =
            [&first.body, &second, &third].map(|tokens| tokens["access_token"].as_str().unwrap()).to_vec();
        for token in &access {
            assert_eq!(app.userinfo(token).await.status, 200);
            assert!(active(&app, &flow, token).await);
        }
        app.clock.advance(Duration::from_secs(pause));
        refused(&flow.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
        for token in access {
            assert_eq!(app.userinfo(token).await.status, 401, "after {pause} s");
            assert!(!active(&app, &flow, token).await);
        }
        for tokens in [&first.body, &second, &third] {
            let token = tokens["refresh_token"].as_str().unwrap();
            refused(&flow.refresh(&app, token).await, "invalid_grant");
            assert!(!active(&app, &flow, token).await);
        }
    }
}

/// SECURITY.md row 8; RFC 6749 4.1.3 "ensure that the authorization code was issued to the authenticated confidential client".
#[tokio::test(flavor = "multi_thread")]
async fn another_client_can_neither_use_nor_burn_a_code_or_refresh_token() {
    let (app, flow) = start().await;
    let thief = other_client(&app).await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    refused(&thief.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    let tokens = flow.redeem(&app, &code).await;
    refused(&thief.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    assert_eq!(app.userinfo(tokens.access()).await.status, 200, "a stranger's replay revokes nothing");
    refused(&thief.refresh(&app, tokens.refresh()).await, "invalid_grant");
    let next = flow.refresh(&app, tokens.refresh()).await;
    assert_eq!(next.status, 200, "the family lives");
    app.clock.advance(Duration::from_secs(11));
    refused(&thief.refresh(&app, tokens.refresh()).await, "invalid_grant");
    assert_eq!(flow.refresh(&app, next.json()["refresh_token"].as_str().unwrap()).await.status, 200);
    let public = CodeFlow { client_id: "app".to_owned(), secret: None, ..flow };
    let answer = public.refresh(&app, tokens.refresh()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_client")));
}

/// SECURITY.md rows 9 and 10; RFC 7636 4.1 and 4.6, RFC 9700 2.1.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_only_with_the_verifier_of_its_challenge() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let code = flow.code(&mut browser, EMAIL).await;
    let verifier = flow.verifier.clone().unwrap();
    let with = |verifier: Option<&str>| {
        let flow = CodeFlow { verifier: None, ..flow.clone() };
        let mut form = flow.redemption(&code);
        form.extend(verifier.map(|verifier| ("code_verifier".to_owned(), verifier.to_owned())));
        form
    };
    let challenge = oauth_core::pkce::CodeVerifier::parse(&verifier).unwrap().challenge().to_text();
    for wrong in [
        None,
        Some(""),
        Some(&verifier[..42]),
        Some(&"v".repeat(43)),
        Some(&"v".repeat(129)),
        Some(&verifier.replace('a', "A")),
        Some(&format!("{verifier} ")),
        Some(&format!("{verifier}!")),
        Some(&*challenge),
    ] {
        refused(&flow.post_token(&app, &with(wrong)).await, "invalid_grant");
    }
    assert_eq!(flow.post_token(&app, &with(Some(&verifier))).await.status, 200, "failed attempts burnt nothing");
}

/// SECURITY.md row 9: a verifier without a challenge is a downgrade that somebody attempted.
#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_without_a_challenge_is_refused() {
    let (app, flow) = start().await;
    app.change_client(
        "app",
        ClientChange { pkce: Some(oauth_core::client::PkcePolicy::Exempt), ..ClientChange::default() },
    )
    .await;
    let bare = CodeFlow { verifier: None, ..flow.clone() };
    let code = bare.code(&mut app.browser(), EMAIL).await;
    refused(&flow.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    assert_eq!(bare.post_token(&app, &bare.redemption(&code)).await.status, 200);
    let code = flow.code(&mut app.browser(), EMAIL).await;
    refused(&bare.post_token(&app, &bare.redemption(&code)).await, "invalid_grant");
    assert_eq!(
        flow.post_token(&app, &flow.redemption(&code)).await.status,
        200,
        "an exempted client may still use PKCE"
    );
}

/// OAuth 2.1 4.1.3: redirect_uri is enforced when it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_at_the_token_endpoint_must_be_the_requests() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    for uri in ["https://app.example/cb/", "https://evil.example/cb", "https://app.example/cb?x"] {
        let other = CodeFlow { redirect_uri: uri.to_owned(), ..flow.clone() };
        refused(&flow.post_token(&app, &other.redemption(&code)).await, "invalid_grant");
    }
    let form: Vec<_> = flow.redemption(&code).into_iter().filter(|(name, _)| name != "redirect_uri").collect();
    assert_eq!(flow.post_token(&app, &form).await.status, 200);
}

/// SECURITY.md row 13; OAuth 2.1 4.3.1, RFC 9700 4.14.2.
#[tokio::test(flavor = "multi_thread")]
async fn a_reused_refresh_token_ends_the_whole_family() {
    for (spent, window) in [(0, 11), (1, 11)] {
        let (app, flow) = start().await;
        let first = flow.tokens(&app, &mut app.browser(), EMAIL).await;
        let mut chain = vec![first.refresh().to_owned()];
        let mut access = first.access().to_owned();
        for _ in 0..2 {
            let next = flow.refresh(&app, chain.last().unwrap()).await.json();
            chain.push(next["refresh_token"].as_str().unwrap().to_owned());
            access = next["access_token"].as_str().unwrap().to_owned();
        }
        app.clock.advance(Duration::from_secs(window));
        refused(&flow.refresh(&app, &chain[spent]).await, "invalid_grant");
        refused(&flow.refresh(&app, chain.last().unwrap()).await, "invalid_grant");
        assert_eq!(app.userinfo(&access).await.status, 401);
    }
}

/// SECURITY.md row 13 and DESIGN.md 4: a grandparent is a replay even inside the window, because its successor was used.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_given_again_and_a_grandparent_is_not() {
    let (app, flow) = start().await;
    let first = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let next = flow.refresh(&app, first.refresh()).await.json();
    let again = flow.refresh(&app, first.refresh()).await.json();
    assert_eq!(next["refresh_token"], again["refresh_token"], "the same successor");
    let last = flow.refresh(&app, next["refresh_token"].as_str().unwrap()).await.json();
    refused(&flow.refresh(&app, first.refresh()).await, "invalid_grant");
    refused(&flow.refresh(&app, last["refresh_token"].as_str().unwrap()).await, "invalid_grant");
}

/// SECURITY.md row 14.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_refreshes_write_exactly_one_successor() {
    for window in [10, 0] {
        let options = Options {
            engine: Some(Box::new(move |settings| settings.refresh_retry_window = Duration::from_secs(window))),
            ..Options::default()
        };
        let (app, flow) = start_with(options).await;
        let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
        let form = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh())];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (mut successors, mut successes) = (std::collections::HashSet::new(), 0);
        for answer in parallel(&app, &flow, &form, 50) {
            let (status, body) = answer.await.unwrap();
            if status == 200 {
                successes += 1;
                successors.insert(body["refresh_token"].as_str().unwrap().to_owned());
            } else {
                assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")), "window {window}");
            }
        }
        assert_eq!(successors.len(), 1, "window {window}");
        assert_eq!(successes, if window == 0 { 1 } else { 50 }, "window {window}");
    }
}

/// SECURITY.md row 15.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_stays_revoked_after_a_restart() {
    let (app, flow) = start().await;
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let alive = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let request = app.http.post(app.at("/auth/revoke")).basic_auth("app", flow.secret.as_ref());
    assert_eq!(app.send(request.form(&[("token", tokens.refresh())])).await.status, 200);
    let app = app.restarted();
    refused(&flow.refresh(&app, tokens.refresh()).await, "invalid_grant");
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
    assert_eq!(app.userinfo(alive.access()).await.status, 200);
    assert_eq!(flow.refresh(&app, alive.refresh()).await.status, 200);
}

/// SECURITY.md rows 16 and 27: a refresh asks everything again, and each way to end a token is known to every path that asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_asks_again_whether_account_client_tenant_and_grant_still_hold() {
    for change in ["disabled", "deleted", "locked", "password", "tenant", "client", "consent", "session"] {
        let app = TestApp::start().await;
        let flow = CodeFlow::confidential(&app.confidential_client().await, SCOPE);
        let draft = UserDraft { email: EMAIL.to_owned(), tenant: Some("acme".to_owned()), ..UserDraft::default() };
        app.user_with(draft).await;
        let auditor = auditor(&app).await;
        let mut browser = app.browser();
        let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
        assert!(active(&app, &auditor, tokens.access()).await);
        end(&app, &mut browser, change).await;
        let answer = flow.refresh(&app, tokens.refresh()).await;
        let expected = if change == "client" { (401, "invalid_client") } else { (400, "invalid_grant") };
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str().unwrap()), expected, "{change}");
        assert_eq!(app.userinfo(tokens.access()).await.status, 401, "{change}");
        let me = app.http.get(app.at("/api/v1/users/me")).bearer_auth(tokens.access());
        assert_eq!(app.send(me).await.status, 401, "{change}");
        assert!(!active(&app, &auditor, tokens.access()).await, "{change}");
    }
}

/// A client that may introspect every token.
async fn auditor(app: &TestApp) -> CodeFlow {
    let registered = app
        .client(ClientDraft {
            client_id: Some("auditor".to_owned()),
            name: "Sees all".to_owned(),
            grant_types: vec![GrantType::ClientCredentials],
            introspect_all: true,
            ..ClientDraft::default()
        })
        .await;
    let secret = registered.secret.unwrap().expose().clone();
    CodeFlow { client_id: "auditor".to_owned(), ..CodeFlow::confidential(&secret, "") }
}

/// One of the ways in which what a user allowed comes to its end.
async fn end(app: &TestApp, browser: &mut Browser, how: &str) {
    let (admin, now) = (&app.app.admin, app.app.engine.now());
    let update = |status, is_locked| async move {
        let change = AccountChange { status, is_locked, ..AccountChange::default() };
        admin.update_user(EMAIL, change).await.unwrap();
    };
    match how {
        "disabled" => update(Some(AccountStatus::Disabled), None).await,
        "deleted" => update(Some(AccountStatus::Deleted), None).await,
        "locked" => update(None, Some(true)).await,
        "password" => {
            let password = oauth_core::secret::Secret::new("another password".to_owned());
            admin.set_user_password(EMAIL, &password).await.unwrap();
        }
        "tenant" => {
            let mut tenant = app.app.engine.catalog().tenant_named("acme").unwrap().clone();
            tenant.active = false;
            let audit = app.app.engine.audit(AuditKind::SettingChanged, None, now);
            app.services.store.put_tenant(&tenant, now, audit).await.unwrap();
            app.services.refresh().await;
        }
        "client" => {
            admin.set_client_state("app", ClientState::Inactive).await.unwrap();
            app.services.refresh().await;
        }
        "consent" => {
            let page = browser.open("/account").await;
            let (csrf, application) = (page.hidden("csrf"), page.button("application"));
            let fields = [("csrf", csrf.as_str()), ("application", &application)];
            assert_eq!(browser.post("/account/applications", &fields).await.status, 200);
        }
        _ => {
            let page = browser.open("/auth/logout").await;
            let csrf = page.hidden("csrf");
            browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
        }
    }
}

/// SECURITY.md row 16 and DESIGN.md 4: rights that are gone are not refreshed.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_the_user_may_not_hold_any_more_is_gone_from_the_next_token() {
    let (app, flow) = start().await;
    let draft = UserDraft { email: "root@example.org".to_owned(), admin: true, ..Default::default() };
    app.user_with(draft).await;
    let flow = CodeFlow { scope: "openid offline_access admin read".to_owned(), ..flow };
    let tokens = flow.tokens(&app, &mut app.browser(), "root@example.org").await;
    assert!(tokens.claims("access_token")["scope"].as_str().unwrap().contains("admin"));
    let change = AccountChange { is_admin: Some(false), ..AccountChange::default() };
    app.app.admin.update_user("root@example.org", change).await.unwrap();
    let next = flow.refresh(&app, tokens.refresh()).await.json();
    let scope = next["scope"].as_str().unwrap();
    assert!(!scope.contains("admin") && scope.contains("read"), "{scope}");
    let body = json!({ "client_name": "x" });
    let request = app.http.post(app.at("/admin/oauth/clients")).bearer_auth(tokens.access()).json(&body);
    assert_eq!(app.send(request).await.status, 403, "the older token has lost it too");
    let flow = CodeFlow { client_id: "app".to_owned(), ..flow };
    let ordinary = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    assert!(!ordinary.claims("access_token")["scope"].as_str().unwrap().contains("admin"));
}

/// SECURITY.md row 17; RFC 6749 6 "MUST NOT include any scope not originally granted by the resource owner".
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_never_widens_the_scope() {
    let (app, flow) = start().await;
    let tokens = flow.tokens(&app, &mut app.browser(), EMAIL).await;
    let refresh = |token: String, scope: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", scope)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (app, flow) = (&app, &flow);
        async move { flow.post_token(app, &form).await }
    };
    for scope in ["openid write", "admin", "nothing-of-ours", "openid \"quoted\""] {
        refused(&refresh(tokens.refresh().to_owned(), scope).await, "invalid_scope");
    }
    let narrow = refresh(tokens.refresh().to_owned(), "openid").await.json();
    assert_eq!(narrow["scope"], "openid");
    let wide = refresh(narrow["refresh_token"].as_str().unwrap().to_owned(), SCOPE).await;
    assert_eq!(wide.status, 200, "the grant itself did not shrink: {}", wide.body);
}

/// SECURITY.md row 17: a scope in the code's redemption means nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_sent_with_a_code_is_ignored() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let mut form = flow.redemption(&code);
    form.push(("scope".to_owned(), "admin write openid".to_owned()));
    let answer = flow.post_token(&app, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = authly_testkit::TokenSet { body: answer.json() };
    let scope = tokens.claims("access_token")["scope"].as_str().unwrap().to_owned();
    assert!(!scope.contains("admin") && !scope.contains("write"), "{scope}");
}

/// SECURITY.md row 24.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_whole_or_not_at_all() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let spellings = |text: &str| {
        [
            text[..text.len() - 1].to_owned(),
            text[1..].to_owned(),
            format!("{text}A"),
            format!("{text}="),
            format!(" {text}"),
            format!("{text}.{text}"),
            text.to_uppercase(),
        ]
    };
    for wrong in spellings(&code) {
        refused(&flow.post_token(&app, &flow.redemption(&wrong)).await, "invalid_grant");
    }
    let tokens = flow.redeem(&app, &code).await;
    for wrong in spellings(tokens.refresh()) {
        let answer = flow.refresh(&app, &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(!active(&app, &flow, &wrong).await, "{wrong}");
    }
    for wrong in spellings(tokens.access()) {
        let request = app.http.get(app.at("/auth/userinfo")).header("authorization", format!("Bearer {wrong}"));
        let answer = app.send(request).await;
        assert!(answer.status == 401 || (wrong.starts_with(' ') && answer.status == 200), "{wrong}: {}", answer.status);
    }
    assert_eq!(flow.refresh(&app, tokens.refresh()).await.status, 200);
}

/// SECURITY.md row 58: expiry is judged at use, to the moment.
#[tokio::test(flavor = "multi_thread")]
async fn codes_and_tokens_end_when_they_say() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    app.clock.advance(Duration::from_secs(600));
    refused(&flow.post_token(&app, &flow.redemption(&code)).await, "invalid_grant");
    let code = flow.code(&mut app.browser(), EMAIL).await;
    app.clock.advance(Duration::from_secs(599));
    let tokens = flow.redeem(&app, &code).await;
    assert_eq!(tokens.body["expires_in"], 1800);
    app.clock.advance(Duration::from_secs(1_799));
    assert_eq!(app.userinfo(tokens.access()).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
    assert!(!active(&app, &flow, tokens.access()).await);
    app.clock.advance(Duration::from_secs(7 * 86_400 - 1_800));
    assert!(!active(&app, &flow, tokens.refresh()).await);
    refused(&flow.refresh(&app, tokens.refresh()).await, "invalid_grant");
}

/// DESIGN.md 4: without offline_access a refresh token ends with the session that it came from.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_ends_the_tokens_of_its_session() {
    let (app, flow) = start().await;
    let mut browser = app.browser();
    let tokens = flow.tokens(&app, &mut browser, EMAIL).await;
    let page = browser.open("/auth/logout").await;
    let csrf = page.hidden("csrf");
    let bye = browser.post("/auth/logout", &[("csrf", csrf.as_str()), ("decision", "sign_out")]).await;
    assert_eq!(bye.status, 303);
    refused(&flow.refresh(&app, tokens.refresh()).await, "invalid_grant");
    assert_eq!(app.userinfo(tokens.access()).await.status, 401);
}

/// RFC 6749 5.1: the members and headers of a token answer; RFC 9068 2 for the access token.
#[tokio::test(flavor = "multi_thread")]
async fn token_answers_have_the_members_and_headers_of_rfc_6749() {
    let (app, flow) = start().await;
    let code = flow.code(&mut app.browser(), EMAIL).await;
    let page = flow.post_token(&app, &flow.redemption(&code)).await;
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("pragma"), Some("no-cache"));
    assert_eq!(page.header("content-type"), Some("application/json"));
    let tokens = authly_testkit::TokenSet { body: page.json() };
    assert_eq!(tokens.body["token_type"], "Bearer");
    let access = tokens.claims("access_token");
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"] {
        assert!(access.contains_key(claim), "RFC 9068 2.2: {claim}");
    }
    for claim in ["email", "name", "preferred_username", "profile"] {
        assert!(!access.contains_key(claim), "nothing personal: {claim}");
    }
    let header = tokens.access().split('.').next().unwrap();
    let header = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
}

/// RFC 6749 5.2, 3.2 and 2.3: what is answered to requests that are not in order.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_token_requests_get_the_codes_of_rfc_6749() {
    let (app, flow) = start().await;
    let secret = flow.secret.clone().unwrap();
    let basic = |body: &'static str| {
        let request = app.http.post(app.at("/auth/token")).basic_auth("app", Some(&secret));
        request.header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    for (body, error) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=nonsense", "unsupported_grant_type"),
        ("grant_type=implicit", "unsupported_grant_type"),
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=authorization_code&code=a&code=b", "invalid_request"),
        ("grant_type=authorization_code&grant_type=authorization_code&code=a", "invalid_request"),
        ("grant_type=client_credentials&scope=openid&scope=read", "invalid_request"),
        ("grant_type=client_credentials&scope=%22", "invalid_scope"),
        ("grant_type=client_credentials&scope=nothing", "invalid_scope"),
        ("grant_type=client_credentials&resource=https%3A%2F%2Fnowhere.example", "invalid_target"),
        ("grant_type=%zz", "invalid_request"),
        ("grant_type=client_credentials&x=%00", "invalid_request"),
    ] {
        let answer = app.send(basic(body)).await;
        refused(&answer, error);
        assert!(answer.json()["error_description"].is_string(), "{body}");
    }
    let unknown = app.send(basic("grant_type=client_credentials&scope=read&something=else")).await;
    assert_eq!(unknown.status, 200, "RFC 6749 3.2: unrecognized parameters MUST be ignored");
}

/// RFC 6749 5.2, 2.3.1; C-35: 401 with the challenge, whichever way the client tried with a form.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_prove_itself_gets_401_and_the_challenge() {
    let (app, flow) = start().await;
    let secret = flow.secret.clone().unwrap();
    let grant = ("grant_type", "client_credentials");
    let post = |form: &[(&str, &str)]| app.http.post(app.at("/auth/token")).form(form);
    let nul = format!("{secret}\0");
    for (name, request) in [
        ("wrong Basic", post(&[grant]).basic_auth("app", Some("wrong"))),
        ("unknown client", post(&[grant]).basic_auth("nobody", Some(&secret))),
        ("empty secret", post(&[grant]).basic_auth("app", Some(""))),
        ("secret and NUL (row 49)", post(&[grant]).basic_auth("app", Some(&nul))),
        ("encoded NUL (row 49)", post(&[grant]).basic_auth("app", Some(&format!("{secret}%00")))),
        ("secret and more", post(&[grant]).basic_auth("app", Some(&format!("{secret}x")))),
        ("half a secret", post(&[grant]).basic_auth("app", Some(&secret[..20]))),
        ("post", post(&[grant, ("client_id", "app"), ("client_secret", "wrong")])),
        ("post for a Basic client", post(&[grant, ("client_id", "app"), ("client_secret", "x")])),
        ("no secret", post(&[grant, ("client_id", "app")])),
        ("nobody", post(&[grant])),
        ("Bearer", post(&[grant]).bearer_auth(&secret)),
        ("not base64", post(&[grant]).header("authorization", "Basic ###")),
    ] {
        let answer = app.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("invalid_client")), "{name}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="), "{name}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    }
    let both = post(&[grant, ("client_id", "app"), ("client_secret", &secret)]).basic_auth("app", Some(&secret));
    refused(&app.send(both).await, "invalid_request");
    let other = post(&[grant, ("client_id", "other")]).basic_auth("app", Some(&secret));
    refused(&app.send(other).await, "invalid_request");
}

/// OAuth 2.1 2.4.1: "MUST protect any endpoint utilizing it against brute force attacks".
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_a_client_secret_run_dry_and_cost_the_client_nothing() {
    let rate = oauth_core::limit::Rate::per_minute(5);
    let options =
        Options { client_failures: Some(rate), trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..Options::default() };
    let (app, flow) = start_with(options).await;
    let secret = flow.secret.clone().unwrap();
    let call = |secret: &str, address: &str, path: &str| {
        let form = [("grant_type", "client_credentials"), ("scope", "read"), ("token", "x")];
        let request = app.http.post(app.at(path)).basic_auth("app", Some(secret)).form(&form);
        let (app, request) = (&app, request.header("x-forwarded-for", address));
        async move { app.send(request).await }
    };
    for attempt in 0..5 {
        let path = ["/auth/token", "/auth/introspect", "/auth/revoke"][attempt % 3];
        assert_eq!(call("wrong", "198.51.100.7", path).await.status, 401, "{attempt}");
    }
    for path in ["/auth/token", "/auth/introspect", "/auth/revoke"] {
        let answer = call(&secret, "198.51.100.7", path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (429, Some("too_many_requests")),
            "{path}"
        );
        assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
    for _ in 0..20 {
        assert_eq!(call(&secret, "198.51.100.8", "/auth/token").await.status, 200, "from elsewhere, without limit");
    }
    app.clock.advance(Duration::from_secs(12));
    assert_eq!(call(&secret, "198.51.100.7", "/auth/token").await.status, 200);
}

/// RFC 6749 3.2 and C-02: forms, and JSON for the legacy contract; anything else is 415.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_other_kinds_are_unsupported() {
    let (app, _) = start().await;
    for path in ["/auth/token", "/auth/revoke", "/auth/introspect"] {
        for kind in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/xml",
            "",
            "application/x-www-form-urlencodedx",
        ] {
            let request =
                app.http.post(app.at(path)).header("content-type", kind).body("grant_type=client_credentials");
            let answer = app.send(request).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["error"].as_str()),
                (415, Some("invalid_request")),
                "{path} {kind}"
            );
        }
        let none = app.send(app.http.post(app.at(path))).await;
        assert_eq!(none.status, 415, "{path}");
    }
    let request =
        app.http.post(app.at("/auth/token")).header("content-type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8");
    assert_eq!(app.send(request.body("grant_type=x")).await.status, 400, "case and charset do not matter");
}

/// SECURITY.md row 5 for the JSON door: a member that stands twice is refused, not chosen from.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_json_member_is_refused() {
    let (app, _) = start().await;
    for body in [
        r#"{"grant_type":"password","username":"ada@example.org","username":"bob@example.org","password":"correct horse"}"#,
        r#"{"grant_type":"refresh_token","grant_type":"password","username":"ada@example.org","password":"correct horse"}"#,
    ] {
        let request = app.http.post(app.at("/auth/token")).header("content-type", "application/json").body(body);
        refused(&app.send(request).await, "invalid_request");
    }
}

/// RFC 6749 4.4, OAuth 2.1 4.2: for confidential clients only; no refresh token; no user's scopes.
#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_are_for_confidential_clients_and_their_own_scopes() {
    let (app, flow) = start().await;
    app.public_client("https://spa.example/cb").await;
    let spa = CodeFlow::public("https://spa.example/cb", "openid");
    let form = |scope: &str| {
        vec![("grant_type".to_owned(), "client_credentials".to_owned()), ("scope".to_owned(), scope.to_owned())]
    };
    let answer = spa.post_token(&app, &form("read")).await;
    refused(&answer, "unauthorized_client");
    let answer = flow.post_token(&app, &form("read")).await;
    let tokens = authly_testkit::TokenSet { body: answer.json() };
    assert!(tokens.body.get("refresh_token").is_none(), "RFC 6749 4.4.3: SHOULD NOT be included");
    assert!(tokens.body.get("id_token").is_none());
    let claims = tokens.claims("access_token");
    assert_eq!((claims["sub"].as_str(), claims["client_id"].as_str()), (Some("app"), Some("app")), "RFC 9068 2.2");
    assert_eq!(app.userinfo(tokens.access()).await.status, 403, "there is nobody to tell of");
}

/// RFC 8707 2: `resource` among the client's audiences becomes `aud`; anything else is invalid_target.
#[tokio::test(flavor = "multi_thread")]
async fn a_resource_becomes_the_audience_when_the_client_may_name_it() {
    let (app, flow) = start().await;
    let audiences = Some(vec!["https://api.example/a".to_owned(), "https://api.example/b".to_owned()]);
    app.change_client("app", ClientChange { audiences, ..ClientChange::default() }).await;
    let flow = CodeFlow { scope: "read".to_owned(), ..flow };
    let tokens = flow.clone().tokens(&app, &mut app.browser(), EMAIL).await;
    assert_eq!(tokens.claims("access_token")["aud"], "https://api.example/a", "the default is the first");
    let named = flow.clone().with("resource", "https://api.example/b");
    let code = named.code(&mut app.browser(), EMAIL).await;
    let mut form = named.redemption(&code);
    form.push(("resource".to_owned(), "https://api.example/a".to_owned()));
    refused(&named.post_token(&app, &form).await, "invalid_target");
    form.pop();
    form.push(("resource".to_owned(), "https://api.example/b".to_owned()));
    let answer = named.post_token(&app, &form).await;
    assert_eq!(answer.status, 200, "a refused resource burns nothing: {}", answer.body);
    let tokens = authly_testkit::TokenSet { body: answer.json() };
    assert_eq!(tokens.claims("access_token")["aud"], "https://api.example/b");
    assert_eq!(app.userinfo(tokens.access()).await.status, 401, "a token for somebody else is not for us");
    assert!(active(&app, &flow, tokens.access()).await, "but it is active for its client");
}
