//! Bytes on the server's own listener: slow clients, and requests that two readers would cut in two ways (SECURITY.md row 53).

use std::{
    io::{ErrorKind, Read as _, Write as _},
    time::{Duration, Instant},
};

use crate::support::{Place, Server};

/// Everything that comes back for these bytes, and whether the server closed the connection.
fn exchange(server: &Server, bytes: &str) -> (String, bool) {
    let mut stream = server.connect();
    // A server that has refused already may close before all is sent.
    let _refused = stream.write_all(bytes.as_bytes());
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    let closed = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break true,
            Ok(count) => received.extend_from_slice(buffer.get(..count).unwrap()),
            Err(error) => break error.kind() == ErrorKind::ConnectionReset,
        }
    };
    (String::from_utf8_lossy(&received).into_owned(), closed)
}

fn impatient() -> Server {
    Place::new().with("AUTHLY_REQUEST_TIMEOUT_SECONDS", "1").start()
}

/// RFC 9110 15.5.9.
#[test]
fn a_body_that_does_not_arrive_in_time_is_408() {
    let server = impatient();
    for (path, kind) in [
        ("/auth/token", "application/x-www-form-urlencoded"),
        ("/auth/token", "application/json"),
        ("/api/auth/login", "application/json"),
    ] {
        let begin = Instant::now();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: {kind}\r\n", server.port);
        let (answer, closed) = exchange(&server, &format!("{head}Content-Length: 100\r\n\r\ngrant_type="));
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("invalid_request"), "{path} {kind}: {answer}");
        assert!(closed, "what comes late is no new request");
        assert!((1..8).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    }
    server.stop();
}

#[test]
fn a_head_that_does_not_arrive_in_time_is_408() {
    let server = impatient();
    let begin = Instant::now();
    let (answer, closed) = exchange(&server, &format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\n", server.port));
    assert!(closed && answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    server.stop();
}

/// RFC 9112 6.1, 6.3, 7.1 and 5.2: 400 and close, so that nothing smuggled is ever read as a request.
#[test]
fn ambiguous_framing_is_400_and_the_end_of_the_connection() {
    let server = Place::new().start();
    let smuggled = format!("GET /health/live HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", server.port);
    let length = smuggled.len();
    let head = format!(
        "POST /auth/token HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        server.port
    );
    for (what, framing) in [
        ("CL and TE", format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("TE and CL", format!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{smuggled}")),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{smuggled}")),
        ("a list of lengths", format!("Content-Length: 0, {length}\r\n\r\n{smuggled}")),
        ("a bad chunk size", format!("Transfer-Encoding: chunked\r\n\r\nzz\r\n{smuggled}")),
        ("a chunk without its end", format!("Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n{smuggled}")),
        ("an endless chunk size", format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{smuggled}")),
        ("a folded encoding", format!("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("a folded header", format!("X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n{smuggled}")),
        ("a space before the colon", format!("Content-Length : {length}\r\n\r\n{smuggled}")),
        ("chunked is not last", format!("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{smuggled}")),
    ] {
        let (answer, closed) = exchange(&server, &format!("{head}{framing}"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer}");
        assert!(closed, "{what}: the connection stays open");
    }
    assert_eq!(server.status("/health"), 200);
    server.stop();
}
