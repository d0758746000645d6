//! A visitor: keeps cookies, finds forms, follows redirects only when asked.

use std::{collections::BTreeMap, sync::OnceLock};

use reqwest::{
    Response, StatusCode,
    header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE},
};

/// What a visitor sees.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Page {
    /// Reads an answer to its end.
    pub async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("a body") }
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        let value =
            self.headers.get(LOCATION).unwrap_or_else(|| panic!("no redirect but {}: {}", self.status, self.body));
        value.to_str().expect("an address")
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text"))
    }

    /// The cookies that it sets, whole.
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("a cookie").to_owned()).collect()
    }

    /// Whether it is the sign-in page.
    pub fn is_sign_in(&self) -> bool {
        self.body.contains("name=\"identifier\"")
    }

    /// Whether it is the consent page.
    pub fn is_consent(&self) -> bool {
        self.body.contains("value=\"allow\"")
    }

    /// A parameter of the redirect's query.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.location()).expect("an absolute address");
        url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// The value of a hidden input.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&start).unwrap_or_else(|| panic!("no input {name} in {}", self.body));
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The value of the first button of that name.
    pub fn button(&self, name: &str) -> String {
        let start = format!("<button class=\"secondary\" name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&start).unwrap_or_else(|| panic!("no button {name} in {}", self.body));
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A client that follows no redirects and keeps nothing.
///
/// There is one in a process, because making one reads all root certificates of the system, which takes longer than most tests.
/// It keeps no connections either: they would belong to the runtime of the test that opened them.
pub(crate) fn http() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let build = || {
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        builder.pool_max_idle_per_host(0).build().expect("an HTTP client")
    };
    CLIENT.get_or_init(build).clone()
}

/// A visitor with cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    http: reqwest::Client,
    base: String,
    issuer: String,
    /// The cookies by name.
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(base: &str, issuer: &str) -> Self {
        Self { http: http(), base: base.to_owned(), issuer: issuer.to_owned(), cookies: BTreeMap::new() }
    }

    /// Opens an address: a path, or an absolute address of the server.
    pub async fn get(&mut self, address: &str) -> Page {
        let request = self.http.get(self.absolute(address)).header("accept", "text/html");
        self.send(request).await
    }

    /// Posts a form.
    pub async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.http.post(self.absolute(address)).form(fields);
        self.send(request).await
    }

    /// Follows redirects within the server until there is a page or a redirect elsewhere.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !page.status.is_redirection() || !page.location().starts_with(&self.issuer) {
                return page;
            }
            let next = page.location().to_owned();
            page = self.get(&next).await;
        }
        panic!("more than ten redirects");
    }

    /// Opens an address and follows.
    pub async fn open(&mut self, address: &str) -> Page {
        let page = self.get(address).await;
        self.follow(page).await
    }

    /// Fills in the sign-in form of `page`, and follows.
    pub async fn sign_in(&mut self, page: &Page, identifier: &str, password: &str) -> Page {
        let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
        let fields =
            [("request", request.as_str()), ("csrf", &csrf), ("identifier", identifier), ("password", password)];
        let answer = self.post("/sign-in", &fields).await;
        self.follow(answer).await
    }

    /// Answers the consent form of `page` with `allow` or `deny`, and follows.
    pub async fn decide(&mut self, page: &Page, decision: &str) -> Page {
        let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
        let answer = self.post("/consent", &[("request", &request), ("csrf", &csrf), ("decision", decision)]).await;
        self.follow(answer).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let jar: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if jar.is_empty() { request } else { request.header(COOKIE, jar.join("; ")) };
        let response = request.send().await.expect("an answer");
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.take(cookie.to_str().expect("a cookie"));
        }
        Page::read(response).await
    }

    fn take(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("name=value");
        if attributes.to_ascii_lowercase().contains("max-age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn absolute(&self, address: &str) -> String {
        if let Some(path) = address.strip_prefix(&self.issuer) {
            return format!("{}{path}", self.base);
        }
        if address.starts_with("http") { address.to_owned() } else { format!("{}{address}", self.base) }
    }
}
