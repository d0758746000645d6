//! TLS to the database as libpq's parameters ask for it: `sslmode` and the files for certificates.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use openssl::{
    error::ErrorStack,
    ssl::{SslConnector, SslFiletype, SslMethod, SslVerifyMode},
    x509::store::X509StoreBuilder,
};
use postgres_openssl::{MakeTlsConnector, TlsStream};
use tokio_postgres::{
    Socket,
    config::SslMode,
    tls::{MakeTlsConnect, TlsConnect},
};

use crate::error::ConnectError;

/// What the parameters of an address say about TLS.
#[derive(Clone, Debug, Default)]
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
    pub(crate) fn connector(&self) -> Result<(SslMode, Encryption), ConnectError> {
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
        let encryption = Encryption { files: self.clone(), verification, made: Arc::default() };
        // What is sure to be needed is made now: a file that cannot be used is an error at once.
        if mode == SslMode::Require || self.certificate.is_some() || self.root.is_some() {
            encryption.connector().map_err(|error| ConnectError::Tls(error.to_string()))?;
        }
        Ok((mode, encryption))
    }
}

/// How connections are encrypted. Unless it is sure to be needed it is prepared when a server agrees to it: reading the
/// certificates of the operating system costs many times what a connection does.
#[derive(Clone)]
pub(crate) struct Encryption {
    files: TlsParameters,
    verification: Verification,
    made: Arc<OnceLock<MakeTlsConnector>>,
}

impl Encryption {
    fn connector(&self) -> Result<MakeTlsConnector, ErrorStack> {
        if let Some(made) = self.made.get() {
            return Ok(made.clone());
        }
        let made = self.make()?;
        Ok(self.made.get_or_init(|| made).clone())
    }

    fn make(&self) -> Result<MakeTlsConnector, ErrorStack> {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        match &self.files.root {
            Some(root) if root != "system" => builder.set_ca_file(root)?,
            _ => {}
        }
        if let Some(certificate) = &self.files.certificate {
            builder.set_certificate_chain_file(certificate)?;
            let key = self.files.key.as_ref().unwrap_or(certificate);
            builder.set_private_key_file(key, SslFiletype::PEM)?;
        }
        if self.verification == Verification::None {
            builder.set_verify(SslVerifyMode::NONE);
            // Nobody is compared with them.
            builder.set_cert_store(X509StoreBuilder::new()?.build());
        }
        let mut connector = MakeTlsConnector::new(builder.build());
        if self.verification != Verification::ChainAndName {
            connector.set_callback(|connection, _| {
                connection.set_verify_hostname(false);
                Ok(())
            });
        }
        Ok(connector)
    }
}

impl MakeTlsConnect<Socket> for Encryption {
    type Stream = TlsStream<Socket>;
    type TlsConnect = Handshake;
    type Error = ErrorStack;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, ErrorStack> {
        Ok(Handshake { encryption: self.clone(), domain: domain.to_owned() })
    }
}

/// The encryption of one connection.
pub(crate) struct Handshake {
    encryption: Encryption,
    domain: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = TlsStream<Socket>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let mut connector = self.encryption.connector()?;
            let one = MakeTlsConnect::<Socket>::make_tls_connect(&mut connector, &self.domain)?;
            one.connect(stream).await
        })
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
