//! TLS to the database as libpq's parameters ask for it: `sslmode` and the files for certificates.

use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVerifyMode};
use postgres_openssl::MakeTlsConnector;
use tokio_postgres::config::SslMode;

use crate::error::ConnectError;

/// What the parameters of an address say about TLS.
#[derive(Debug, Default)]
pub(crate) struct TlsParameters {
    mode: Option<String>,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl TlsParameters {
    /// Takes a parameter if it is about TLS; whether it was taken.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> bool {
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

    /// Whether and how to encrypt. Without a mode it is libpq's `prefer`: encrypt if the server can, trust whoever answers.
    pub(crate) fn connector(&self) -> Result<(SslMode, MakeTlsConnector), ConnectError> {
        let (mode, verification) = match self.mode.as_deref().unwrap_or("prefer") {
            "disable" => (SslMode::Disable, Verification::None),
            "allow" | "prefer" => (SslMode::Prefer, Verification::None),
            // As libpq does: a root certificate that is named is also used.
            "require" if self.root.is_some() => (SslMode::Require, Verification::Chain),
            "require" => (SslMode::Require, Verification::None),
            "verify-ca" => (SslMode::Require, Verification::Chain),
            "verify-full" => (SslMode::Require, Verification::ChainAndName),
            _ => {
                return Err(ConnectError::Address(
                    "sslmode is disable, prefer, require, verify-ca or verify-full".to_owned(),
                ));
            }
        };
        let tls = |error: openssl::error::ErrorStack| ConnectError::Tls(error.to_string());
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(tls)?;
        match &self.root {
            Some(root) if root != "system" => builder.set_ca_file(root).map_err(tls)?,
            _ => {}
        }
        if let Some(certificate) = &self.certificate {
            builder.set_certificate_chain_file(certificate).map_err(tls)?;
            let key = self.key.as_ref().unwrap_or(certificate);
            builder.set_private_key_file(key, SslFiletype::PEM).map_err(tls)?;
        }
        if verification == Verification::None {
            builder.set_verify(SslVerifyMode::NONE);
        }
        let mut connector = MakeTlsConnector::new(builder.build());
        if verification != Verification::ChainAndName {
            connector.set_callback(|connection, _| {
                connection.set_verify_hostname(false);
                Ok(())
            });
        }
        Ok((mode, connector))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verification {
    None,
    Chain,
    ChainAndName,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(value: &str) -> Option<SslMode> {
        let mut parameters = TlsParameters::default();
        assert!(parameters.take("sslmode", value));
        parameters.connector().ok().map(|(mode, _)| mode)
    }

    #[test]
    fn the_modes_of_libpq_are_read() {
        for (text, wanted) in [
            ("disable", Some(SslMode::Disable)),
            ("prefer", Some(SslMode::Prefer)),
            ("require", Some(SslMode::Require)),
            ("verify-ca", Some(SslMode::Require)),
            ("verify-full", Some(SslMode::Require)),
            ("always", None),
        ] {
            assert_eq!(mode(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_root_certificate_that_is_not_there_is_an_error() {
        let mut parameters = TlsParameters::default();
        parameters.take("sslmode", "verify-full");
        parameters.take("sslrootcert", "/nowhere/root.pem");
        assert!(matches!(parameters.connector(), Err(ConnectError::Tls(_))));
    }
}
