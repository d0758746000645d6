//! The application's table in PostgreSQL, over a connection that may write.

use authly_cutover::{
    profile::{Profile, shape::Shape},
    source::{SourceError, SourceId},
    write_back::{AppRow, AppWrite, Cell, Track},
};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, types::Json};

use super::{connect, failed, patience::patiently, shape};
use crate::{
    error::OpenError,
    write_back::{Access, Layout, Step},
};

/// Texts of times are ISO and in UTC.
const SESSION: &str = "
SET DateStyle = 'ISO, YMD';
SET TimeZone = 'UTC';
SET extra_float_digits = 0;
";

/// Bounds every statement, and every wait for a lock.
const BOUNDED: &str = "SET statement_timeout = '10min'; SET lock_timeout = '2s'";

/// For a change of the table: the application's statements stand behind it while it waits (G9).
const BRIEFLY: &str = "SET lock_timeout = '100ms'";

/// For an index that is built beside the application's work: that takes as long as the table is big, and waits for every transaction that
/// was there before. It holds nobody up meanwhile; one that was broken off would be left behind invalid.
const WITHOUT_END: &str = "SET statement_timeout = 0; SET lock_timeout = 0";

/// A connection to the application's database.
pub(crate) struct PgApp {
    client: Client,
    driver: JoinHandle<()>,
}

impl PgApp {
    pub(crate) async fn open(url: &str, access: Access) -> Result<Self, OpenError> {
        let (client, driver) = connect::connect(url).await?;
        let app = Self { client, driver };
        app.client.batch_execute(SESSION).await?;
        app.client.batch_execute(BOUNDED).await?;
        if access == Access::Read {
            app.client.batch_execute("SET default_transaction_read_only = on").await?;
        }
        Ok(app)
    }

    pub(crate) async fn shape(&self, profile: &Profile) -> Result<Shape, OpenError> {
        shape::read(&self.client, profile).await
    }

    pub(crate) async fn steps(&self, layout: &Layout) -> Result<Vec<Step>, OpenError> {
        super::expand::steps(&self.client, layout).await
    }

    /// Refuses where this user may not take those steps and write those columns.
    pub(crate) async fn may_write(&self, layout: &Layout, steps: &[Step]) -> Result<(), OpenError> {
        super::rights::check(&self.client, layout, steps).await
    }

    /// Each statement by itself: an index that is built beside the application's work cannot be in a transaction.
    pub(crate) async fn expand(&self, steps: &[Step]) -> Result<(), OpenError> {
        for step in steps {
            self.client.batch_execute(BRIEFLY).await?;
            for sql in &step.sql {
                patiently(&self.client, sql).await?;
            }
            self.client.batch_execute(BOUNDED).await?;
            for sql in &step.beside {
                self.client.batch_execute(WITHOUT_END).await?;
                let built = self.client.batch_execute(sql).await;
                // Whatever came of it: nothing else runs or waits without end.
                let bounded = self.client.batch_execute(BOUNDED).await;
                built.and(bounded)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn page(
        &self,
        layout: &Layout,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<AppRow>, SourceError> {
        let key = format!("app.{}", layout.table.key.name.quoted());
        let columns: String =
            layout.columns.values().map(|column| format!(", app.{}::text", column.name.quoted())).collect();
        let behind = after.map(|_| format!("WHERE {key} > ($2::text)::{}", layout.table.key.written));
        let sql = format!(
            "SELECT {key}::text{columns} FROM {} app {} ORDER BY {key} LIMIT $1",
            layout.table.quoted(),
            behind.unwrap_or_default()
        );
        let limit = i64::from(limit);
        let rows = match after.map(SourceId::as_str) {
            Some(after) => self.client.query(&sql, &[&limit, &after]).await,
            None => self.client.query(&sql, &[&limit]).await,
        };
        let rows = rows.map_err(failed("reading the tracked columns"))?;
        let row = |row: &tokio_postgres::Row| {
            let id = row.try_get::<_, Option<&str>>(0).map_err(failed("reading the tracked columns"))?;
            let id = id.and_then(SourceId::parse).ok_or_else(|| SourceError::Key {
                position: 0,
                why: "it is NULL, too long, or has control characters".to_owned(),
            })?;
            let mut cells = std::collections::BTreeMap::new();
            for (place, track) in layout.columns.keys().enumerate() {
                let text: Option<String> = row.try_get(place + 1).map_err(failed("reading the tracked columns"))?;
                cells.insert(*track, text.map_or(Cell::Null, Cell::Text));
            }
            Ok(AppRow { id, cells })
        };
        rows.iter().map(row).collect()
    }

    /// One statement for all rows: a row is written if every column still says what it said.
    pub(crate) async fn write(&self, layout: &Layout, rows: &[AppWrite]) -> Result<Vec<SourceId>, SourceError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (mut shape, mut sets, mut guards) = (String::new(), Vec::new(), String::new());
        for (track, column) in &layout.columns {
            let (name, of) = (column.name.quoted(), track.as_str());
            shape.push_str(&format!(", {of}_set boolean, {of}_there text, {of}_to text"));
            sets.push(format!(
                "{name} = CASE WHEN w.{of}_set THEN (w.{of}_to)::{} ELSE app.{name} END",
                column.written
            ));
            guards.push_str(&format!(
                " AND (w.{of}_set IS NOT TRUE OR app.{name}::text IS NOT DISTINCT FROM w.{of}_there)"
            ));
        }
        let key = layout.table.key.name.quoted();
        let sql = format!(
            "UPDATE {} app SET {} FROM jsonb_to_recordset($1) AS w(id text{shape})
              WHERE app.{key} = (w.id)::{}{guards} RETURNING w.id",
            layout.table.quoted(),
            sets.join(", "),
            layout.table.key.written
        );
        let parameter = Json(Value::Array(rows.iter().map(members).collect()));
        let done = self.client.query(&sql, &[&parameter]).await.map_err(failed("writing the tracked columns"))?;
        Ok(done.iter().filter_map(|row| SourceId::parse(row.try_get(0).ok()?)).collect())
    }
}

fn members(row: &AppWrite) -> Value {
    let mut members = Map::from_iter([("id".to_owned(), json!(row.id))]);
    for (track, promise) in &row.changes {
        let of = Track::as_str(*track);
        members.insert(format!("{of}_set"), json!(true));
        members.insert(format!("{of}_there"), json!(text(&promise.there)));
        members.insert(format!("{of}_to"), json!(text(&promise.wanted)));
    }
    Value::Object(members)
}

/// A cell as PostgreSQL writes it; what is read from it is text or nothing.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Real(number) => Some(number.to_string()),
        Cell::Blob(_) | Cell::Null => None,
    }
}

impl Drop for PgApp {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use authly_pg_fixture::PgFixture;

    use super::*;

    fn beside(sql: &str) -> Step {
        Step { beside: vec![sql.to_owned()], ..Step::default() }
    }

    #[tokio::test]
    async fn an_index_is_built_beside_a_transaction_that_takes_long() {
        let database = PgFixture::empty().await;
        let holder = database.client().await;
        holder.batch_execute("CREATE TABLE people (id int)").await.unwrap();
        holder.batch_execute("BEGIN; INSERT INTO people VALUES (1)").await.unwrap();
        let app = PgApp::open(database.url(), Access::Write).await.unwrap();
        let steps = [beside("CREATE INDEX CONCURRENTLY by_id ON people (id)")];
        let let_go = async {
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            holder.batch_execute("COMMIT").await.unwrap();
        };
        let (built, ()) = tokio::join!(app.expand(&steps), let_go);
        built.unwrap();
        let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_id'::regclass";
        assert!(holder.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
    }

    #[tokio::test]
    async fn an_index_has_all_the_time_that_it_takes() {
        let database = PgFixture::empty().await;
        let holder = database.client().await;
        holder.batch_execute("CREATE TABLE people (id int); INSERT INTO people VALUES (1), (2)").await.unwrap();
        // Asked for each row while the index is built.
        let ask = "CREATE FUNCTION bounds(id int) RETURNS text IMMUTABLE LANGUAGE sql
                   AS $$ SELECT current_setting('statement_timeout') || ' and ' || current_setting('lock_timeout') $$";
        holder.batch_execute(ask).await.unwrap();
        let app = PgApp::open(database.url(), Access::Write).await.unwrap();
        let step = beside("CREATE INDEX CONCURRENTLY unbounded ON people (id) WHERE bounds(id) = '0 and 0'");
        app.expand(&[step]).await.unwrap();
        let held = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'unbounded'";
        assert_eq!(holder.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 2, "no row was read within a bound");
    }

    #[tokio::test]
    async fn after_an_index_that_could_not_be_built_statements_are_as_bounded_as_before() {
        let database = PgFixture::empty().await;
        let app = PgApp::open(database.url(), Access::Write).await.unwrap();
        let bounds = async || {
            let shown = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')";
            let shown = app.client.query_one(shown, &[]).await.unwrap();
            (shown.get::<_, String>(0), shown.get::<_, String>(1))
        };
        let before = bounds().await;
        assert_eq!(before, ("10min".to_owned(), "2s".to_owned()));
        app.expand(&[beside("CREATE INDEX CONCURRENTLY by_id ON nowhere (id)")]).await.unwrap_err();
        assert_eq!(bounds().await, before);
    }
}
