//! A small mail server: real sockets, a made certificate, and a temper that each test chooses.
#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    ssl::{SslAcceptor, SslMethod},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};

/// How a server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
    /// Takes everything.
    Kind,
    /// Refuses every recipient with this line.
    Recipient(&'static str),
    /// Answers the content with this line.
    Content(&'static str),
    /// Goes away after the content, without a word.
    Cut,
    /// Takes a mail and goes away; to the next command it says this first, if anything.
    Closes(Option<&'static str>),
    /// Somebody in between puts this behind the word to STARTTLS; the server itself refuses every content with the second.
    Injected(&'static str, &'static str),
    /// Somebody in between puts this behind the answer to the first EHLO.
    InjectedEarly(&'static str),
}

/// How a server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shield {
    /// Not at all.
    None,
    /// It offers STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// What a server saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Connections.
    pub(crate) connections: usize,
    /// Commands, in order.
    pub(crate) commands: Vec<String>,
    /// Contents that came whole, whatever was answered.
    pub(crate) contents: Vec<String>,
}

/// A server; it lives as long as its test.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    temper: Arc<Mutex<Temper>>,
    seen: Arc<Mutex<Seen>>,
    _folder: tempfile::TempDir,
}

impl MailServer {
    pub(crate) fn start(shield: Shield, temper: Temper) -> Self {
        let (certificate, key) = certificate("localhost");
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, certificate.to_pem().unwrap()).unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor.set_certificate(&certificate).unwrap();
        let acceptor = Arc::new(acceptor.build());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (temper, seen) = (Arc::new(Mutex::new(temper)), Arc::new(Mutex::new(Seen::default())));
        let (its_temper, its_seen) = (temper.clone(), seen.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (temper, seen, acceptor) = (its_temper.clone(), its_seen.clone(), acceptor.clone());
                thread::spawn(move || {
                    seen.lock().unwrap().connections += 1;
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    let _ = serve(stream, shield, &acceptor, &temper, &seen);
                });
            }
        });
        Self { port, ca, temper, seen, _folder: folder }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn becomes(&self, temper: Temper) {
        *self.temper.lock().unwrap() = temper;
    }
}

fn serve(
    stream: TcpStream,
    shield: Shield,
    acceptor: &SslAcceptor,
    temper: &Mutex<Temper>,
    seen: &Mutex<Seen>,
) -> Option<()> {
    if shield == Shield::Tls {
        return talk(acceptor.accept(stream).ok()?, false, temper, seen).map(drop);
    }
    // The plain talk ends with STARTTLS, where it is offered.
    let copy = stream.try_clone().ok()?;
    let upgraded = talk(stream, shield == Shield::StartTls, temper, seen)?;
    if upgraded {
        return talk_on(acceptor.accept(copy).ok()?, temper, seen);
    }
    Some(())
}

fn talk<S: Read + Write>(mut stream: S, starttls: bool, temper: &Mutex<Temper>, seen: &Mutex<Seen>) -> Option<bool> {
    stream.write_all(b"220 mail.test ready\r\n").ok()?;
    converse(BufReader::new(stream), starttls, temper, seen)
}

fn talk_on<S: Read + Write>(stream: S, temper: &Mutex<Temper>, seen: &Mutex<Seen>) -> Option<()> {
    converse(BufReader::new(stream), false, temper, seen).map(drop)
}

fn converse<S: Read + Write>(
    mut stream: BufReader<S>,
    starttls: bool,
    temper: &Mutex<Temper>,
    seen: &Mutex<Seen>,
) -> Option<bool> {
    let mut taken = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let command = line.trim_end().to_owned();
        seen.lock().unwrap().commands.push(command.clone());
        let temper = *temper.lock().unwrap();
        let word = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        if let Temper::Closes(Some(farewell)) = temper
            && taken
        {
            stream.get_mut().write_all(format!("{farewell}\r\n").as_bytes()).ok()?;
            return None;
        }
        let answer = match word.as_str() {
            "EHLO" if starttls => match temper {
                Temper::InjectedEarly(text) => format!("250-mail.test\r\n250 STARTTLS\r\n{}", text.trim_end()),
                _ => "250-mail.test\r\n250 STARTTLS".to_owned(),
            },
            "EHLO" => "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned(),
            "AUTH" => "235 welcome".to_owned(),
            "STARTTLS" if starttls => {
                let behind = if let Temper::Injected(text, _) = temper { text } else { "" };
                stream.get_mut().write_all(format!("220 go on\r\n{behind}").as_bytes()).ok()?;
                return Some(true);
            }
            "RCPT" => match temper {
                Temper::Recipient(line) => line.to_owned(),
                _ => "250 fine".to_owned(),
            },
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").ok()?;
                let content = content(&mut stream)?;
                seen.lock().unwrap().contents.push(content);
                match temper {
                    Temper::Content(line) | Temper::Injected(_, line) => line.to_owned(),
                    Temper::Cut => return None,
                    Temper::Closes(None) => {
                        stream.get_mut().write_all(b"250 it is here\r\n").ok()?;
                        return None;
                    }
                    Temper::Closes(Some(_)) => {
                        taken = true;
                        "250 it is here".to_owned()
                    }
                    _ => "250 it is here".to_owned(),
                }
            }
            "QUIT" => {
                let _ = stream.get_mut().write_all(b"221 bye\r\n");
                return None;
            }
            _ => "250 fine".to_owned(),
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
}

/// The content up to the lone dot; nothing if the connection ends before it.
fn content<S: Read>(stream: &mut BufReader<S>) -> Option<String> {
    let mut content = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(content);
        }
        content.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// A certificate of nobody but itself, for a server on this machine.
pub(crate) fn certificate(name_of_its_owner: &str) -> (X509, PKey<Private>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", name_of_its_owner).unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let context = builder.x509v3_context(None, None);
    let names = SubjectAlternativeName::new().dns("localhost").build(&context).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}
