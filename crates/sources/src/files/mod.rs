//! Files of records: put into a private temporary database first, so that they are read in order of keys in little memory.

mod bounded;
mod csv;
mod json;
mod stage;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use authly_cutover::profile::{
    names::{Name, Names},
    rules::{Profile, SourceKind},
};
use rusqlite::Connection;

use self::stage::Stage;
use crate::{address::kind_of, error::OpenError};

/// Reads the file of the accounts, and those of the profile's other tables that lie beside it under their names.
pub(crate) async fn open(path: &Path, profile: &Profile) -> Result<(Connection, SourceKind), OpenError> {
    let (path, profile) = (path.to_owned(), profile.clone());
    let staged = tokio::task::spawn_blocking(move || blocking(&path, &profile)).await;
    staged.map_err(|_| OpenError::Sqlite(rusqlite::Error::InvalidQuery))?
}

fn blocking(path: &Path, profile: &Profile) -> Result<(Connection, SourceKind), OpenError> {
    let users = &profile.users.table;
    let (folder, file, name) = if path.is_dir() {
        let found = beside(path, users).ok_or_else(|| {
            let wanted = format!("the folder has no file for the accounts: {users}, as .csv, .json or .ndjson");
            OpenError::Address(wanted)
        })?;
        (path.to_owned(), found.1, found.0)
    } else {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        (folder, path.to_owned(), users.first().clone())
    };
    let kind = kind_of(&file).ok_or_else(|| OpenError::Address("name a .csv, .json or .ndjson file".to_owned()))?;
    let connection = Connection::open("")?;
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192; BEGIN")?;
    load(&connection, &file, &name, &profile.users.key, profile)?;
    let others: [Option<(&Names, &Names)>; 4] = [
        profile.tenants.as_ref().map(|tenants| (&tenants.table, &tenants.key)),
        profile.groups.as_ref().map(|groups| (&groups.table, &groups.external_id)),
        profile.tokens.as_ref().map(|tokens| (&tokens.table, &tokens.key)),
        profile.api_keys.as_ref().map(|keys| (&keys.table, &keys.key)),
    ];
    for (table, key) in others.into_iter().flatten() {
        if let Some((name, other)) = beside(&folder, table).filter(|(_, other)| *other != file) {
            load(&connection, &other, &name, key, profile)?;
        }
    }
    connection.execute_batch("COMMIT; PRAGMA query_only = ON")?;
    Ok((connection, kind))
}

/// The file that stands for a table: its name, and one of the endings.
fn beside(folder: &Path, table: &Names) -> Option<(Name, PathBuf)> {
    let plain = |name: &&Name| !name.as_str().contains(['/', '\\']) && !name.as_str().starts_with('.');
    let file = |name: &Name| {
        ["csv", "json", "ndjson", "jsonl"]
            .iter()
            .map(|ending| folder.join(format!("{name}.{ending}")))
            .find(|path| path.is_file())
            .map(|path| (name.clone(), path))
    };
    table.iter().filter(plain).find_map(file)
}

fn load(connection: &Connection, path: &Path, name: &Name, key: &Names, profile: &Profile) -> Result<(), OpenError> {
    let shown = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = File::open(path).map_err(|source| OpenError::Io { file: shown.clone(), source })?;
    let mut stage = Stage::new(connection, name, shown);
    match kind_of(path) {
        Some(SourceKind::Csv) => csv::load(file, &mut stage)?,
        Some(SourceKind::Json) => json::load_array(file, &mut stage)?,
        _ => json::load_lines(file, &mut stage)?,
    }
    stage.finish(key, profile)
}
