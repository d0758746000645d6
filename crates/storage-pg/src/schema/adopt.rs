//! May an existing database be adopted? One query over the catalog, then a comparison that names every difference at once.
//! Nothing is changed here.

use std::collections::HashMap;

use futures_util::future::try_join;
use tokio_postgres::Client;

use super::{
    SchemaError,
    shape::{Column, OWN, TABLES, Table},
};

/// Every table of the names in `$1` that a plain query would find: kind, whether we may alter it, its columns as name, type and
/// whether an insert must give it a value, and the columns of each unique index without condition.
const FOUND: &str = "
    SELECT c.relname::text,
           c.relkind IN ('r', 'p'),
           pg_has_role(current_user, c.relowner, 'USAGE'),
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
           ARRAY(SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
           ARRAY(SELECT a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
           ARRAY(SELECT (SELECT string_agg(a.attname::text, ',' ORDER BY a.attname::text) FROM pg_attribute a
                          WHERE a.attrelid = c.oid AND a.attnum = ANY(i.indkey))
                   FROM pg_index i
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                    AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts),
           c.relrowsecurity,
           c.relnamespace = to_regnamespace(current_schema())
      FROM pg_class c
     WHERE c.relname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)";

const SERVER: &str = "
    SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE),
           current_setting('server_version_num')::integer,
           current_setting('server_encoding'), quote_ident(current_user), quote_ident(current_schema())";

/// Rows that could not be read afterwards, by table: how many, one of them, and what is wrong. Asked only where the columns fit.
const UNREADABLE: &[(&str, &str, &str)] = &[
    (
        "clients",
        "SELECT count(*), min(client_id)::text FROM clients
          WHERE client_type NOT IN ('confidential', 'public') OR client_id !~ '^[ -~]{1,255}$'",
        "client_type is not confidential or public, or client_id holds characters that RFC 6749 does not allow",
    ),
    (
        "scopes",
        "SELECT count(*), min(scope_name)::text FROM scopes WHERE scope_name !~ '^[!#-[\\]-~]{1,255}$'",
        "scope_name holds characters that RFC 6749 does not allow",
    ),
    (
        "tokens",
        "SELECT count(*), min(jti)::text FROM tokens WHERE token_type NOT IN ('access', 'refresh')",
        "token_type is not access or refresh",
    ),
];

struct Found {
    is_table: bool,
    is_ours: bool,
    columns: Vec<(String, String, bool)>,
    keys: Vec<String>,
    row_security: bool,
    is_here: bool,
}

/// Everything that stands in the way; `begun` tells whether our first step was done before, `pending` whether one is left.
pub(super) async fn differences(client: &Client, begun: bool, pending: bool) -> Result<Vec<String>, SchemaError> {
    let names: Vec<&str> = TABLES.iter().map(|table| table.name).chain(OWN.iter().copied()).collect();
    let (tables, server) = try_join(client.query(FOUND, &[&names]), client.query_one(SERVER, &[])).await?;
    let mut found = HashMap::new();
    for row in tables {
        let (columns, types, needed): (Vec<String>, Vec<String>, Vec<bool>) =
            (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        let columns = columns.into_iter().zip(types).zip(needed).map(|((name, kind), needed)| (name, kind, needed));
        let table = Found {
            is_table: row.try_get(1)?,
            is_ours: row.try_get(2)?,
            columns: columns.collect(),
            keys: row.try_get(6)?,
            row_security: row.try_get(7)?,
            is_here: row.try_get::<_, Option<bool>>(8)?.unwrap_or_default(),
        };
        found.insert(row.try_get::<_, String>(0)?, table);
    }
    let mut problems = Vec::new();
    // Who finds everything in place need not be allowed to make it.
    if pending && !server.try_get::<_, bool>(0)? {
        let (user, schema): (String, Option<String>) = (server.try_get(3)?, server.try_get(4)?);
        let schema = schema.unwrap_or_else(|| "public".to_owned());
        problems.push(format!(
            "the database user may not create tables in the current schema: GRANT CREATE ON SCHEMA {schema} TO {user}"
        ));
    }
    if server.try_get::<_, i32>(1)? < 140_000 {
        problems.push("the server is older than PostgreSQL 14".to_owned());
    }
    if server.try_get::<_, String>(2)? != "UTF8" {
        problems.push("the database's encoding is not UTF8".to_owned());
    }
    for table in TABLES {
        if let Some(found) = found.get(table.name) {
            compare(table, found, begun, pending, &mut problems);
        }
    }
    if !begun {
        let foreign = OWN.iter().filter(|name| found.contains_key(**name));
        problems.extend(foreign.map(|name| format!("{name}: a table of that name is there already and is not ours")));
        let orphans = ["tokens", "authorization_codes"].into_iter().filter(|name| found.contains_key(*name));
        if !found.contains_key("users") {
            problems.extend(orphans.map(|name| format!("{name}: is there without the table users")));
        }
    }
    if problems.is_empty() && !begun {
        for (table, question, wrong) in UNREADABLE.iter().filter(|(table, _, _)| found.contains_key(*table)) {
            let row = client.query_one(*question, &[]).await?;
            let (count, one): (i64, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
            if count > 0 {
                let rows = if count == 1 { "row" } else { "rows" };
                problems.push(format!("{table}: {count} {rows}, such as {:?}: {wrong}", one.unwrap_or_default()));
            }
        }
    }
    Ok(problems)
}

fn compare(table: &Table, found: &Found, begun: bool, pending: bool, problems: &mut Vec<String>) {
    let name = table.name;
    if !found.is_table {
        problems.push(format!("{name}: is a view and not a table"));
        return;
    }
    if !found.is_here {
        problems.push(format!("{name}: is not in the schema where new tables are made, the first of the search path"));
    }
    if pending && !found.is_ours {
        problems.push(format!("{name}: belongs to another database user, so it cannot be extended"));
    }
    if found.row_security {
        problems.push(format!("{name}: has row security, which would hide rows"));
    }
    for column in table.columns {
        match found.columns.iter().find(|(theirs, _, _)| theirs == column.name) {
            Some((_, kind, _)) if !column.kind.accepts(kind) => {
                problems.push(format!("{name}.{}: is {kind}, expected {}", column.name, column.kind.name()));
            }
            None if column.must_exist => {
                problems.push(format!("{name}.{}: is missing, expected {}", column.name, column.kind.name()));
            }
            _ => {}
        }
    }
    for (column, _, needed) in &found.columns {
        let known = |ours: &Column| ours.name == column;
        if *needed && !table.columns.iter().any(known) {
            problems.push(format!("{name}.{column}: is unknown and demands a value, so rows could not be added"));
        }
    }
    for key in table.keys {
        let mut wanted: Vec<&str> = key.to_vec();
        wanted.sort_unstable();
        // Where addresses stand for one account in each tenant, which only a store of ours knows.
        let in_tenants = begun && wanted == ["email"] && found.keys.iter().any(|key| key == "email,tenant_id");
        if !found.keys.contains(&wanted.join(",")) && !in_tenants {
            problems.push(format!("{name}: has no unique key over ({})", key.join(", ")));
        }
    }
}
