//! The server that is tried, and what is known of it beforehand.

use std::time::Duration;

use oauth_core::{causes::causes, secret::Secret};
use reqwest::{Client, Response, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use thiserror::Error;
use url::Url;

/// Answers take no longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The server does not answer, or its answer cannot be read.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Unreachable(String);

impl From<reqwest::Error> for Unreachable {
    fn from(error: reqwest::Error) -> Self {
        // The address stands in what is printed anyway; a query could hold a code.
        let error = error.without_url();
        Self(causes(&error))
    }
}

/// Somebody who may sign in, made for the occasion.
#[derive(Clone, Debug)]
pub struct Person {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
}

/// How the installation is set up.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Whether the password grant and the JSON doors are open.
    pub legacy: bool,
    /// Whether the migration has come to its end, and with it the legacy contract.
    pub finalized: bool,
    /// Whether people may register themselves.
    pub registration: bool,
    /// Whether OAuth is on.
    pub oauth: bool,
    /// Whether requests are limited by rate.
    pub limited: bool,
    /// Whether the client that a migration is tried with is registered.
    pub test_client: bool,
}

impl Expected {
    /// Why nobody gets in by password alone, where the legacy contract is off.
    pub(crate) const fn why_not(self) -> &'static str {
        if self.finalized { "the migration is finalized" } else { "the password login is off" }
    }
}

/// A running server.
#[derive(Clone, Debug)]
pub struct Target {
    base: Url,
    client: Client,
}

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Result<Self, Unreachable> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Status and error code, for reports.
    pub(crate) fn told(&self) -> String {
        match self.json().get("error").and_then(Value::as_str) {
            Some(error) => format!("{} {error}", self.status),
            None => self.status.to_string(),
        }
    }
}

impl Target {
    /// The server at that address: scheme, host and port. No proxy is asked, no redirection followed.
    pub fn new(base: Url) -> Result<Self, Unreachable> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build()?;
        Ok(Self { base, client })
    }

    /// Its address.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// A path of it; what leads to another host stays with this one.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        url
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Unreachable> {
        Answer::of(self.client.get(self.at(path)).send().await?).await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Result<Answer, Unreachable> {
        Answer::of(self.client.get(self.at(path)).bearer_auth(token).send().await?).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Unreachable> {
        Answer::of(self.client.post(self.at(path)).json(body).send().await?).await
    }

    /// The password grant of the legacy contract.
    pub(crate) async fn password_grant(&self, person: &Person) -> Result<Answer, Unreachable> {
        let body = serde_json::json!({
            "grant_type": "password", "username": person.email, "password": person.password.expose(),
        });
        self.post("/auth/token", &body).await
    }
}
