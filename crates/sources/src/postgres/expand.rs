//! What is added to the application's schema in PostgreSQL: columns, a check, indexes, and leave to have no password.
//!
//! Expand only (S001-64): the application goes on as if nothing were there. Locks are short; indexes are built beside its work.

use authly_cutover::write_back::Track;
use tokio_postgres::Client;

use crate::{
    error::OpenError,
    write_back::{Layout, Step, literal, meaning},
};

/// Whether a column is NOT NULL.
const REQUIRED: &str = "SELECT attnotnull FROM pg_catalog.pg_attribute
    WHERE attrelid = pg_catalog.to_regclass($1) AND attname = $2 AND NOT attisdropped";

/// Whether an index of the table is there, and valid.
const INDEX: &str = "SELECT i.indisvalid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = pg_catalog.to_regclass($1) AND c.relname = $2";

/// Whether a check of the table is there, and valid.
const CHECK: &str = "SELECT convalidated FROM pg_catalog.pg_constraint
    WHERE conrelid = pg_catalog.to_regclass($1) AND conname = $2";

/// Whether a valid index of the table begins with a column.
const INDEXED: &str = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = pg_catalog.to_regclass($1) AND a.attname = $2 AND i.indisvalid)";

/// `r` for an ordinary table.
const KIND: &str = "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)";

const COLUMN: &str = "SELECT 1 FROM pg_catalog.pg_attribute
    WHERE attrelid = pg_catalog.to_regclass($1) AND attname = $2 AND NOT attisdropped";

pub(super) async fn steps(client: &Client, layout: &Layout) -> Result<Vec<Step>, OpenError> {
    let table = layout.table.quoted();
    let kind: Option<String> = client.query_opt(KIND, &[&table]).await?.map(|row| row.try_get(0)).transpose()?;
    if kind.as_deref() != Some("r") {
        let why = format!("{table} is no ordinary table; columns are added to and rows written in tables only");
        return Err(OpenError::WriteBack(why));
    }
    let mut steps = Vec::new();
    if let Some(password) = &layout.password {
        let required = client.query_opt(REQUIRED, &[&table, &password.as_str()]).await?;
        if required.is_some_and(|row| row.try_get(0).unwrap_or(false)) {
            let name = password.quoted();
            steps.push(Step {
                what: format!("column {name} of {table} may be NULL: accounts that sign in by OAuth alone have none"),
                sql: vec![
                    format!("ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL"),
                    format!(
                        "COMMENT ON COLUMN {table}.{name} IS {}",
                        literal("Deprecated: NULL for accounts that sign in by OAuth alone")
                    ),
                ],
                ..Step::default()
            });
        }
    }
    let check = layout.thing("", "_auth_method_check");
    for (track, name) in &layout.missing {
        let column = name.quoted();
        let kind = match track {
            Track::AuthMethod => "VARCHAR(50) NOT NULL DEFAULT 'password'",
            Track::ExternalSubject => "VARCHAR(255)",
            Track::CompletedAt | Track::InvitedAt | Track::SyncedAt => "TIMESTAMPTZ",
        };
        let check = (*track == Track::AuthMethod)
            .then(|| format!(", ADD CONSTRAINT {} CHECK ({column} IN ({})) NOT VALID", check.quoted(), layout.words()));
        steps.push(Step {
            what: format!("column {column} of {table}, {kind}"),
            sql: vec![
                format!("ALTER TABLE {table} ADD COLUMN {column} {kind}{}", check.unwrap_or_default()),
                format!("COMMENT ON COLUMN {table}.{column} IS {}", literal(meaning(*track))),
            ],
            ..Step::default()
        });
    }
    let valid = client.query_opt(CHECK, &[&table, &check.as_str()]).await?;
    let unchecked = valid.as_ref().is_some_and(|row| !row.try_get::<_, bool>(0).unwrap_or(true));
    if unchecked || layout.missing.contains_key(&Track::AuthMethod) {
        let words = layout.words();
        let sql = vec![format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", check.quoted())];
        steps.push(Step { what: format!("check {} of {table}: {words}", check.quoted()), sql, ..Step::default() });
    }
    indexes(client, layout, &table, &mut steps).await?;
    sessions(client, layout, &mut steps).await?;
    Ok(steps)
}

async fn indexes(client: &Client, layout: &Layout, table: &str, steps: &mut Vec<Step>) -> Result<(), OpenError> {
    for (name, columns) in layout.indexes() {
        let name_quoted = name.quoted();
        let create = format!("CREATE INDEX CONCURRENTLY {name_quoted} ON {table} ({columns})");
        let schema = layout.table.schema.as_ref().map(|schema| format!("{}.", schema.quoted())).unwrap_or_default();
        // What a build that was broken off left behind is of no use.
        let beside = match client.query_opt(INDEX, &[&table, &name.as_str()]).await? {
            Some(row) if row.try_get(0)? => continue,
            Some(_) => vec![format!("DROP INDEX CONCURRENTLY IF EXISTS {schema}{name_quoted}"), create],
            None => vec![create],
        };
        steps.push(Step { what: format!("index {name_quoted} of {table} ({columns})"), beside, ..Step::default() });
    }
    Ok(())
}

/// Sessions that stem from OAuth have no tokens of the application's own (S001-11).
async fn sessions(client: &Client, layout: &Layout, steps: &mut Vec<Step>) -> Result<(), OpenError> {
    let Some(sessions) = &layout.sessions else { return Ok(()) };
    let schema = layout.table.schema.as_ref().map(|schema| format!("{}.", schema.quoted())).unwrap_or_default();
    let table = format!("{schema}{}", sessions.quoted());
    for column in ["access_token_hash", "refresh_token_hash"] {
        let required = client.query_opt(REQUIRED, &[&table, &column]).await?;
        if required.is_some_and(|row| row.try_get(0).unwrap_or(false)) {
            let what = format!("column \"{column}\" of {table} may be NULL: sessions by OAuth have none");
            let sql = vec![format!("ALTER TABLE {table} ALTER COLUMN \"{column}\" DROP NOT NULL")];
            steps.push(Step { what, sql, ..Step::default() });
        }
    }
    let spelled = |text: &str| {
        let hyphen = layout.name(Track::ExternalSubject).is_none_or(|name| name.as_str().contains('-'));
        if hyphen { text.to_owned() } else { text.replace('-', "_") }
    };
    let session = spelled("self-auth_session_id");
    let mut by_session = Step::default();
    if client.query_opt(COLUMN, &[&table, &session]).await?.is_none() {
        by_session.what = format!("column \"{session}\" of {table}, UUID, with an index");
        by_session.sql = vec![
            format!("ALTER TABLE {table} ADD COLUMN \"{session}\" UUID"),
            format!("COMMENT ON COLUMN {table}.\"{session}\" IS 'The session at the identity provider'"),
        ];
    }
    // The column may be there without a valid index: whoever added it may have been killed before, or while it was built. Any will
    // do, whatever it is called.
    let index = spelled("idx_sessions_self-auth_session");
    let indexed: bool = client.query_one(INDEXED, &[&table, &session]).await?.try_get(0)?;
    if !indexed {
        let broken = client.query_opt(INDEX, &[&table, &index]).await?.is_some();
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {schema}\"{index}\"");
        let create =
            format!("CREATE INDEX CONCURRENTLY \"{index}\" ON {table} (\"{session}\") WHERE \"{session}\" IS NOT NULL");
        by_session.beside = broken.then_some(drop).into_iter().chain([create]).collect();
        if by_session.what.is_empty() {
            by_session.what = format!("index \"{index}\" of {table} (\"{session}\")");
        }
    }
    if !by_session.what.is_empty() {
        steps.push(by_session);
    }
    session_methods(client, layout, &table, steps).await
}

/// How a session came to be, with a check of the words.
async fn session_methods(
    client: &Client,
    layout: &Layout,
    table: &str,
    steps: &mut Vec<Step>,
) -> Result<(), OpenError> {
    let words = ["jwt", &layout.forms.oauth_word, "dual"].map(literal).join(", ");
    let lacks = client.query_opt(COLUMN, &[&table, &"auth_method"]).await?.is_none();
    let valid = client.query_opt(CHECK, &[&table, &"sessions_auth_method_check"]).await?;
    let unchecked = valid.as_ref().is_some_and(|row| !row.try_get::<_, bool>(0).unwrap_or(true));
    if !lacks && !unchecked {
        return Ok(());
    }
    let validate = format!("ALTER TABLE {table} VALIDATE CONSTRAINT \"sessions_auth_method_check\"");
    let sql = if lacks {
        vec![
            format!(
                "ALTER TABLE {table} ADD COLUMN \"auth_method\" VARCHAR(50) NOT NULL DEFAULT 'jwt', \
                 ADD CONSTRAINT \"sessions_auth_method_check\" CHECK (\"auth_method\" IN ({words})) NOT VALID"
            ),
            format!("COMMENT ON COLUMN {table}.\"auth_method\" IS 'How the session came to be'"),
            validate,
        ]
    } else {
        vec![validate]
    };
    let what = if lacks { "column \"auth_method\"" } else { "check \"sessions_auth_method_check\"" };
    steps.push(Step { what: format!("{what} of {table}: {words}"), sql, ..Step::default() });
    Ok(())
}
