//! The main job in one sitting: sign-in through pages with code and PKCE, beside the JSON password login, on one account.

use authly_testkit::{CodeFlow, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_signs_in_consents_and_the_client_gets_tokens() {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    let user = app.user("ada@example.org").await;
    let mut browser = app.browser();
    let flow = CodeFlow::confidential(&secret, "openid profile email offline_access").with("nonce", "n-1");
    let tokens = flow.tokens(&app, &mut browser, "ada@example.org").await;
    let id = tokens.claims("id_token");
    assert_eq!(id["sub"], user.id);
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["iss"], app.issuer());
    let refreshed = flow.refresh(&app, tokens.refresh()).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let info = app.http.get(app.at("/auth/userinfo")).bearer_auth(tokens.access()).send().await.unwrap();
    assert_eq!(info.status(), 200);
    let info: serde_json::Value = info.json().await.unwrap();
    assert_eq!(info["email"], "ada@example.org");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_json_login_works_beside_it_on_the_same_account() {
    let app = TestApp::start().await;
    let user = app.user("ada@example.org").await;
    let body =
        serde_json::json!({ "grant_type": "password", "username": "ada@example.org", "password": "correct horse" });
    let answer = app.http.post(app.at("/auth/token")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let tokens: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(tokens["token_type"], "Bearer");
    let me = app.http.get(app.at("/api/v1/users/me")).bearer_auth(tokens["access_token"].as_str().unwrap());
    let me: serde_json::Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!(me["id"], user.id);
    let refresh = serde_json::json!({ "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
    let answer = app.http.post(app.at("/auth/token")).json(&refresh).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
