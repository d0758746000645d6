//! What a backup needs to know of a database, and how another one takes its place: made beside it, then both are renamed in one
//! transaction. Rows are copied by PostgreSQL's own programs and not here.

use std::time::Duration;

use tokio_postgres::Client;

use crate::{ConnectError, PgStore, schema::SchemaError};

/// A database, as far as a backup cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its name.
    pub name: String,
    /// The server's version: 150004 is 15.4.
    pub server_version: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether this user may make databases on that server.
    pub may_create: bool,
    /// What a dump of the database does not hold and a new one would lack: settings and privileges of the database itself.
    pub beside_the_dump: Vec<String>,
    /// How a database with the same encoding, owner and order of letters is made.
    likeness: String,
}

impl DatabaseFacts {
    /// The server's major version.
    pub const fn major(&self) -> u32 {
        self.server_version / 10_000
    }
}

/// What is done with other sessions when a database is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// They are ended.
    End,
    /// Nothing is replaced while there are any.
    Respect,
}

const FACTS: &str = "
    SELECT d.datname::text, current_setting('server_version_num')::integer, pg_database_size(d.oid),
           COALESCE((SELECT r.rolcreatedb OR r.rolsuper FROM pg_roles r WHERE r.rolname = current_user), FALSE),
           format(' TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L OWNER %I',
                  pg_encoding_to_char(d.encoding), COALESCE(d.datcollate, 'C'), COALESCE(d.datctype, 'C'),
                  pg_get_userbyid(d.datdba))
           || CASE to_jsonb(d) ->> 'datlocprovider'
                WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L',
                                     COALESCE(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'))
                WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
                ELSE '' END,
           ARRAY(SELECT 'setting ' || unnest(s.setconfig) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
           || ARRAY(SELECT 'privilege ' || unnest(d.datacl)::text)
      FROM pg_database d WHERE d.datname = current_database()";

const OTHERS: &str = "
    SELECT COALESCE(NULLIF(application_name, ''), 'without a name'), count(*)
      FROM pg_stat_activity
     WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'
     GROUP BY 1 ORDER BY 2 DESC, 1";

const END: &str = "
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

/// How often the others are ended while the new name is waited for.
const ROUNDS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(100);

impl PgStore {
    /// What the database is.
    pub async fn facts(&self) -> Result<DatabaseFacts, SchemaError> {
        let client = self.own_connection().await?;
        let row = client.query_one(FACTS, &[]).await?;
        Ok(DatabaseFacts {
            name: row.try_get(0)?,
            server_version: u32::try_from(row.try_get::<_, i32>(1)?).unwrap_or_default(),
            bytes: u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or_default(),
            may_create: row.try_get(3)?,
            likeness: row.try_get(4)?,
            beside_the_dump: row.try_get(5)?,
        })
    }

    /// Who else is connected to the database: the name of the program, and how often.
    pub async fn other_sessions(&self) -> Result<Vec<(String, u64)>, SchemaError> {
        let client = self.own_connection().await?;
        let name: String = client.query_one("SELECT current_database()::text", &[]).await?.try_get(0)?;
        let rows = client.query(OTHERS, &[&name]).await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default())))
            .collect()
    }

    /// Makes an empty database of the same kind beside this one.
    pub async fn create_beside(&self, facts: &DatabaseFacts, name: &str) -> Result<(), SchemaError> {
        let client = self.own_connection().await?;
        client.batch_execute(&format!("CREATE DATABASE {}{}", identifier(name), facts.likeness)).await?;
        Ok(())
    }

    /// Removes a database that was made beside this one, also while a server process goes on with what a program asked for that is gone.
    pub async fn drop_beside(&self, name: &str) -> Result<(), SchemaError> {
        let client = self.own_connection().await?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name))).await?;
        Ok(())
    }

    /// Gives the database the name `kept` and the one called `new` its name: both, or neither.
    pub async fn take_the_place(
        &self,
        name: &str,
        new: &str,
        kept: &str,
        sessions: Sessions,
    ) -> Result<(), SchemaError> {
        let client = self.elsewhere().await?;
        let (name_, new, kept) = (identifier(name), identifier(new), identifier(kept));
        let swap = format!("ALTER DATABASE {name_} RENAME TO {kept}; ALTER DATABASE {new} RENAME TO {name_}");
        if sessions == Sessions::Respect {
            return Ok(client.batch_execute(&swap).await?);
        }
        // The first rename keeps newcomers out while it waits for those who are there; meanwhile they are ended.
        let ending = self.elsewhere().await?;
        let end = async {
            for _ in 0..ROUNDS {
                tokio::time::sleep(PAUSE).await;
                ending.query_one(END, &[&name]).await.ok();
            }
        };
        tokio::select! {
            swapped = client.batch_execute(&swap) => Ok(swapped?),
            () = end => Err(SchemaError::Failed("other sessions do not end".to_owned())),
        }
    }

    /// A connection to another database of the same server, from which this one may be renamed.
    async fn elsewhere(&self) -> Result<Client, ConnectError> {
        match self.connection_to("postgres").await {
            Ok(client) => Ok(client),
            Err(_) => self.connection_to("template1").await,
        }
    }
}

/// A name inside a statement.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_name() {
        assert_eq!(identifier("a\"; DROP DATABASE b; --"), "\"a\"\"; DROP DATABASE b; --\"");
    }
}
