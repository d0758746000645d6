//! Whether the user of the database may do what writing back takes, known before anything is written.
//!
//! Columns are added by the owner of a table alone (or a member of that role); rows are written by whoever was granted it.

use authly_cutover::profile::names::Name;
use tokio_postgres::Client;

use crate::{
    error::OpenError,
    write_back::{Layout, Step},
};

/// The user, the table's owner, whether the user is one, and whether indexes may be made where the table is.
const TABLE: &str = "SELECT quote_ident(current_user), quote_ident(pg_catalog.pg_get_userbyid(c.relowner)),
           pg_catalog.pg_has_role(c.relowner, 'USAGE'),
           pg_catalog.has_schema_privilege(c.relnamespace, 'CREATE'), quote_ident(n.nspname)
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = pg_catalog.to_regclass($1)";

/// Which of these columns the user may not read, or not write where that is needed.
const COLUMNS: &str = "SELECT a.attname::text FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname = ANY ($2) AND NOT a.attisdropped
       AND NOT pg_catalog.has_column_privilege(a.attrelid, a.attnum, $3)";

pub(super) async fn check(client: &Client, layout: &Layout, steps: &[Step]) -> Result<(), OpenError> {
    let mut found = Found::default();
    let users = layout.table.quoted();
    let schema = layout.table.schema.as_ref().map(|schema| format!("{}.", schema.quoted())).unwrap_or_default();
    let sessions = layout.sessions.as_ref().map(|name| format!("{schema}{}", name.quoted()));
    for table in [Some(&users), sessions.as_ref()].into_iter().flatten() {
        found.table(client, table, steps).await?;
    }
    let there: Vec<&str> = layout.columns.values().map(|column| column.name.as_str()).collect();
    let read: Vec<&str> = there.iter().copied().chain([layout.table.key.name.as_str()]).collect();
    let unwritten = !client.query(COLUMNS, &[&users, &there, &"UPDATE"]).await?.is_empty();
    let unread = !client.query(COLUMNS, &[&users, &read, &"SELECT"]).await?.is_empty();
    let all = layout.columns.values().map(|column| &column.name).chain(layout.missing.values());
    let names = all.map(Name::quoted).collect::<Vec<_>>().join(", ");
    let key = layout.table.key.name.quoted();
    let grant = format!("GRANT SELECT ({key}, {names}), UPDATE ({names}) ON TABLE {users} TO {};", found.user);
    if unwritten || unread {
        found.lacks.push(format!("write the columns {names} of {users}"));
    }
    match found.otherwise.is_empty() {
        true if unwritten || unread => found.statements.push(grant),
        true => {}
        // Whoever is no owner may not write a column that the owner adds.
        false => found.otherwise.push(grant),
    }
    found.end()
}

#[derive(Default)]
struct Found {
    user: String,
    lacks: Vec<String>,
    /// What gives the user the rights.
    statements: Vec<String>,
    /// What an owner can do instead of that.
    otherwise: Vec<String>,
}

impl Found {
    /// Whether the user may take the steps that change this table.
    async fn table(&mut self, client: &Client, table: &str, steps: &[Step]) -> Result<(), OpenError> {
        let Some(row) = client.query_opt(TABLE, &[&table]).await? else { return Ok(()) };
        self.user = row.try_get(0)?;
        let concerns = |step: &&Step| step.statements().any(|sql| sql.contains(&format!(" {table} ")));
        let own: Vec<&Step> = steps.iter().filter(concerns).collect();
        if own.is_empty() {
            return Ok(());
        }
        let (owner, is_owner, may_create, schema): (String, bool, bool, String) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        if !is_owner {
            self.lacks.push(format!("add columns, checks and indexes to {table}, which belongs to {owner}"));
            self.statements.push(format!("GRANT {owner} TO {};", self.user));
            self.otherwise.extend(own.iter().flat_map(|step| step.statements()).map(|sql| format!("{sql};")));
        } else if !may_create && own.iter().any(|step| !step.beside.is_empty()) {
            self.lacks.push(format!("make indexes in the schema {schema}"));
            self.statements.push(format!("GRANT CREATE ON SCHEMA {schema} TO {};", self.user));
        }
        Ok(())
    }

    fn end(self) -> Result<(), OpenError> {
        let Self { user, lacks, mut statements, otherwise } = self;
        if lacks.is_empty() {
            return Ok(());
        }
        statements.dedup();
        Err(OpenError::Rights { user, lacks, statements, otherwise })
    }
}
