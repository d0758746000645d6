//! Somebody registers with a stranger's address and a password of their own, and waits for the stranger to confirm it: what is theirs
//! must not outlive the moment in which the owner of the address takes the account (SECURITY.md row 55).

use authly_directory::mail::letter::MailKind;
use authly_testkit::{Browser, CodeFlow, Page, TestApp};
use serde_json::{Value, json};

use super::{NEW, PASSWORD, letters, link, mailing};

const VICTIM: &str = "victim@example.org";

/// An account that a stranger made, and what the stranger holds of it.
struct Planted {
    app: TestApp,
    /// The stranger's browser, signed in.
    stranger: Browser,
    flow: CodeFlow,
    /// From the flow: an access token and a refresh token.
    tokens: [String; 2],
    /// From the password grant: an access token and a refresh token.
    legacy: [String; 2],
    /// The path of the link that waits in the victim's mailbox.
    link: String,
}

async fn plant() -> Planted {
    let app = TestApp::with(mailing()).await;
    let body = json!({ "email": VICTIM, "username": "victim", "password": PASSWORD });
    assert_eq!(app.post_json("/auth/register", &body).await.status, 201);
    let link = link(&app).await;
    let secret = app.confidential_client().await;
    let flow = CodeFlow::confidential(&secret, "openid offline_access");
    let mut stranger = app.browser();
    let tokens = flow.tokens(&app, &mut stranger, VICTIM).await;
    let pair = grant(&app, PASSWORD).await;
    assert_eq!(pair.status, 200, "{}", pair.body);
    let pair = pair.json();
    let text = |name: &str| pair.get(name).and_then(Value::as_str).unwrap().to_owned();
    Planted {
        tokens: [tokens.access().to_owned(), tokens.refresh().to_owned()],
        legacy: [text("access_token"), text("refresh_token")],
        app,
        stranger,
        flow,
        link,
    }
}

async fn grant(app: &TestApp, password: &str) -> Page {
    app.post_json("/auth/token", &json!({ "grant_type": "password", "username": VICTIM, "password": password })).await
}

/// What an access token says of the address.
async fn says(app: &TestApp, token: &str) -> Value {
    let me = app.send(app.http.get(app.at("/api/v1/users/me")).bearer_auth(token)).await;
    assert_eq!(me.status, 200);
    me.json().get("is_verified").cloned().unwrap()
}

async fn confirm(browser: &mut Browser, page: &Page, more: &[(&str, &str)]) -> Page {
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let mut fields = vec![("csrf", &csrf[..]), ("token", &token[..])];
    fields.extend(more);
    browser.post("/verify-email", &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_stranger_who_registered_first_outlives_the_owners_password() {
    let Planted { app, mut stranger, flow, tokens, legacy, link } = plant().await;
    let mut owner = app.browser();
    let page = owner.open(&link).await;
    assert!(page.body.contains("autocomplete=\"current-password\"") && page.body.contains("Set a new password"));
    // A click is no consent to a password that somebody else chose, and neither is a wrong one.
    let clicked = confirm(&mut owner, &page, &[]).await;
    assert!(clicked.status == 200 && clicked.body.contains("current-password"), "{}", clicked.body);
    let wrong = confirm(&mut owner, &page, &[("current_password", "what I use elsewhere")]).await;
    assert!(wrong.status == 400 && wrong.body.contains("role=\"alert\"") && !wrong.body.contains("I use elsewhere"));
    assert_eq!(says(&app, &legacy[0]).await, json!(false));

    let form = owner.open(&format!("{link}&password=new")).await;
    assert!(form.body.contains("autocomplete=\"new-password\"") && form.body.contains(VICTIM));
    let poor = confirm(&mut owner, &form, &[("password", "short")]).await;
    assert!(poor.status == 422 && poor.body.contains("autocomplete=\"new-password\""));
    let done = confirm(&mut owner, &poor, &[("password", NEW)]).await;
    assert!(done.status == 200 && done.body.contains("Your password is set"), "{}", done.body);

    assert!(stranger.open("/account").await.is_sign_in());
    assert_eq!(app.userinfo(&tokens[0]).await.status, 401);
    assert_eq!(flow.refresh(&app, &tokens[1]).await.status, 400);
    let me = app.http.get(app.at("/api/v1/users/me")).bearer_auth(&legacy[0]);
    assert_eq!(app.send(me).await.status, 401);
    let again = json!({ "grant_type": "refresh_token", "refresh_token": legacy[1] });
    assert_eq!(app.post_json("/auth/token", &again).await.status, 400);
    assert_eq!(grant(&app, PASSWORD).await.status, 400);
    assert_eq!(owner.open(&link).await.status, 410);
    // The owner is in, the address is verified, and nobody has consented to anything in the owner's name.
    let entered = grant(&app, NEW).await.json();
    assert_eq!(says(&app, entered["access_token"].as_str().unwrap()).await, json!(true));
    let page = owner.open(&flow.path()).await;
    assert!(owner.sign_in(&page, VICTIM, NEW).await.is_consent());
    let told = letters(&app).await;
    assert!(told.iter().any(|(kind, to, _)| *kind == MailKind::PasswordChanged && to == VICTIM));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registered_confirms_with_the_password_and_stays_signed_in() {
    let Planted { app, mut stranger, flow, tokens, legacy, link } = plant().await;
    // Signed in as this account, the button is enough; elsewhere the password is asked for.
    let here = stranger.open(&link).await;
    assert!(!here.body.contains("type=\"password\""), "{}", here.body);
    app.user("somebody@example.org").await;
    let mut other = app.browser();
    let page = other.open("/sign-in").await;
    other.sign_in(&page, "somebody@example.org", PASSWORD).await;
    let form = other.open(&link).await;
    assert!(form.body.contains("current-password"));
    assert_eq!(confirm(&mut other, &form, &[]).await.status, 200);
    assert_eq!(says(&app, &legacy[0]).await, json!(false));
    let done = confirm(&mut other, &form, &[("current_password", PASSWORD)]).await;
    assert!(done.status == 200 && done.body.contains("Your address is confirmed"), "{}", done.body);
    assert_eq!(says(&app, &legacy[0]).await, json!(true));
    assert_eq!(flow.refresh(&app, &tokens[1]).await.status, 200);
    assert!(!stranger.open("/account").await.is_sign_in() && !other.open("/account").await.is_sign_in());
    assert_eq!(confirm(&mut stranger, &here, &[]).await.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_the_account_confirms_by_the_button_alone() {
    let Planted { app, mut stranger, legacy, link, .. } = plant().await;
    let page = stranger.open(&link).await;
    let mut elsewhere = app.browser();
    assert_eq!(confirm(&mut elsewhere, &page, &[]).await.status, 400, "a form belongs to its browser");
    let done = confirm(&mut stranger, &page, &[]).await;
    assert!(done.status == 200 && done.body.contains("Your address is confirmed"), "{}", done.body);
    assert_eq!(says(&app, &legacy[0]).await, json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_door_asks_for_the_same_proof() {
    let Planted { app, mut stranger, legacy, link, .. } = plant().await;
    let token = link.split_once('=').unwrap().1.to_owned();
    let door = async |more: Value| {
        let mut body = json!({ "token": token });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = app.post_json("/api/auth/verify-email", &body).await;
        (answer.status.as_u16(), answer.json()["error"].clone())
    };
    assert_eq!(door(json!({})).await, (422, json!("invalid_request")));
    assert_eq!(door(json!({ "password": "a guess" })).await, (400, json!("invalid_grant")));
    assert_eq!(says(&app, &legacy[0]).await, json!(false));
    assert_eq!(door(json!({ "new_password": "short" })).await.0, 422);
    assert_eq!(door(json!({ "new_password": NEW })).await, (200, Value::Null));
    assert!(stranger.open("/account").await.is_sign_in());
    assert_eq!(grant(&app, PASSWORD).await.status, 400);
    assert_eq!(door(json!({ "password": NEW })).await, (400, json!("invalid_grant")));
}
