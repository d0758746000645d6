//! TLS to the database as `sslmode` asks for it, against a server that does nothing but shake hands.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use authly_storage_pg::{PgOptions, PgStore};
use oauth_core::store::MaintenanceRepository as _;
use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};

/// How the client began to talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// It went away.
    Nothing,
    /// In the clear.
    Plain,
    /// Inside TLS.
    Tls,
}

/// Whether the server offers TLS.
#[derive(Clone, Copy)]
enum Offer {
    Plain,
    Tls,
}

#[tokio::test]
async fn the_modes_ask_for_encryption_and_verification() {
    let folder = Folder::new();
    let key =
        PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap()).unwrap();
    let certificate = self_signed(&key, "localhost");
    let other = self_signed(&key, "elsewhere.example");
    let root = folder.keep("root.pem", &certificate);
    let foreign = folder.keep(
        "foreign.pem",
        &self_signed(
            &PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap())
                .unwrap(),
            "localhost",
        ),
    );
    let other_root = folder.keep("other.pem", &other);
    let rooted = |mode: &str, root: &Path| format!("sslmode={mode}&sslrootcert={}", root.display());
    for (offer, certificate, parameters, wanted) in [
        (Offer::Tls, &certificate, "sslmode=disable".to_owned(), Talk::Plain),
        (Offer::Tls, &certificate, "sslmode=prefer".to_owned(), Talk::Tls),
        (Offer::Plain, &certificate, "sslmode=prefer".to_owned(), Talk::Plain),
        (Offer::Plain, &certificate, String::new(), Talk::Plain),
        (Offer::Tls, &certificate, "sslmode=require".to_owned(), Talk::Tls),
        (Offer::Plain, &certificate, "sslmode=require".to_owned(), Talk::Nothing),
        (Offer::Plain, &certificate, rooted("verify-full", &root), Talk::Nothing),
        // A named root is used, also where only encryption was asked for.
        (Offer::Tls, &certificate, rooted("require", &foreign), Talk::Nothing),
        (Offer::Tls, &certificate, "sslmode=verify-ca".to_owned(), Talk::Nothing),
        (Offer::Tls, &certificate, rooted("verify-ca", &root), Talk::Tls),
        (Offer::Tls, &certificate, rooted("verify-full", &root), Talk::Tls),
        (Offer::Tls, &certificate, rooted("verify-full", &foreign), Talk::Nothing),
        // The name counts for verify-full only.
        (Offer::Tls, &other, rooted("verify-ca", &other_root), Talk::Tls),
        (Offer::Tls, &other, rooted("verify-full", &other_root), Talk::Nothing),
    ] {
        let (port, server) = serve(offer, &key, certificate);
        let store = PgStore::new(&format!("postgresql://me:pw@localhost:{port}/db?{parameters}"), PgOptions::default())
            .unwrap();
        // Nobody answers the start-up message, so there is never a connection.
        assert!(store.ping().await.is_err());
        assert_eq!(server.join().unwrap(), wanted, "{parameters}");
    }
}

/// Answers one connection as far as the first message after the handshake.
fn serve(offer: Offer, key: &PKey<Private>, certificate: &X509) -> (u16, JoinHandle<Talk>) {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_private_key(key).unwrap();
    acceptor.set_certificate(certificate).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 8];
        if stream.read_exact(&mut first).is_err() {
            return Talk::Nothing;
        }
        // SSLRequest, protocol 1234.5679; anything else is a start-up message.
        if first[4..] != 80_877_103_u32.to_be_bytes() {
            return Talk::Plain;
        }
        let Offer::Tls = offer else {
            stream.write_all(b"N").unwrap();
            return if stream.read_exact(&mut first).is_ok() { Talk::Plain } else { Talk::Nothing };
        };
        stream.write_all(b"S").unwrap();
        let Ok(mut stream) = acceptor.accept(stream) else { return Talk::Nothing };
        if stream.read_exact(&mut first).is_ok() { Talk::Tls } else { Talk::Nothing }
    });
    (port, server)
}

fn self_signed(key: &PKey<Private>, name: &str) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut serial = BigNum::new().unwrap();
    serial.rand(64, MsbOption::MAYBE_ZERO, false).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let names = SubjectAlternativeName::new().dns(name).build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// A folder for certificates that goes with this value.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn keep(&self, name: &str, certificate: &X509) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, certificate.to_pem().unwrap()).unwrap();
        path
    }
}
