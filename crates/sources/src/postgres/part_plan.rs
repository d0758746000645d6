//! How columns of a table of PostgreSQL are dropped, and every statement that brings them back as they were.
//!
//! Whatever depends on a column is either written down here, or named in a refusal.

use authly_cutover::parting::{PartColumn, PartPlan};
use tokio_postgres::Client;

use super::parting::{comment, quoted, told};
use crate::{error::OpenError, write_back::Layout};

/// The table's kind, whether others inherit from it, whose it is, whether that is the user, and what it says of itself.
const TABLE: &str =
    "SELECT c.relkind::text, EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE c.oid IN (inhparent, inhrelid)),
           quote_ident(pg_catalog.pg_get_userbyid(c.relowner)), pg_catalog.pg_has_role(c.relowner, 'USAGE'),
           quote_ident(current_user), pg_catalog.obj_description(c.oid, 'pg_class')
      FROM pg_catalog.pg_class c WHERE c.oid = $1::text::regclass";

/// Each column: its type with the order of its texts, its default, whether it must have a value, is computed, and what it says.
const COLUMNS: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
           pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.attidentity <> '' OR a.attgenerated <> '',
           col_description(a.attrelid, a.attnum)
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = $1::text::regclass AND a.attname = ANY ($2) AND NOT a.attisdropped ORDER BY a.attnum";

/// What depends on the columns: the statement that makes it again, if there is one, and what it is.
const DEPENDENTS: &str = "SELECT DISTINCT CASE
             WHEN con.contype IN ('c', 'u', 'f') THEN format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I, ADD CONSTRAINT %I %s',
                  $3::text, con.conname, con.conname, pg_get_constraintdef(con.oid))
             WHEN i.relkind = 'i' THEN regexp_replace(pg_get_indexdef(i.oid), ' INDEX ', ' INDEX IF NOT EXISTS ')
           END, pg_describe_object(d.classid, d.objid, d.objsubid)
      FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      LEFT JOIN pg_catalog.pg_constraint con
             ON d.classid = 'pg_constraint'::regclass AND con.oid = d.objid AND con.conrelid = d.refobjid
      LEFT JOIN pg_catalog.pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid
     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass AND a.attname = ANY ($2)
       AND d.classid <> 'pg_attrdef'::regclass AND con.contype IS DISTINCT FROM 'n'";

/// Rights that were given on single columns.
const RIGHTS: &str = "SELECT format('GRANT %s (%I) ON TABLE %s TO %s%s', r.privilege_type, a.attname, $3::text,
             CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.grantee)) END,
             CASE WHEN r.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) r
     WHERE a.attrelid = $1::text::regclass AND a.attname = ANY ($2) AND NOT a.attisdropped";

pub(super) async fn plan(
    client: &Client,
    layout: &Layout,
    columns: &[String],
    gone: &str,
) -> Result<PartPlan, OpenError> {
    let table = layout.table.quoted();
    let says = may(client, &table, columns).await?;
    let mut plan = PartPlan {
        key: layout.table.key.name.quoted(),
        key_type: layout.table.key.written.clone(),
        columns: Vec::new(),
        drop: Vec::new(),
        add: Vec::new(),
        settle: Vec::new(),
        table,
    };
    for row in client.query(COLUMNS, &[&plan.table, &columns]).await? {
        let (name, written): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (collation, default): (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
        if row.try_get(5)? {
            return Err(OpenError::Irreversible(format!("the column {} is computed by the database", quoted(&name))));
        }
        let (table, column) = (plan.table.clone(), quoted(&name));
        let collation = collation.map(|name| format!(" COLLATE {name}")).unwrap_or_default();
        // Rows that came since get what a new row gets.
        let default = default.map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
        plan.add.push(format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {written}{collation}{default}"));
        if row.try_get(4)? {
            plan.settle.push(format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"));
        }
        if let Some(says) = row.try_get::<_, Option<&str>>(6)? {
            plan.settle.push(format!("COMMENT ON COLUMN {table}.{column} IS {}", told(says)));
        }
        plan.columns.push(PartColumn { name, written });
    }
    if plan.columns.is_empty() {
        return Err(OpenError::Irreversible(format!("{} has none of the columns any more", plan.table)));
    }
    let mut bars = Vec::new();
    for row in client.query(DEPENDENTS, &[&plan.table, &columns, &plan.table]).await? {
        match row.try_get::<_, Option<String>>(0)? {
            Some(sql) => plan.settle.push(sql),
            None => bars.push(row.try_get::<_, String>(1)?),
        }
    }
    if !bars.is_empty() {
        let why = format!("the database does not make this again by itself: {}", bars.join("; "));
        return Err(OpenError::Irreversible(why));
    }
    for row in client.query(RIGHTS, &[&plan.table, &columns, &plan.table]).await? {
        plan.settle.push(row.try_get(0)?);
    }
    plan.settle.push(format!("COMMENT ON TABLE {} IS {}", plan.table, comment(says.as_deref())));
    let drops: Vec<String> =
        plan.columns.iter().map(|column| format!("DROP COLUMN {}", quoted(&column.name))).collect();
    plan.drop = vec![
        format!("ALTER TABLE {} {}", plan.table, drops.join(", ")),
        format!("COMMENT ON TABLE {} IS {}", plan.table, told(gone)),
    ];
    Ok(plan)
}

/// Refuses a table that is none, and a user who does not own it; returns what the table says of itself.
async fn may(client: &Client, table: &str, columns: &[String]) -> Result<Option<String>, OpenError> {
    let row = client.query_one(TABLE, &[&table]).await?;
    let (kind, inherits): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    if kind != "r" || inherits {
        return Err(OpenError::Irreversible(format!("{table} is no ordinary table of its own")));
    }
    let (owner, owns, user): (String, bool, String) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
    if !owns {
        return Err(OpenError::Rights {
            lacks: vec![format!("drop the columns {} of {table}, which belongs to {owner}", columns.join(", "))],
            statements: vec![format!("GRANT {owner} TO {user};")],
            otherwise: Vec::new(),
            user,
        });
    }
    Ok(row.try_get(5)?)
}
