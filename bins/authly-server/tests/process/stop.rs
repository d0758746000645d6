//! The end: what is in flight is finished, nothing hangs.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::support::{Place, Server};

#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    let mut server = Place::new().start();
    let mut stream = server.connect();
    let body = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    let port = server.port;
    let length = body.len();
    let head = format!(
        "POST /auth/token HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    let (first, rest) = body.split_at(10);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    stream.flush().unwrap();
    // The next request is answered, so the one before has reached its handler.
    assert_eq!(server.status("/health/live"), 200);
    server.signal("TERM");
    server.log.wait_for("stopping");
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 40") && answer.contains("invalid_client"), "{answer}");
    assert_eq!(server.wait(), Some(0));
}

/// What a browser does: it has had its page and keeps the connection for the next one.
fn kept_open(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream
        .write_all(format!("GET /health/live HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", server.port).as_bytes())
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200") && !head.contains("connection: close"), "{head}");
    let length = head.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    stream
}

#[test]
fn connections_that_are_only_kept_open_end_at_once_and_those_in_use_do_not() {
    let mut server = Place::new().start();
    let mut idle: Vec<_> = (0..8).map(|_| kept_open(&server)).collect();
    let mut busy = kept_open(&server);
    let head = "POST /auth/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n";
    busy.write_all(format!("{head}Host: localhost:{}\r\n\r\na", server.port).as_bytes()).unwrap();
    assert_eq!(server.status("/health/live"), 200, "so the request before has reached its handler");
    let begin = Instant::now();
    server.signal("TERM");
    for stream in &mut idle {
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "it is closed");
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    busy.write_all(b"=1234").unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(server.wait(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn an_interrupt_ends_an_idle_server_at_once() {
    let mut server = Place::new().start();
    let _idle = server.connect();
    server.signal("INT");
    assert_eq!(server.wait(), Some(0));
    assert!(server.log.text().contains("stopped"));
}
