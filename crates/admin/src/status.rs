//! What an installation holds, in numbers.

use authly_directory::{
    services::DirectoryServices,
    store::{AccountCounts, AccountRepository as _},
};
use oauth_core::{
    catalog::{CatalogRecords, SwitchOverrides, Unreadable},
    store::CatalogRepository as _,
};
use serde::Serialize;

use crate::{Admin, AdminError};

/// The state of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Whether the OAuth endpoints answer.
    pub oauth_enabled: bool,
    /// Whether the legacy doors are open.
    pub legacy_login_enabled: bool,
    /// Whether an older program still uses the same database.
    pub shared_with_older_program: bool,
    /// Clients in use.
    pub active_clients: usize,
    /// All clients.
    pub clients: usize,
    /// Rows of clients and scopes that cannot be read and are left out.
    pub unreadable: Vec<String>,
    /// Scopes in use.
    pub scopes: usize,
    /// Tenants.
    pub tenants: usize,
    /// Current signing keys by algorithm.
    pub signing_keys: Vec<String>,
    /// Accounts that are not deleted.
    pub users: u64,
    /// Active accounts.
    pub active_users: u64,
    /// Accounts that are locked now, by an administrator or by wrong passwords.
    pub locked_users: u64,
    /// Those of them that wrong passwords lock.
    pub users_locked_by_failures: u64,
    /// Accounts whose address is not verified.
    pub unverified_users: u64,
}

impl<V: DirectoryServices> Admin<V> {
    /// The state of the installation, where the environment has that word on the switches.
    pub async fn status(&self, overrides: SwitchOverrides) -> Result<Status, AdminError> {
        let counts = self.services.accounts().count_accounts(self.now()).await?;
        let records = self.services.store().load_catalog().await?;
        self.status_of(&records, overrides, counts).await
    }

    /// The same, where the catalog is loaded and the accounts are counted already.
    pub async fn status_of(
        &self,
        records: &CatalogRecords,
        overrides: SwitchOverrides,
        counts: AccountCounts,
    ) -> Result<Status, AdminError> {
        let switches = records.switches().under(overrides);
        Ok(Status {
            oauth_enabled: switches.oauth_enabled,
            legacy_login_enabled: switches.legacy_login_enabled,
            shared_with_older_program: self.services.accounts().shared_with_older_program().await?,
            active_clients: records.clients.iter().filter(|client| client.is_active()).count(),
            clients: records.clients.len(),
            unreadable: records.unreadable.iter().map(left_out).collect(),
            scopes: records.scopes.iter().filter(|scope| scope.is_active).count(),
            tenants: records.tenants.len(),
            signing_keys: records
                .keys
                .iter()
                .filter(|key| key.state == oauth_core::catalog::KeyState::Current)
                .map(|key| format!("{} {}", key.algorithm, key.id.0))
                .collect(),
            users: counts.total,
            active_users: counts.active,
            locked_users: counts.locked,
            users_locked_by_failures: counts.locked_by_failures,
            unverified_users: counts.unverified,
        })
    }
}

/// A row that is left out, in words.
fn left_out(row: &Unreadable) -> String {
    format!("{} {} (column {})", row.table.trim_end_matches('s'), row.name, row.column)
}
