//! One call to any endpoint.

use authly_testkit::{Page, TestApp};
use oauth_core::endpoint::Endpoint;

pub(crate) const EMAIL: &str = "ada@example.org";

pub(crate) const PROBES: [Endpoint; 3] = [Endpoint::Health, Endpoint::HealthLive, Endpoint::HealthReady];

pub(crate) fn first_method(endpoint: Endpoint) -> reqwest::Method {
    endpoint.methods().first().unwrap().parse().unwrap()
}

pub(crate) async fn call(app: &TestApp, endpoint: Endpoint, method: reqwest::Method) -> Page {
    app.send(app.http.request(method, app.at(endpoint.path()))).await
}
