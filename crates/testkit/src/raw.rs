//! Bytes on a socket, for requests that no HTTP client would send.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::app::TestApp;

/// What came back for raw bytes.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// Everything that was received.
    pub text: String,
    /// Whether the server closed the connection.
    pub closed: bool,
}

impl RawAnswer {
    /// The status of the first answer; 0 if there was none.
    pub fn status(&self) -> u16 {
        self.text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// How many answers there were.
    pub fn answers(&self) -> usize {
        self.text.matches("HTTP/1.1 ").count()
    }
}

impl TestApp {
    /// Sends bytes and reads until the server closes, or until it has been silent for a while.
    pub async fn raw(&self, bytes: impl Into<Vec<u8>>) -> RawAnswer {
        let (address, bytes) = (self.url.replace("http://localhost", "127.0.0.1"), bytes.into());
        tokio::task::spawn_blocking(move || exchange(&address, &bytes)).await.expect("an exchange")
    }
}

fn exchange(address: &str, bytes: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    // A server that has refused already may close before all is sent.
    drop(stream.write_all(bytes));
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    let closed = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break true,
            Ok(count) => received.extend_from_slice(buffer.get(..count).expect("what was read")),
            Err(error) => break error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    };
    RawAnswer { text: String::from_utf8_lossy(&received).into_owned(), closed }
}
