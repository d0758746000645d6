//! Links: which row of which source an account is.

use authly_cutover::{
    run::RunId,
    source::{SourceId, SourceName},
    store::Link,
};
use oauth_core::{ids::UserId, store::StoreError};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::{line::LinkLines, unsigned};
use crate::{
    db::{Db, Statement, Steps},
    value::Reader,
};

macro_rules! link_query {
    ($rest:literal) => {
        concat!("SELECT source, source_id, user_id, base, run, at FROM source_links WHERE ", $rest)
    };
}

/// The links of the rows `$2` of the source `$1`.
pub(super) const OF_ROWS: &str = link_query!("source = $1 AND source_id = ANY($2)");
pub(super) const OF_USERS: &str = link_query!("user_id = ANY($1)");
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

/// The links of these accounts.
pub(super) async fn of_users(steps: &Steps<'_>, users: &[Uuid]) -> Result<Vec<Link>, StoreError> {
    read_all(&steps.run(OF_USERS, &[&users]).await?)
}

pub(super) fn read_all(rows: &[Row]) -> Result<Vec<Link>, StoreError> {
    rows.iter().map(read).collect()
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

const COUNT: &str = "SELECT count(*) FROM source_links WHERE source = $1";

pub(super) async fn count(db: &Db, source: &SourceName) -> Result<u64, StoreError> {
    let row = db.read_one(COUNT, &[&source.as_str()]).await?;
    row.map_or(Ok(0), |row| Reader::new(&row, "source_links", source).take("source").map(unsigned))
}

const PUT: &str = "
    INSERT INTO source_links (source, source_id, user_id, base, run, at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::jsonb[], $5::uuid[], $6::timestamptz[])
    ON CONFLICT (source, source_id) DO UPDATE
       SET user_id = excluded.user_id, base = excluded.base, run = excluded.run, at = excluded.at";

/// Puts links.
pub(super) fn statements<'s>(lines: &'s LinkLines<'_>, script: &mut Vec<Statement<'s>>) {
    if !lines.is_empty() {
        script.push((PUT, lines.params()));
    }
}

const REMOVE: &str = "DELETE FROM source_links WHERE source = $1 AND source_id = $2";

pub(super) async fn remove(steps: &Steps<'_>, source: &SourceName, id: &SourceId) -> Result<(), StoreError> {
    steps.change(REMOVE, &[&source.as_str(), &id.as_str()]).await?;
    Ok(())
}
