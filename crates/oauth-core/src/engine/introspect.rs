//! Introspection (RFC 7662).

use serde::Serialize;

use super::{Engine, bearer::BearerIdentity};
use crate::{
    client::{Client, IntrospectionPolicy, authenticate::AuthenticatedClient},
    error::{BearerError, ClientError, TokenError},
    grant::{
        refresh::{self, RefreshDecision, RefreshPolicy},
        response::BEARER,
        rights,
    },
    ids::ClientId,
    jws::{access::Membership, audience::Audience, date::NumericDate},
    legacy,
    services::Services,
    store::GrantRepository as _,
    token::OpaqueToken,
};

/// An introspection answer (RFC 7662 2.2). An inactive token is exactly `{"active":false}`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Introspection {
    /// Whether the token is active, and the caller may know.
    pub active: bool,
    /// What it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// To whom it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// `Bearer`, for access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<NumericDate>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<NumericDate>,
    /// About whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Who may accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// By whom it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// When the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<NumericDate>,
    /// Claims of the scope `groups`.
    #[serde(flatten)]
    pub membership: Membership,
}

impl<V: Services> Engine<V> {
    /// Tells a client about a token: one of its own, one whose `aud` names it, or any if its policy says so; a client of a tenant
    /// about tokens of that tenant alone.
    pub async fn introspect(&self, caller: AuthenticatedClient, token: &str) -> Result<Introspection, TokenError> {
        // RFC 7662 2.1: "the authorization server MUST also require some form of authorization to access this endpoint".
        if !caller.is_proven() {
            return Err(ClientError::Method.into());
        }
        self.spend(&caller).await?;
        let sees_all = caller.client().introspection == IntrospectionPolicy::All;
        if !legacy::is_jwt(token) {
            let told = self.introspect_refresh(&caller, token).await?;
            return if told.active || !sees_all { Ok(told) } else { self.introspect_api_key(&caller, token).await };
        }
        if legacy::jwt::is_hmac(token) {
            return match self.active_legacy(token).await {
                Ok((token, row)) if sees_all && rights::serves(caller.client(), &row.account.subject) => {
                    Ok(Introspection {
                        active: true,
                        token_type: Some(BEARER),
                        exp: Some(NumericDate::new(token.expires_at.min(row.expires_at))),
                        iat: token.issued_at.map(NumericDate::new),
                        sub: Some(row.account.subject.id.to_string()),
                        iss: Some(self.settings.issuer.as_str().to_owned()),
                        jti: Some(token.id.as_str().to_owned()),
                        ..Introspection::default()
                    })
                }
                Err(BearerError::Store(error)) => Err(error.into()),
                _ => Ok(Introspection::default()),
            };
        }
        match self.active(token).await {
            Ok(bearer)
                if in_reach(caller.client(), &bearer) && (sees_all || concerns(&bearer, &caller.client().id)) =>
            {
                Ok(self.described(&bearer))
            }
            Err(BearerError::Store(error)) => Err(error.into()),
            // RFC 7662 2.2: no detail for anything inactive, unknown, or none of the caller's business.
            _ => Ok(Introspection::default()),
        }
    }

    /// An API key of the older program (C-32): told about to resource servers, so that they take it while it counts.
    async fn introspect_api_key(&self, caller: &AuthenticatedClient, key: &str) -> Result<Introspection, TokenError> {
        match self.active_api_key(key).await {
            Ok(found) if rights::serves(caller.client(), &found.account.subject) => Ok(Introspection {
                active: true,
                scope: (!found.key.scope.is_empty()).then(|| found.key.scope.to_string()),
                client_id: found.key.client,
                token_type: Some(BEARER),
                exp: found.key.expires_at.map(NumericDate::new),
                iat: Some(NumericDate::new(found.key.created_at)),
                sub: Some(found.account.subject.id.to_string()),
                iss: Some(self.settings.issuer.as_str().to_owned()),
                ..Introspection::default()
            }),
            Err(BearerError::Store(error)) => Err(error.into()),
            _ => Ok(Introspection::default()),
        }
    }

    fn described(&self, bearer: &BearerIdentity) -> Introspection {
        let token = &bearer.token;
        Introspection {
            active: true,
            scope: (!bearer.scope.is_empty()).then(|| bearer.scope.to_string()),
            client_id: Some(token.client.clone()),
            token_type: Some(BEARER),
            exp: Some(NumericDate::new(token.expires_at)),
            iat: Some(NumericDate::new(token.issued_at)),
            sub: Some(token.subject.clone()),
            aud: Some(token.audience.clone()),
            iss: Some(self.settings.issuer.as_str().to_owned()),
            jti: Some(token.jti.to_string()),
            auth_time: token.authenticated_at.map(NumericDate::new),
            membership: bearer
                .subject
                .as_ref()
                .map(|subject| Membership::of(subject, &bearer.scope))
                .unwrap_or_default(),
        }
    }

    /// A refresh token is told about to its own client alone, so that no resource server takes one for an access token.
    async fn introspect_refresh(&self, caller: &AuthenticatedClient, token: &str) -> Result<Introspection, TokenError> {
        let Some(token) = OpaqueToken::presented(token) else { return Ok(Introspection::default()) };
        let Some(snapshot) = self.services.store().refresh(token.hash()).await? else {
            return Ok(Introspection::default());
        };
        let (client, catalog) = (caller.client(), self.catalog());
        match refresh::decide(client.key, &snapshot, &RefreshPolicy::of(&self.settings), self.now()) {
            Ok(RefreshDecision::Rotate) => {
                let grant = &snapshot.grant;
                let scope = rights::effective(&grant.grant.scope, client, &grant.subject, &catalog);
                Ok(Introspection {
                    active: true,
                    scope: (!scope.is_empty()).then(|| scope.to_string()),
                    client_id: Some(client.id.clone()),
                    exp: Some(NumericDate::new(snapshot.expires_at)),
                    iat: Some(NumericDate::new(snapshot.created_at)),
                    sub: Some(grant.subject.id.to_string()),
                    iss: Some(self.settings.issuer.as_str().to_owned()),
                    ..Introspection::default()
                })
            }
            // Asking is not using: a spent token that is only asked about revokes nothing.
            Ok(RefreshDecision::Replayed { .. } | RefreshDecision::Retry) | Err(_) => Ok(Introspection::default()),
        }
    }
}

/// Whether the caller may know of the token at all: a client of a tenant knows of that tenant's accounts and clients alone.
fn in_reach(caller: &Client, bearer: &BearerIdentity) -> bool {
    match &bearer.subject {
        Some(subject) => rights::serves(caller, subject),
        None => caller.tenant.is_none() || caller.tenant == bearer.client.tenant,
    }
}

/// Whether a token is the caller's own or meant for it.
fn concerns(bearer: &BearerIdentity, caller: &ClientId) -> bool {
    bearer.token.client == *caller || bearer.token.audience.contains(caller.as_str())
}

#[cfg(test)]
#[path = "introspect_tests.rs"]
mod tests;
