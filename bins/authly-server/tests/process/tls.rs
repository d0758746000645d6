//! Direct TLS: HTTP/1.1 under a certificate that is exchanged in the running server.

use std::{
    io::{Read as _, Write as _},
    path::Path,
};

use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
    ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion},
    x509::{X509, X509NameBuilder},
};

use crate::support::{Place, Server};

fn certificate(folder: &Path, name: &str) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    std::fs::write(folder.join("key.pem"), key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    std::fs::write(folder.join("certificate.pem"), builder.build().to_pem().unwrap()).unwrap();
}

/// The name in the certificate, the protocol that was agreed on, and the answer to a GET.
fn ask(server: &Server) -> (String, Option<Vec<u8>>, String) {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_alpn_protos(b"\x02h2\x08http/1.1").unwrap();
    let mut stream = connector.build().connect("localhost", server.connect()).unwrap();
    let port = server.port;
    write!(
        stream,
        "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let presented = stream.ssl().peer_certificate().unwrap();
    let name = presented.subject_name().entries().next().unwrap().data().to_string().unwrap();
    (name, stream.ssl().selected_alpn_protocol().map(<[u8]>::to_vec), answer)
}

fn place() -> Place {
    let place = Place::new();
    certificate(place.folder.path(), "first");
    let file = |name: &str| place.folder.path().join(name).display().to_string();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    place.with("AUTHLY_TLS_CERT", certificate).with("AUTHLY_TLS_KEY", key)
}

#[test]
fn a_new_certificate_is_used_without_a_restart() {
    let place = place();
    let server = place.start();
    let (name, protocol, answer) = ask(&server);
    assert_eq!((name.as_str(), protocol.as_deref()), ("first", Some(&b"http/1.1"[..])));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(&format!("\"issuer\":\"https://localhost:{}\"", server.port)), "{answer}");
    certificate(place.folder.path(), "second");
    server.signal("HUP");
    server.log.wait_for("the certificate has been exchanged");
    assert_eq!(ask(&server).0, "second");
    std::fs::write(place.folder.path().join("certificate.pem"), "nonsense").unwrap();
    server.signal("HUP");
    server.log.wait_for("the one before stays");
    assert_eq!(ask(&server).0, "second");
    server.stop();
}

#[test]
fn health_is_asked_over_tls_too() {
    let place = place();
    let server = place.start();
    let address = format!("127.0.0.1:{}", server.port);
    let own = place.run(&["health", "--listen", &address]);
    assert_eq!(own.code, 0, "{own:?}");
    let foreign = place.run(&["health", "--url", &format!("https://{address}")]);
    assert_eq!(foreign.code, 1, "a certificate that nobody signed is not believed from outside: {foreign:?}");
    server.stop();
}

#[test]
fn a_key_of_another_certificate_stops_the_start() {
    let place = place();
    let other = tempfile::tempdir().unwrap();
    certificate(other.path(), "other");
    std::fs::copy(other.path().join("key.pem"), place.folder.path().join("key.pem")).unwrap();
    let done = place.run(&["--listen", "127.0.0.1:0"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("AUTHLY_TLS_CERT"), "{}", done.err);
}

#[test]
fn old_protocols_are_not_spoken() {
    let server = place().start();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_security_level(0);
    connector.set_cipher_list("ALL").unwrap();
    connector.set_min_proto_version(None).unwrap();
    connector.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
    assert!(connector.build().connect("localhost", server.connect()).is_err());
    server.stop();
}
