//! An installation with one person and one client.

use authly_testkit::{Browser, CodeFlow, Page, TestApp};
use url::form_urlencoded::Serializer;

pub(crate) const EMAIL: &str = "ada@example.org";

pub(crate) async fn start() -> (TestApp, CodeFlow) {
    let app = TestApp::start().await;
    let secret = app.confidential_client().await;
    app.user(EMAIL).await;
    (app, CodeFlow::confidential(&secret, "openid profile"))
}

pub(crate) async fn signed_in(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, EMAIL, "correct horse").await.status, 200);
    browser
}

pub(crate) fn path(pairs: &[(String, String)]) -> String {
    format!("/authorize?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// A page of ours with a 4xx: no redirect, and no sign-in page before it.
pub(crate) fn assert_stays(page: &Page, why: &str) {
    assert!(page.status.is_client_error(), "{why}: {}", page.status);
    assert!(page.header("location").is_none(), "{why}");
    assert!(page.header("refresh").is_none(), "{why}");
    assert!(!page.is_sign_in(), "{why}: nobody is asked to sign in for a request that goes nowhere");
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{why}");
}
