//! Signing what was decided: access tokens and ID tokens.

use std::sync::Arc;

use super::Engine;
use crate::{
    catalog::Catalog,
    client::Client,
    crypto::{Algorithm, CryptoError, Signer},
    error::{GrantError, TokenError},
    grant::{
        response::{BEARER, TokenResponse},
        rights,
    },
    ids::AccessTokenId,
    jws::{
        access::{AccessClaims, Membership},
        audience::Audience,
        date::NumericDate,
        id_token::{ACR_PASSWORD, IdClaims, access_token_hash},
    },
    scope::ScopeSet,
    services::Services,
    store::{CodeSnapshot, GrantSnapshot},
    time::Timestamp,
};

/// What an access token is made for.
pub(super) struct AccessFor<'a> {
    pub(super) client: &'a Client,
    /// The grant, where a user is involved.
    pub(super) grant: Option<&'a GrantSnapshot>,
    pub(super) scope: &'a ScopeSet,
    /// The resources that the token request asks for.
    pub(super) resources: &'a [String],
}

impl<V: Services> Engine<V> {
    /// A token response with an access token (RFC 9068 2) and nothing beside it yet.
    pub(super) fn response(
        &self,
        what: &AccessFor<'_>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<TokenResponse, TokenError> {
        // The last door before a signature: nothing is issued to a client for an account that it does not serve.
        if what.grant.is_some_and(|snapshot| !rights::serves(what.client, &snapshot.subject)) {
            return Err(GrantError::AccountClosed.into());
        }
        let granted = what.grant.map_or(&[][..], |snapshot| &snapshot.grant.resources);
        let audience = rights::audience(what.client, granted, what.resources, what.scope, &self.settings.issuer)?;
        Ok(TokenResponse {
            access_token: self.access_token(what, audience, catalog, now)?,
            token_type: BEARER,
            expires_in: self.settings.access_token_ttl.as_secs(),
            refresh_token: None,
            scope: what.scope.to_string(),
            id_token: None,
        })
    }

    fn access_token(
        &self,
        what: &AccessFor<'_>,
        audience: Vec<String>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<String, CryptoError> {
        let membership = what.grant.map(|snapshot| Membership::of(&snapshot.subject, what.scope)).unwrap_or_default();
        let claims = AccessClaims {
            iss: self.settings.issuer.as_str().to_owned(),
            // RFC 9068 2.2: without a user the subject is the client.
            sub: what.grant.map_or_else(|| what.client.id.to_string(), |snapshot| snapshot.subject.id.to_string()),
            aud: Audience::of(audience),
            client_id: what.client.id.clone(),
            iat: NumericDate::new(now),
            exp: NumericDate::new(now.plus(self.settings.access_token_ttl)),
            jti: AccessTokenId::generate(now, self.services.random()),
            scope: what.scope.to_string(),
            auth_time: what.grant.and_then(|snapshot| snapshot.grant.authenticated_at).map(NumericDate::new),
            gid: what.grant.map(|snapshot| snapshot.grant.id),
            membership,
        };
        claims.sign(&**signer(catalog, self.settings.access_token_alg)?)
    }

    /// An ID token beside an access token (OpenID Connect Core 3.1.3.3).
    pub(super) fn id_token(
        &self,
        client: &Client,
        code: &CodeSnapshot,
        access_token: &str,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<String, CryptoError> {
        // Never another algorithm than the client registered: it would refuse the token, or worse, accept it.
        let signer = catalog
            .signer(client.id_token_alg)
            .ok_or_else(|| CryptoError(format!("no current key for {}", client.id_token_alg.name())))?;
        let grant = &code.grant.grant;
        let claims = IdClaims {
            iss: self.settings.issuer.as_str(),
            sub: code.grant.subject.id,
            aud: &client.id,
            azp: &client.id,
            iat: NumericDate::new(now),
            exp: NumericDate::new(now.plus(self.settings.id_token_ttl)),
            auth_time: grant.authenticated_at.map(NumericDate::new),
            nonce: code.nonce.as_deref(),
            acr: ACR_PASSWORD,
            amr: grant.methods.iter().map(|method| method.as_str()).collect(),
            at_hash: Some(access_token_hash(signer.algorithm(), access_token)),
            sid: grant.session,
        };
        claims.sign(&**signer)
    }
}

/// The key for access tokens: of the preferred algorithm, or else of any that has a current key.
fn signer(catalog: &Catalog, preferred: Algorithm) -> Result<&Arc<dyn Signer>, CryptoError> {
    catalog
        .signer(preferred)
        .or_else(|| catalog.signing_algorithms().find_map(|algorithm| catalog.signer(algorithm)))
        .ok_or_else(|| CryptoError("there is no current signing key".into()))
}
