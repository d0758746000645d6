//! Making a backup: copy, verify, checksum, description, and its name last.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use authly_config::{Database, SecretUrl, Settings};
use authly_runtime::{Trouble, private_file};
use authly_storage_sqlite::{SqliteStore, backup as sqlite};
use oauth_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    deploy::{self, DraftFolder, folder_of},
    describe::Description,
    files::{Draft, cannot, sha256},
    interrupt::Interrupt,
    name::{Kind, Name, checksum_of, description_of},
    postgres::{self, Access},
    retention,
    source::Source,
    space::{self, Purpose},
    tools::find,
    verify::{contents, unreadable},
};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct CreateOrder {
    /// The folder of backups; created where it is missing.
    pub dir: PathBuf,
    /// How old backups may become; `None` removes none.
    pub keep: Option<Duration>,
    /// The folder of PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// The time.
    pub now: Timestamp,
    /// The version of the program.
    pub version: &'static str,
    /// The configuration, secrets masked.
    pub configuration: Value,
    /// Files of the deployment that stand beside the copy.
    pub include: Vec<PathBuf>,
    /// The wish to stop.
    pub interrupt: Interrupt,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Created {
    /// The copy.
    pub file: PathBuf,
    /// Its checksum.
    pub checksum: PathBuf,
    /// Its description.
    pub description: PathBuf,
    /// The files of the deployment beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deploy_files: Vec<PathBuf>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// The database, without its password.
    pub database: String,
    /// The engine with its version.
    pub engine: String,
    /// How many tables it holds.
    pub tables: usize,
    /// Older backups that were removed.
    pub removed: Vec<PathBuf>,
}

/// What the copying tells.
struct Copied {
    engine: String,
    server_major: Option<u32>,
    tool_major: Option<u32>,
}

/// Makes a backup of the configured store, beside a running server.
pub async fn create(settings: &Settings, order: &CreateOrder) -> Result<Created, Trouble> {
    // What is refused is refused before the work is done.
    let gathered = deploy::gather(&order.include)?;
    private_file::create_folder(&order.dir)
        .map_err(|trouble| Trouble { remedy: "name another folder with --dir".into(), ..trouble })?;
    let kind = match settings.store.database {
        Database::Postgres(_) => Kind::Dump,
        Database::Sqlite(_) => Kind::Sqlite,
    };
    let name = Name::new(order.now, kind);
    let file = order.dir.join(name.file_name());
    let draft = Draft::of(&file)?;
    let copied = match &settings.store.database {
        Database::Postgres(url) => dump(settings, url, order, &draft).await?,
        Database::Sqlite(path) => copy(path, order, &draft)?,
    };
    let source = Source::of(draft.path(), &order.interrupt)?;
    let held = contents(&source, draft.path(), copied.tool_major, order.pg_bin.as_deref(), &order.interrupt)?;
    let deployed = DraftFolder::of(&file, gathered)?;
    let description = Description {
        file: name.file_name(),
        created_at: name.at.to_rfc3339(),
        authly_version: order.version.to_owned(),
        database: settings.store.database.to_string(),
        engine: copied.engine,
        server_major: copied.server_major,
        tool_major: copied.tool_major,
        bytes: draft.path().metadata().map_err(|error| cannot("read", draft.path(), &error))?.len(),
        sha256: sha256(draft.path())?,
        configuration: order.configuration.clone(),
        deploy_files: deployed.as_ref().map(|draft| draft.files().to_vec()).unwrap_or_default(),
    };
    order.interrupt.check()?;
    publish(draft, deployed, &file, &description)?;
    Ok(Created {
        checksum: checksum_of(&file),
        description: description_of(&file),
        deploy_files: description.deploy_files.iter().map(|one| folder_of(&file).join(&one.name)).collect(),
        file,
        bytes: description.bytes,
        sha256: description.sha256,
        created_at: description.created_at,
        database: description.database,
        engine: description.engine,
        tables: held.tables,
        removed: remove_outdated(order)?,
    })
}

async fn dump(settings: &Settings, url: &SecretUrl, order: &CreateOrder, draft: &Draft) -> Result<Copied, Trouble> {
    let store = postgres::store(url, settings).await?;
    let facts = store.facts().await.map_err(postgres::refused(format!("cannot look at {url}")))?;
    space::check(&order.dir, facts.bytes, Purpose::Backup)?;
    let tool = find("pg_dump", facts.major(), facts.major(), order.pg_bin.as_deref())?;
    Access::new(url, settings).dump(&tool, draft.create()?, &order.interrupt)?;
    Ok(Copied {
        engine: format!("PostgreSQL {}.{}", facts.major(), facts.server_version % 10_000),
        server_major: Some(facts.major()),
        tool_major: Some(tool.major),
    })
}

fn copy(path: &Path, order: &CreateOrder, draft: &Draft) -> Result<Copied, Trouble> {
    let bytes = path.metadata().map_err(|error| cannot("read", path, &error))?.len();
    space::check(&order.dir, bytes, Purpose::Backup)?;
    order.interrupt.check()?;
    sqlite::copy(path, draft.path()).map_err(|error| unreadable(&error))?;
    Ok(Copied { engine: format!("SQLite {}", SqliteStore::engine_version()), server_major: None, tool_major: None })
}

/// What belongs to it first: what has the name of a backup has all of it.
fn publish(draft: Draft, deployed: Option<DraftFolder>, file: &Path, description: &Description) -> Result<(), Trouble> {
    if let Some(deployed) = deployed {
        deployed.publish(file)?;
    }
    let checksum = Draft::of(&checksum_of(file))?;
    checksum.write(format!("{}  {}\n", description.sha256, description.file).as_bytes())?;
    checksum.publish()?;
    description.write(file)?;
    draft.publish()
}

fn remove_outdated(order: &CreateOrder) -> Result<Vec<PathBuf>, Trouble> {
    let Some(keep) = order.keep else { return Ok(Vec::new()) };
    let entries = order.dir.read_dir().map_err(|error| cannot("read", &order.dir, &error))?;
    let names: Vec<Name> = entries.flatten().filter_map(|entry| Name::parse(entry.file_name().to_str()?)).collect();
    let mut removed = Vec::new();
    for name in retention::outdated(&names, order.now, keep) {
        let file = order.dir.join(name.file_name());
        fs::remove_file(&file).map_err(|error| cannot("remove", &file, &error))?;
        // Companions may have been moved away before.
        fs::remove_file(checksum_of(&file)).ok();
        fs::remove_file(description_of(&file)).ok();
        fs::remove_dir_all(folder_of(&file)).ok();
        removed.push(file);
    }
    Ok(removed)
}
