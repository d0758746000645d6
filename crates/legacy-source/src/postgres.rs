//! Tables in PostgreSQL, filled by arrays of texts, which are fast and need no driver of their own.

use tokio_postgres::{Client, NoTls};

use crate::{
    FillError, Filled, Plan,
    people::person,
    table::{Table, tables},
};

/// Rows sent at a time.
const CHUNK: u64 = 2_000;

pub(crate) async fn fill(address: &str, plan: &Plan) -> Result<Filled, FillError> {
    let (mut client, connection) = tokio_postgres::connect(address, NoTls).await?;
    let driver = tokio::spawn(connection);
    let mut filled = Filled::default();
    let transaction = client.transaction().await?;
    transaction.batch_execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL synchronous_commit = off").await?;
    for table in tables(plan) {
        make(transaction.client(), &table).await?;
        insert(transaction.client(), plan, &table).await?;
        filled.tables.push((table.name, table.rows));
    }
    transaction.commit().await?;
    client.batch_execute("ANALYZE").await?;
    for row in 1..=plan.users.min(10) {
        let person = person(plan, row);
        filled.people.extend(person.email.zip(person.password.map(str::to_owned)));
        filled.canaries.extend(person.password.map(|password| (person.id, password.to_owned())));
    }
    drop(client);
    driver.abort();
    Ok(filled)
}

async fn make(client: &Client, table: &Table) -> Result<(), FillError> {
    let columns: Vec<String> = table.columns.iter().map(|(name, kind, _)| format!("\"{name}\" {kind}")).collect();
    Ok(client.batch_execute(&format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", "))).await?)
}

async fn insert(client: &Client, plan: &Plan, table: &Table) -> Result<(), FillError> {
    let names: Vec<String> = table.columns.iter().map(|(name, ..)| format!("\"{name}\"")).collect();
    let places = 1..=table.columns.len();
    let arrays: Vec<String> = places.clone().map(|place| format!("${place}::text[]")).collect();
    let values: Vec<String> = places.clone().map(|place| format!("c{place}")).collect();
    let casts: Vec<String> = table
        .columns
        .iter()
        .zip(places)
        .map(|((_, kind, _), place)| format!("c{place}::{}", kind.split(' ').next().unwrap_or_default()))
        .collect();
    let sql = format!(
        "INSERT INTO \"{}\" ({}) SELECT {} FROM unnest({}) AS t ({})",
        table.name,
        names.join(", "),
        casts.join(", "),
        arrays.join(", "),
        values.join(", ")
    );
    let statement = client.prepare(&sql).await?;
    let mut first = 1;
    while first <= table.rows {
        let last = table.rows.min(first + CHUNK - 1);
        let mut columns: Vec<Vec<Option<String>>> = table.columns.iter().map(|_| Vec::new()).collect();
        for row in first..=last {
            for (column, value) in columns.iter_mut().zip((table.row)(plan, row)) {
                column.push(value);
            }
        }
        let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            columns.iter().map(|column| column as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
        client.execute(&statement, &values).await?;
        first = last + 1;
    }
    Ok(())
}
