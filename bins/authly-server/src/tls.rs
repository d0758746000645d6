//! Direct TLS: certificate and key from files, exchanged in a running server when the files change.

use std::{sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use authly_config::Tls;
use authly_runtime::Trouble;
use openssl::{
    error::ErrorStack,
    ssl::{AlpnError, SslAcceptor, SslAcceptorBuilder, SslContext, SslFiletype, SslMethod, select_next_proto},
};

/// HTTP/1.1 is what the server speaks.
const PROTOCOLS: &[u8] = b"\x08http/1.1";

/// The certificate in use.
#[derive(Clone)]
pub(crate) struct Certificate {
    files: Tls,
    current: Arc<ArcSwap<SslContext>>,
    read_at: Arc<ArcSwap<Option<SystemTime>>>,
}

impl Certificate {
    /// Reads certificate and key.
    pub(crate) fn load(files: &Tls) -> Result<Self, Trouble> {
        let changed_at = changed_at(files);
        let context = builder(files).map_err(|error| unusable(files, &error))?.build().into_context();
        Ok(Self {
            files: files.clone(),
            current: Arc::new(ArcSwap::from_pointee(context)),
            read_at: Arc::new(ArcSwap::from_pointee(changed_at)),
        })
    }

    /// Accepts connections under whatever certificate is current when each begins.
    pub(crate) fn acceptor(&self) -> Result<SslAcceptor, Trouble> {
        let failed = |error: ErrorStack| unusable(&self.files, &error);
        let mut acceptor = builder(&self.files).map_err(failed)?;
        let current = self.current.clone();
        // Called for every handshake, also of clients that name no server.
        acceptor.set_servername_callback(move |connection, _| {
            if let Err(error) = connection.set_ssl_context(&current.load()) {
                tracing::error!(%error, "the certificate cannot be exchanged");
            }
            Ok(())
        });
        Ok(acceptor.build())
    }

    /// Reads the files again if they have changed; a certificate that cannot be used leaves the one before in force.
    pub(crate) fn reload_if_changed(&self) {
        let changed_at = changed_at(&self.files);
        if changed_at == **self.read_at.load() {
            return;
        }
        self.read_at.store(Arc::new(changed_at));
        match builder(&self.files) {
            Ok(fresh) => {
                self.current.store(Arc::new(fresh.build().into_context()));
                tracing::info!("the certificate has been exchanged");
            }
            Err(error) => tracing::error!(%error, "the new certificate cannot be used; the one before stays"),
        }
    }
}

/// TLS 1.2 and 1.3 with the ciphers of Mozilla's intermediate profile.
fn builder(files: &Tls) -> Result<SslAcceptorBuilder, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_certificate_chain_file(&files.certificate)?;
    builder.set_private_key_file(&files.key, SslFiletype::PEM)?;
    builder.check_private_key()?;
    builder.set_alpn_select_callback(|_, offered| select_next_proto(PROTOCOLS, offered).ok_or(AlpnError::NOACK));
    Ok(builder)
}

/// When either file last changed.
fn changed_at(files: &Tls) -> Option<SystemTime> {
    let of = |path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    of(&files.certificate).max(of(&files.key))
}

fn unusable(files: &Tls, error: &ErrorStack) -> Trouble {
    Trouble::caused(
        format!("cannot use {} with {}", files.certificate.display(), files.key.display()),
        error,
        "name a certificate chain and its private key, both in PEM, in AUTHLY_TLS_CERT and AUTHLY_TLS_KEY",
    )
}
