//! What may be said of a client, read into the domain's types with one error that names the field.

use oauth_core::{
    catalog::ScopeRecord,
    client::{
        AssertionAudience, AuthMethod, ChallengePolicy, Client, ClientState, ClientType, ConsentPolicy, GrantType,
        IntrospectionPolicy, JwksUri, PkcePolicy,
    },
    crypto::Algorithm,
    ids::{ClientId, ClientKey, TenantId},
    redirect::{ApplicationType, RedirectUri},
    scope::{Scope, ScopeSet},
    secret::Secret,
    text,
    time::Timestamp,
};

use crate::{AdminError, AdminSettings};

/// Which secret a new client gets.
#[derive(Clone, Debug, Default)]
pub enum SecretChoice {
    /// A random one of 256 bits.
    #[default]
    Generate,
    /// One that exists already and is kept.
    Keep(Secret<String>),
}

/// A client to be registered; what is `None` or empty gets the default that fits its type.
#[derive(Clone, Debug, Default)]
pub struct ClientDraft {
    /// Its identifier; random if not given.
    pub client_id: Option<String>,
    /// Its name, shown to users.
    pub name: String,
    /// The tenant whose accounts alone it serves.
    pub tenant: Option<TenantId>,
    /// Confidential or public.
    pub kind: Option<ClientType>,
    /// Web or native; native when a redirect URI needs it.
    pub application: Option<ApplicationType>,
    /// How it proves who it is.
    pub auth_method: Option<AuthMethod>,
    /// Which secret it gets.
    pub secret: SecretChoice,
    /// Where users may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where users may be sent after sign-out.
    pub post_logout_redirect_uris: Vec<String>,
    /// What it may ask for; the default scopes if empty.
    pub scopes: Vec<String>,
    /// What it may do at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// Its public keys as a JWK Set document.
    pub jwks: Option<String>,
    /// Where it publishes its keys.
    pub jwks_uri: Option<String>,
    /// The audiences it may name; the first is its default.
    pub audiences: Vec<String>,
    /// Whether its users are not asked.
    pub first_party: bool,
    /// Whether it may sign people in with a form of its own.
    pub challenge: bool,
    /// Whether it may leave PKCE out.
    pub no_pkce: bool,
    /// Whether it may introspect any token.
    pub introspect_all: bool,
    /// Whether its assertions may name the token endpoint.
    pub assertion_at_token_endpoint: bool,
    /// Its ID tokens' algorithm.
    pub id_token_alg: Option<Algorithm>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
}

impl ClientDraft {
    /// Whether it authenticates with a secret.
    pub(super) fn needs_secret(&self) -> bool {
        matches!(self.method(), AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
    }

    fn method(&self) -> AuthMethod {
        self.auth_method.unwrap_or(match self.kind {
            Some(ClientType::Public) => AuthMethod::None,
            _ if self.jwks.is_some() || self.jwks_uri.is_some() => AuthMethod::PrivateKeyJwt,
            _ => AuthMethod::ClientSecretBasic,
        })
    }

    pub(super) fn build(
        &self,
        key: ClientKey,
        id: ClientId,
        now: Timestamp,
        settings: &AdminSettings,
        known: &[ScopeRecord],
    ) -> Result<Client, AdminError> {
        let auth_method = self.method();
        let kind = self.kind.unwrap_or(match auth_method {
            AuthMethod::None => ClientType::Public,
            _ => ClientType::Confidential,
        });
        let redirects = |texts: &[String], field| redirect_uris(texts, self.application, field);
        let (redirect_uris, application) = redirects(&self.redirect_uris, "redirect_uri")?;
        let grant_types = if !self.grant_types.is_empty() {
            self.grant_types.clone()
        } else if self.redirect_uris.is_empty() && kind == ClientType::Confidential {
            vec![GrantType::ClientCredentials]
        } else {
            vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
        };
        let pkce = match kind {
            ClientType::Confidential if self.no_pkce => PkcePolicy::Exempt,
            ClientType::Confidential => settings.pkce_default,
            ClientType::Public => PkcePolicy::Required,
        };
        let client = Client {
            key,
            id,
            name: text::line(&self.name, 255).map_err(|error| AdminError::invalid("name", error))?.trim().to_owned(),
            tenant: self.tenant,
            challenge: challenge(self.challenge),
            kind,
            application,
            auth_method,
            secrets: Vec::new(),
            imported_secret: None,
            jwks: self.jwks.as_deref().map(jwks).transpose()?,
            jwks_uri: self.jwks_uri.as_deref().map(jwks_uri).transpose()?,
            redirect_uris,
            post_logout_redirect_uris: redirects(&self.post_logout_redirect_uris, "post_logout_redirect_uri")?.0,
            grant_types,
            scopes: scopes(&self.scopes, known)?,
            audiences: audiences(&self.audiences)?,
            pkce,
            consent: if self.first_party { ConsentPolicy::Skipped } else { ConsentPolicy::Asked },
            introspection: if self.introspect_all { IntrospectionPolicy::All } else { IntrospectionPolicy::Own },
            assertion_audience: if self.assertion_at_token_endpoint {
                AssertionAudience::TokenEndpoint
            } else {
                AssertionAudience::Issuer
            },
            id_token_alg: self.id_token_alg.unwrap_or(settings.id_token_alg),
            client_uri: https(self.client_uri.as_deref(), "client_uri")?,
            logo_uri: None,
            policy_uri: https(self.policy_uri.as_deref(), "policy_uri")?,
            tos_uri: https(self.tos_uri.as_deref(), "tos_uri")?,
            state: ClientState::Active,
            created_at: now,
            updated_at: now,
        };
        if self.no_pkce && kind == ClientType::Public {
            return Err(AdminError::invalid("no_pkce", "a public client always needs PKCE"));
        }
        consistent(client)
    }
}

/// A change of a client; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ClientChange {
    /// Its name.
    pub name: Option<String>,
    /// Where users may be sent back to.
    pub redirect_uris: Option<Vec<String>>,
    /// Where users may be sent after sign-out.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// What it may ask for.
    pub scopes: Option<Vec<String>>,
    /// What it may do at the token endpoint.
    pub grant_types: Option<Vec<GrantType>>,
    /// The audiences it may name.
    pub audiences: Option<Vec<String>>,
    /// Its public keys.
    pub jwks: Option<String>,
    /// Where it publishes its keys.
    pub jwks_uri: Option<String>,
    /// Whether its users are asked.
    pub consent: Option<ConsentPolicy>,
    /// Whether it may sign people in with a form of its own.
    pub challenge: Option<ChallengePolicy>,
    /// Whether PKCE is required.
    pub pkce: Option<PkcePolicy>,
    /// Its ID tokens' algorithm.
    pub id_token_alg: Option<Algorithm>,
    /// Its home page; an empty text removes it, as with the two below.
    pub client_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
}

impl ClientChange {
    pub(super) fn apply(self, mut client: Client, now: Timestamp, known: &[ScopeRecord]) -> Result<Client, AdminError> {
        if let Some(name) = self.name {
            client.name = text::line(&name, 255).map_err(|error| AdminError::invalid("name", error))?.trim().to_owned();
        }
        if let Some(uris) = self.redirect_uris {
            let application = Some(client.application).filter(|kind| *kind == ApplicationType::Native);
            (client.redirect_uris, client.application) = redirect_uris(&uris, application, "redirect_uri")?;
        }
        if let Some(uris) = self.post_logout_redirect_uris {
            client.post_logout_redirect_uris =
                redirect_uris(&uris, Some(client.application), "post_logout_redirect_uri")?.0;
        }
        if let Some(names) = self.scopes {
            client.scopes = scopes(&names, known)?;
        }
        if let Some(document) = self.jwks {
            client.jwks = Some(jwks(&document)?);
            client.jwks_uri = None;
        }
        if let Some(uri) = self.jwks_uri {
            client.jwks_uri = Some(jwks_uri(&uri)?);
            client.jwks = None;
        }
        client.audiences = self.audiences.map_or(Ok(client.audiences), |names| audiences(&names))?;
        client.grant_types = self.grant_types.unwrap_or(client.grant_types);
        client.consent = self.consent.unwrap_or(client.consent);
        client.challenge = self.challenge.unwrap_or(client.challenge);
        client.pkce = self.pkce.unwrap_or(client.pkce);
        client.id_token_alg = self.id_token_alg.unwrap_or(client.id_token_alg);
        let links = [
            (&mut client.client_uri, self.client_uri, "client_uri"),
            (&mut client.policy_uri, self.policy_uri, "policy_uri"),
            (&mut client.tos_uri, self.tos_uri, "tos_uri"),
        ];
        for (link, asked, field) in links {
            if let Some(text) = asked {
                *link = https(Some(text.as_str()).filter(|text| !text.is_empty()), field)?;
            }
        }
        client.updated_at = now;
        consistent(client)
    }
}

/// A secret that came from elsewhere: visible ASCII, so that it survives Basic; length is the operator's to answer for.
pub(super) fn existing_secret(secret: &Secret<String>) -> Result<Secret<String>, AdminError> {
    let text = secret.expose();
    let fine = (8..=512).contains(&text.len()) && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if fine {
        Ok(secret.clone())
    } else {
        Err(AdminError::invalid("secret", "a client secret has 8 to 512 visible ASCII characters"))
    }
}

/// The rules between the fields.
fn consistent(client: Client) -> Result<Client, AdminError> {
    let refuse = |field, why: &str| Err(AdminError::invalid(field, why));
    match (client.kind, client.auth_method) {
        (ClientType::Public, AuthMethod::None) => {}
        (ClientType::Public, _) => return refuse("auth_method", "a public client authenticates with \"none\""),
        (ClientType::Confidential, AuthMethod::None) => {
            return refuse(
                "auth_method",
                "a confidential client authenticates; \"none\" makes it a public one (--type public)",
            );
        }
        (ClientType::Confidential, AuthMethod::PrivateKeyJwt) if client.jwks.is_none() && client.jwks_uri.is_none() => {
            return refuse("jwks", "private_key_jwt needs the client's public keys (jwks or jwks_uri)");
        }
        (ClientType::Confidential, _) => {}
    }
    if client.jwks.is_some() && client.jwks_uri.is_some() {
        return refuse("jwks", "give either jwks or jwks_uri, not both (RFC 7591 2)");
    }
    if client.challenge == ChallengePolicy::Open && client.consent != ConsentPolicy::Skipped {
        return refuse(
            "first_party_challenge",
            "only a first-party client (--first-party) may show its own sign-in form",
        );
    }
    if client.challenge == ChallengePolicy::Open && !client.may(GrantType::AuthorizationCode) {
        return refuse("first_party_challenge", "it needs the authorization code grant and a redirect URI");
    }
    if client.kind == ClientType::Public && client.pkce == PkcePolicy::Exempt {
        return refuse("no_pkce", "a public client always needs PKCE");
    }
    if client.kind == ClientType::Public && client.may(GrantType::ClientCredentials) {
        return refuse("grant_type", "client_credentials is for confidential clients only (OAuth 2.1 4.2)");
    }
    if client.may(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
        return refuse("redirect_uri", "the authorization code grant needs at least one redirect URI");
    }
    Ok(client)
}

fn challenge(open: bool) -> ChallengePolicy {
    if open { ChallengePolicy::Open } else { ChallengePolicy::Closed }
}

fn redirect_uris(
    texts: &[String],
    application: Option<ApplicationType>,
    field: &'static str,
) -> Result<(Vec<RedirectUri>, ApplicationType), AdminError> {
    let application = application.unwrap_or(if texts.iter().any(|text| needs_native(text)) {
        ApplicationType::Native
    } else {
        ApplicationType::Web
    });
    if texts.len() > 100 {
        return Err(AdminError::invalid(field, "more than 100 URIs"));
    }
    let parse = |text: &String| {
        RedirectUri::parse(text, application).map_err(|error| AdminError::invalid(field, format!("{text:?} {error}")))
    };
    Ok((texts.iter().map(parse).collect::<Result<_, _>>()?, application))
}

/// A private-use scheme (RFC 8252 7.1), or an IP loopback address, whose port such an application picks at run time (7.3).
fn needs_native(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    scheme.contains('.') || ["http://127.0.0.1", "http://[::1]"].iter().any(|loopback| text.starts_with(loopback))
}

fn scopes(names: &[String], known: &[ScopeRecord]) -> Result<ScopeSet, AdminError> {
    if names.is_empty() {
        return Ok(known.iter().filter(|scope| scope.is_default).map(|scope| scope.name.clone()).collect());
    }
    names
        .iter()
        .flat_map(|names| names.split([' ', ',']))
        .filter(|name| !name.is_empty())
        .map(|name| {
            let scope = Scope::parse(name).map_err(|error| AdminError::invalid("scope", error))?;
            let exists = known.iter().any(|record| record.name == scope);
            exists.then_some(scope).ok_or_else(|| {
                AdminError::invalid("scope", format!("there is no scope {name:?}; `authly-admin scope list` shows all"))
            })
        })
        .collect()
}

fn audiences(names: &[String]) -> Result<Vec<String>, AdminError> {
    let one = |name: &String| {
        let fine = url::Url::parse(name).is_ok_and(|url| url.fragment().is_none()) && name.len() <= 1_000;
        fine.then(|| name.clone()).ok_or_else(|| {
            AdminError::invalid("audience", format!("{name:?} is not an absolute URI without fragment (RFC 8707 2)"))
        })
    };
    names.iter().map(one).collect()
}

fn jwks(document: &str) -> Result<String, AdminError> {
    let refused = |why: &str| AdminError::invalid("jwks", why);
    if document.len() > 64 * 1024 {
        return Err(refused("longer than 64 KiB"));
    }
    let value: serde_json::Value =
        serde_json::from_str(document).map_err(|error| refused(&format!("not JSON: {error}")))?;
    let keys =
        value.get("keys").and_then(|keys| keys.as_array()).ok_or_else(|| refused("not a JWK Set: no \"keys\""))?;
    let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
    if keys.iter().any(|key| private.iter().any(|member| key.get(member).is_some())) {
        return Err(refused("holds a private key; register the public part only"));
    }
    if keys.is_empty() {
        return Err(refused("holds no key"));
    }
    Ok(value.to_string())
}

fn jwks_uri(text: &str) -> Result<JwksUri, AdminError> {
    JwksUri::parse(text).ok_or_else(|| AdminError::invalid("jwks_uri", "not an https URL"))
}

fn https(text: Option<&str>, field: &'static str) -> Result<Option<String>, AdminError> {
    match text {
        None => Ok(None),
        // The shortest of the columns that older programs read as well.
        Some(text) if text.len() <= 255 && JwksUri::parse(text).is_some() => Ok(Some(text.to_owned())),
        Some(_) => Err(AdminError::invalid(field, "not an https URL of 255 bytes at most")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(uris: &[&str]) -> ApplicationType {
        let uris: Vec<String> = uris.iter().map(|&uri| uri.to_owned()).collect();
        redirect_uris(&uris, None, "redirect_uri").unwrap().1
    }

    #[test]
    fn an_application_on_the_users_device_is_known_by_its_redirect_uris() {
        assert_eq!(application(&["com.example.app:/callback"]), ApplicationType::Native);
        assert_eq!(application(&["http://127.0.0.1/callback"]), ApplicationType::Native);
        assert_eq!(application(&["http://[::1]/callback"]), ApplicationType::Native);
        assert_eq!(application(&["https://app.example/cb", "http://localhost:3000/cb"]), ApplicationType::Web);
    }
}
