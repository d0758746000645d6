//! The ports of a migration over the services of an installation, as the commands open them.

use std::sync::Arc;

use authly_config::Settings;
pub(crate) use authly_runtime::desk::Bench;
use authly_runtime::{
    Live, Trouble,
    keys::{self, Missing},
    store::Database,
};
use oauth_core::store::CatalogRepository as _;

use crate::{aside::Warning, console::Console, failure::Failure};

/// Whether hashes are sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// The encryption key of the installation is taken where it is there, and never made.
    IfThere,
    /// The encryption key of the installation is asked for.
    Needed,
    /// Nothing is sealed or opened.
    Useless,
}

/// Says where the key is that a rollback needs, where nobody named one.
pub(super) fn tell_of_key(settings: &Settings, console: Console) {
    let Some(file) = keys::file(settings) else { return };
    let told = format!(
        "SECRET_ENCRYPTION_KEY is not set. What was there before an import is sealed with the key in {}: a rollback, the \
         end of the migration and every server need that same key. Keep a copy of the file, apart from the backups, or set its \
         content as SECRET_ENCRYPTION_KEY.",
        file.display()
    );
    console.warn(Warning::KeyInFile, &told);
}

/// Opens the store.
pub(super) async fn open<D: Database>(
    settings: &Settings,
    database: &D,
    keys: Keys,
) -> Result<Bench<D::Store>, Failure> {
    let store = database.open().await?;
    let sealer = match keys {
        Keys::Useless => keys::useless_sealer(),
        Keys::IfThere | Keys::Needed => {
            let records = store.load_without_tenants().await;
            let records =
                records.map_err(|error| Trouble::caused("cannot read the store", &error, "check DATABASE_URL"))?;
            let none_yet = records.keys.is_empty();
            let sealer = match keys::file(settings) {
                Some(file) if keys == Keys::IfThere && none_yet && !file.exists() => keys::useless_sealer(),
                _ if keys == Keys::Needed && none_yet => keys::sealer(settings, Missing::Make)?,
                _ => keys::sealer(settings, Missing::Refuse)?,
            };
            keys::check(&sealer, &records.keys)?;
            sealer
        }
    };
    let live = Arc::new(Live::for_administration(settings, store, sealer)?);
    Ok(Bench::new(settings, live))
}
