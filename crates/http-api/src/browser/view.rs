//! From the engine's words to the views of the pages.

use authly_pages::{Client as ClientView, HttpsLink, Scope as ScopeView};
use oauth_core::{
    catalog::Catalog,
    client::Client,
    scope::{Scope, ScopeSet},
    subject::Subject,
};

/// A client as pages show it.
pub fn client(client: &Client) -> ClientView<'_> {
    ClientView {
        name: &client.name,
        logo: client.logo_uri.as_deref().filter(|path| path.starts_with('/')),
        host: None,
        policy: client.policy_uri.as_deref().and_then(HttpsLink::parse),
        terms: client.tos_uri.as_deref().and_then(HttpsLink::parse),
    }
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
