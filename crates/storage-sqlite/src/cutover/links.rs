//! Links: which row of which source an account is.

use authly_cutover::{
    run::RunId,
    source::{SourceId, SourceName},
    store::Link,
};
use oauth_core::ids::UserId;
use rusqlite::params;

use super::batch::{from_json, json, unsigned};
use crate::{cursor::Cursor, db::Db, error::Outcome};

macro_rules! link_query {
    ($rest:literal) => {
        concat!("SELECT source, source_id, user_id, base, run, at FROM source_links ", $rest)
    };
}

const BY_ROW: &str = link_query!("WHERE source = ?1 AND source_id = ?2");
const OF_USER: &str = link_query!("WHERE user_id = ?1");
const PAGE: &str = link_query!("WHERE source = ?1 AND source_id > ?2 ORDER BY source_id LIMIT ?3");

fn read(row: &mut Cursor<'_>) -> Outcome<Link> {
    Ok(Link {
        source: row.parse("source_links.source", SourceName::parse)?,
        source_id: row.parse("source_links.source_id", SourceId::parse)?,
        user: row.id("source_links.user_id", UserId::from_uuid)?,
        base: row.parse("source_links.base", from_json)?,
        run: row.id("source_links.run", RunId::from_uuid)?,
        at: row.time("source_links.at")?,
    })
}

pub(super) fn by_row(db: Db<'_>, source: &SourceName, id: &SourceId) -> Outcome<Vec<Link>> {
    db.all(BY_ROW, [source.as_str(), id.as_str()], read)
}

pub(super) fn of_user(db: Db<'_>, user: UserId) -> Outcome<Vec<Link>> {
    db.all(OF_USER, [user.uuid()], read)
}

pub(super) fn page(db: Db<'_>, source: &SourceName, after: Option<&SourceId>, limit: u32) -> Outcome<Vec<Link>> {
    // Before the first of them: an id is never empty.
    let after = after.map_or("", SourceId::as_str);
    db.all(PAGE, params![source.as_str(), after, limit], read)
}

const COUNT: &str = "SELECT count(*) FROM source_links WHERE source = ?1";

pub(super) fn count(db: Db<'_>, source: &SourceName) -> Outcome<u64> {
    let count = db.one(COUNT, [source.as_str()], |row| row.value("source_links.source"))?;
    Ok(count.map(unsigned).unwrap_or_default())
}

const PUT: &str = "INSERT OR REPLACE INTO source_links (source, source_id, user_id, base, run, at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) fn put(db: Db<'_>, link: &Link) -> Outcome<()> {
    let Link { source, source_id, user, base, run, at } = link;
    db.run(PUT, params![source.as_str(), source_id.as_str(), user.uuid(), json(base)?, run.uuid(), at.micros()])?;
    Ok(())
}

const REMOVE: &str = "DELETE FROM source_links WHERE source = ?1 AND source_id = ?2";

pub(super) fn remove(db: Db<'_>, source: &SourceName, id: &SourceId) -> Outcome<()> {
    db.run(REMOVE, [source.as_str(), id.as_str()]).map(drop)
}
