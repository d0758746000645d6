//! The client credentials grant (RFC 6749 4.4): a client on its own behalf.

use super::rights;
use crate::{
    catalog::Catalog,
    client::{Client, ClientType, GrantType},
    error::TokenError,
    scope::ScopeSet,
};

/// What a client asks for on its own behalf.
#[derive(Clone, Debug, Default)]
pub struct ClientCredentialsRequest {
    /// The scope, where it named one.
    pub scope: Option<ScopeSet>,
    /// The resources it named (RFC 8707).
    pub resources: Vec<String>,
}

/// The scope that the client gets: what it asked for, all of which has to have been granted to it by name.
///
/// The scopes that speak of a user are of no use without one and are never issued here.
pub fn decide(request: &ClientCredentialsRequest, client: &Client, catalog: &Catalog) -> Result<ScopeSet, TokenError> {
    // RFC 6749 4.4: "The client credentials grant type MUST only be used by confidential clients."
    if client.kind == ClientType::Public || !client.may(GrantType::ClientCredentials) {
        return Err(TokenError::GrantNotAllowed);
    }
    let asked = match &request.scope {
        // RFC 6749 3.3: refuse rather than issue less than what was asked for.
        Some(asked) if asked.iter().any(|scope| is_personal(scope.as_str())) => return Err(TokenError::Scope),
        Some(asked) => asked.clone(),
        None => catalog.default_scopes().iter().filter(|scope| !is_personal(scope.as_str())).cloned().collect(),
    };
    let scope = rights::offered(&asked, client, catalog);
    if request.scope.is_some() && scope != asked {
        return Err(TokenError::Scope);
    }
    Ok(scope)
}

/// The scopes that have a meaning only where a user has signed in.
fn is_personal(name: &str) -> bool {
    matches!(
        name,
        ScopeSet::OPENID
            | ScopeSet::PROFILE
            | ScopeSet::EMAIL
            | ScopeSet::ADDRESS
            | ScopeSet::PHONE
            | ScopeSet::GROUPS
            | ScopeSet::OFFLINE_ACCESS
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, client, scopes};

    fn ask(scope: Option<&str>, client: &Client) -> Result<ScopeSet, TokenError> {
        let request = ClientCredentialsRequest { scope: scope.map(scopes), resources: vec![] };
        decide(&request, client, &World::new().engine.catalog())
    }

    #[test]
    fn a_client_gets_what_was_granted_to_it_by_name() {
        assert_eq!(ask(Some("write admin"), &client("app")).unwrap(), scopes("write admin"));
        assert_eq!(ask(None, &client("app")).unwrap(), scopes("read"), "the defaults");
        let modest = Client { scopes: scopes("write"), ..client("app") };
        assert!(matches!(ask(Some("write admin"), &modest), Err(TokenError::Scope)));
        assert_eq!(ask(None, &modest).unwrap(), scopes(""), "the defaults that it may have");
    }

    #[test]
    fn scopes_of_people_are_refused() {
        for scope in ["openid", "read profile", "offline_access"] {
            assert!(matches!(ask(Some(scope), &client("app")), Err(TokenError::Scope)), "{scope}");
        }
    }

    /// RFC 6749 4.4.
    #[test]
    fn public_and_unregistered_clients_are_refused() {
        let public = Client { kind: ClientType::Public, ..client("app") };
        let other = Client { grant_types: vec![GrantType::RefreshToken], ..client("app") };
        for client in [public, other] {
            assert!(matches!(ask(None, &client), Err(TokenError::GrantNotAllowed)));
        }
    }
}
