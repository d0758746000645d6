//! A provider that says whatever the test wants, and is away when it wants.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use authly_testkit::{Browser, ClientKey, Options, Page, TestApp, TestStore};
use authly_upstream::{
    carrier::{Answer, Answering, Call, Carrier},
    party::Upstream,
    provider::{
        ClientProof, LinkRule, NewPeople, PeopleRule, Provider, ProviderName, SignOut, TenantRule, UpstreamIssuer,
    },
};
use oauth_core::{crypto::Algorithm, secret::Secret, services::FetchError};
use serde_json::{Value, json};

use crate::stores::{Kind, World};

pub(crate) const ISSUER: &str = "https://idp.example";

/// The provider; clones are the same one.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<State>>);

pub(crate) struct State {
    pub(crate) is_down: bool,
    pub(crate) key: ClientKey,
    pub(crate) keys: Vec<Value>,
    pub(crate) document: Value,
    pub(crate) header: Value,
    /// The claims of the next ID token.
    pub(crate) claims: Value,
    /// The next ID token, whatever the claims are.
    pub(crate) token: Option<String>,
    pub(crate) userinfo: Option<Value>,
    /// Requests by URL.
    pub(crate) asked: BTreeMap<String, usize>,
    /// Forms that came to the token endpoint.
    pub(crate) forms: Vec<String>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let key = ClientKey::generate("k1");
        let state = State {
            is_down: false,
            keys: vec![key.jwk().clone()],
            key,
            document: json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/jwks"),
                "authorization_response_iss_parameter_supported": true,
            }),
            header: json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" }),
            claims: json!({
                "iss": ISSUER, "sub": "alice", "aud": "authly", "iat": 1_767_225_600, "exp": 1_767_225_900, "sid": "there-1",
                "email": "ada@example.com", "email_verified": true, "groups": [],
            }),
            token: None,
            userinfo: None,
            asked: BTreeMap::new(),
            forms: Vec::new(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub(crate) fn asked(&self, path: &str) -> usize {
        self.set(|state| state.asked.get(&format!("{ISSUER}{path}")).copied().unwrap_or(0))
    }

    /// The next ID token repeats this nonce.
    pub(crate) fn expect(&self, there: &There) {
        let nonce = there.nonce.clone();
        self.set(|state| state.claims["nonce"] = json!(nonce));
    }

    /// Somebody proves who they are there when the token is issued, and it says so.
    pub(crate) fn tell_when(&self) {
        self.set(|state| state.claims["auth_time"] = state.claims["iat"].clone());
    }

    pub(crate) fn provider(people: PeopleRule, sign_out: SignOut) -> Provider {
        Provider {
            name: ProviderName::parse("corp").unwrap(),
            label: "Corp & Sons".to_owned(),
            issuer: UpstreamIssuer::parse(ISSUER).unwrap(),
            client_id: "authly".to_owned(),
            proof: ClientProof::Post(Secret::new("s3cret".to_owned())),
            scope: "openid email".to_owned(),
            algorithms: vec![Algorithm::ES256],
            groups_claim: "groups".to_owned(),
            sign_out,
            people,
        }
    }

    pub(crate) fn upstream_with(&self, people: PeopleRule, sign_out: SignOut) -> Upstream {
        Upstream::new(Self::provider(people, sign_out), Box::new(self.clone()), Box::new(|_| ()))
    }

    pub(crate) async fn app(&self) -> TestApp {
        self.app_with(rule()).await
    }

    pub(crate) async fn app_with(&self, people: PeopleRule) -> TestApp {
        TestApp::with(self.options(people, SignOut::There)).await
    }

    /// The same over a store of this kind.
    pub(crate) async fn world_with<K: Kind>(&self, people: PeopleRule) -> World<K> {
        World::with(self.options(people, SignOut::There)).await
    }

    pub(crate) async fn app_that_signs_out_here_only(&self) -> TestApp {
        TestApp::with(self.options(rule(), SignOut::Here)).await
    }

    fn options(&self, people: PeopleRule, sign_out: SignOut) -> Options {
        Options { upstreams: vec![self.upstream_with(people, sign_out)], ..Options::default() }
    }
}

pub(crate) fn rule() -> PeopleRule {
    PeopleRule {
        link: LinkRule::Email,
        new_people: NewPeople::Refuse,
        tenants: TenantRule::Ignore,
        session: None,
        grants: None,
    }
}

impl Carrier for Fake {
    fn send(&self, call: Call) -> Answering<'_> {
        let answer = self.set(|state| state.answer(&call));
        Box::pin(async move { answer })
    }
}

impl State {
    fn answer(&mut self, call: &Call) -> Result<Answer, FetchError> {
        *self.asked.entry(call.url.clone()).or_default() += 1;
        if self.is_down {
            return Err(FetchError::Unusable("no connection".to_owned()));
        }
        let text = match call.url.strip_prefix(ISSUER).unwrap_or_default() {
            "/.well-known/openid-configuration" => self.document.to_string(),
            "/jwks" => json!({ "keys": self.keys }).to_string(),
            "/me" => self.userinfo.clone().unwrap_or(Value::Null).to_string(),
            "/token" => {
                self.forms.push(call.form.as_ref().map(|form| form.expose().clone()).unwrap_or_default());
                let signed = || self.key.sign(&self.header, &self.claims.to_string());
                let token = self.token.clone().unwrap_or_else(signed);
                json!({ "access_token": "at", "token_type": "Bearer", "id_token": token }).to_string()
            }
            _ => return Ok(Answer { status: 404, text: Secret::new(String::new()) }),
        };
        Ok(Answer { status: 200, text: Secret::new(text) })
    }
}

/// Somebody on the way at the provider.
pub(crate) struct There {
    pub(crate) location: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
}

/// The way to the provider that a sign-in page offers.
pub(crate) fn link(page: &Page) -> String {
    let (_, rest) = page.body.split_once("href=\"/sign-in/upstream?").unwrap_or_else(|| panic!("{}", page.body));
    format!("/sign-in/upstream?{}", rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
}

/// Follows the link of a sign-in page to the provider.
pub(crate) async fn leave(browser: &mut Browser, page: &Page) -> There {
    let sent = browser.get(&link(page)).await;
    let find = |name: &str| sent.query(name).unwrap_or_else(|| panic!("no {name}"));
    There { location: sent.location().to_owned(), state: find("state"), nonce: find("nonce") }
}

/// Comes back with a code of this provider, and follows.
pub(crate) async fn come_back(browser: &mut Browser, state: &str) -> Page {
    let page = browser.get(&callback(state)).await;
    browser.follow(page).await
}

pub(crate) fn callback(state: &str) -> String {
    format!("/sign-in/upstream/corp/callback?code=c1&state={state}&iss=https%3A%2F%2Fidp.example")
}

/// The whole way, for whom the provider's claims name.
pub(crate) async fn sign_in<S: TestStore>(fake: &Fake, app: &TestApp<S>) -> (Browser, Page) {
    let mut browser = app.browser();
    let page = browser.open("/sign-in").await;
    let there = leave(&mut browser, &page).await;
    fake.expect(&there);
    let page = come_back(&mut browser, &there.state).await;
    (browser, page)
}
