//! Development mode: only while ENVIRONMENT is unset, and only over a store that was begun in it.
//!
//! That the listener is on loopback is a rule of the configuration. Here it is the store's turn: an empty one is marked at
//! the first start, and one with users but without the mark belongs to somebody who must say what this installation is.

use authly_admin_cases::AdminError;
use authly_config::Settings;
use authly_directory::store::{AccountQuery, Listed};
use authly_seal::{SystemClock, SystemRandom};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    catalog::CatalogRecords,
    ids::AuditId,
    services::Clock as _,
    store::StoreError,
};

use crate::{live::AnyStore, store::Database, trouble::Trouble};

/// The stored setting that marks a store as begun in development; JSON boolean.
pub const MARK: &str = "begun_in_development";

/// The client of the demo relying party.
pub const DEMO_CLIENT: &str = "authly-demo";

/// The address of the first administrator that nobody named.
pub const ADMINISTRATOR: &str = "admin@localhost";

/// Whether the conveniences of development hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// ENVIRONMENT is unset and the store is its own.
    Development,
    /// ENVIRONMENT is set.
    Declared,
}

/// Marks a store without users, so that what `authly-admin` creates before the first start is development's own.
pub async fn enter_before_the_first_user<S: AnyStore>(
    settings: &Settings,
    store: &S,
    records: &CatalogRecords,
) -> Result<(), Trouble> {
    let fresh = settings.server.environment.is_development() && !is_marked(records) && is_empty(store).await?;
    if fresh { mark(store).await.map_err(unreadable) } else { Ok(()) }
}

/// Whether [`enter`] would refuse, touching nothing.
pub async fn would_enter<S: AnyStore>(settings: &Settings, store: &S, records: &CatalogRecords) -> Result<(), Trouble> {
    let fine = !settings.server.environment.is_development() || is_marked(records) || is_empty(store).await?;
    if fine { Ok(()) } else { Err(not_of_development()) }
}

/// Whether development mode may bring the schema of this database up to date: of one with users that it did not begin it changes
/// nothing, since nobody has said that this is meant.
pub async fn may_bring_up_to_date<D: Database>(settings: &Settings, database: &D) -> Result<(), Trouble> {
    if !settings.server.environment.is_development() {
        return Ok(());
    }
    let used = database.survey(SystemClock.now()).await?.users.is_some_and(|users| users > 0);
    if !used || database.setting(MARK).await?.is_some_and(|value| says_so(&value)) {
        return Ok(());
    }
    Err(not_of_development())
}

/// Decides on the mode and marks an empty store; refuses a store that development did not begin.
pub async fn enter<S: AnyStore>(settings: &Settings, store: &S, records: &CatalogRecords) -> Result<Mode, Trouble> {
    if !settings.server.environment.is_development() {
        return Ok(Mode::Declared);
    }
    if is_marked(records) {
        return Ok(Mode::Development);
    }
    if !is_empty(store).await? {
        return Err(not_of_development());
    }
    mark(store).await.map_err(unreadable)?;
    Ok(Mode::Development)
}

fn not_of_development() -> Trouble {
    Trouble::new(
        "will not work in development mode",
        "ENVIRONMENT is not set, and this store holds users that development mode did not create",
        "set ENVIRONMENT=production with its settings (`authly-admin config check` names what is missing), or \
         ENVIRONMENT=staging for a test installation; for development name an empty store in DATABASE_URL",
    )
}

/// Whether development mode began this store.
pub fn is_marked(records: &CatalogRecords) -> bool {
    records.settings.get(MARK).is_some_and(|value| says_so(value))
}

fn says_so(value: &str) -> bool {
    value.trim() == "true"
}

async fn is_empty<S: AnyStore>(store: &S) -> Result<bool, Trouble> {
    let query = AccountQuery { listed: Listed::All, limit: 1, ..AccountQuery::default() };
    Ok(store.list_accounts(query).await.map_err(unreadable)?.is_empty())
}

fn unreadable(error: StoreError) -> Trouble {
    Trouble::caused("cannot look into the store", &AdminError::Store(error), "check that the database answers")
}

/// Marks a store as development's own.
async fn mark<S: AnyStore>(store: &S) -> Result<(), StoreError> {
    let at = SystemClock.now();
    let detail = std::iter::once((MARK.to_owned(), true.into())).collect::<serde_json::Map<_, _>>();
    let audit = AuditEvent {
        id: AuditId::generate(at, &SystemRandom),
        at,
        kind: AuditKind::SettingChanged,
        user: None,
        client: None,
        address: None,
        detail: detail.into(),
    };
    store.put_setting(MARK, "true", audit).await
}
