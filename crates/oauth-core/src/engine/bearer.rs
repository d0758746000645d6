//! The one answer to "is this access token active", for userinfo, introspection, administration and whoever embeds the engine.

use std::sync::Arc;

use super::Engine;
use crate::{
    client::Client,
    error::{BearerError, GrantError},
    grant::rights,
    ids::{GrantId, UserId},
    jws::{
        TokenFault,
        access::{AccessToken, Holder},
    },
    scope::ScopeSet,
    services::Services,
    store::GrantRepository as _,
    subject::{Reach, Subject},
    token::TokenHash,
};

/// The bearer of an active access token.
#[derive(Clone, Debug)]
pub struct BearerIdentity {
    /// The token.
    pub token: Arc<AccessToken>,
    /// The client that it was issued to.
    pub client: Arc<Client>,
    /// The user as of now; `None` where the client acts on its own behalf.
    pub subject: Option<Subject>,
    /// What it allows as of now: scopes that user or client may not hold any more are gone.
    pub scope: ScopeSet,
}

impl BearerIdentity {
    /// The user, if there is one.
    pub fn user(&self) -> Option<UserId> {
        self.subject.as_ref().map(|subject| subject.id)
    }

    /// How far the bearer sees and acts: never beyond the tenant of its user, nor beyond that of its client.
    pub fn reach(&self) -> Reach {
        let own = self.subject.as_ref().and_then(|subject| subject.reach().tenant());
        own.or(self.client.tenant).map_or(Reach::Installation, Reach::Tenant)
    }

    /// The grant, if there is one.
    pub fn grant(&self) -> Option<GrantId> {
        match self.token.holder {
            Holder::Client => None,
            Holder::User { grant, .. } => Some(grant),
        }
    }
}

impl<V: Services> Engine<V> {
    /// Admits the bearer of a token that is meant for this server and carries `required`: the door of administration.
    pub async fn bearer(&self, token: &str, required: &'static str) -> Result<BearerIdentity, BearerError> {
        let bearer = self.bearer_here(token).await?;
        if bearer.scope.contains(required) { Ok(bearer) } else { Err(BearerError::Scope(required)) }
    }

    /// Admits the bearer of a token that is meant for this server (RFC 9068 4: the audience is checked).
    pub(super) async fn bearer_here(&self, token: &str) -> Result<BearerIdentity, BearerError> {
        let bearer = self.active(token).await?;
        if bearer.token.audience.contains(self.settings.issuer.as_str()) {
            Ok(bearer)
        } else {
            Err(BearerError::Invalid(TokenFault::Audience))
        }
    }

    /// The one rule for "is this access token active": signature, expiry, client, grant, account and revocation.
    pub async fn active(&self, token: &str) -> Result<BearerIdentity, BearerError> {
        let fault = |fault| Err(BearerError::Invalid(fault));
        let (catalog, now) = (self.catalog(), self.now());
        let token = self.verified(token).map_err(BearerError::Invalid)?;
        if !token.is_current(now) {
            return fault(TokenFault::Expired);
        }
        let Some(client) = catalog.client(&token.client).filter(|client| client.is_active()) else {
            return fault(TokenFault::Client);
        };
        let store = self.services.store();
        let (subject, scope) = match token.holder {
            Holder::Client => {
                // A client that was deleted does not live on in another that was given its name (SECURITY.md row 39). Two machines' clocks
                // may differ.
                if token.issued_at.plus(self.settings.leeway) < client.created_at {
                    return fault(TokenFault::Client);
                }
                if store.access_token_revoked(token.jti).await? {
                    return fault(TokenFault::Revoked);
                }
                (None, rights::offered(&token.scope, client, &catalog))
            }
            Holder::User { user, grant } => {
                let Some(snapshot) = store.grant(grant, token.jti).await? else { return fault(TokenFault::Grant) };
                if snapshot.grant.user != user || snapshot.grant.client != client.key {
                    return fault(TokenFault::Grant);
                }
                if snapshot.token_revoked {
                    return fault(TokenFault::Revoked);
                }
                match rights::standing(&snapshot) {
                    Ok(()) => {}
                    Err(GrantError::AccountClosed) => return fault(TokenFault::AccountClosed),
                    Err(_) => return fault(TokenFault::Grant),
                }
                if !rights::serves(client, &snapshot.subject) {
                    return fault(TokenFault::Client);
                }
                let scope = rights::effective(&token.scope, client, &snapshot.subject, &catalog);
                (Some(snapshot.subject), scope)
            }
        };
        Ok(BearerIdentity { token, client: client.clone(), subject, scope })
    }

    /// The token behind `text`, its signature checked once and remembered by its hash while its key is published.
    pub(super) fn verified(&self, text: &str) -> Result<Arc<AccessToken>, TokenFault> {
        let catalog = self.catalog();
        let hash = TokenHash::of(text.as_bytes());
        if let Some(token) = self.memory.tokens.get(&hash).filter(|token| catalog.verifiers.holds(&token.key.0)) {
            return Ok(token);
        }
        let token = Arc::new(AccessToken::verify(text, &catalog.verifiers, &self.settings.issuer)?);
        let now = self.now();
        if token.is_current(now) {
            self.memory.tokens.put(hash, token.clone(), |token| token.is_current(now));
        }
        Ok(token)
    }
}
