//! The services that tests talk to, and the variables that name them.

use std::net::TcpListener;
use std::process::Command;

use crate::browser::{self, Browser};
use crate::failure::Failure;
use crate::machine::Machine;
use crate::postgres::{self, Durability, Postgres};
use crate::redis::{self, Redis};

/// What a developer may have set for a server of their own; the tests must not meet it.
const NOT_FOR_TESTS: [&str; 7] =
    ["AUTHLY_CONFIG", "AUTHLY_DATA_DIR", "AUTHLY_ISSUER", "AUTHLY_LISTEN", "DATABASE_URL", "ENVIRONMENT", "REDIS_URL"];

/// What was found, installed or started for this run. What was started ends with it.
pub(crate) struct Services {
    variables: Vec<(&'static str, String)>,
    database_url: String,
    _cluster: Option<Postgres>,
    _redis: Option<Redis>,
}

impl Services {
    /// Starts PostgreSQL and Redis, unless the environment names running ones, and finds the browser.
    pub(crate) fn start(machine: &Machine) -> Result<Self, Failure> {
        let (database_url, cluster) = match machine.places.variable("AUTHLY_TEST_DATABASE_URL") {
            Some(url) => (url.to_owned(), None),
            None => {
                let cluster = Postgres::start(&postgres::ensure(machine)?, Durability::None)?;
                (cluster.url().to_owned(), Some(cluster))
            }
        };
        let (redis_url, redis) = match machine.places.variable("AUTHLY_TEST_REDIS_URL") {
            Some(url) => (url.to_owned(), None),
            None => {
                let redis = Redis::start(&redis::ensure(machine)?)?;
                (redis.url().to_owned(), Some(redis))
            }
        };
        let Browser { chromium, driver } = browser::ensure(machine)?;
        let variables = vec![
            ("AUTHLY_TEST_DATABASE_URL", database_url.clone()),
            ("AUTHLY_TEST_REDIS_URL", redis_url),
            ("AUTHLY_TEST_CHROMIUM", chromium.display().to_string()),
            ("AUTHLY_TEST_CHROMEDRIVER", driver.display().to_string()),
        ];
        for (name, value) in &variables {
            println!("{name}={value}");
        }
        Ok(Self { variables, database_url, _cluster: cluster, _redis: redis })
    }

    /// Tells a command about the services, and nothing of the developer's own server.
    pub(crate) fn introduce<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in NOT_FOR_TESTS {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)))
    }

    /// The administrator's URL of the database server.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| Failure::of("no free port", error))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| Failure::of("no free port", error))
}
