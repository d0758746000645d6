//! From the engine's words to the views of the pages.

use authly_pages::{Client as ClientView, HttpsLink};
use oauth_core::{client::Client, subject::Subject};

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

/// What an account's owner knows it by.
pub fn account(subject: &Subject) -> String {
    let profile = &subject.profile;
    let known = profile.email.as_ref().or(profile.preferred_username.as_ref()).or(profile.name.as_ref());
    known.cloned().unwrap_or_else(|| subject.id.to_string())
}
