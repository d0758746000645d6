//! What tables and columns a PostgreSQL database has, and what the columns hold.

use std::collections::BTreeMap;

use authly_cutover::profile::{
    names::Names,
    rules::{Profile, SourceKind},
    shape::{Column, ColumnKind, Shape, Table},
};
use tokio_postgres::Client;

use crate::error::OpenError;

/// Tables of one schema, or those that are found without naming one.
const TABLES: &str = "
SELECT c.relname::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND CASE WHEN $1::text IS NULL
            THEN pg_catalog.pg_table_is_visible(c.oid) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            ELSE n.nspname = $1 END
 ORDER BY 1
";

/// Columns with the type behind a domain; a column identifies where a whole, valid, unique index has it alone and it is never NULL.
const COLUMNS: &str = "
SELECT c.relname::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
       base.typname::text, base.typcategory::text,
       a.attnotnull AND EXISTS (
           SELECT FROM pg_catalog.pg_index i
            WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
              AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
 WHERE c.relname = ANY($2)
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND CASE WHEN $1::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $1 END
 ORDER BY 1, a.attnum
";

/// All tables; the columns of those that the profile may mean.
pub(super) async fn read(client: &Client, profile: &Profile) -> Result<Shape, OpenError> {
    let schema = profile.source.schema.as_ref().map(|schema| schema.as_str().to_owned());
    let wanted = wanted(profile);
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in client.query(TABLES, &[&schema]).await? {
        tables.insert(row.try_get(0)?, Vec::new());
    }
    for row in client.query(COLUMNS, &[&schema, &wanted]).await? {
        let table: String = row.try_get(0)?;
        let (base, category): (String, String) = (row.try_get(3)?, row.try_get(4)?);
        tables.entry(table).or_default().push(Column {
            name: row.try_get(1)?,
            written: row.try_get(2)?,
            kind: kind(&base, &category),
            identifies: row.try_get(5)?,
        });
    }
    let tables = tables.into_iter().map(|(name, columns)| Table { name, columns }).collect();
    Ok(Shape { kind: SourceKind::Postgres, tables })
}

fn wanted(profile: &Profile) -> Vec<String> {
    let tables: [Option<&Names>; 5] = [
        Some(&profile.users.table),
        profile.tenants.as_ref().map(|tenants| &tenants.table),
        profile.groups.as_ref().map(|groups| &groups.table),
        profile.tokens.as_ref().map(|tokens| &tokens.table),
        profile.api_keys.as_ref().map(|keys| &keys.table),
    ];
    tables.into_iter().flatten().flat_map(Names::iter).map(|name| name.as_str().to_owned()).collect()
}

fn kind(base: &str, category: &str) -> ColumnKind {
    match (base, category) {
        ("bool", _) => ColumnKind::Bool,
        ("int2" | "int4" | "int8", _) => ColumnKind::Integer,
        ("bytea", _) => ColumnKind::Bytes,
        ("timestamptz", _) => ColumnKind::Time,
        ("timestamp" | "date", _) => ColumnKind::LocalTime,
        ("json" | "jsonb", _) => ColumnKind::Json,
        (_, "A") => ColumnKind::List,
        _ => ColumnKind::Text,
    }
}
