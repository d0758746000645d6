//! Signing what was decided: access tokens and ID tokens.

use std::sync::Arc;

use super::Engine;
use crate::{
    catalog::Catalog,
    client::Client,
    crypto::{Algorithm, CryptoError, Signer},
    ids::AccessTokenId,
    jws::{
        access::{AccessClaims, Membership},
        audience::Audience,
        date::NumericDate,
        id_token::{ACR_PASSWORD, IdClaims, access_token_hash},
    },
    scope::ScopeSet,
    services::Services,
    store::GrantSnapshot,
    time::Timestamp,
};

/// What an access token is made for.
pub(super) struct AccessFor<'a> {
    pub(super) client: &'a Client,
    /// The grant, where a user is involved.
    pub(super) grant: Option<&'a GrantSnapshot>,
    pub(super) scope: &'a ScopeSet,
    pub(super) audience: Vec<String>,
}

impl<V: Services> Engine<V> {
    /// An access token (RFC 9068 2).
    pub(super) fn access_token(
        &self,
        what: AccessFor<'_>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<String, CryptoError> {
        let membership = what.grant.map(|snapshot| Membership::of(&snapshot.subject, what.scope)).unwrap_or_default();
        let claims = AccessClaims {
            iss: self.settings.issuer.as_str().to_owned(),
            // RFC 9068 2.2: without a user the subject is the client.
            sub: what.grant.map_or_else(|| what.client.id.to_string(), |snapshot| snapshot.subject.id.to_string()),
            aud: Audience::of(what.audience),
            client_id: what.client.id.clone(),
            iat: NumericDate::new(now),
            exp: NumericDate::new(now.plus(self.settings.access_token_ttl)),
            jti: AccessTokenId::generate(now, self.services.random()),
            scope: what.scope.to_string(),
            auth_time: what.grant.map(|snapshot| NumericDate::new(snapshot.grant.authenticated_at)),
            gid: what.grant.map(|snapshot| snapshot.grant.id),
            membership,
        };
        claims.sign(&**signer(catalog, self.settings.access_token_alg)?)
    }

    /// An ID token beside an access token (OpenID Connect Core 3.1.3.3).
    pub(super) fn id_token(
        &self,
        client: &Client,
        snapshot: &GrantSnapshot,
        nonce: Option<&str>,
        access_token: &str,
        now: Timestamp,
    ) -> Result<String, CryptoError> {
        let catalog = self.catalog();
        // Never another algorithm than the client registered: it would refuse the token, or worse, accept it.
        let signer = catalog
            .signer(client.id_token_alg)
            .ok_or_else(|| CryptoError(format!("no current key for {}", client.id_token_alg.name())))?;
        let grant = &snapshot.grant;
        let claims = IdClaims {
            iss: self.settings.issuer.as_str(),
            sub: snapshot.subject.id,
            aud: &client.id,
            azp: &client.id,
            iat: NumericDate::new(now),
            exp: NumericDate::new(now.plus(self.settings.id_token_ttl)),
            auth_time: NumericDate::new(grant.authenticated_at),
            nonce,
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
