//! Indexes that are built beside the traffic: a broken-off build leaves an invalid one, which `IF NOT EXISTS` would keep for ever.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::{SchemaError, online::MARK};

const PREFIX: &str = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ";

const USABLE: &str = "
    SELECT c.relname::text, i.indisvalid AND i.indisready
      FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
     WHERE c.relname = ANY($1::text[]) AND pg_table_is_visible(c.oid)";

/// The statements of a marked file, comments left out.
pub(super) fn statements(file: &str) -> Vec<String> {
    let lines: Vec<&str> = file.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    lines.join("\n").split(';').map(|statement| statement.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// Drops the index that a statement is about to build if it is there but not usable.
pub(super) async fn drop_if_broken(client: &Client, statement: &str) -> Result<(), tokio_postgres::Error> {
    if let Some(name) = index_of(statement)
        && is_usable(client, name).await? == Some(false)
    {
        client.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
    }
    Ok(())
}

/// Builds an index; tells how long it took.
pub(super) async fn build(client: &Client, statement: &str) -> Result<Duration, tokio_postgres::Error> {
    let began = Instant::now();
    client.batch_execute(statement).await?;
    Ok(began.elapsed())
}

/// How long to rest after an index that took so long: whoever signs in meanwhile shares the processors with it, and plans anew what
/// it asks of the table. Long builds are few, and need no long rest.
pub(super) fn rest(took: Duration) -> Duration {
    (took * 4).min(Duration::from_secs(1))
}

/// Builds again what is missing or broken of the indexes of all marked files; returns their names.
pub(super) async fn repair<'a>(
    client: &Client,
    files: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, SchemaError> {
    let statements: Vec<String> = files.filter(|text| text.starts_with(MARK)).flat_map(statements).collect();
    let names: Vec<&str> = statements.iter().filter_map(|statement| index_of(statement)).collect();
    let found = client.query(USABLE, &[&names]).await?;
    let usable: Vec<String> = found.iter().filter(|row| row.get(1)).map(|row| row.get(0)).collect();
    let mut rebuilt = Vec::new();
    for statement in &statements {
        let Some(name) = index_of(statement).filter(|name| !usable.iter().any(|usable| usable == name)) else {
            continue;
        };
        client.batch_execute("SET lock_timeout = '10min'").await?;
        drop_if_broken(client, statement).await?;
        let took = build(client, statement).await?;
        if is_usable(client, name).await? != Some(true) {
            return Err(SchemaError::Failed(format!("the index {name} is not valid after it was built")));
        }
        rebuilt.push(name.to_owned());
        tokio::time::sleep(rest(took)).await;
    }
    Ok(rebuilt)
}

/// Whether the index is usable, if there is one of that name.
async fn is_usable(client: &Client, name: &str) -> Result<Option<bool>, tokio_postgres::Error> {
    client.query_opt(USABLE, &[&[name].as_slice()]).await?.map(|row| row.try_get(1)).transpose()
}

/// The name of the index that a statement builds.
fn index_of(statement: &str) -> Option<&str> {
    statement.strip_prefix(PREFIX)?.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_followed_by_a_rest_of_four_times_its_time_and_a_second_at_most() {
        assert_eq!(rest(Duration::from_millis(120)), Duration::from_millis(480));
        assert_eq!(rest(Duration::from_secs(600)), Duration::from_secs(1));
    }

    #[test]
    fn a_marked_file_is_read_statement_by_statement() {
        let file = "-- authly: no-transaction\n-- Why; and how.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c);\n\nVACUUM b;\n";
        let statements = statements(file);
        assert_eq!(statements, ["CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)", "VACUUM b"]);
        assert_eq!(statements.iter().map(|statement| index_of(statement)).collect::<Vec<_>>(), [Some("a"), None]);
    }

    /// A column that is there already is left alone.
    fn adds_columns(statement: &str) -> bool {
        let added = |how| statement.matches(how).count();
        statement.starts_with("ALTER TABLE ")
            && added("ADD ") > 0
            && added("ADD ") == added("ADD COLUMN IF NOT EXISTS ")
    }

    #[test]
    fn every_statement_of_the_marked_files_may_be_repeated() {
        assert!(!adds_columns("ALTER TABLE a ADD COLUMN IF NOT EXISTS b TEXT, ADD COLUMN c TEXT"));
        for migration in super::super::migrations() {
            let sql = migration.sql().unwrap_or_default();
            assert_eq!(sql.contains("CONCURRENTLY"), sql.starts_with(MARK), "{migration}");
            if sql.starts_with(MARK) {
                let repeats = |statement: &String| index_of(statement).is_some() || adds_columns(statement);
                assert!(statements(sql).iter().all(repeats), "{migration}");
            }
        }
    }
}
