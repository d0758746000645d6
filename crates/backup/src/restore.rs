//! Putting a backup back: into a database beside the current one, which then takes its place. What was there is kept.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use authly_config::{Database, SecretUrl, Settings};
use authly_runtime::{Trouble, private_file};
use authly_storage_pg::backup::Sessions;
use authly_storage_sqlite::backup::{self as sqlite, CopyError, Others};
use oauth_core::time::Timestamp;
use serde::Serialize;

use crate::{
    files::cannot,
    form::Form,
    interrupt::Interrupt,
    name::{beside, exact_stamp},
    postgres::{self, Access},
    script::Owners,
    tools::find,
    verify::{Compared, Examined, VerifyOrder, examine, unreadable},
};

/// How often and how long those who are connected are waited for.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// What is done when somebody uses the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Their sessions are ended, or they find other contents.
    Override,
    /// Nothing is restored.
    Respect,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct RestoreOrder {
    /// The backup.
    pub file: PathBuf,
    /// The folder of PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// What is done when somebody uses the store.
    pub presence: Presence,
    /// Whether owners and privileges in the dump are left out, for a server that lacks the roles.
    pub without_owners: bool,
    /// Where a compressed SQLite file is unpacked for a while.
    pub scratch: PathBuf,
    /// The time.
    pub now: Timestamp,
    /// The wish to stop.
    pub interrupt: Interrupt,
}

/// A store that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The database, without its password.
    pub database: String,
    /// The backup.
    pub from: PathBuf,
    /// What that is.
    pub form: String,
    /// What the checksum beside it was compared with.
    pub compared: Compared,
    /// When that was made (RFC 3339).
    pub created_at: Option<String>,
    /// What was there before: the name of a database, or a file. None where there was nothing.
    pub kept: Option<String>,
    /// What a dump does not hold and the former database has: settings and privileges of the database itself.
    pub not_restored: Vec<String>,
    /// The files of the deployment beside the backup; they are put nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deploy_files: Vec<PathBuf>,
}

/// Puts a backup into the configured store's place. On failure everything is as it was.
pub async fn restore(settings: &Settings, order: &RestoreOrder) -> Result<Restored, Trouble> {
    let backup = examine(&VerifyOrder {
        file: order.file.clone(),
        pg_bin: order.pg_bin.clone(),
        scratch: order.scratch.clone(),
        interrupt: order.interrupt.clone(),
    })?;
    let mut restored = Restored {
        database: settings.store.database.to_string(),
        from: order.file.clone(),
        form: backup.verified.form.clone(),
        compared: backup.verified.compared,
        created_at: backup.verified.created_at.clone(),
        kept: None,
        not_restored: Vec::new(),
        deploy_files: backup.verified.deploy_files.clone(),
    };
    match (&settings.store.database, backup.source.form) {
        (Database::Postgres(url), Form::Archive | Form::Script) => {
            into_postgres(settings, url, order, &backup, &mut restored).await?;
        }
        (Database::Sqlite(path), Form::Sqlite) => {
            let copy = backup.unpacked.as_ref().map_or(&order.file, |unpacked| &unpacked.file);
            restored.kept = into_sqlite(path, copy, order)?;
        }
        (database, _) => {
            return Err(Trouble::new(
                format!("cannot restore {} into {database}", order.file.display()),
                "the backup is of another engine",
                "name the store that it is of in DATABASE_URL",
            ));
        }
    }
    Ok(restored)
}

async fn into_postgres(
    settings: &Settings,
    url: &SecretUrl,
    order: &RestoreOrder,
    backup: &Examined,
    restored: &mut Restored,
) -> Result<(), Trouble> {
    let what = || format!("cannot restore into {url}");
    let store = postgres::store(url, settings).await?;
    let facts = store.facts().await.map_err(postgres::refused(what()))?;
    if backup.server_major.is_some_and(|major| major > facts.major()) {
        let why = format!(
            "the dump is of PostgreSQL {}, the server is {}",
            backup.server_major.unwrap_or_default(),
            facts.major()
        );
        return Err(Trouble::new(what(), why, "restore into a server of that version or a newer one"));
    }
    if !facts.may_create {
        let remedy = "let an administrator of the server say: ALTER ROLE ... CREATEDB";
        return Err(Trouble::new(what(), "its user may not create the database that is restored into", remedy));
    }
    let nobody = async || {
        let mut others = store.other_sessions().await.map_err(postgres::refused(what()))?;
        for _ in 0..TRIES {
            if order.presence == Presence::Override || others.is_empty() {
                return Ok(());
            }
            // The session of a program that has just ended stays for a moment.
            std::thread::sleep(PAUSE);
            others = store.other_sessions().await.map_err(postgres::refused(what()))?;
        }
        Err(in_use(&what(), &others))
    };
    nobody().await?;
    let program = if backup.source.form == Form::Script { "psql" } else { "pg_restore" };
    let tool = find(program, backup.tool_major.unwrap_or(0), facts.major(), order.pg_bin.as_deref())?;
    let owners = if order.without_owners { Owners::LeaveOut } else { Owners::Keep };
    let at = exact_stamp(order.now);
    let (new, kept) = (name_beside(&facts.name, "restoring", &at), name_beside(&facts.name, "before", &at));
    store.create_beside(&facts, &new).await.map_err(postgres::refused(what()))?;
    let filled = async {
        let access = Access::new(url, settings);
        match backup.source.form {
            Form::Script => access.tell(&tool, &new, &backup.source, &backup.digest, owners, &order.interrupt)?,
            Form::Archive | Form::Sqlite => access.fill(&tool, &new, &backup.source, owners, &order.interrupt)?,
        }
        nobody().await?;
        order.interrupt.check()?;
        let sessions = if order.presence == Presence::Override { Sessions::End } else { Sessions::Respect };
        store.take_the_place(&facts.name, &new, &kept, sessions).await.map_err(postgres::refused(what()))
    };
    if let Err(trouble) = filled.await {
        // A name that nobody knows; if it cannot be removed now, it does no harm.
        store.drop_beside(&new).await.ok();
        return Err(trouble);
    }
    restored.kept = Some(kept);
    restored.not_restored = facts.beside_the_dump;
    if backup.about_the_database > 0 {
        let left_out = format!("{} of the dump about the database itself", backup.about_the_database);
        restored.not_restored.push(format!("statements: {left_out}"));
    }
    Ok(())
}

fn in_use(what: &str, others: &[(String, u64)]) -> Trouble {
    let others: Vec<String> = others.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    Trouble::new(
        what,
        format!("programs are connected to it: {}", others.join(", ")),
        "stop every server and try again, or add --force, which ends their sessions",
    )
}

/// A name that PostgreSQL does not cut.
fn name_beside(name: &str, word: &str, at: &str) -> String {
    const MOST: usize = 63;
    let tail = format!("_{word}_{at}");
    let mut end = name.len().min(MOST.saturating_sub(tail.len()));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{tail}", name.get(..end).unwrap_or_default())
}

fn into_sqlite(path: &Path, copy: &Path, order: &RestoreOrder) -> Result<Option<String>, Trouble> {
    order.interrupt.check()?;
    let kept = beside(path, &format!(".before_{}", exact_stamp(order.now)));
    if path.exists() {
        let others = if order.presence == Presence::Override { Others::Allow } else { Others::Refuse };
        match sqlite::replace(path, copy, &kept, others) {
            Ok(()) => return Ok(Some(kept.display().to_string())),
            Err(CopyError::InUse { .. }) => {
                return Err(Trouble::new(
                    format!("cannot restore into {}", path.display()),
                    "another program has it open",
                    "stop the server and try again, or add --force: the server then goes on with the restored contents",
                ));
            }
            // What is there is no database any more: it is put aside as it is.
            Err(CopyError::Damaged { .. }) if sqlite::check(copy).is_ok() => {}
            Err(error) => return Err(unreadable(&error)),
        }
    }
    put_in_place(path, copy, &kept)
}

/// Puts a copy where nothing usable is.
fn put_in_place(path: &Path, copy: &Path, kept: &Path) -> Result<Option<String>, Trouble> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_file::create_folder(folder)?;
    }
    let draft = beside(path, ".restoring");
    fs::remove_file(&draft).ok();
    sqlite::copy(copy, &draft).map_err(|error| unreadable(&error))?;
    let synced = fs::File::open(&draft).and_then(|file| file.sync_all());
    synced.map_err(|error| cannot("write", &draft, &error))?;
    let mut found = None;
    for companion in ["-wal", "-shm", ""] {
        let from = beside(path, companion);
        match fs::rename(&from, beside(kept, companion)) {
            Ok(()) if companion.is_empty() => found = Some(kept.display().to_string()),
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot("put aside", &from, &error)),
        }
    }
    fs::rename(&draft, path).map_err(|error| cannot("write", path, &error))?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beside_a_database_are_never_cut() {
        assert_eq!(name_beside("authly", "before", "20261121_030000"), "authly_before_20261121_030000");
        let long = name_beside(&"ü".repeat(40), "restoring", "20261121_030000");
        assert!(long.len() <= 63 && long.ends_with("_restoring_20261121_030000"), "{long}");
    }
}
