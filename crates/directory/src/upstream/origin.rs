//! Where a session came from, and the ID token that its provider wants to see again when somebody signs out there.
//!
//! The token is kept under the session's cookie, so that whoever reads the store learns nothing of it.

use oauth_core::{
    browser::{Browser, SessionCookie},
    secret::Secret,
    services::{Purpose, Sealer as _},
    store::StoreError,
};

use super::store::{UpstreamOrigin, UpstreamRepository as _};
use crate::{directory::Directory, services::DirectoryServices};

/// The provider that a session came from.
#[derive(Debug)]
pub struct Origin {
    /// Its issuer.
    pub issuer: String,
    /// The ID token with which the session began; `None` if it does not open any more.
    pub id_token: Option<Secret<String>>,
}

impl<V: DirectoryServices> Directory<V> {
    /// Where the session of this browser came from, if a provider and as long as it is alive.
    pub async fn origin(&self, browser: &Browser) -> Result<Option<Origin>, StoreError> {
        let Some(cookie) = &browser.session else { return Ok(None) };
        let Some(session) = self.engine.session(browser).await? else { return Ok(None) };
        let origin = self.services().accounts().upstream_origin(session.id).await?;
        Ok(origin.map(|UpstreamOrigin { issuer, id_token }| {
            let open = |sealed: Vec<u8>| {
                let sealer = self.services().sealer();
                let clear = sealer.open_for(cookie.expose().as_bytes(), Purpose::UpstreamSession, &sealed).ok()?;
                String::from_utf8(clear.expose().clone()).ok().map(Secret::new)
            };
            Origin { issuer, id_token: id_token.and_then(open) }
        }))
    }

    /// What the store keeps of an ID token.
    pub(super) fn keep_id_token(&self, cookie: &SessionCookie, token: &Secret<String>) -> Vec<u8> {
        let sealer = self.services().sealer();
        sealer.seal_for(cookie.expose().as_bytes(), Purpose::UpstreamSession, token.expose().as_bytes())
    }
}
