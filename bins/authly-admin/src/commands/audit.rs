//! `authly-admin migrate audit` (S000-14..20).

use std::{fs, path::Path};

use authly_admin_cases::config_audit::{ConfigAudit, Feature, Presence};
use authly_config::Settings;
use authly_runtime::{store::Database, trouble::Trouble};
use authly_seal::SystemClock;
use oauth_core::services::Clock as _;

use crate::{args::Format, console::Console, failure::Failure};

pub(crate) async fn run<D: Database>(
    settings: &Settings,
    database: &D,
    out: Option<&Path>,
    console: Console,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let survey = database.survey(now).await?;
    let report = database.schema().await?;
    let ours = survey.tables.iter().any(|table| table == "audit_events");
    let audit = ConfigAudit {
        date: now.to_rfc3339(),
        authly_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: database.engine().await?,
        pending_steps: report.pending.len(),
        database_url: settings.store.database.to_string(),
        jwt_secret_key: Presence::of(settings.legacy.access_secret.as_ref()),
        jwt_refresh_secret_key: Presence::of(settings.legacy.refresh_secret.as_ref()),
        password_grant: Feature::on(settings.legacy.password_grant),
        user_registration: Feature::on(settings.accounts.registration),
        rate_limiting: Feature::on(settings.limits.enabled),
        admin_interface: if ours { Feature::Enabled } else { Feature::Missing },
        tables_in_all: survey.tables.len(),
        tables: survey.tables.into_iter().filter(|name| name.contains("users") || name.contains("tokens")).collect(),
        profile: "authly",
        active_means: "is_verified",
        active_users: survey.verified_users,
        users: survey.users,
        total_tokens: survey.living_tokens,
    };
    let text = match console.format {
        Format::Json => format!("{:#}\n", serde_json::to_value(&audit).unwrap_or_default()),
        Format::Table => audit.text(),
    };
    let Some(path) = out else { return console.raw(&text) };
    fs::write(path, text).map_err(|error| {
        Trouble::caused(format!("cannot write {}", path.display()), &error, "name another file with --out")
    })?;
    console.raw(&path.display().to_string())
}
