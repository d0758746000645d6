//! A PostgreSQL database.

use authly_config::SecretUrl;
use authly_storage_pg::{ConnectError, PgOptions, PgStore, schema::SchemaError};
use oauth_core::time::Timestamp;

use crate::{
    store::{Database, SchemaReport, Survey},
    trouble::Trouble,
};

/// The database that the settings name; it connects when it is asked something.
#[derive(Clone, Debug)]
pub struct Postgres {
    store: PgStore,
    shown: String,
}

impl Postgres {
    /// The database at `url`.
    pub fn new(url: &SecretUrl, settings: &authly_config::Store) -> Result<Self, Trouble> {
        let shown = url.to_string();
        let options = PgOptions {
            max_connections: settings.pool_size,
            wait_timeout: settings.connect_timeout,
            answer_timeout: settings.statement_timeout,
            ..PgOptions::default()
        };
        let mut address = url.expose().to_owned();
        if let Some(certificate) = &settings.ca_certificate {
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str("sslrootcert=");
            address.push_str(&encoded(&certificate.display().to_string()));
        }
        let store = PgStore::new(&address, options).map_err(|error| unreachable(&shown, &error))?;
        Ok(Self { store, shown })
    }

    fn failed(&self, error: &SchemaError) -> Trouble {
        self.told("cannot bring {} up to date", error)
    }

    /// The same for those who only look.
    fn unseen(&self, error: &SchemaError) -> Trouble {
        self.told("cannot look at {}", error)
    }

    fn told(&self, what: &str, error: &SchemaError) -> Trouble {
        let remedy = match error {
            SchemaError::Connect(error) => return unreachable(&self.shown, error),
            SchemaError::Locked => "end the other program, or wait for it, and try again",
            SchemaError::Denied(_) => {
                "let the owner of the tables GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public to the user in \
                 DATABASE_URL; steps of the schema only the owner can apply"
            }
            SchemaError::Newer { .. } => {
                "start the newer release (its notes name the version of its schema), or restore a backup from before the upgrade"
            }
            SchemaError::Different(_) => "correct each line, or name another database in DATABASE_URL",
            SchemaError::Failed(_) => "correct what the database says, and try again: steps that are done stay done",
        };
        Trouble::caused(what.replace("{}", &self.shown), error, remedy)
    }
}

impl Database for Postgres {
    type Store = PgStore;

    fn newest_step(&self) -> &'static str {
        authly_storage_pg::schema::newest_step()
    }

    async fn schema(&self) -> Result<SchemaReport, Trouble> {
        let (pending, differences) = self.store.outstanding().await.map_err(|error| self.unseen(&error))?;
        Ok(SchemaReport { pending, differences })
    }

    async fn deviations(&self) -> Result<Vec<String>, Trouble> {
        self.store.deviations().await.map_err(|error| {
            let remedy =
                "the database user must be allowed to create a schema, which is rolled back: GRANT CREATE ON DATABASE";
            Trouble::caused(format!("cannot compare the schema of {}", self.shown), &error, remedy)
        })
    }

    async fn make_auth_users(&self) -> Result<(), Trouble> {
        let made = self.store.make_auth_users().await;
        made.map_err(|error| {
            Trouble::caused("cannot make the view auth_users", &error, "rename what stands in its way")
        })
    }

    async fn survey(&self, now: Timestamp) -> Result<Survey, Trouble> {
        let found = self.store.survey(now).await.map_err(|error| self.unseen(&error))?;
        Ok(Survey {
            tables: found.tables,
            users: found.users,
            verified_users: found.verified_users,
            living_tokens: found.living_tokens,
        })
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, Trouble> {
        self.store.setting(name).await.map_err(|error| self.unseen(&error))
    }

    async fn migrate(&self) -> Result<Vec<String>, Trouble> {
        self.store.migrate().await.map(|report| report.applied).map_err(|error| self.failed(&error))
    }

    async fn open(&self) -> Result<PgStore, Trouble> {
        Ok(self.store.clone())
    }

    async fn engine(&self) -> Result<String, Trouble> {
        // "PostgreSQL 17.2 (Debian ..) on x86_64-pc-linux-gnu, compiled by ..": the first two words say it.
        let version = self.store.server_version().await.map_err(|error| self.unseen(&error))?;
        Ok(version.split(' ').take(2).collect::<Vec<_>>().join(" "))
    }
}

fn unreachable(shown: &str, error: &ConnectError) -> Trouble {
    Trouble::caused(format!("cannot use the database {shown}"), error, remedy(error))
}

/// What to do where there is no connection.
pub fn remedy(error: &ConnectError) -> String {
    let plain = match error {
        ConnectError::Absent { command, .. } => {
            return format!(
                "create it, as a user of that server who may: `{command}`; or correct the name in DATABASE_URL"
            );
        }
        ConnectError::Address(_) => "write DATABASE_URL as postgresql://user:password@host/name",
        ConnectError::Denied(_) => "correct user and password in DATABASE_URL; percent-encode special characters",
        ConnectError::Tls(_) => "check sslmode in DATABASE_URL, and AUTHLY_DB_CA_CERT",
        ConnectError::Refused(_) | ConnectError::Runtime(_) => {
            "check that the database runs, and host and port in DATABASE_URL"
        }
    };
    plain.to_owned()
}

/// A path inside a query string.
fn encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_parameter() {
        assert_eq!(encoded("/etc/ca certs/a&b.pem"), "/etc/ca%20certs/a%26b.pem");
    }
}
