//! The fetch against a small server on this machine.

use std::{
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
    time::Duration,
};

use oauth_core::time::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
};

use super::*;

const KEYS: &str = r#"{"keys":[]}"#;

/// A clock that tests move.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        // A tick for each look: no two readings are the same.
        Timestamp::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// A server that gives everybody the same bytes and counts them.
struct Server {
    uri: JwksUri,
    asked: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::gated(answer, None).await
    }

    /// Answers only when the gate is notified.
    async fn gated(answer: impl Into<Vec<u8>>, gate: Option<Arc<Notify>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (asked, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self {
            uri: JwksUri::parse(&format!("https://127.0.0.1:{port}/jwks")).expect("a URI"),
            asked: asked.clone(),
            requests: requests.clone(),
        };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let (answer, gate, requests) = (answer.clone(), gate.clone(), requests.clone());
                tokio::spawn(async move {
                    let mut request = vec![0; 4096];
                    let length = stream.read(&mut request).await.unwrap_or(0);
                    requests.lock().expect("unpoisoned").push(String::from_utf8_lossy(&request[..length]).into_owned());
                    if let Some(gate) = gate {
                        gate.notified().await;
                    }
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        server
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn ok(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

fn fetch() -> (FencedFetch<Hands>, Hands) {
    let hands = Hands::default();
    (FencedFetch::on_loopback_for_tests(hands.clone()), hands)
}

#[tokio::test]
async fn a_key_set_is_fetched_once_while_it_is_fresh() {
    let server = Server::answering(ok("Cache-Control: public, Max-Age=600\r\n", KEYS)).await;
    let (fetch, hands) = fetch();
    for _ in 0..3 {
        assert_eq!(fetch.jwks(&server.uri, false).await.expect("a key set").as_ref(), KEYS);
    }
    hands.pass(590);
    assert!(fetch.jwks(&server.uri, false).await.is_ok());
    assert_eq!(server.asked(), 1);
    hands.pass(20);
    assert!(fetch.jwks(&server.uri, false).await.is_ok());
    assert_eq!(server.asked(), 2);
    let request = server.requests.lock().expect("unpoisoned")[0].to_ascii_lowercase();
    assert!(request.starts_with("get /jwks http/1.1\r\n"), "{request}");
    assert!(request.contains("user-agent: authly/"), "{request}");
}

#[tokio::test]
async fn unknown_keys_fetch_at_most_once_a_minute() {
    let server = Server::answering(ok("", KEYS)).await;
    let (fetch, hands) = fetch();
    assert!(fetch.jwks(&server.uri, false).await.is_ok());
    for _ in 0..20 {
        assert!(matches!(fetch.jwks(&server.uri, true).await, Err(FetchError::HeldBack)));
    }
    assert_eq!(server.asked(), 1);
    hands.pass(61);
    assert!(fetch.jwks(&server.uri, true).await.is_ok());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn many_who_ask_at_once_make_one_request() {
    let gate = Arc::new(Notify::new());
    let server = Server::gated(ok("", KEYS), Some(gate.clone())).await;
    let (fetch, _) = fetch();
    let fetch = Arc::new(fetch);
    let tasks: Vec<_> = (0..20)
        .map(|index| {
            let (fetch, uri) = (fetch.clone(), server.uri.clone());
            tokio::spawn(async move { fetch.jwks(&uri, index % 2 == 0).await.map(|text| text.len()) })
        })
        .collect();
    while server.asked() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gate.notify_one();
    for task in tasks {
        assert_eq!(task.await.expect("no panic").expect("a key set"), KEYS.len());
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_the_fetch() {
    let gate = Arc::new(Notify::new());
    let server = Server::gated(ok("", KEYS), Some(gate.clone())).await;
    let (fetch, _) = fetch();
    let impatient = tokio::time::timeout(Duration::from_millis(50), fetch.jwks(&server.uri, false)).await;
    assert!(impatient.is_err());
    gate.notify_one();
    assert!(fetch.jwks(&server.uri, false).await.is_ok());
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn useless_answers_are_refused_and_remembered_for_a_minute() {
    let large = format!(r#"{{"keys":[],"padding":"{}"}}"#, "x".repeat(256 * 1024));
    let chunked = |body: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let answers: Vec<(&str, Vec<u8>)> = vec![
        ("404", b"HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}".to_vec()),
        ("500", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ("204", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        ("html", ok("", "<html></html>")),
        ("no keys", ok("", "{}")),
        ("keys of another type", ok("", r#"{"keys":{}}"#)),
        ("array", ok("", "[]")),
        ("not UTF-8", [&b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"[..], b"{\"keys\":[]}\xff"].concat()),
        ("announced too large", b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n".to_vec()),
        ("too large", ok("", &large)),
        ("too large in chunks", chunked(&large).into_bytes()),
        ("broken off", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"keys\":[]}".to_vec()),
        ("no HTTP", b"SSH-2.0-OpenSSH\r\n".to_vec()),
    ];
    for (what, answer) in answers {
        let server = Server::answering(answer).await;
        let (fetch, hands) = fetch();
        let first = fetch.jwks(&server.uri, false).await;
        assert!(matches!(first, Err(FetchError::Unusable(_))), "{what}: {first:?}");
        assert!(matches!(fetch.jwks(&server.uri, false).await, Err(FetchError::HeldBack)), "{what}");
        assert_eq!(server.asked(), 1, "{what}");
        hands.pass(61);
        assert!(matches!(fetch.jwks(&server.uri, false).await, Err(FetchError::Unusable(_))), "{what}");
        assert_eq!(server.asked(), 2, "{what}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::answering(ok("", KEYS)).await;
    let location = elsewhere.uri.as_str().replace("https", "http");
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let server = Server::answering(answer).await;
        let (fetch, _) = fetch();
        assert!(matches!(fetch.jwks(&server.uri, false).await, Err(FetchError::Unusable(_))));
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn addresses_inside_are_refused_by_number_and_by_name() {
    let server = Server::answering(ok("", KEYS)).await;
    let port = server.uri.as_str().split(':').nth(2).and_then(|rest| rest.split('/').next()).expect("a port");
    let fetch = FencedFetch::new(Hands::default());
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "[::]",
        "2130706433",
        "0x7f000001",
        "0177.1",
        "127.1",
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ] {
        let uri = JwksUri::parse(&format!("https://{host}:{port}/jwks")).expect(host);
        let answer = fetch.jwks(&uri, false).await;
        assert!(matches!(answer, Err(FetchError::Forbidden(_))), "{host}: {answer:?}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_fetch_for_tests_reaches_no_further_than_this_machine() {
    let (fetch, _) = fetch();
    let uri = JwksUri::parse("https://192.0.2.1/jwks").expect("a URI");
    assert!(matches!(fetch.jwks(&uri, false).await, Err(FetchError::Forbidden(_))));
}

#[tokio::test]
async fn without_the_test_constructor_nothing_goes_over_http() {
    let client = FencedClient::new(Reach::Internet);
    let answer = client.get("http://192.0.2.1/jwks").await;
    assert!(matches!(answer, Err(FetchError::Forbidden(_))), "{answer:?}");
}

#[tokio::test]
async fn a_server_that_never_ends_its_answer_is_left() {
    let gate = Arc::new(Notify::new());
    let silent = Server::gated(ok("", KEYS), Some(gate)).await;
    let client = FencedClient::new(Reach::Loopback).within(Duration::from_millis(200));
    let answer = client.get(silent.uri.as_str()).await;
    assert!(matches!(&answer, Err(FetchError::Unusable(why)) if why == "no answer in time"), "{answer:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n").await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let client = FencedClient::new(Reach::Loopback).within(Duration::from_millis(200));
    let answer = client.get(&format!("https://127.0.0.1:{port}/jwks")).await;
    assert!(matches!(&answer, Err(FetchError::Unusable(why)) if why == "no answer in time"), "{answer:?}");
}

#[tokio::test]
async fn idle_addresses_are_forgotten() {
    let (fetch, hands) = fetch();
    let uri = |index: usize| JwksUri::parse(&format!("https://192.0.2.1/{index}")).expect("a URI");
    for index in 0..Shared::<Hands>::MANY {
        let _ = fetch.jwks(&uri(index), false).await;
    }
    hands.pass(61);
    let _ = fetch.jwks(&uri(Shared::<Hands>::MANY), false).await;
    assert_eq!(fetch.shared.entries.lock().expect("unpoisoned").len(), 1);
}
