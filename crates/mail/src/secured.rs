//! TLS from the first byte (RFC 8314) over a connection of our own, on which nothing is held back: the client that we use opens such
//! connections itself, and leaves them as the system does, so that the end of each mail waits for a late confirmation.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_native_tls::{
    TlsStream,
    native_tls::{Certificate, Protocol, TlsConnector},
};

/// A connection under TLS.
pub(crate) struct Secured(TlsStream<TcpStream>);

impl Secured {
    /// Proves the server by that name, and by those certificates or the system's.
    pub(crate) async fn begin(stream: TcpStream, host: &str, trusted: Vec<Certificate>) -> Result<Self, String> {
        let told = |error: tokio_native_tls::native_tls::Error| error.to_string();
        let mut builder = TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        for certificate in trusted {
            builder.add_root_certificate(certificate);
        }
        let connector = tokio_native_tls::TlsConnector::from(builder.build().map_err(told)?);
        connector.connect(host, stream).await.map(Self).map_err(told)
    }
}

impl AsyncRead for Secured {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Secured {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().get_ref().get_ref().peer_addr()
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured").finish_non_exhaustive()
    }
}
