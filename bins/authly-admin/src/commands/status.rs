//! `authly-admin status`.

use authly_admin_cases::{Admin, status::Status};
use authly_config::Settings;
use authly_directory::services::DirectoryServices;
use authly_runtime::{convert, store::Database};
use serde::Serialize;

use crate::{
    commands::cutover::switches,
    console::Console,
    failure::{Failure, refused},
};

/// What runs here.
#[derive(Debug, Serialize)]
struct Shown {
    version: &'static str,
    environment: String,
    issuer: String,
    store: String,
    engine: String,
    schema: &'static str,
    oauth: &'static str,
    oauth_decided_by: &'static str,
    #[serde(flatten)]
    numbers: Status,
}

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    settings: &Settings,
    database: &impl Database,
    console: Console,
) -> Result<(), Failure> {
    let overrides = convert::switches(settings);
    let numbers = admin.status(overrides).await.map_err(refused("cannot show the status"))?;
    let (oauth, oauth_decided_by) = (numbers.oauth_enabled, switches::decided_by(overrides));
    console.item(&Shown {
        version: env!("CARGO_PKG_VERSION"),
        environment: settings.server.environment.to_string(),
        issuer: settings.issuer.url.to_string(),
        store: settings.store.database.to_string(),
        engine: database.engine().await?,
        schema: if database.schema().await?.is_current() { "up to date" } else { "not up to date" },
        oauth: if oauth { "on" } else { "off" },
        oauth_decided_by,
        numbers,
    })?;
    if !oauth {
        console.note(&format!(
            "OAuth is off by {oauth_decided_by}: /authorize and the discovery documents answer 404, the password login works.\n\
             `authly-admin migrate oauth enable` switches it on.",
        ));
    }
    Ok(())
}
