//! The connection to a PostgreSQL source: libpq's parameters for TLS, and a time limit.

use std::{str::FromStr as _, time::Duration};

use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVerifyMode};
use postgres_openssl::MakeTlsConnector;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, config::SslMode, error::SqlState};

use crate::error::OpenError;

/// Connects; the task drives the connection.
pub(super) async fn connect(url: &str) -> Result<(Client, JoinHandle<()>), OpenError> {
    let (config, tls) = read(url)?;
    let (client, connection) = config.connect(tls).await.map_err(|error| refusal(&config, error))?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection to the source ended");
        }
    });
    Ok((client, driver))
}

/// Why the server has not let us in.
fn refusal(config: &Config, error: tokio_postgres::Error) -> OpenError {
    let denied = [&SqlState::INVALID_AUTHORIZATION_SPECIFICATION, &SqlState::INVALID_PASSWORD];
    match error.as_db_error() {
        Some(told) if *told.code() == SqlState::INVALID_CATALOG_NAME => {
            OpenError::Absent(config.get_dbname().or(config.get_user()).unwrap_or_default().to_owned())
        }
        Some(told) if denied.contains(&told.code()) => OpenError::Denied(told.message().to_owned()),
        _ => OpenError::Postgres(error),
    }
}

fn read(url: &str) -> Result<(Config, MakeTlsConnector), OpenError> {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut tls = Tls::default();
    let others: Vec<&str> = parameters
        .split('&')
        .filter(|pair| !pair.is_empty())
        .filter(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            !tls.take(name, &decoded(value))
        })
        .collect();
    let rest = if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
    // The library's error never repeats the address; ours neither, because it holds the password.
    let mut config = Config::from_str(&rest).map_err(|error| OpenError::Address(error.to_string()))?;
    let (mode, connector) = tls.connector()?;
    config.ssl_mode(mode);
    if config.get_application_name().is_none() {
        config.application_name("authly-migrate");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    Ok((config, connector))
}

/// What the parameters of an address say about TLS, as libpq means them.
#[derive(Default)]
struct Tls {
    mode: Option<String>,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verify {
    Nothing,
    Chain,
    ChainAndName,
}

impl Tls {
    fn take(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.root,
            "sslcert" => &mut self.certificate,
            "sslkey" => &mut self.key,
            _ => return false,
        };
        *place = Some(value.to_owned());
        true
    }

    fn connector(&self) -> Result<(SslMode, MakeTlsConnector), OpenError> {
        let (mode, verify) = match self.mode.as_deref().unwrap_or("prefer") {
            "disable" => (SslMode::Disable, Verify::Nothing),
            "allow" | "prefer" => (SslMode::Prefer, Verify::Nothing),
            // As libpq does: a root certificate that is named is also used.
            "require" if self.root.is_some() => (SslMode::Require, Verify::Chain),
            "require" => (SslMode::Require, Verify::Nothing),
            "verify-ca" => (SslMode::Require, Verify::Chain),
            "verify-full" => (SslMode::Require, Verify::ChainAndName),
            _ => {
                let modes = "sslmode is disable, prefer, require, verify-ca or verify-full";
                return Err(OpenError::Address(modes.to_owned()));
            }
        };
        let failed = |error: openssl::error::ErrorStack| OpenError::Tls(error.to_string());
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(failed)?;
        if let Some(root) = self.root.as_ref().filter(|root| *root != "system") {
            builder.set_ca_file(root).map_err(failed)?;
        }
        if let Some(certificate) = &self.certificate {
            builder.set_certificate_chain_file(certificate).map_err(failed)?;
            let key = self.key.as_ref().unwrap_or(certificate);
            builder.set_private_key_file(key, SslFiletype::PEM).map_err(failed)?;
        }
        if verify == Verify::Nothing {
            builder.set_verify(SslVerifyMode::NONE);
        }
        let mut connector = MakeTlsConnector::new(builder.build());
        if verify != Verify::ChainAndName {
            connector.set_callback(|connection, _| {
                connection.set_verify_hostname(false);
                Ok(())
            });
        }
        Ok((mode, connector))
    }
}

/// Percent-decoding of a parameter; what does not decode stays as it is.
fn decoded(value: &str) -> String {
    let pair = format!("v={}", value.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(|| value.to_owned(), |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_libpq_are_read() {
        let (config, _) = read("postgresql://u:p%40@db:6000/a?sslmode=disable&application_name=x").unwrap();
        assert_eq!((config.get_application_name(), config.get_password()), (Some("x"), Some(b"p@".as_slice())));
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(decoded("%2Fa+b"), "/a+b");
    }

    #[test]
    fn an_error_does_not_repeat_the_password() {
        for url in ["postgresql://u:hunter2@db:port/a", "postgresql://u:hunter2@db/a?sslmode=sometimes"] {
            let Err(error) = read(url) else { panic!("{url}") };
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_root_certificate_that_is_not_there_is_an_error() {
        let url = "postgresql://u@db/a?sslmode=verify-full&sslrootcert=%2Fnowhere%2Froot.pem";
        assert!(matches!(read(url), Err(OpenError::Tls(_))));
    }
}
