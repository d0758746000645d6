//! Reading a PostgreSQL database: a connection of its own, one read-only transaction, one snapshot for the whole run.

mod app;
mod column;
mod connect;
mod expand;
mod part_plan;
mod parting;
mod patience;
mod rights;
mod shape;

use authly_cutover::{
    inspect::Orphans,
    profile::{names::Name, rules::Profile, shape::Shape},
    source::{Columns, SourceError, SourceId, SourceRow},
};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Row, types::ToSql};

pub(crate) use self::{app::PgApp, parting::PgParting};
use crate::{error::OpenError, table::ReadTable};

/// Bounds every statement and every wait for a lock; texts of times are ISO and in UTC.
const BEGIN: &str = "
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = '10min';
SET LOCAL lock_timeout = '5s';
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL TimeZone = 'UTC';
SET LOCAL extra_float_digits = 0;
";

/// A PostgreSQL database while it is read.
pub(crate) struct PgTables {
    client: Client,
    driver: JoinHandle<()>,
    version: String,
}

impl PgTables {
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let (client, driver) = connect::connect(url).await?;
        client.batch_execute(BEGIN).await?;
        let version: String = client.query_one("SELECT current_setting('server_version')", &[]).await?.try_get(0)?;
        let version = version.split(' ').next().unwrap_or_default().to_owned();
        Ok(Self { client, driver, version })
    }

    pub(crate) fn about(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    pub(crate) async fn shape(&self, profile: &Profile) -> Result<Shape, OpenError> {
        shape::read(&self.client, profile).await
    }

    /// Refuses a table whose rows cannot be told apart by their key.
    pub(crate) async fn check_key(&self, table: &ReadTable) -> Result<(), OpenError> {
        if table.key.identifies {
            return Ok(());
        }
        let key = table.key.name.quoted();
        let sql =
            format!("SELECT count(*) - count({key}), count({key}) - count(DISTINCT {key}) FROM {}", table.quoted());
        let row = self.client.query_one(&sql, &[]).await?;
        table.refuse_key(row.try_get(0)?, row.try_get(1)?)
    }

    pub(crate) async fn page(
        &self,
        table: &ReadTable,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<SourceRow>, SourceError> {
        // Qualified, because the list of what is selected may hold a text of the same name, and that would be sorted by.
        let (key, written) = (format!("source.{}", table.key.name.quoted()), &table.key.written);
        let behind = after.map(|_| format!("WHERE {key} > ($2::text)::{written}")).unwrap_or_default();
        let sql = format!(
            "SELECT {key}::text, {} FROM {} source {behind} ORDER BY {key} LIMIT $1",
            column::list(&table.columns),
            table.quoted()
        );
        let limit = i64::from(limit);
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&limit];
        let after_text = after.map(SourceId::as_str);
        if let Some(after) = &after_text {
            values.push(after);
        }
        let rows = self.client.query(&sql, &values).await.map_err(failed("reading rows"))?;
        let before = rows.iter().position(|row| id(row).is_err());
        if let Some(place) = before {
            let passed = self.count_until(table, after).await?;
            let why = rows.get(place).and_then(|row| id(row).err()).unwrap_or_default();
            return Err(SourceError::Key { position: passed + place as u64 + 1, why });
        }
        Ok(rows
            .iter()
            .filter_map(|row| Some(SourceRow { id: id(row).ok()?, columns: columns(table, row, 1) }))
            .collect())
    }

    async fn count_until(&self, table: &ReadTable, after: Option<&SourceId>) -> Result<u64, SourceError> {
        let Some(after) = after else { return Ok(0) };
        let (key, written) = (table.key.name.quoted(), &table.key.written);
        let sql = format!("SELECT count(*) FROM {} WHERE {key} <= ($1::text)::{written}", table.quoted());
        self.number(&sql, &[&after.as_str()]).await
    }

    pub(crate) async fn row(&self, table: &ReadTable, id: &SourceId) -> Result<Option<SourceRow>, SourceError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {}::text = $1",
            column::list(&table.columns),
            table.quoted(),
            table.key.name.quoted()
        );
        let row = self.client.query_opt(&sql, &[&id.as_str()]).await.map_err(failed("reading a row"))?;
        Ok(row.map(|row| SourceRow { id: id.clone(), columns: columns(table, &row, 0) }))
    }

    pub(crate) async fn all(&self, table: &ReadTable) -> Result<Vec<Columns>, SourceError> {
        let sql = format!("SELECT {} FROM {}", column::list(&table.columns), table.quoted());
        let rows = self.client.query(&sql, &[]).await.map_err(failed("reading a table"))?;
        Ok(rows.iter().map(|row| columns(table, row, 0)).collect())
    }

    pub(crate) async fn count(&self, table: &ReadTable) -> Result<u64, SourceError> {
        self.number(&format!("SELECT count(*) FROM {}", table.quoted()), &[]).await
    }

    pub(crate) async fn orphans(
        &self,
        child: &ReadTable,
        refers: &Name,
        parent: &ReadTable,
        limit: u32,
    ) -> Result<Orphans, SourceError> {
        let refers = format!("child.{}::text", refers.quoted());
        let lost = format!(
            "FROM {} child WHERE {refers} IS NOT NULL
              AND NOT EXISTS (SELECT FROM {} parent WHERE parent.{}::text = {refers})",
            child.quoted(),
            parent.quoted(),
            parent.key.name.quoted()
        );
        let count = self.number(&format!("SELECT count(*) {lost}"), &[]).await?;
        let sql = format!("SELECT DISTINCT left({refers}, 255) {lost} ORDER BY 1 LIMIT $1");
        let rows = self.client.query(&sql, &[&i64::from(limit)]).await.map_err(failed("looking for orphans"))?;
        Ok(Orphans { count, missing: rows.iter().filter_map(|row| row.try_get(0).ok()).collect() })
    }

    async fn number(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, SourceError> {
        let row = self.client.query_one(sql, values).await.map_err(failed("counting rows"))?;
        let number: i64 = row.try_get(0).map_err(failed("counting rows"))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

impl Drop for PgTables {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The key, the first value of the row.
fn id(row: &Row) -> Result<SourceId, String> {
    let text: Option<column::Raw<'_>> = row.try_get(0).map_err(|error| error.to_string())?;
    let text = text.ok_or("it is NULL")?;
    let text = std::str::from_utf8(text.0).map_err(|_| "it is no UTF-8")?;
    SourceId::parse(text)
        .ok_or_else(|| format!("it is empty, longer than {} bytes, or has control characters", SourceId::MAX))
}

fn columns(table: &ReadTable, row: &Row, mut place: usize) -> Columns {
    table.columns.iter().map(|column| (column.name.shared(), column::value(column, row, &mut place))).collect()
}

fn failed(what: &'static str) -> impl FnOnce(tokio_postgres::Error) -> SourceError {
    move |source| SourceError::Unavailable { what: what.to_owned(), source: Some(Box::new(source)) }
}
