//! An installation with one person and its clients, and what the tests ask of answers.

use std::sync::Arc;

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{CodeFlow, Options, Page, TestApp};
use oauth_core::client::GrantType;
use serde_json::{Value, json};

pub(crate) const EMAIL: &str = "ada@example.org";

pub(crate) const SCOPE: &str = "openid profile offline_access";

pub(crate) async fn start() -> (TestApp, CodeFlow) {
    start_with(Options::default()).await
}

pub(crate) async fn start_with(options: Options) -> (TestApp, CodeFlow) {
    let app = TestApp::with(options).await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, SCOPE))
}

pub(crate) async fn other_client(app: &TestApp) -> CodeFlow {
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

pub(crate) fn refused(page: &Page, error: &str) {
    assert_eq!((page.status.as_u16(), page.json()["error"].as_str()), (400, Some(error)), "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

pub(crate) async fn active(app: &TestApp, flow: &CodeFlow, token: &str) -> bool {
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

pub(crate) fn parallel(
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
