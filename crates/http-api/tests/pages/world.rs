//! An installation with one person.

use authly_testkit::{Browser, CodeFlow, Options, Page, TestApp};

pub(crate) const EMAIL: &str = "ada@example.org";

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) async fn start() -> (TestApp, CodeFlow) {
    start_with(Options::default()).await
}

pub(crate) async fn start_with(options: Options) -> (TestApp, CodeFlow) {
    let app = TestApp::with(options).await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, "openid profile offline_access"))
}

pub(crate) async fn signed_in(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, EMAIL, PASSWORD).await.status, 200);
    browser
}

pub(crate) async fn post(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    browser.post(path, fields).await
}
