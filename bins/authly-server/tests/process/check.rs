//! `--check` and `health`.

use std::net::TcpListener;

use crate::support::Place;

#[test]
fn a_check_tells_whether_the_server_would_start() {
    let place = Place::new();
    let done = place.run(&["--check"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("the server would start") && done.out.contains("will apply"), "{}", done.out);
    assert!(!place.folder.path().join("authly.db").exists(), "a check touches nothing");
    let behind = Place::production().run(&["--check"]);
    assert_eq!(behind.code, 1);
    assert!(behind.err.contains("migrate schema up"), "{}", behind.err);
    let wrong = Place::new().with("LOG_LEVEL", "loud").run(&["--check"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("LOG_LEVEL"), "{}", wrong.err);
    let foreign = Place::new();
    std::fs::write(foreign.folder.path().join("authly.db"), "a letter, and no database at all".repeat(10)).unwrap();
    assert_eq!(foreign.run(&["--check"]).code, 1);
}

#[test]
fn a_check_tells_of_every_provider_and_of_no_secret() {
    let place = Place::new().with("AUTHLY_CONFIG", "authly.toml");
    let section = "[upstream.corp]\nissuer = \"https://idp.example\"\nlabel = \"The Corp\"\nclient_id = \"4711\"\n\
                   client_secret = \"hush-hush\"\nlink = \"imported\"\ntenants = \"required\"\n";
    std::fs::write(place.folder.path().join("authly.toml"), section).unwrap();
    let done = place.run(&["--check"]);
    assert_eq!(done.code, 0, "{done:?}");
    let line = done.out.lines().find(|line| line.starts_with("upstream: corp (https://idp.example)")).unwrap();
    for told in ["The Corp", "4711", "client_secret_basic", "linked by imported id", "group of their tenant"] {
        assert!(line.contains(told), "{line}");
    }
    let shown = place.admin(&["config", "show", "--output", "json"]);
    assert!(shown.out.contains("\"upstream.corp.label\""), "{}", shown.out);
    for output in [done.out, done.err, shown.out] {
        assert!(!output.contains("hush-hush"), "{output}");
    }
}

#[test]
fn settings_are_not_called_valid_before_what_is_wrong_with_a_provider() {
    let place = Place::new().with("AUTHLY_CONFIG", "authly.toml");
    let section = "[upstream.corp]\nissuer = \"no address\"\nclient_id = \"4711\"\nclient_secret = \"hush\"\n";
    std::fs::write(place.folder.path().join("authly.toml"), section).unwrap();
    let done = place.run(&["--check"]);
    assert!(done.code == 1 && done.err.contains("upstream.corp") && !done.out.contains("valid"), "{done:?}");
}

#[test]
fn a_check_tries_the_key_that_the_store_is_sealed_under() {
    let place = Place::new();
    place.start().stop();
    assert_eq!(place.run(&["--check"]).code, 0);
    let other = place.with("SECRET_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").run(&["--check"]);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.err.contains("another SECRET_ENCRYPTION_KEY"), "{}", other.err);
}

#[test]
fn a_running_server_is_asked_for_its_health() {
    let place = Place::new();
    let server = place.start();
    let address = format!("127.0.0.1:{}", server.port);
    assert_eq!(place.run(&["health", "--listen", &address]).code, 0);
    assert_eq!(place.run(&["health", "--url", &format!("http://{address}")]).code, 0);
    server.stop();
    let gone = place.run(&["health", "--listen", &address]);
    assert_eq!(gone.code, 1);
    assert!(gone.err.contains("no answer"), "{}", gone.err);
}

#[test]
fn something_else_that_listens_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 256];
        let _read = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let done = Place::new().run(&["health", "--url", &format!("http://{address}")]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("503"), "{}", done.err);
    answer.join().unwrap();
    for nonsense in ["ftp://localhost", "nonsense"] {
        assert_eq!(Place::new().run(&["health", "--url", nonsense]).code, 1, "{nonsense}");
    }
}
