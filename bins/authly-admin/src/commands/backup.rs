//! `authly-admin backup`: made, verified, put back.

use std::{path::PathBuf, time::Duration};

use authly_admin_cases::backup::{CHECK_BY_HAND, SETTINGS_OF_OAUTH};
use authly_backup::{Compared, CreateOrder, Presence, RestoreOrder, Restored, VerifyOrder};
use authly_config::Settings;
use authly_runtime::{live, store::Database};
use authly_seal::SystemClock;
use oauth_core::{services::Clock as _, time::Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::{
    args::BackupCommand,
    aside::Warning,
    console::Console,
    failure::{Code, Failure, refused},
    run, signal,
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

/// A store that was restored, with what is left to people.
#[derive(Debug, Serialize)]
struct Back {
    #[serde(flatten)]
    restored: Restored,
    check_by_hand: [&'static str; CHECK_BY_HAND.len()],
    settings_of_oauth: [&'static str; SETTINGS_OF_OAUTH.len()],
    /// Those of them that are set where this command runs.
    set_here: Vec<&'static str>,
}

/// What a backup holds of the configuration: every setting with its origin, secrets masked, and the file.
pub(crate) struct Configuration {
    pub(crate) settings: Value,
    pub(crate) file: Option<PathBuf>,
}

impl Configuration {
    /// Whether somebody has set this.
    fn is_set(&self, name: &str) -> bool {
        let rows = self.settings.as_array().into_iter().flatten();
        let ours = |row: &&Value| row.get("name").is_some_and(|known| known == name);
        rows.filter(ours).any(|row| row.pointer("/origin/from").is_some_and(|from| from != "default"))
    }
}

/// Runs the command.
pub(crate) async fn run<D: Database>(
    command: BackupCommand,
    settings: &Settings,
    configuration: Configuration,
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    match command {
        BackupCommand::Create { dir, keep, mut include, programs } => {
            if let Some(file) = configuration.file {
                match authly_backup::may_include(&file) {
                    Ok(()) => include.insert(0, file),
                    Err(trouble) => {
                        console.warn(Warning::ConfigurationLeftOut, &format!("{}: {}.", trouble.what, trouble.why));
                    }
                }
            }
            let order = CreateOrder {
                dir: dir
                    .filter(|dir| !dir.as_os_str().is_empty())
                    .unwrap_or_else(|| settings.server.data_dir.join("backups")),
                keep: keep.map(|days| DAY.saturating_mul(days)),
                pg_bin: programs.pg_bin,
                now,
                version: env!("CARGO_PKG_VERSION"),
                configuration: configuration.settings,
                include,
                interrupt: signal::interrupt(console),
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
            let interrupt = signal::interrupt(console);
            let scratch = settings.server.data_dir.clone();
            let order = VerifyOrder { file, pg_bin: programs.pg_bin, scratch, interrupt: interrupt.clone() };
            let result = authly_backup::verify(&order);
            let code = if interrupt.is_asked() { Code::Failed } else { Code::CheckErrors };
            let result = result.map_err(|trouble| Failure::with(code, trouble))?;
            // A backup of another database says nothing about this one, nor does one that was compared with nothing.
            let compared = result.compared != Compared::Nothing;
            let ours = compared && result.database.as_deref() == Some(&settings.store.database.to_string());
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
                scratch: settings.server.data_dir.clone(),
                now,
                interrupt: signal::interrupt(console),
            };
            let restored = authly_backup::restore(settings, &order).await?;
            let set_here = SETTINGS_OF_OAUTH.into_iter().filter(|name| configuration.is_set(name)).collect();
            console.item(&Back {
                restored,
                check_by_hand: CHECK_BY_HAND,
                settings_of_oauth: SETTINGS_OF_OAUTH,
                set_here,
            })?;
            console.note(
                "Restored. Check by hand what is listed before people come back. If the program of before takes over again, remove \
                 the settings of OAuth from its environment and start it with the configuration that it had.",
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
