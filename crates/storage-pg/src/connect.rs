//! How connections are made: on a thread of their own, so that no caller's blocked thread stalls the queries of others. One is
//! enough: what it does is pass on, and two would spend their time waking each other.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::Connect;
use oauth_core::store::StoreError;
use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle};
use tokio_postgres::{Client, Config, error::SqlState};

use crate::{
    creation::command,
    error::{ConnectError, Trouble, describe_server},
    tls::{Encryption, TlsParameters},
};

/// The thread that drives all connections; it ends without waiting.
#[derive(Debug)]
pub(crate) struct Driver {
    handle: Handle,
    /// Dropped with this, which ends the thread.
    _running: oneshot::Sender<()>,
}

impl Driver {
    pub(crate) fn start() -> Result<Self, ConnectError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel();
        std::thread::Builder::new().name("authly-pg".to_owned()).spawn(move || {
            runtime.block_on(stopped).ok();
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _running: running })
    }

    /// Where tasks are started.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// What all sessions but those of migrations are set to. Statements are planned once for all parameters, and so that they fit
/// tables of any size: a plan that was made while a table was nearly empty must not read it whole when it is big.
pub(crate) const TUNED: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    // Between two statements of a transaction lies the way there and back. A machine that is gone without a word must not hold its
    // locks until the system gives its connection up, which may take hours: nobody registers meanwhile, and no import goes on.
    ("idle_in_transaction_session_timeout", "60000"),
];

/// What the sessions of grouped lookups and writes are set to besides. Their statements are written so that each key is found by an
/// index; this is for whatever else is joined. To read sixty rows whole and hash them is cheap, and stays the plan when they have become
/// thousands.
pub(crate) const BY_KEYS: &[(&str, &str)] = &[("enable_hashjoin", "off"), ("enable_material", "off")];

/// An address that was read: what to connect to, and how.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    tls: Encryption,
    lock_timeout: Duration,
    /// Whether a pooler has refused settings in the start-up packet.
    refused: Arc<AtomicBool>,
}

impl Target {
    /// Reads `postgresql://user:password@host:port/name?parameters`; `lock_timeout` bounds waits for locks in every session.
    pub(crate) fn parse(url: &str, lock_timeout: Duration) -> Result<Self, ConnectError> {
        let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut about_tls = TlsParameters::default();
        let others: Vec<&str> = parameters
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                !about_tls.take(name, &decoded(value))
            })
            .collect();
        let rest = if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
        // The library's error never repeats the address; ours neither, because it holds the password.
        let mut config = Config::from_str(&rest).map_err(|error| ConnectError::Address(error.to_string()))?;
        let (mode, tls) = about_tls.connector()?;
        config.ssl_mode(mode);
        if config.get_application_name().is_none() {
            config.application_name("authly");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(10));
        }
        Ok(Self { config, tls, lock_timeout, refused: Arc::default() })
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// Why no connection was made.
    pub(crate) fn refusal(&self, error: tokio_postgres::Error) -> ConnectError {
        let denied = [&SqlState::INVALID_AUTHORIZATION_SPECIFICATION, &SqlState::INVALID_PASSWORD];
        match error.as_db_error() {
            Some(told) if *told.code() == SqlState::INVALID_CATALOG_NAME => {
                let user = self.config.get_user().unwrap_or_default();
                let name = self.config.get_dbname().unwrap_or(user).to_owned();
                ConnectError::Absent { command: command(&self.config, &name), name }
            }
            Some(told) if denied.contains(&told.code()) => ConnectError::Denied(describe_server(told)),
            _ => {
                let error = StoreError::from(Trouble::from(error));
                ConnectError::Refused(error.source.map_or_else(String::new, |cause| cause.to_string()))
            }
        }
    }

    /// Another database of the same server.
    pub(crate) fn to(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        other
    }

    /// Whether every server that it names is on this machine.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        use tokio_postgres::config::Host;

        let (hosts, addresses) = (self.config.get_hosts(), self.config.get_hostaddrs());
        let is_here = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        match addresses {
            [] => !hosts.is_empty() && hosts.iter().all(is_here),
            _ => addresses.iter().all(|address| address.to_canonical().is_loopback()),
        }
    }

    /// A connection with the server's own settings, for migrations, driven by the task that is returned with it.
    pub(crate) async fn open(&self, driver: &Handle) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        self.open_with(driver, self.settings(&[])).await
    }

    /// A connection for requests, with the settings that suit them.
    pub(crate) async fn open_tuned(&self, driver: &Handle) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        self.open_with(driver, self.settings(TUNED)).await
    }

    /// The same for lookups and writes by keys alone.
    pub(crate) async fn open_for_keys(
        &self,
        driver: &Handle,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        self.open_with(driver, self.settings(&[TUNED, BY_KEYS].concat())).await
    }

    fn settings(&self, tuned: &[(&str, &str)]) -> Vec<(String, String)> {
        let lock_timeout = Some(self.lock_timeout).filter(|timeout| !timeout.is_zero());
        let locks = lock_timeout.map(|timeout| ("lock_timeout".to_owned(), timeout.as_millis().to_string()));
        let tuned = tuned.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        tuned.chain(locks).collect()
    }

    /// Settings go into the start-up packet: they cost no trip, and a server behind a pooler that passes them on has them in each
    /// session. A pooler that refuses them is sent statements instead. Where it shares sessions among transactions, these may
    /// miss some of its sessions, which then plan like any other; nothing that is right or wrong depends on them.
    async fn open_with(
        &self,
        driver: &Handle,
        settings: Vec<(String, String)>,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let (target, handle) = (self.clone(), driver.clone());
        let made = driver.spawn(async move {
            if !target.refused.load(Ordering::Relaxed) {
                let mut config = target.config.clone();
                let ours = settings.iter().map(|(name, value)| format!("-c {name}={value}"));
                let all: Vec<String> = config.get_options().map(str::to_owned).into_iter().chain(ours).collect();
                if !all.is_empty() {
                    config.options(all.join(" "));
                }
                match connect(&config, &target.tls, &handle).await {
                    Err(error) if refuses_settings(&error) => target.refused.store(true, Ordering::Relaxed),
                    outcome => return outcome,
                }
            }
            let (client, task) = connect(&target.config, &target.tls, &handle).await?;
            let statements: Vec<String> =
                settings.iter().map(|(name, value)| format!("SET {name} = {value}")).collect();
            client.batch_execute(&statements.join("; ")).await?;
            Ok((client, task))
        });
        match made.await {
            Ok(made) => made,
            Err(_) => Err(tokio_postgres::Error::__private_api_timeout()),
        }
    }
}

async fn connect(
    config: &Config,
    tls: &Encryption,
    driver: &Handle,
) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    let (client, connection) = config.connect(tls.clone()).await?;
    let task = driver.spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a database connection ended");
        }
    });
    Ok((client, task))
}

/// Poolers call what they do not know a violation of the protocol, or a feature that they do not have.
fn refuses_settings(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| *code == SqlState::PROTOCOL_VIOLATION || *code == SqlState::FEATURE_NOT_SUPPORTED)
}

/// Percent-decoding of a parameter; what does not decode stays as it is.
fn decoded(value: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            bytes.push(high * 16 + low);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

/// Makes the pool's connections on the driver's threads.
pub(crate) struct OnDriver {
    pub(crate) target: Target,
    pub(crate) driver: Handle,
}

type Opened<'a> = Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + 'a>>;

impl Connect for OnDriver {
    fn connect(&self, _config: &Config) -> Opened<'_> {
        Box::pin(self.target.open_tuned(&self.driver))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Target, ConnectError> {
        Target::parse(url, Duration::from_secs(2))
    }

    #[test]
    fn a_server_is_on_this_machine_by_its_address() {
        let is_here = |url: &str| parse(url).unwrap().is_on_this_machine();
        for here in ["localhost", "127.0.0.1:6000", "127.8.0.1", "[::1]", "%2Frun%2Fpostgresql", "localhost,127.0.0.1"]
        {
            assert!(is_here(&format!("postgresql://u@{here}/a")), "{here}");
        }
        for elsewhere in ["db", "10.0.0.7", "db.example.com", "localhost.example.com", "127.0.0.1,10.0.0.7", "[::2]"] {
            assert!(!is_here(&format!("postgresql://u@{elsewhere}/a")), "{elsewhere}");
        }
        assert!(
            is_here("postgresql://u@db/a?hostaddr=127.0.0.1")
                && !is_here("postgresql://u@localhost/a?hostaddr=10.0.0.7")
        );
    }

    #[test]
    fn parameters_of_libpq_are_read() {
        let target = parse("postgresql://u:p%40@db:6000/a?sslmode=disable&application_name=x").unwrap();
        assert_eq!(target.config.get_application_name(), Some("x"));
        assert_eq!(target.config.get_password(), Some(b"p@".as_slice()));
        assert_eq!(target.config.get_ssl_mode(), tokio_postgres::config::SslMode::Disable);
    }

    #[test]
    fn an_error_does_not_repeat_the_password() {
        for url in ["postgresql://u:hunter2@db:port/a", "postgresql://u:hunter2@db/a?sslmode=sometimes", "hunter2"] {
            let Err(error) = parse(url) else { panic!("{url}") };
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        assert_eq!(decoded("%2Ftmp%2Fa%zz%4"), "/tmp/a%zz%4");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_session_that_stands_still_within_a_transaction_is_given_up_by_the_server() {
        let database = authly_pg_fixture::PgFixture::empty().await;
        let store = crate::PgStore::new(database.url(), crate::PgOptions::default()).unwrap();
        let told = store.db().read("SHOW idle_in_transaction_session_timeout", &[]).await.unwrap();
        assert_eq!(told[0].get::<_, String>(0), "1min");
    }
}
