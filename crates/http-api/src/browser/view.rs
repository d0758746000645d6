//! From the engine's words to the views of the pages.

use authly_pages::{Client as ClientView, HttpsLink, Scope as ScopeView};
use oauth_core::{
    catalog::Catalog,
    client::Client,
    scope::{Scope, ScopeSet},
    subject::Subject,
};

use crate::logo::{self, Logo};

/// A client as pages show it.
pub fn client<'a>(client: &'a Client, logos: &'a [Logo]) -> ClientView<'a> {
    ClientView {
        name: &client.name,
        logo: logo::of(logos, client.id.as_str()),
        host: own_host(client),
        policy: client.policy_uri.as_deref().and_then(HttpsLink::parse),
        terms: client.tos_uri.as_deref().and_then(HttpsLink::parse),
    }
}

/// The host of its home page, if codes go there too: a host that nobody else can receive them at. Anything else is a claim.
fn own_host(client: &Client) -> Option<&str> {
    let host = host(client.client_uri.as_deref()?)?;
    client.redirect_uris.iter().any(|uri| self::host(uri.as_str()) == Some(host)).then_some(host)
}

/// The host of an https URL, as it is written, with its port where it has one.
fn host(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://")?.split(['/', '?', '#', '\\']).next()?;
    (!host.is_empty() && !host.contains('@')).then_some(host)
}

/// A scope as pages show it.
pub fn scope<'a>(scope: &'a Scope, catalog: &'a Catalog) -> ScopeView<'a> {
    ScopeView {
        name: scope.as_str(),
        description: catalog.scope(scope.as_str()).map_or("", |record| &record.description),
        sensitive: matches!(scope.as_str(), ScopeSet::ADMIN | ScopeSet::OFFLINE_ACCESS),
        granted: false,
    }
}

/// What an account's owner knows it by.
pub fn account(subject: &Subject) -> String {
    let profile = &subject.profile;
    let known = profile.email.as_ref().or(profile.preferred_username.as_ref()).or(profile.name.as_ref());
    known.cloned().unwrap_or_else(|| subject.id.to_string())
}
