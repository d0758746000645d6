//! An installation with one person.

use authly_testkit::{Browser, CodeFlow, Page, TestApp};

pub(crate) const EMAIL: &str = "ada@example.org";

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) async fn start() -> (TestApp, CodeFlow) {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, "openid profile"))
}

pub(crate) async fn signed_in(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let page = browser.sign_in(&page, email, PASSWORD).await;
    assert!(page.body.contains(email), "{}", page.body);
    browser
}

pub(crate) async fn post(browser: &mut Browser, path: &str, fields: &[(&str, String)]) -> Page {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &fields).await
}
