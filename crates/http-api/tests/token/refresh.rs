//! Refresh tokens: rotation, reuse, and what is asked again at each use (RFC 6749 6, OAuth 2.1 4.3).

use std::time::Duration;

use authly_admin_cases::{client::ClientDraft, user::UserDraft};
use authly_directory::{account::AccountChange, store::AccountRepository as _};
use authly_testkit::{Browser, CodeFlow, Options, TestApp};
use oauth_core::{
    audit::AuditKind,
    client::{ClientState, GrantType},
    subject::AccountStatus,
};

use crate::world::{EMAIL, SCOPE, active, parallel, refused, start, start_with};

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

/// SECURITY.md row 16: what ended with a session stays ended, whoever signs in again in the same browser.
#[tokio::test(flavor = "multi_thread")]
async fn what_ended_with_a_session_does_not_come_back_with_the_next_sign_in() {
    let (app, flow) = start().await;
    let flow = CodeFlow { scope: "profile".to_owned(), ..flow };
    let mut browser = app.browser();
    let before = flow.tokens(&app, &mut browser, EMAIL).await;
    app.clock.advance(Duration::from_secs(9 * 3_600));
    refused(&flow.refresh(&app, before.refresh()).await, "invalid_grant");
    let after = flow.tokens(&app, &mut browser, EMAIL).await;
    refused(&flow.refresh(&app, before.refresh()).await, "invalid_grant");
    assert_eq!(flow.refresh(&app, after.refresh()).await.status, 200);
}
