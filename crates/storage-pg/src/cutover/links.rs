//! Links: which row of which source an account is.

use authly_cutover::{
    run::RunId,
    source::{SourceId, SourceName},
    store::Link,
};
use oauth_core::{ids::UserId, store::StoreError};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::{instant, line::LinkLine};
use crate::{
    db::{Db, Steps},
    value::Reader,
};

macro_rules! link_query {
    ($rest:literal) => {
        concat!("SELECT source, source_id, user_id, base, run, at FROM source_links WHERE ", $rest)
    };
}

const OF_ROWS: &str = link_query!("source = $1 AND source_id = ANY($2)");
const OF_USERS: &str = link_query!("user_id = ANY($1)");
const PAGE: &str = link_query!("source = $1 AND source_id > $2 ORDER BY source_id LIMIT $3");

fn read(row: &Row) -> Result<Link, StoreError> {
    let mut row = Reader::new(row, "source_links", &"-");
    Ok(Link {
        source: row.parse("source", SourceName::parse)?,
        source_id: row.parse("source_id", SourceId::parse)?,
        user: UserId::from_uuid(row.take("user_id")?),
        base: row.take::<Json<_>>("base")?.0,
        run: RunId::from_uuid(row.take("run")?),
        at: row.at("at")?,
    })
}

pub(super) async fn of_rows(steps: &Steps<'_>, source: &SourceName, ids: &[&str]) -> Result<Vec<Link>, StoreError> {
    steps.run(OF_ROWS, &[&source.as_str(), &ids]).await?.iter().map(read).collect()
}

pub(super) async fn of_users(steps: &Steps<'_>, users: &[Uuid]) -> Result<Vec<Link>, StoreError> {
    steps.run(OF_USERS, &[&users]).await?.iter().map(read).collect()
}

pub(super) async fn page(
    db: &Db,
    source: &SourceName,
    after: Option<&SourceId>,
    limit: u32,
) -> Result<Vec<Link>, StoreError> {
    // Before the first of them: an id is never empty.
    let after = after.map_or("", SourceId::as_str);
    db.read(PAGE, &[&source.as_str(), &after, &i64::from(limit)]).await?.iter().map(read).collect()
}

const PUT: &str = concat!(
    "INSERT INTO source_links (source, source_id, user_id, base, run, at)
     SELECT w.source, w.source_id, w.user_id, w.base, w.run, ",
    instant!("w.at"),
    " FROM jsonb_to_recordset($1) AS w(source text, source_id text, user_id uuid, base jsonb, run uuid, at bigint)
     ON CONFLICT (source, source_id) DO UPDATE
        SET user_id = excluded.user_id, base = excluded.base, run = excluded.run, at = excluded.at"
);

pub(super) async fn put(steps: &Steps<'_>, links: &[&Link]) -> Result<(), StoreError> {
    if links.is_empty() {
        return Ok(());
    }
    let lines: Vec<LinkLine<'_>> = links.iter().map(|link| LinkLine::of(link)).collect();
    steps.change(PUT, &[&Json(lines)]).await?;
    Ok(())
}

const REMOVE: &str = "DELETE FROM source_links WHERE source = $1 AND source_id = $2";

pub(super) async fn remove(steps: &Steps<'_>, source: &SourceName, id: &SourceId) -> Result<(), StoreError> {
    steps.change(REMOVE, &[&source.as_str(), &id.as_str()]).await?;
    Ok(())
}
