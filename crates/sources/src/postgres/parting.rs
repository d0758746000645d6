//! Columns that leave a table of PostgreSQL, and come back as they were.

use std::collections::BTreeMap;

use authly_cutover::{
    parting::{PartPlan, PartRow},
    profile::{Profile, names::Name, shape::Shape},
    source::{SourceError, SourceId},
};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, types::Json};

use super::{connect, failed, patience::patiently, shape};
use crate::{
    error::OpenError,
    write_back::{Layout, literal},
};

/// Bounds every statement and every wait for a lock; texts of times and numbers are exact, whatever the server's habits.
const SESSION: &str = "
SET statement_timeout = '10min';
SET lock_timeout = '2s';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET TimeZone = 'UTC';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
";

/// What the table says of itself while the columns are gone; a table that says something else was never parted from them.
const GONE: &str = "Accounts sign in at the identity provider; what was kept here for passwords is dropped, and archived for a grace period";

/// A connection to the application's database.
pub(crate) struct PgParting {
    client: Client,
    driver: JoinHandle<()>,
}

impl PgParting {
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let (client, driver) = connect::connect(url).await?;
        let parting = Self { client, driver };
        parting.client.batch_execute(SESSION).await?;
        Ok(parting)
    }

    pub(crate) async fn shape(&self, profile: &Profile) -> Result<Shape, OpenError> {
        shape::read(&self.client, profile).await
    }

    pub(crate) async fn plan(&self, layout: &Layout, columns: &[String]) -> Result<PartPlan, OpenError> {
        super::part_plan::plan(&self.client, layout, columns, GONE).await
    }

    pub(crate) async fn is_parted(&self, plan: &PartPlan) -> Result<bool, SourceError> {
        let names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
        let sql = "SELECT count(*) FROM pg_catalog.pg_attribute
                    WHERE attrelid = $1::text::regclass AND attname = ANY ($2) AND NOT attisdropped";
        let row = self.client.query_one(sql, &[&plan.table, &names]).await.map_err(failed("looking at the columns"))?;
        Ok(row.try_get::<_, i64>(0).map_err(failed("looking at the columns"))? == 0)
    }

    pub(crate) async fn page(
        &self,
        plan: &PartPlan,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<PartRow>, SourceError> {
        const WHAT: &str = "reading the columns that go";
        let PartPlan { table, key, key_type, columns, .. } = plan;
        let list: String = columns.iter().map(|column| format!(", {}::text", quoted(&column.name))).collect();
        let behind = after.map(|_| format!("WHERE {key} > ($2::text)::{key_type}")).unwrap_or_default();
        let sql = format!("SELECT {key}::text{list} FROM {table} {behind} ORDER BY {key} LIMIT $1");
        let limit = i64::from(limit);
        let rows = match after.map(SourceId::as_str) {
            Some(after) => self.client.query(&sql, &[&limit, &after]).await,
            None => self.client.query(&sql, &[&limit]).await,
        };
        let mut page = Vec::new();
        for row in rows.map_err(failed(WHAT))? {
            let id: Option<&str> = row.try_get(0).map_err(failed(WHAT))?;
            let id = id.and_then(SourceId::parse).ok_or_else(|| SourceError::Key {
                position: 0,
                why: "it is NULL, too long, or has control characters".to_owned(),
            })?;
            let mut cells = BTreeMap::new();
            for (place, column) in columns.iter().enumerate() {
                cells.insert(column.name.clone(), row.try_get(place + 1).map_err(failed(WHAT))?);
            }
            page.push(PartRow { id, cells });
        }
        Ok(page)
    }

    /// Readers go on until the columns are dropped.
    pub(crate) async fn hold(&self, plan: &PartPlan) -> Result<(), SourceError> {
        let sql = format!("BEGIN; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", plan.table);
        patiently(&self.client, &sql).await.map_err(failed("waiting for the application's writers"))
    }

    pub(crate) async fn part(&self, plan: &PartPlan) -> Result<(), SourceError> {
        const WHAT: &str = "dropping the columns";
        for sql in &plan.drop {
            if let Err(error) = self.client.batch_execute(sql).await {
                // The server takes an unfinished transaction back by itself; this lets the application write at once.
                let _ended = self.client.batch_execute("ROLLBACK").await;
                return Err(failed(WHAT)(error));
            }
        }
        self.client.batch_execute("COMMIT").await.map_err(failed(WHAT))
    }

    pub(crate) async fn add(&self, plan: &PartPlan) -> Result<(), SourceError> {
        const WHAT: &str = "adding the columns again";
        let says = "SELECT obj_description($1::text::regclass, 'pg_class')";
        let row = self.client.query_one(says, &[&plan.table]).await.map_err(failed(WHAT))?;
        let says: Option<String> = row.try_get(0).map_err(failed(WHAT))?;
        if says.as_deref() != Some(GONE) && !self.is_parted(plan).await? {
            let why = format!("{} still has the columns: is this the database that they were dropped in?", plan.table);
            return Err(SourceError::Profile(why));
        }
        for sql in &plan.add {
            patiently(&self.client, sql).await.map_err(failed(WHAT))?;
        }
        Ok(())
    }

    pub(crate) async fn put(&self, plan: &PartPlan, rows: &[PartRow]) -> Result<(), SourceError> {
        let (mut shape, mut sets) = (String::new(), Vec::new());
        for (place, column) in plan.columns.iter().enumerate() {
            shape.push_str(&format!(", c{place} text"));
            sets.push(format!("{} = (w.c{place})::{}", quoted(&column.name), column.written));
        }
        let sql = format!(
            "UPDATE {} app SET {} FROM jsonb_to_recordset($1) AS w(id text{shape}) WHERE app.{} = (w.id)::{}",
            plan.table,
            sets.join(", "),
            plan.key,
            plan.key_type
        );
        let members = |row: &PartRow| {
            let mut members = Map::new();
            members.insert("id".to_owned(), json!(row.id));
            for (place, column) in plan.columns.iter().enumerate() {
                members.insert(format!("c{place}"), json!(row.cells.get(&column.name).cloned().flatten()));
            }
            Value::Object(members)
        };
        let parameter = Json(Value::Array(rows.iter().map(members).collect()));
        self.client.execute(&sql, &[&parameter]).await.map_err(failed("writing the columns back"))?;
        Ok(())
    }

    pub(crate) async fn settle(&self, plan: &PartPlan) -> Result<Vec<String>, SourceError> {
        let mut left = Vec::new();
        for sql in &plan.settle {
            match patiently(&self.client, sql).await {
                Ok(()) => {}
                // A row that came since breaks a rule of before.
                Err(error) if error.code().is_some_and(|code| code.code().starts_with("23")) => left.push(sql.clone()),
                Err(error) => return Err(failed("setting the rules of the columns again")(error)),
            }
        }
        Ok(left)
    }
}

impl Drop for PgParting {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    Name::parse(name).map_or_else(|_| format!("\"{}\"", name.replace('"', "\"\"")), |name| name.quoted())
}

/// A comment, or none, as SQL writes it.
pub(super) fn comment(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), told)
}

/// A text of somebody else's as PostgreSQL writes it. A backslash is written so that it is one and nothing more wherever
/// `standard_conforming_strings` is off, as it is in databases of old programs: there it would end the text too late.
pub(super) fn told(text: &str) -> String {
    match text.contains('\\') {
        true => format!(" E{}", literal(&text.replace('\\', "\\\\"))),
        false => literal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_reaches_beyond_its_quotes_whatever_a_backslash_means() {
        assert_eq!(comment(None), "NULL");
        assert_eq!(comment(Some("who's")), "'who''s'");
        assert_eq!(comment(Some(r"\'; DROP TABLE users; --")), r" E'\\''; DROP TABLE users; --'");
    }
}
