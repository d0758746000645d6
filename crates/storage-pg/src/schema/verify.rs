//! Is the schema what the migrations make? They are run into a schema of their own inside a transaction that is rolled back; its
//! catalog is then compared with the real one, by name and definition (S000-34). Nothing is changed.

use std::collections::{BTreeMap, HashSet};

use refinery::Migration;
use tokio_postgres::{Client, Transaction};

use super::{SchemaError, shape};

/// Where the migrations are run for comparison.
const SCRATCH: &str = "authly_comparison";

/// What is compared: the kind of thing, the table it belongs to, its name, its definition without the schema's name, and whether
/// it can be relied upon. Keys of a primary or unique constraint are compared as constraints.
const CATALOG: &str = "
    SELECT 'column', c.relname::text, a.attname::text,
           format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
           || COALESCE(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''), TRUE
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', c.relname::text, k.conname::text, replace(pg_get_constraintdef(k.oid), $1 || '.', ''), k.convalidated
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE c.relnamespace = to_regnamespace($1) AND k.contype IN ('p', 'u', 'f', 'c')
    UNION ALL
    SELECT 'index', c.relname::text, x.relname::text, replace(pg_get_indexdef(i.indexrelid), $1 || '.', ''),
           i.indisvalid AND i.indisready
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
     WHERE c.relnamespace = to_regnamespace($1) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    UNION ALL
    SELECT 'trigger', c.relname::text, t.tgname::text, replace(pg_get_triggerdef(t.oid), $1 || '.', ''), t.tgenabled <> 'D'
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = to_regnamespace($1) AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function', '', p.proname::text, p.prosrc, TRUE
      FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1)";

/// One thing of a schema.
struct Thing {
    definition: String,
    reliable: bool,
}

/// Kind, table and name.
type Key = (String, String, String);

/// Everything that is missing or otherwise than the migrations make it.
pub(super) async fn deviations(client: &mut Client, migrations: &[Migration]) -> Result<Vec<String>, SchemaError> {
    let schema: String = client.query_one("SELECT format('%I', current_schema())", &[]).await?.try_get(0)?;
    let transaction = client.transaction().await?;
    let found = catalog(&transaction, &schema).await?;
    let adopted =
        transaction.query_opt("SELECT FROM settings WHERE name = 'shared_with_older_program'", &[]).await?.is_some();
    transaction.batch_execute(&format!("CREATE SCHEMA {SCRATCH}; SET LOCAL search_path = {SCRATCH}")).await?;
    for migration in migrations {
        transaction.batch_execute(&migration.sql().unwrap_or_default().replace(" CONCURRENTLY", "")).await?;
    }
    let expected = catalog(&transaction, SCRATCH).await?;
    transaction.rollback().await?;
    Ok(compare(&expected, &found, adopted))
}

async fn catalog(transaction: &Transaction<'_>, schema: &str) -> Result<BTreeMap<Key, Thing>, SchemaError> {
    let rows = transaction.query(CATALOG, &[&schema]).await?;
    let thing = |row: &tokio_postgres::Row| {
        let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok((key, Thing { definition: row.try_get(3)?, reliable: row.try_get(4)? }))
    };
    rows.iter().map(thing).collect()
}

fn compare(expected: &BTreeMap<Key, Thing>, found: &BTreeMap<Key, Thing>, adopted: bool) -> Vec<String> {
    let tables: HashSet<&str> = found.keys().map(|(_, table, _)| table.as_str()).collect();
    let mut problems = Vec::new();
    let mut missing: Vec<&str> = expected.keys().map(|(_, table, _)| table.as_str()).collect();
    missing.retain(|table| !tables.contains(table) && !table.is_empty());
    missing.dedup();
    missing.sort_unstable();
    missing.dedup();
    problems.extend(missing.iter().map(|table| format!("table {table}: is missing")));
    for (key, thing) in expected.iter().filter(|((_, table, _), _)| !missing.contains(&table.as_str())) {
        problems.extend(deviation(key, thing, found.get(key), adopted));
    }
    problems
}

/// What is wrong with one thing. The older program's own tables keep its types and the names of its constraints, as long as they
/// fit, which adoption has compared.
fn deviation((kind, table, name): &Key, expected: &Thing, found: Option<&Thing>, adopted: bool) -> Option<String> {
    let at = if table.is_empty() { name.clone() } else { format!("{table}.{name}") };
    let theirs = shape::TABLES.iter().find(|known| adopted && known.name == table);
    if theirs.is_some() && kind == "constraint" {
        return None;
    }
    let Some(found) = found else { return Some(format!("{kind} {at}: is missing")) };
    if !found.reliable {
        return Some(format!(
            "{kind} {at}: is there but not valid; `authly-admin migrate schema up` builds indexes anew"
        ));
    }
    let column = theirs.filter(|_| kind == "column");
    let fits = match column.and_then(|known| known.columns.iter().find(|column| column.name == name)) {
        Some(column) => column.kind.accepts(type_of(&found.definition)),
        None => column.is_some() || found.definition == expected.definition,
    };
    (!fits).then(|| format!("{kind} {at}: is {:?}, expected {:?}", found.definition, expected.definition))
}

/// The type within a column's definition.
fn type_of(definition: &str) -> &str {
    let end = [" NOT NULL", " DEFAULT "].into_iter().filter_map(|word| definition.find(word)).min();
    definition.get(..end.unwrap_or(definition.len())).unwrap_or(definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_out_of_its_definition() {
        assert_eq!(type_of("character varying(255) NOT NULL"), "character varying(255)");
        assert_eq!(type_of("timestamp with time zone DEFAULT now()"), "timestamp with time zone");
        assert_eq!(type_of("uuid"), "uuid");
    }

    #[test]
    fn differences_are_named_one_by_one() {
        let thing = |definition: &str, reliable| Thing { definition: definition.to_owned(), reliable };
        let key = |kind: &str, table: &str, name: &str| (kind.to_owned(), table.to_owned(), name.to_owned());
        let expected = BTreeMap::from([
            (key("column", "grants", "id"), thing("uuid NOT NULL", true)),
            (key("column", "users", "email"), thing("character varying(255) NOT NULL", true)),
            (key("index", "grants", "idx_a"), thing("CREATE INDEX idx_a", true)),
            (key("column", "sessions", "id"), thing("uuid", true)),
        ]);
        let found = BTreeMap::from([
            (key("column", "grants", "id"), thing("text", true)),
            (key("column", "users", "email"), thing("text", true)),
            (key("index", "grants", "idx_a"), thing("CREATE INDEX idx_a", false)),
        ]);
        let problems = compare(&expected, &found, true);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems[0].contains("table sessions: is missing") && problems[1].contains("grants.id"),
            "{problems:?}"
        );
        assert!(problems[2].contains("not valid"), "{problems:?}");
        assert_eq!(compare(&expected, &found, false).len(), 4, "text will do for an older program's column only");
    }
}
