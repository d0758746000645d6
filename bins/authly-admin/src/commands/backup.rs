//! `authly-admin backup`: made, verified, put back.

use std::time::Duration;

use authly_backup::{CreateOrder, Presence, RestoreOrder};
use authly_config::Settings;
use authly_runtime::{live, store::Database};
use authly_seal::SystemClock;
use oauth_core::{services::Clock as _, time::Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::{
    args::BackupCommand,
    console::Console,
    failure::{Code, Failure, refused},
    run,
};

const DAY: Duration = Duration::from_secs(86_400);

/// A result with whether the store remembers it.
#[derive(Debug, Serialize)]
struct Shown<T> {
    #[serde(flatten)]
    result: T,
    verified: bool,
    recorded: bool,
}

/// Runs the command; `configuration` is what goes into the description of a backup.
pub(crate) async fn run<D: Database>(
    command: BackupCommand,
    settings: &Settings,
    configuration: Value,
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    match command {
        BackupCommand::Create { dir, keep, programs } => {
            let order = CreateOrder {
                dir: dir.unwrap_or_else(|| settings.server.data_dir.join("backups")),
                keep: keep.map(|days| DAY.saturating_mul(days)),
                pg_bin: programs.pg_bin,
                now,
                version: env!("CARGO_PKG_VERSION"),
                configuration,
            };
            let result = authly_backup::create(settings, &order).await?;
            let file = result.file.display().to_string();
            let created = Timestamp::parse_rfc3339(&result.created_at).unwrap_or(now);
            let recorded = record(settings, database, &file, &result.sha256, created, console).await;
            console.item(&Shown { result, verified: true, recorded })?;
            console.note(
                "SECRET_ENCRYPTION_KEY and the JWT secrets are not in it: keep a copy of them apart from the backup.",
            );
            Ok(())
        }
        BackupCommand::Verify { file, programs } => {
            let result = authly_backup::verify(&file, programs.pg_bin.as_deref());
            let result = result.map_err(|trouble| Failure::with(Code::CheckErrors, trouble))?;
            // A backup of another database says nothing about this one.
            let ours = result.database.as_deref() == Some(&settings.store.database.to_string());
            let created = result.created_at.as_deref().and_then(Timestamp::parse_rfc3339);
            let recorded = match created.filter(|_| ours) {
                Some(created) => {
                    let file = result.file.display().to_string();
                    record(settings, database, &file, &result.sha256, created, console).await
                }
                None => false,
            };
            console.item(&Shown { result, verified: true, recorded })
        }
        BackupCommand::Restore { file, force, no_owner, programs } => {
            // Nobody is asked about a file that is not there.
            authly_backup::readable(&file)?;
            let what = format!("replace {} by {}", settings.store.database, file.display());
            console.agree(&what, "Everything that is newer than the backup will be gone from the store.")?;
            let order = RestoreOrder {
                file,
                pg_bin: programs.pg_bin,
                presence: if force { Presence::Override } else { Presence::Respect },
                without_owners: no_owner,
                now,
            };
            console.item(&authly_backup::restore(settings, &order).await?)?;
            console.note(
                "Restored. Before people come back: start the server with the settings of the backup's time (its description \
                 has them), look at `authly-admin status`, and sign in once.",
            );
            Ok(())
        }
    }
}

/// Tells the store of a verified backup. A database that lacks our tables cannot remember it, which is no failure of the backup.
async fn record<D: Database>(
    settings: &Settings,
    database: &D,
    file: &str,
    sha256: &str,
    created: Timestamp,
    console: Console,
) -> bool {
    match try_record(settings, database, file, sha256, created).await {
        Ok(recorded) => recorded,
        Err(failure) => {
            console.note(&format!("The store could not note this backup: {failure}"));
            false
        }
    }
}

async fn try_record<D: Database>(
    settings: &Settings,
    database: &D,
    file: &str,
    sha256: &str,
    created: Timestamp,
) -> Result<bool, Failure> {
    if !database.schema().await?.is_current() {
        return Ok(false);
    }
    let store = database.open().await?;
    let live = run::services_as_they_are(settings, store.clone())?;
    let admin = live::admin(settings, &live);
    let newest = admin.record_backup(file, sha256, created).await.map_err(refused("cannot note the backup"))?;
    let told = admin.tell_gate_of_backup(&store, &newest).await;
    told.map_err(refused("cannot note the backup"))?;
    Ok(true)
}
