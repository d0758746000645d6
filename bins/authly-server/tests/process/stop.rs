//! The end: what is in flight is finished, nothing hangs.

use std::io::{Read as _, Write as _};

use crate::support::Place;

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

#[test]
fn an_interrupt_ends_an_idle_server_at_once() {
    let mut server = Place::new().start();
    let _idle = server.connect();
    server.signal("INT");
    assert_eq!(server.wait(), Some(0));
    assert!(server.log.text().contains("stopped"));
}
