//! Tables in SQLite.

use rusqlite::Connection;

use crate::{
    FillError, Filled, Plan,
    people::person,
    table::{Table, tables},
};

pub(crate) fn fill(path: &str, plan: &Plan) -> Result<Filled, FillError> {
    let mut connection = Connection::open(path)?;
    let mut filled = Filled::default();
    let transaction = connection.transaction()?;
    for table in tables(plan) {
        insert(&transaction, plan, &table)?;
        filled.tables.push((table.name, table.rows));
    }
    transaction.commit()?;
    for row in 1..=plan.users.min(10) {
        let person = person(plan, row);
        filled.people.extend(person.email.zip(person.password.map(str::to_owned)));
        filled.canaries.extend(person.password.map(|password| (person.id, password.to_owned())));
    }
    Ok(filled)
}

fn insert(connection: &Connection, plan: &Plan, table: &Table) -> Result<(), FillError> {
    let columns: Vec<String> = table.columns.iter().map(|(name, _, kind)| format!("\"{name}\" {kind}")).collect();
    connection.execute_batch(&format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", ")))?;
    let marks: Vec<String> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
    let mut statement = connection.prepare(&format!("INSERT INTO \"{}\" VALUES ({})", table.name, marks.join(", ")))?;
    for row in 1..=table.rows {
        statement.execute(rusqlite::params_from_iter((table.row)(plan, row)))?;
    }
    Ok(())
}
