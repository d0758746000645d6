//! Signing out at the provider too (OpenID Connect RP-Initiated Logout 2).

use oauth_core::{secret::Secret, services::Services};

use crate::{
    party::{SEEN, Upstream},
    provider::SignOut,
};

/// The longest ID token that goes into an address; without one the provider may ask whether it is meant.
const LONGEST_HINT: usize = 4_096;

/// Somebody who signed out here and goes to sign out there.
#[derive(Clone, Copy, Debug)]
pub struct Farewell<'a> {
    /// What proves which session there it was.
    pub id_token: Option<&'a Secret<String>>,
    /// Where they come back to.
    pub back: &'a str,
    /// What comes back with them.
    pub state: Option<&'a str>,
}

impl Upstream {
    /// Where somebody signs out there; `None` if that is switched off, or the provider has no place for it or does not answer. Nobody who
    /// wants to leave is led to a page that does not come.
    pub async fn farewell<V: Services>(&self, services: &V, farewell: Farewell<'_>) -> Option<String> {
        if self.provider().sign_out == SignOut::Here {
            return None;
        }
        let metadata = self.metadata(services, SEEN).await.ok()?;
        let endpoint = metadata.end_session_endpoint.as_ref()?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(token) = farewell.id_token.filter(|token| token.expose().len() <= LONGEST_HINT) {
            query.append_pair("id_token_hint", token.expose());
        }
        query.append_pair("client_id", &self.provider().client_id);
        query.append_pair("post_logout_redirect_uri", farewell.back);
        if let Some(state) = farewell.state {
            query.append_pair("state", state);
        }
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Some(format!("{endpoint}{joint}{}", query.finish()))
    }
}
