//! A rule of their own for accounts that are created from a day on (S001-55).

use std::time::Duration;

use authly_admin_cases::tenant::PolicyChange;
use authly_testkit::{CodeFlow, TestApp};
use oauth_core::policy::Mode;
use serde_json::json;

/// By the age of the account alone, at each door, while those of before have their password alone.
#[tokio::test(flavor = "multi_thread")]
async fn new_users_come_by_oauth_alone_from_a_day_on_and_nobody_else_does() {
    let app = TestApp::start().await;
    let flow = CodeFlow::confidential(&app.confidential_client().await, "openid");
    let (day, instant) = (Duration::from_secs(86_400), Duration::from_micros(1));
    let change = PolicyChange {
        mode: Some(Mode::Password),
        new_users: Some(Mode::OauthOnly),
        from: Some(app.app.engine.now().plus(day)),
        ..PolicyChange::default()
    };
    app.app.admin.set_policy(None, change).await.unwrap();
    app.clock.advance(day - instant);
    app.user("last@example.com").await;
    let login = async |email: &str| {
        let login = json!({ "email": email, "password": "correct horse" });
        app.post_json("/api/auth/login", &login).await
    };
    let old = login("last@example.com").await.json();
    app.clock.advance(instant);
    app.user("first@example.com").await;
    for (email, legacy, error) in [("last@example.com", 200, Some("access_denied")), ("first@example.com", 401, None)] {
        assert_eq!(login(email).await.status, legacy, "{email}");
        let mut browser = app.browser();
        let form = browser.open(&flow.path()).await;
        let answer = browser.sign_in(&form, email, "correct horse").await;
        match error {
            Some(error) => assert_eq!(answer.query("error").as_deref(), Some(error), "{email}"),
            None => assert!(answer.is_consent(), "{email}: {}", answer.body),
        }
    }
    let refresh = json!({ "refresh_token": old["refresh_token"] });
    assert_eq!(app.post_json("/auth/refresh", &refresh).await.status, 200, "who has tokens of before keeps them");
}
