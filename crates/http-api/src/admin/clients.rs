//! `POST /admin/oauth/clients` (S000-78): registers a client. What the administrator of a tenant may give to one stands in
//! `authly_admin_cases::client::Registrar`.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_admin_cases::{
    AdminError,
    client::{ClientDraft, Registrar},
};
use authly_directory::services::DirectoryServices;
use oauth_core::{
    client::{AuthMethod, ClientType, GrantType},
    error::{RequestError, Wire as _, WireError},
    scope::ScopeSet,
};
use serde::Deserialize;

use crate::{
    app::App,
    bearer, body,
    browser::cookies,
    respond::{self, Dialect, Failure},
};

/// The request: S000-78's members and those of RFC 7591; unknown ones are refused, so that nothing is silently ignored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    client_id: Option<String>,
    client_name: String,
    client_type: Option<ClientType>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    grant_types: Vec<GrantType>,
    token_endpoint_auth_method: Option<AuthMethod>,
    jwks: Option<serde_json::Value>,
    jwks_uri: Option<String>,
    #[serde(default)]
    audiences: Vec<String>,
    require_pkce: Option<bool>,
    #[serde(default)]
    first_party: bool,
    client_uri: Option<String>,
    policy_uri: Option<String>,
    tos_uri: Option<String>,
}

/// Registers a client and shows its secret once.
pub async fn create<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let administrator = app.engine.bearer(bearer::required(&request)?, ScopeSet::ADMIN).await?;
    let asked: Registration = body::client_metadata(&request, payload).await?;
    let registrar = Registrar::of(&administrator, cookies::address(&request));
    let registered = app.admin.register_client(asked.into(), &registrar).await.map_err(|error| refused(&error))?;
    (app.catalog_changed)();
    let mut answer = serde_json::to_value(&registered.client).unwrap_or_default();
    if let (Some(secret), Some(answer)) = (&registered.secret, answer.as_object_mut()) {
        answer.insert("client_secret".into(), secret.expose().clone().into());
        answer.insert("client_secret_expires_at".into(), 0.into());
    }
    Ok(respond::json(StatusCode::CREATED, &answer))
}

impl From<Registration> for ClientDraft {
    fn from(asked: Registration) -> Self {
        Self {
            client_id: asked.client_id,
            name: asked.client_name,
            kind: asked.client_type,
            auth_method: asked.token_endpoint_auth_method,
            redirect_uris: asked.redirect_uris,
            post_logout_redirect_uris: asked.post_logout_redirect_uris,
            scopes: asked.scopes,
            grant_types: asked.grant_types,
            jwks: asked.jwks.map(|jwks| jwks.to_string()),
            jwks_uri: asked.jwks_uri,
            audiences: asked.audiences,
            first_party: asked.first_party,
            no_pkce: asked.require_pkce == Some(false),
            client_uri: asked.client_uri,
            policy_uri: asked.policy_uri,
            tos_uri: asked.tos_uri,
            ..Self::default()
        }
    }
}

/// RFC 7591 3.2.2 names the codes.
fn refused(error: &AdminError) -> Failure {
    let wire = match error {
        AdminError::Invalid { field: "redirect_uri" | "post_logout_redirect_uri", .. } => {
            RequestError::ClientRedirectUri(error.to_string()).wire()
        }
        AdminError::Invalid { .. } | AdminError::NotFound { .. } => {
            RequestError::ClientMetadata(error.to_string()).wire()
        }
        AdminError::Exists { .. } => RequestError::ClientExists(error.to_string()).wire(),
        AdminError::Crypto(_) | AdminError::Store(_) => WireError::server_error(),
        AdminError::Busy(_) => WireError::unavailable(),
    };
    Failure::caused(wire, &respond::causes(error), Dialect::Legacy)
}
