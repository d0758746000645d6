//! A look at a database that may not be ours yet: which tables there are, and how many users and tokens.

use oauth_core::time::Timestamp;

use crate::{PgStore, schema::SchemaError, value::At};

/// What a database holds; numbers are unknown where there is no such table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Its tables, by name.
    pub tables: Vec<String>,
    /// Users.
    pub users: Option<u64>,
    /// Users whose address is verified.
    pub verified_users: Option<u64>,
    /// Tokens that have not expired.
    pub living_tokens: Option<u64>,
}

const TABLES: &str = "
    SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     ORDER BY 1";

const HAS_COLUMN: &str = "
    SELECT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = to_regclass($1::text) AND a.attname = $2 AND NOT a.attisdropped)";

impl PgStore {
    /// Looks at the database as it is at this instant, and touches nothing.
    pub async fn survey(&self, now: Timestamp) -> Result<Survey, SchemaError> {
        let client = self.own_connection().await?;
        let rows = client.query(TABLES, &[]).await?;
        let mut survey =
            Survey { tables: rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?, ..Survey::default() };
        let has = async |table: &str, column: &str| -> Result<bool, SchemaError> {
            Ok(client.query_one(HAS_COLUMN, &[&table, &column]).await?.try_get(0)?)
        };
        let number = |count: i64| u64::try_from(count).ok();
        if has("users", "id").await? {
            survey.users = number(client.query_one("SELECT count(*) FROM users", &[]).await?.try_get(0)?);
        }
        if has("users", "is_verified").await? {
            let sql = "SELECT count(*) FROM users WHERE is_verified";
            survey.verified_users = number(client.query_one(sql, &[]).await?.try_get(0)?);
        }
        if has("tokens", "expires_at").await? {
            let sql = "SELECT count(*) FROM tokens WHERE expires_at > $1";
            survey.living_tokens = number(client.query_one(sql, &[&At(now)]).await?.try_get(0)?);
        }
        Ok(survey)
    }

    /// A stored setting, whether the schema is up to date or not; none where there is no such table.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, SchemaError> {
        let client = self.own_connection().await?;
        if !client.query_one(HAS_COLUMN, &[&"settings", &"value"]).await?.try_get::<_, bool>(0)? {
            return Ok(None);
        }
        let found = client.query_opt("SELECT value FROM settings WHERE name = $1", &[&name]).await?;
        Ok(found.map(|row| row.try_get(0)).transpose()?)
    }
}
