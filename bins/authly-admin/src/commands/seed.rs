//! `authly-admin migrate seed` (S000-35..42).

use authly_admin_cases::client::MIGRATION_TEST_CLIENT;
use authly_config::Settings;
use authly_runtime::{
    live,
    store::{self, Database},
};
use serde_json::json;

use crate::{
    args::Format,
    console::{Column, Console},
    failure::{Failure, refused},
    run,
};

const COLUMNS: &[Column] =
    &[("Scope", "name"), ("Description", "description"), ("Default", "is_default"), ("Active", "is_active")];

pub(crate) async fn run<D: Database>(settings: &Settings, database: &D, console: Console) -> Result<(), Failure> {
    store::bring_up_to_date(settings, database).await?;
    let live = run::services_as_they_are(settings, database.open().await?)?;
    let admin = live::admin(settings, &live);
    let created = admin.seed_scopes().await.map_err(refused("cannot create the default scopes"))?;
    let client = admin.seed_migration_client().await.map_err(refused("cannot create the client"))?;
    let scopes = admin.scopes().await.map_err(refused("cannot list the scopes"))?;
    let state = if client.secret.is_some() { "created" } else { "unchanged" };
    let held = client.client.scope.split_whitespace().count();
    match console.format {
        Format::Json => console.item(&json!({
            "scopes": scopes,
            "scopes_created": created,
            "client_id": MIGRATION_TEST_CLIENT,
            "client": state,
            "client_scopes": held,
            "client_secret": client.secret.as_ref().map(|secret| secret.expose()),
        })),
        Format::Table => {
            console.list(&scopes, COLUMNS, "")?;
            console.raw(&format!(
                "scopes created: {created}\nclient {MIGRATION_TEST_CLIENT}: {state}, with {held} scopes"
            ))?;
            if let Some(secret) = &client.secret {
                console.raw(&format!("client secret: {}", secret.expose()))?;
                console.note("Store the secret now: it is not shown again. The client is for tests; delete it before finalizing.");
            }
            Ok(())
        }
    }
}
