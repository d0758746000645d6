//! A client as shown: no secret, no hash.

use oauth_core::{
    client::{ChallengePolicy, Client, ConsentPolicy, IntrospectionPolicy, PkcePolicy},
    redirect::ApplicationType,
};
use serde::Serialize;

/// A client as shown, in the names of RFC 7591 where it has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientView {
    /// Its identifier.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// The id of the tenant whose accounts alone it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// `confidential` or `public`.
    pub client_type: &'static str,
    /// `web` or `native`.
    pub application_type: &'static str,
    /// How it proves who it is.
    pub token_endpoint_auth_method: &'static str,
    /// Where users may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where users may be sent after sign-out.
    pub post_logout_redirect_uris: Vec<String>,
    /// What it may do at the token endpoint.
    pub grant_types: Vec<&'static str>,
    /// What it may ask for.
    pub scope: String,
    /// The audiences it may name.
    pub audiences: Vec<String>,
    /// Where it publishes its keys.
    pub jwks_uri: Option<String>,
    /// Whether PKCE is required.
    pub require_pkce: bool,
    /// Whether its users are not asked.
    pub first_party: bool,
    /// Whether it may sign people in with a form of its own.
    pub first_party_challenge: bool,
    /// Whether it may introspect any token.
    pub introspect_all: bool,
    /// Its ID tokens' algorithm.
    pub id_token_signed_response_alg: &'static str,
    /// Its home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its privacy policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// How many secrets work.
    pub secrets: usize,
    /// Whether it may be used.
    pub is_active: bool,
    /// When it was registered, RFC 3339.
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
}

impl ClientView {
    /// The view of `client`.
    pub fn of(client: &Client) -> Self {
        let texts = |uris: &[oauth_core::redirect::RedirectUri]| uris.iter().map(ToString::to_string).collect();
        Self {
            client_id: client.id.to_string(),
            client_name: client.name.clone(),
            tenant_id: client.tenant.map(|tenant| tenant.to_string()),
            client_type: client.kind.as_str(),
            application_type: match client.application {
                ApplicationType::Native => "native",
                ApplicationType::Web => "web",
            },
            token_endpoint_auth_method: client.auth_method.as_str(),
            redirect_uris: texts(&client.redirect_uris),
            post_logout_redirect_uris: texts(&client.post_logout_redirect_uris),
            grant_types: client.grant_types.iter().map(|grant| grant.as_str()).collect(),
            scope: client.scopes.to_string(),
            audiences: client.audiences.clone(),
            jwks_uri: client.jwks_uri.as_ref().map(|uri| uri.as_str().to_owned()),
            require_pkce: client.pkce == PkcePolicy::Required,
            first_party: client.consent == ConsentPolicy::Skipped,
            first_party_challenge: client.challenge == ChallengePolicy::Open,
            introspect_all: client.introspection == IntrospectionPolicy::All,
            id_token_signed_response_alg: client.id_token_alg.name(),
            client_uri: client.client_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            tos_uri: client.tos_uri.clone(),
            secrets: client.secrets.len() + usize::from(client.imported_secret.is_some()),
            is_active: client.is_active(),
            created_at: client.created_at.to_rfc3339(),
            updated_at: client.updated_at.to_rfc3339(),
        }
    }
}
