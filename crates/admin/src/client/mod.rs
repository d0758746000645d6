//! Clients: register, list, show, update, new secret, deactivate, delete.

mod draft;
mod migration_test;
mod registrar;
mod view;

use authly_directory::{services::DirectoryServices, store::AccountRepository as _};
use oauth_core::{
    audit::AuditKind,
    client::{Client, ClientSecret, ClientState},
    ids::{ClientId, ClientKey, UserId},
    secret::Secret,
    services::Random as _,
    store::{CatalogRepository as _, Commit},
    token::{OpaqueToken, TokenHash},
};

pub use self::{
    draft::{ClientChange, ClientDraft, SecretChoice},
    migration_test::MIGRATION_TEST_CLIENT,
    registrar::Registrar,
    view::ClientView,
};
use crate::{Admin, AdminError};

/// A freshly registered client, with the only showing of its secret.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The client.
    pub client: ClientView,
    /// Its secret, if it has one that we made.
    pub secret: Option<Secret<String>>,
}

impl<V: DirectoryServices> Admin<V> {
    /// Registers a client, as the operator of the installation.
    pub async fn create_client(&self, draft: ClientDraft) -> Result<Registered, AdminError> {
        self.create(draft, None).await
    }

    /// Registers a client for the bearer of a token, within what they may give.
    pub async fn register_client(&self, draft: ClientDraft, by: &Registrar) -> Result<Registered, AdminError> {
        self.create(by.own(draft)?, Some(by)).await
    }

    async fn create(&self, draft: ClientDraft, by: Option<&Registrar>) -> Result<Registered, AdminError> {
        let now = self.now();
        let id = match &draft.client_id {
            Some(id) => self.chosen_client_id(id).await?,
            None => self.random_client_id()?,
        };
        let known = self.services.store().load_without_tenants().await?;
        let key = ClientKey::generate(now, self.services.random());
        let mut client = draft.build(key, id, now, &self.settings, &known.scopes)?;
        if let Some(by) = by {
            by.check(&client, &known)?;
        }
        let secret = match (draft.needs_secret(), &draft.secret) {
            (false, _) => None,
            (true, SecretChoice::Generate) => {
                Some(Secret::new(OpaqueToken::generate(self.services.random()).expose().to_owned()))
            }
            (true, SecretChoice::Keep(secret)) => Some(draft::existing_secret(secret)?),
        };
        if let Some(secret) = &secret {
            let hash = TokenHash::of(secret.expose().as_bytes());
            client.secrets = vec![ClientSecret { hash, created_at: now, expires_at: None }];
        }
        let audit = self.event(
            AuditKind::ClientChanged,
            None,
            Some(client.key),
            serde_json::json!({ "created": client.id.as_str() }),
        );
        let audit = match by {
            Some(by) => by.sign(audit),
            None => audit,
        };
        self.services
            .store()
            .create_client(&client, audit)
            .await
            .map_err(|error| AdminError::taken(error, "client", client.id.as_str()))?;
        Ok(Registered { client: ClientView::of(&client), secret })
    }

    /// An identifier that somebody chose. Never an account's: a client's own tokens have its identifier as `sub`, and a resource server that looks
    /// at nothing else would take the client for that person (RFC 9700 4.15).
    async fn chosen_client_id(&self, text: &str) -> Result<ClientId, AdminError> {
        let id = ClientId::parse(text).map_err(|error| AdminError::invalid("client_id", error))?;
        match UserId::parse(text) {
            Some(user) if self.services.accounts().account(user).await?.is_some() => {
                Err(AdminError::invalid("client_id", "is the id of an account"))
            }
            _ => Ok(id),
        }
    }

    /// All clients by identifier.
    pub async fn clients(&self) -> Result<Vec<ClientView>, AdminError> {
        let mut clients: Vec<_> =
            self.services.store().load_without_tenants().await?.clients.iter().map(ClientView::of).collect();
        clients.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        Ok(clients)
    }

    /// The clients that cannot be read: identifier and column. They are left out everywhere else.
    pub async fn unreadable_clients(&self) -> Result<Vec<(String, &'static str)>, AdminError> {
        let left_out = self.services.store().load_without_tenants().await?.unreadable;
        let clients = left_out.into_iter().filter(|row| row.table == "clients");
        Ok(clients.map(|row| (row.name, row.column)).collect())
    }

    /// The client with that identifier.
    pub async fn client(&self, id: &str) -> Result<ClientView, AdminError> {
        self.find_client(id).await.map(|client| ClientView::of(&client))
    }

    /// Changes a client's registration.
    pub async fn update_client(&self, id: &str, change: ClientChange) -> Result<ClientView, AdminError> {
        let records = self.services.store().load_without_tenants().await?;
        let client = records.clients.into_iter().find(|client| client.id.as_str() == id);
        let client = client.ok_or_else(|| AdminError::not_found("client", id))?;
        let changed = change.apply(client, self.now(), &records.scopes)?;
        self.write(&changed, serde_json::json!({ "updated": id })).await?;
        Ok(ClientView::of(&changed))
    }

    /// Switches a client off or on.
    pub async fn set_client_state(&self, id: &str, state: ClientState) -> Result<ClientView, AdminError> {
        let mut client = self.find_client(id).await?;
        client.state = state;
        client.updated_at = self.now();
        self.write(&client, serde_json::json!({ "active": state == ClientState::Active, "client": id })).await?;
        Ok(ClientView::of(&client))
    }

    /// Gives a client a new secret; the old ones work for `overlap` more.
    ///
    /// An imported secret is known by a slow hash, which has no end: it goes, and what it left at its first use here works on. One that was
    /// never used here has left nothing that could be given an end.
    pub async fn rotate_client_secret(&self, id: &str, overlap: std::time::Duration) -> Result<Registered, AdminError> {
        let mut client = self.find_client(id).await?;
        if client.secrets.is_empty() && client.imported_secret.is_none() {
            return Err(AdminError::invalid("client", "it does not authenticate with a secret"));
        }
        let now = self.now();
        let until = now.plus(overlap);
        client.secrets.retain(|secret| secret.expires_at.is_none_or(|at| at > now));
        for secret in &mut client.secrets {
            secret.expires_at = Some(secret.expires_at.map_or(until, |at| at.min(until)));
        }
        if overlap.is_zero() {
            client.secrets.clear();
        } else if client.imported_secret.is_some() && client.secrets.is_empty() {
            let why = "the secret was imported and never used here, so that no end can be set for it; give it none, or let the client \
                       authenticate with it once";
            return Err(AdminError::invalid("overlap", why));
        }
        client.imported_secret = None;
        let fresh = OpaqueToken::generate(self.services.random());
        client.secrets.push(ClientSecret { hash: fresh.hash(), created_at: now, expires_at: None });
        client.updated_at = now;
        self.write(&client, serde_json::json!({ "secret_rotated": id })).await?;
        Ok(Registered { client: ClientView::of(&client), secret: Some(Secret::new(fresh.expose().to_owned())) })
    }

    /// Removes a client with all that it was allowed.
    pub async fn delete_client(&self, id: &str) -> Result<(), AdminError> {
        let client = self.find_client(id).await?;
        let audit = self.event(AuditKind::ClientChanged, None, Some(client.key), serde_json::json!({ "deleted": id }));
        match self.services.store().delete_client(client.key, audit).await? {
            Commit::Applied => Ok(()),
            Commit::Lost => Err(AdminError::not_found("client", id)),
        }
    }

    async fn write(&self, client: &Client, detail: serde_json::Value) -> Result<(), AdminError> {
        let audit = self.event(AuditKind::ClientChanged, None, Some(client.key), detail);
        match self.services.store().update_client(client, audit).await? {
            Commit::Applied => Ok(()),
            Commit::Lost => Err(AdminError::not_found("client", &client.id)),
        }
    }

    async fn find_client(&self, id: &str) -> Result<Client, AdminError> {
        let records = self.services.store().load_without_tenants().await?;
        if let Some(row) = records.unreadable.iter().find(|row| row.table == "clients" && row.name == id) {
            return Err(AdminError::invalid("client", format!("the column {} of {id:?} cannot be read", row.column)));
        }
        let mut clients = records.clients.into_iter();
        clients.find(|client| client.id.as_str() == id).ok_or_else(|| AdminError::not_found("client", id))
    }

    /// 128 random bits in unreserved characters: several clients do not form-encode Basic credentials.
    fn random_client_id(&self) -> Result<ClientId, AdminError> {
        let mut bytes = [0u8; 16];
        self.services.random().fill(&mut bytes);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        ClientId::parse(&text).map_err(|error| AdminError::invalid("client_id", error))
    }
}
