//! The authorization code flow as a client runs it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::pkce::CodeVerifier;
use serde_json::{Map, Value};

use crate::{
    app::TestApp,
    browser::{Browser, Page},
    services::TestStore,
};

/// One authorization request of a client.
#[derive(Clone, Debug)]
pub struct CodeFlow {
    /// The client.
    pub client_id: String,
    /// Its secret; a public client has none.
    pub secret: Option<String>,
    /// Where the code goes.
    pub redirect_uri: String,
    /// What is asked for.
    pub scope: String,
    /// The verifier; `None` sends no challenge.
    pub verifier: Option<String>,
    /// Further parameters.
    pub more: Vec<(String, String)>,
}

/// What the token endpoint answered.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// The whole answer.
    pub body: Value,
}

impl TokenSet {
    /// A member of the answer.
    pub fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name} in {}", self.body))
    }

    /// The access token.
    pub fn access(&self) -> &str {
        self.text("access_token")
    }

    /// The refresh token.
    pub fn refresh(&self) -> &str {
        self.text("refresh_token")
    }

    /// The claims of a JWT member, unverified.
    pub fn claims(&self, name: &str) -> Map<String, Value> {
        let payload = self.text(name).split('.').nth(1).expect("a JWT");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
    }
}

impl CodeFlow {
    /// A request of the client of [`TestApp::confidential_client`].
    pub fn confidential(secret: &str, scope: &str) -> Self {
        Self {
            client_id: "app".to_owned(),
            secret: Some(secret.to_owned()),
            redirect_uri: "https://app.example/cb".to_owned(),
            scope: scope.to_owned(),
            verifier: Some("a-verifier-of-at-least-43-characters-0123456789".to_owned()),
            more: Vec::new(),
        }
    }

    /// A request of the client of [`TestApp::public_client`].
    pub fn public(redirect_uri: &str, scope: &str) -> Self {
        Self {
            client_id: "spa".to_owned(),
            secret: None,
            redirect_uri: redirect_uri.to_owned(),
            ..Self::confidential("", scope)
        }
    }

    /// The same request with a further parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.more.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The parameters.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", "st"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if let Some(verifier) = &self.verifier {
            let challenge = CodeVerifier::parse(verifier).expect("a verifier").challenge().to_text();
            pairs.push(("code_challenge".to_owned(), challenge));
            pairs.push(("code_challenge_method".to_owned(), "S256".to_owned()));
        }
        pairs.extend(self.more.iter().cloned());
        pairs
    }

    /// The address of the request, as a path.
    pub fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.parameters()).finish();
        format!("/authorize?{query}")
    }

    /// Runs the whole request as a visitor who signs in with `correct horse` and allows everything; returns the code.
    pub async fn code(&self, browser: &mut Browser, identifier: &str) -> String {
        let mut page = browser.open(&self.path()).await;
        if page.body.contains("name=\"identifier\"") {
            page = browser.sign_in(&page, identifier, "correct horse").await;
        }
        if page.body.contains("value=\"allow\"") {
            page = browser.decide(&page, "allow").await;
        }
        page.query("code").unwrap_or_else(|| panic!("no code in {}", page.location()))
    }

    /// The form of the code's redemption.
    pub fn redemption(&self, code: &str) -> Vec<(String, String)> {
        let mut form = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("code".to_owned(), code.to_owned()),
            ("redirect_uri".to_owned(), self.redirect_uri.clone()),
        ];
        form.extend(self.verifier.iter().map(|verifier| ("code_verifier".to_owned(), verifier.clone())));
        form
    }

    /// Posts a form to the token endpoint with the client's credentials.
    pub async fn post_token<S: TestStore>(&self, app: &TestApp<S>, form: &[(String, String)]) -> Page {
        let mut form = form.to_vec();
        let request = app.http.post(app.at("/auth/token"));
        let request = match &self.secret {
            Some(secret) => request.basic_auth(&self.client_id, Some(secret)),
            None => {
                form.push(("client_id".to_owned(), self.client_id.clone()));
                request
            }
        };
        let response = request.form(&form).send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Page { status, headers, body: response.text().await.expect("a body") }
    }

    /// Redeems a code that must be good.
    pub async fn redeem<S: TestStore>(&self, app: &TestApp<S>, code: &str) -> TokenSet {
        let page = self.post_token(app, &self.redemption(code)).await;
        assert_eq!(page.status, 200, "{}", page.body);
        TokenSet { body: page.json() }
    }

    /// The whole flow.
    pub async fn tokens<S: TestStore>(&self, app: &TestApp<S>, browser: &mut Browser, identifier: &str) -> TokenSet {
        let code = self.code(browser, identifier).await;
        self.redeem(app, &code).await
    }

    /// Uses a refresh token.
    pub async fn refresh<S: TestStore>(&self, app: &TestApp<S>, token: &str) -> Page {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.post_token(app, &form).await
    }
}
