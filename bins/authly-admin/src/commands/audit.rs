//! `authly-admin migrate audit` (S000-14..20).

use std::path::Path;

use authly_admin_cases::{
    config_audit::{ConfigAudit, Feature, Presence},
    migrate::{self, Silent},
};
use authly_config::{Database as Configured, Settings};
use authly_cutover::inspect::Inspect as _;
use authly_runtime::{private_file, store::Database, trouble::Trouble};
use authly_seal::SystemClock;
use oauth_core::{services::Clock as _, time::Timestamp};

use super::source;
use crate::{
    args::{Format, SourceArgs},
    console::Console,
    failure::Failure,
};

pub(crate) async fn run<D: Database>(
    settings: &Settings,
    database: &D,
    out: Option<&Path>,
    of: Option<&SourceArgs>,
    console: Console,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let survey = database.survey(now).await?;
    let report = database.schema().await?;
    let ours = survey.tables.iter().any(|table| table == "audit_events");
    let mut audit = ConfigAudit {
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
        all_tables: survey.tables.clone(),
        tables: survey.tables.into_iter().filter(|name| name.contains("users") || name.contains("tokens")).collect(),
        profile: "authly".to_owned(),
        active_means: "is_verified".to_owned(),
        active_users: survey.verified_users,
        users: survey.users,
        total_tokens: survey.living_tokens,
    };
    if let Some(of) = of {
        by_profile(&mut audit, of, settings, now).await?;
    }
    let text = match console.format {
        Format::Json => format!("{:#}\n", serde_json::to_value(&audit).unwrap_or_default()),
        Format::Table => audit.text(),
    };
    let Some(path) = out else { return console.raw(&text) };
    // It tells what runs here, and is for its owner alone.
    private_file::replace(path, |file| file.write_all(text.as_bytes())).map_err(|error| {
        Trouble::caused(format!("cannot write {}", path.display()), &error, "name another file with --out")
    })?;
    console.raw(&path.display().to_string())
}

/// Counts by the definitions of a profile, in the tables that it names (S000-20).
async fn by_profile(
    audit: &mut ConfigAudit,
    of: &SourceArgs,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), Failure> {
    let configured = match &settings.store.database {
        Configured::Postgres(url) => url.expose().to_owned(),
        Configured::Sqlite(path) => format!("sqlite:{}", path.display()),
    };
    let named = SourceArgs { source: of.source.clone().or(Some(configured)), ..of.clone() };
    let (mut opened, _) = source::open(&named, settings).await?;
    let bound = opened.profile().clone();
    let told = |error: migrate::MigrateError| {
        Failure::from(Trouble::new("cannot count what is active", error, "check the source and the profile"))
    };
    let found = migrate::survey(&mut opened, &bound, now, &mut Silent).await.map_err(told)?;
    let tables = opened.table_counts().await.map_err(|error| told(error.into()))?;
    audit.engine = opened.about();
    audit.tables_in_all = tables.len();
    audit.tables = tables.into_iter().map(|(table, _)| table).collect();
    audit.all_tables.clone_from(&audit.tables);
    audit.profile.clone_from(&bound.profile.name);
    audit.active_means = bound.profile.users.active.to_string();
    (audit.users, audit.active_users) = (Some(found.users), Some(found.active));
    audit.total_tokens = found.living_tokens;
    Ok(())
}
