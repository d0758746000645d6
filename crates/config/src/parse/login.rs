//! A database address for PostgreSQL's own programs: what may stand on a command line, and the password apart from it.

use crate::parse::masked_url;
use crate::secret::{SecretText, SecretUrl};

/// Parameters that libpq of every supported version knows and that hold no secret.
const PARAMETERS: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "options",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// An address taken apart.
#[derive(Debug, Clone)]
pub struct Login {
    /// The address without any password, which process lists may show.
    pub address: String,
    /// The password, for the environment of the program.
    pub password: Option<SecretText>,
}

impl Login {
    /// The same server with another database.
    #[must_use]
    pub fn to(&self, database: &str) -> Self {
        let (scheme, rest) = self.address.split_once("://").unwrap_or(("postgresql", ""));
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let authority = rest.split('/').next().unwrap_or_default();
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let address = format!("{scheme}://{authority}/{}{query}", masked_url::encode(database));
        Self { address, password: self.password.clone() }
    }
}

impl SecretUrl {
    /// The address without its password, and the password; parameters that PostgreSQL's own programs do not know are left out.
    pub fn login(&self) -> Login {
        let Ok(parts) = masked_url::split(self.expose()) else {
            return Login { address: String::new(), password: None };
        };
        let (path, query) = parts.rest.split_once('?').unwrap_or((parts.rest, ""));
        let mut kept = Vec::new();
        let mut password = parts.decoded_password();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if name == "password" {
                password = Some(masked_url::decode(value));
            } else if PARAMETERS.contains(&name) {
                kept.push(format!("{name}={value}"));
            }
        }
        let user = if parts.user.is_empty() { String::new() } else { format!("{}@", parts.user) };
        let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
        let password = password.and_then(|bytes| String::from_utf8(bytes).ok()).map(SecretText::new);
        Login { address: format!("postgresql://{user}{}{path}{query}", parts.hosts), password }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str) -> (String, Option<String>) {
        let login = SecretUrl::new(url, "").login();
        (login.address, login.password.map(|password| password.expose().to_owned()))
    }

    #[test]
    fn no_password_stays_in_the_address() {
        assert_eq!(
            login("postgresql://me:p%40ss@db:5433,db2/a?sslmode=require&sslpassword=x&foo=1&target_session_attrs=any"),
            (
                "postgresql://me@db:5433,db2/a?sslmode=require&target_session_attrs=any".to_owned(),
                Some("p@ss".to_owned())
            )
        );
        assert_eq!(
            login("postgresql://%2Frun%2Fpg/a?password=se%20cret"),
            ("postgresql://%2Frun%2Fpg/a".to_owned(), Some("se cret".to_owned()))
        );
        assert_eq!(login("postgresql://me@db/a"), ("postgresql://me@db/a".to_owned(), None));
    }

    #[test]
    fn another_database_of_the_same_server_is_named() {
        let login = SecretUrl::new("postgresql://me:x@%2Frun/a?sslmode=disable", "").login();
        assert_eq!(login.to("b c").address, "postgresql://me@%2Frun/b%20c?sslmode=disable");
        assert_eq!(login.to("b").password.unwrap().expose(), "x");
    }
}
