//! The first start: default scopes, keys, the first administrator and the demo's client. Each step finds what is there and
//! leaves it alone, so that starting twice or on three nodes changes nothing.

use authly_directory::{
    services::DirectoryServices,
    store::{AccountQuery, Listed},
};
use oauth_core::{
    catalog::KeyState, client::ClientType, crypto::Algorithm, scope::ScopeSet, secret::Secret,
    store::CatalogRepository as _, token::OpaqueToken,
};

use crate::{
    Admin, AdminError,
    client::ClientDraft,
    scope::ScopeChange,
    user::{UserDraft, UserView},
};

/// The default scopes (S000-35 and those of OpenID Connect): name, what users read, default.
pub const DEFAULT_SCOPES: [(&str, &str, bool); 10] = [
    ("read", "Read your data", true),
    ("write", "Change your data", false),
    ("profile", "See your name and profile", true),
    ("admin", "Administer this installation", false),
    (ScopeSet::OPENID, "Sign you in", false),
    ("email", "See your e-mail address", false),
    ("address", "See your postal address", false),
    ("phone", "See your phone number", false),
    ("groups", "See your roles and groups", false),
    (ScopeSet::OFFLINE_ACCESS, "Stay connected while you are away", false),
];

/// A first administrator, with the only showing of a password that we made.
#[derive(Debug)]
pub struct FirstAdministrator {
    /// The account.
    pub user: UserView,
    /// Its password, if we made it.
    pub password: Option<Secret<String>>,
}

impl<V: DirectoryServices> Admin<V> {
    /// Creates the default scopes that are missing; returns how many.
    pub async fn seed_scopes(&self) -> Result<usize, AdminError> {
        let known = self.services.store().load_without_tenants().await?.scopes;
        let mut created = 0;
        for (name, description, is_default) in DEFAULT_SCOPES {
            if known.iter().any(|scope| scope.name.as_str() == name) {
                continue;
            }
            let change = ScopeChange {
                description: Some(description.to_owned()),
                is_default: Some(is_default),
                is_active: Some(true),
            };
            match self.create_scope(name, change).await {
                Ok(_) => created += 1,
                // Another node was faster.
                Err(AdminError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(created)
    }

    /// Makes a current key for each algorithm that has none, after importing `rsa` where it is given, and publishes one behind it,
    /// so that a rotation never has to sign with a key that nobody knows; returns how many.
    pub async fn seed_keys(&self, rsa: Option<&Secret<String>>) -> Result<usize, AdminError> {
        let keys = self.services.store().load_without_tenants().await?.keys;
        let has = |algorithm: Algorithm| {
            keys.iter().any(|key| key.algorithm == algorithm.name() && key.state == KeyState::Current)
        };
        let mut created = 0;
        for algorithm in Algorithm::ALL {
            if !has(algorithm) {
                match (algorithm, rsa) {
                    (Algorithm::RS256, Some(pem)) => self.import_key(pem, KeyState::Current).await?,
                    _ => self.create_key(algorithm, KeyState::Current).await?,
                };
                created += 1;
            }
            created += usize::from(self.publish_next(algorithm).await?);
        }
        Ok(created)
    }

    /// Creates the first administrator if there are no users at all; makes a password if none is given.
    pub async fn seed_administrator(
        &self,
        email: &str,
        password: Option<Secret<String>>,
    ) -> Result<Option<FirstAdministrator>, AdminError> {
        let query = AccountQuery { listed: Listed::All, limit: 1, ..AccountQuery::default() };
        if !self.users(query).await?.is_empty() {
            return Ok(None);
        }
        let made = password.is_none();
        let password = password.unwrap_or_else(|| {
            Secret::new(OpaqueToken::generate(self.services.random()).expose().chars().take(20).collect())
        });
        let draft = UserDraft {
            email: email.to_owned(),
            name: Some("Administrator".to_owned()),
            password: Some(password.clone()),
            verified: true,
            admin: true,
            roles: vec!["user".to_owned(), "admin".to_owned()],
            ..UserDraft::default()
        };
        match self.create_user(draft).await {
            Ok(user) => Ok(Some(FirstAdministrator { user, password: made.then_some(password) })),
            Err(AdminError::Exists { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Registers the demo relying party, a client on the server itself, and gives it a new secret; returns the secret.
    pub async fn seed_demo(&self, client_id: &str, issuer: &str) -> Result<Secret<String>, AdminError> {
        let draft = ClientDraft {
            client_id: Some(client_id.to_owned()),
            name: "Authly demo".to_owned(),
            kind: Some(ClientType::Confidential),
            redirect_uris: vec![format!("{issuer}/demo/callback")],
            post_logout_redirect_uris: vec![format!("{issuer}/demo")],
            scopes: ["openid", "profile", "email", "groups", "read", "offline_access"].map(str::to_owned).to_vec(),
            ..ClientDraft::default()
        };
        let registered = match self.create_client(draft).await {
            Err(AdminError::Exists { .. }) => self.rotate_client_secret(client_id, std::time::Duration::ZERO).await?,
            other => other?,
        };
        registered.secret.ok_or_else(|| AdminError::invalid("client_id", "the demo's client has no secret"))
    }
}
