//! The provider under test, and a client of the suite.

use std::collections::BTreeMap;

use authly_admin_cases::client::ClientDraft;
use authly_directory::account::AccountChange;
use authly_testkit::{Browser, CodeFlow, Page, TestApp, TokenSet};
use oauth_core::{
    claims::{Address, Profile},
    client::{AuthMethod, GrantType},
};

pub(crate) const EMAIL: &str = "ada@example.org";

/// How the answer comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In the query of a redirect.
    Query,
    /// By a form (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// The members of an authorization answer.
pub(crate) type Answer = BTreeMap<String, String>;

/// The provider with one user and the first client of a plan.
pub(crate) struct Op {
    pub(crate) app: TestApp,
    pub(crate) flow: CodeFlow,
    mode: Mode,
}

impl Op {
    pub(crate) async fn start(mode: Mode) -> Self {
        let app = TestApp::start().await;
        app.user(EMAIL).await;
        let profile = Profile {
            name: Some("Ada Lovelace".to_owned()),
            given_name: Some("Ada".to_owned()),
            family_name: Some("Lovelace".to_owned()),
            preferred_username: Some("ada".to_owned()),
            phone_number: Some("+44 20 7946 0000".to_owned()),
            address: Some(Address { formatted: Some("12 St James's Square".to_owned()), ..Address::default() }),
            ..Profile::default()
        };
        let change = AccountChange { profile: Some(profile), ..AccountChange::default() };
        app.app.admin.update_user(EMAIL, change).await.unwrap();
        let flow = client(&app, "first", AuthMethod::ClientSecretBasic).await;
        Self { app, flow, mode }
    }

    /// The request that most modules send: with state and nonce, without PKCE.
    pub(crate) fn request(&self) -> CodeFlow {
        self.with_mode(self.flow.clone()).with("nonce", "n-0S6_WzA2Mj")
    }

    pub(crate) fn with_mode(&self, flow: CodeFlow) -> CodeFlow {
        if self.mode == Mode::FormPost { flow.with("response_mode", "form_post") } else { flow }
    }

    pub(crate) fn browser(&self) -> Browser {
        self.app.browser()
    }

    /// Runs a request as somebody who signs in and allows everything, to the answer.
    pub(crate) async fn answer(&self, browser: &mut Browser, flow: &CodeFlow) -> Answer {
        let page = browser.open(&flow.path()).await;
        self.complete(browser, page).await
    }

    /// Goes on from a page to the answer.
    pub(crate) async fn complete(&self, browser: &mut Browser, mut page: Page) -> Answer {
        if page.is_sign_in() {
            page = browser.sign_in(&page, EMAIL, "correct horse").await;
        }
        if page.is_consent() {
            page = browser.decide(&page, "allow").await;
        }
        self.read(&page)
    }

    /// The answer on a page or in a redirect; anything else fails the test.
    pub(crate) fn read(&self, page: &Page) -> Answer {
        if self.mode == Mode::Query {
            assert!(page.location().starts_with("https://app.example/cb?"), "{}", page.location());
            let url = url::Url::parse(page.location()).unwrap();
            return url.query_pairs().into_owned().collect();
        }
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("<form method=\"post\" action=\"https://app.example/cb\""), "{}", page.body);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self' https://app.example"), "{policy}");
        let inputs = page.body.split("<input type=\"hidden\" name=\"").skip(1);
        let pair = |input: &str| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            (name.to_owned(), rest.split('"').next().unwrap().to_owned())
        };
        inputs.map(pair).collect()
    }

    /// Redeems the code of an answer.
    pub(crate) async fn redeem(&self, flow: &CodeFlow, answer: &Answer) -> TokenSet {
        let code = answer.get("code").unwrap_or_else(|| panic!("no code in {answer:?}"));
        flow.redeem(&self.app, code).await
    }

    /// The whole flow.
    pub(crate) async fn tokens(&self, browser: &mut Browser, flow: &CodeFlow) -> TokenSet {
        let answer = self.answer(browser, flow).await;
        self.redeem(flow, &answer).await
    }
}

/// A confidential client that may leave PKCE out.
pub(crate) async fn client(app: &TestApp, id: &str, method: AuthMethod) -> CodeFlow {
    let scopes = "openid profile email address phone offline_access";
    let registered = app
        .client(ClientDraft {
            client_id: Some(id.to_owned()),
            name: "The conformance suite".to_owned(),
            auth_method: Some(method),
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            post_logout_redirect_uris: vec!["https://app.example/bye".to_owned()],
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            no_pkce: true,
            ..ClientDraft::default()
        })
        .await;
    let secret = registered.secret.unwrap().expose().clone();
    CodeFlow { client_id: id.to_owned(), verifier: None, ..CodeFlow::confidential(&secret, "openid") }
}
