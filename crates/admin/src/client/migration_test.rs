//! The client that a migration is tried with (S000-38..41).

use authly_directory::{
    password::{PasswordService as _, PresentedPassword},
    services::DirectoryServices,
    store::AccountRepository as _,
};
use oauth_core::{
    audit::AuditKind,
    client::{AuthMethod, ClientSecret, ClientType},
    ids::{ClientId, ClientKey},
    secret::Secret,
    store::CatalogRepository as _,
    token::{OpaqueToken, TokenHash},
};

use super::{ClientDraft, ClientView, Registered};
use crate::{Admin, AdminError};

/// Its identifier.
pub const MIGRATION_TEST_CLIENT: &str = "migration-test-client";

/// What its secret begins with, so that scanners of source code know it for what it is.
const SECRET_PREFIX: &str = "cs_test_";

impl<V: DirectoryServices> Admin<V> {
    /// Registers the client that a migration is tried with, with all default scopes; one that is there is left alone, and no
    /// secret comes back.
    ///
    /// Beside an older program its secret is stored the way that program reads, and the fast hash follows at the first use, as
    /// with every secret that was imported; otherwise the fast hash is all there is.
    pub async fn seed_migration_client(&self) -> Result<Registered, AdminError> {
        let records = self.services.store().load_without_tenants().await?;
        if let Some(known) = records.clients.iter().find(|client| client.id.as_str() == MIGRATION_TEST_CLIENT) {
            return Ok(Registered { client: ClientView::of(known), secret: None });
        }
        let now = self.now();
        let defaults = records.scopes.iter().filter(|scope| scope.is_default && scope.is_active);
        let draft = ClientDraft {
            client_id: Some(MIGRATION_TEST_CLIENT.to_owned()),
            name: "Migration Test Client".to_owned(),
            kind: Some(ClientType::Confidential),
            auth_method: Some(AuthMethod::ClientSecretBasic),
            redirect_uris: ["https://example.com/callback", "http://localhost:3000/callback"]
                .map(str::to_owned)
                .to_vec(),
            client_uri: Some("https://example.com".to_owned()),
            scopes: defaults.map(|scope| scope.name.as_str().to_owned()).collect(),
            ..ClientDraft::default()
        };
        let id = ClientId::parse(MIGRATION_TEST_CLIENT).map_err(|error| AdminError::invalid("client_id", error))?;
        let key = ClientKey::generate(now, self.services.random());
        let mut client = draft.build(key, id, now, &self.settings, &records.scopes)?;
        client.pkce = oauth_core::client::PkcePolicy::Required;
        let secret = Secret::new(format!("{SECRET_PREFIX}{}", OpaqueToken::generate(self.services.random()).expose()));
        if self.services.accounts().shared_with_older_program().await? {
            let presented = PresentedPassword::parse(secret.expose());
            let presented = presented.ok_or_else(|| AdminError::invalid("secret", "cannot be hashed"))?;
            let hash = self.services.passwords().hash_for_older_program(presented).await?;
            client.imported_secret = Some(Secret::new(hash.expose().to_owned()));
        } else {
            let hash = TokenHash::of(secret.expose().as_bytes());
            client.secrets = vec![ClientSecret { hash, created_at: now, expires_at: None }];
        }
        let detail = serde_json::json!({ "created": MIGRATION_TEST_CLIENT });
        let audit = self.event(AuditKind::ClientChanged, None, Some(client.key), detail);
        let created = self.services.store().create_client(&client, audit).await;
        created.map_err(|error| AdminError::taken(error, "client", MIGRATION_TEST_CLIENT))?;
        Ok(Registered { client: ClientView::of(&client), secret: Some(secret) })
    }
}
