//! A mail server (RFC 5321): TLS by STARTTLS, which is demanded (RFC 3207), or from the first byte (RFC 8314); without TLS only
//! to this machine. A connection is kept while there are mails.

use std::{fmt, future::Future, io, net::SocketAddr, path::PathBuf, time::Duration};

use authly_directory::mail::outbox::Attempted;
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use oauth_core::secret::Secret;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_native_tls::native_tls;

use crate::{
    courier::{Courier, Handed, Outgoing},
    lockstep::Lockstep,
    secured::Secured,
};

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all; only to this machine.
    None,
    /// By STARTTLS; a server that does not offer it gets no mail.
    StartTls,
    /// From the first byte.
    Tls,
}

/// The mail server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user there, with the password.
    pub credentials: Option<(String, Secret<String>)>,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// Certificates (PEM) that are trusted beside those of the system.
    pub ca_certificate: Option<PathBuf>,
    /// What we call ourselves.
    pub hello: String,
}

/// How long each step may take.
const CONNECT: Duration = Duration::from_secs(20);
const COMMAND: Duration = Duration::from_secs(60);
/// RFC 5321 4.5.3.2.6 asks for ten minutes; after two the mail is unknown, which is told and never resent unasked.
const CONTENT: Duration = Duration::from_secs(120);

/// A courier to a mail server.
pub struct Smtp {
    settings: SmtpSettings,
    open: Option<AsyncSmtpConnection>,
}

/// A step before the content that did not work.
enum Refused {
    /// The server is not there, or not usable: for no mail.
    Server(String),
    /// This mail, for now.
    Now(String),
    /// This mail, for good.
    Always(String),
}

impl Smtp {
    /// A courier to that server; it connects with the first mail.
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings, open: None }
    }

    /// Connects, proves the server and ourselves, and says good-bye: for checks.
    pub async fn probe(&self) -> Result<(), String> {
        let mut connection = self.connect().await?;
        let _ = tokio::time::timeout(COMMAND, connection.quit()).await;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let settings = &self.settings;
        let told = |error: &Error| words(error);
        let hello = ClientId::Domain(settings.hello.clone());
        let place = (settings.host.as_str(), settings.port);
        let connected = match settings.encryption {
            Encryption::None => {
                let stream = Box::new(tcp(self.own_machine().await?).await?);
                within(CONNECT, AsyncSmtpConnection::connect_with_transport(stream, &hello)).await
            }
            Encryption::StartTls => {
                let stream = Box::new(Lockstep::new(tcp(place).await?));
                within(CONNECT, AsyncSmtpConnection::connect_with_transport(stream, &hello)).await
            }
            Encryption::Tls => {
                let (trusted, stream) = (self.trusted()?, tcp(place).await?);
                let stream = Box::new(within(CONNECT, Secured::begin(stream, &settings.host, trusted)).await??);
                within(CONNECT, AsyncSmtpConnection::connect_with_transport(stream, &hello)).await
            }
        };
        let mut connection = connected?.map_err(|error| told(&error))?;
        if settings.encryption == Encryption::StartTls {
            if !connection.can_starttls() {
                return Err("the mail server does not offer STARTTLS, and nothing is sent without".to_owned());
            }
            let upgraded = within(CONNECT, connection.starttls(self.tls()?, &hello)).await?;
            upgraded.map_err(|error| told(&error))?;
        }
        if let Some((user, password)) = &settings.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            let entered = within(COMMAND, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
            entered.map_err(|error| format!("the mail server does not let us in: {}", told(&error)))?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(self.settings.host.clone());
        for certificate in self.trusted()? {
            let own = certificate.to_der().map_err(|error| error.to_string())?;
            builder = builder.add_root_certificate(Certificate::from_der(own).map_err(|error| words(&error))?);
        }
        builder.build_native().map_err(|error| words(&error))
    }

    /// All certificates of the file that are trusted beside those of the system.
    fn trusted(&self) -> Result<Vec<native_tls::Certificate>, String> {
        let Some(path) = &self.settings.ca_certificate else { return Ok(Vec::new()) };
        let shown = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let pem = std::fs::read(path).map_err(|error| shown(&error))?;
        let found = native_tls::Certificate::stack_from_pem(&pem).map_err(|error| shown(&error))?;
        if found.is_empty() { Err(shown(&"there is no certificate in it")) } else { Ok(found) }
    }

    /// The address of a server on this machine.
    async fn own_machine(&self) -> Result<SocketAddr, String> {
        let place = (self.settings.host.as_str(), self.settings.port);
        let found = within(CONNECT, tokio::net::lookup_host(place)).await?.map_err(|error| error.to_string())?;
        let (own, foreign): (Vec<_>, Vec<_>) = found.partition(|address| address.ip().is_loopback());
        match (own.first(), foreign.is_empty()) {
            (Some(address), true) => Ok(*address),
            _ => Err("without TLS mail is handed over on this machine only".to_owned()),
        }
    }

    /// Everything before the content, after which the server waits for it.
    async fn announce(&mut self, mail: &Outgoing) -> Result<&mut AsyncSmtpConnection, Refused> {
        let kept = match self.open.take().filter(|connection| !connection.has_broken()) {
            // Whether the server is still there its answer says: to ask before would cost each mail the way there and back.
            Some(mut kept) => match sender(&mut kept, mail).await {
                // It has waited too long, and closed. Nothing was begun; another connection is made.
                Err(Unannounced::Gone(_)) => None,
                answer => Some((kept, answer)),
            },
            None => None,
        };
        let (mut connection, mut answer) = match kept {
            Some(kept) => kept,
            None => {
                let mut fresh = self.connect().await.map_err(Refused::Server)?;
                let answer = sender(&mut fresh, mail).await;
                (fresh, answer)
            }
        };
        if answer.is_ok() {
            answer = recipient(&mut connection, mail).await;
        }
        let why = match answer {
            Ok(()) => return Ok(self.open.insert(connection)),
            Err(Unannounced::Gone(why)) => return Err(Refused::Now(why)),
            Err(Unannounced::Unsaid(why)) => {
                self.open = Some(connection);
                return Err(why);
            }
            Err(Unannounced::Answered(why)) => why,
        };
        // Who refuses one mail takes the next: a new connection for each would be slow, and many servers count them.
        if matches!(within(COMMAND, connection.command(Rset)).await, Ok(Ok(_))) {
            self.open = Some(connection);
        }
        Err(why)
    }
}

impl Courier for Smtp {
    async fn carry(&mut self, mail: &Outgoing, begin: impl Future<Output = bool> + Send) -> Handed {
        let connection = match self.announce(mail).await {
            Ok(connection) => connection,
            Err(Refused::Server(why)) => return Handed::NobodyThere(why),
            Err(Refused::Now(why)) => return Handed::Tried(Attempted::Postponed(why)),
            Err(Refused::Always(why)) => return Handed::Tried(Attempted::Refused(why)),
        };
        if !begin.await {
            // The content was never begun: a server whose client goes away now has no mail (RFC 5321 3.8).
            self.open = None;
            return Handed::NotOurs;
        }
        let answer = within(CONTENT, connection.message(&mail.bytes)).await;
        let attempted = match answer {
            Ok(Ok(_)) => return Handed::Tried(Attempted::Accepted),
            Ok(Err(error)) if error.is_permanent() => Attempted::Refused(words(&error)),
            Ok(Err(error)) if error.is_transient() => Attempted::Postponed(words(&error)),
            Ok(Err(error)) => Attempted::Unanswered(words(&error)),
            Err(late) => Attempted::Unanswered(late),
        };
        self.open = None;
        Handed::Tried(attempted)
    }

    async fn rest(&mut self) {
        if let Some(mut connection) = self.open.take() {
            let _ = tokio::time::timeout(Duration::from_secs(5), connection.quit()).await;
        }
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why a mail could not be announced.
enum Unannounced {
    /// The server said so, and waits for what comes next.
    Answered(Refused),
    /// The server did not answer, or said that it ends the connection (RFC 5321 3.8).
    Gone(String),
    /// Nothing was said to the server.
    Unsaid(Refused),
}

/// Who sends.
async fn sender(connection: &mut AsyncSmtpConnection, mail: &Outgoing) -> Result<(), Unannounced> {
    let mut parameters = Vec::new();
    if ![&mail.from, &mail.to].into_iter().all(|address| <Address as AsRef<str>>::as_ref(address).is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let why = "the mail server takes no such address (SMTPUTF8)".to_owned();
            return Err(Unannounced::Unsaid(Refused::Always(why)));
        }
        parameters.push(MailParameter::SmtpUtfEight);
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    say(connection, Mail::new(Some(mail.from.clone()), parameters)).await
}

/// To whom; then the server waits for the content.
async fn recipient(connection: &mut AsyncSmtpConnection, mail: &Outgoing) -> Result<(), Unannounced> {
    say(connection, Rcpt::new(mail.to.clone(), vec![])).await?;
    say(connection, Data).await
}

async fn say(connection: &mut AsyncSmtpConnection, command: impl fmt::Display) -> Result<(), Unannounced> {
    const CLOSING: &str = "421";
    let error = match within(COMMAND, connection.command(command)).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error,
        Err(late) => return Err(Unannounced::Gone(late)),
    };
    let closes = error.status().is_some_and(|code| code.to_string() == CLOSING);
    Err(if error.is_permanent() {
        Unannounced::Answered(Refused::Always(words(&error)))
    } else if error.is_transient() && !closes {
        Unannounced::Answered(Refused::Now(words(&error)))
    } else {
        Unannounced::Gone(words(&error))
    })
}

/// A connection on which nothing waits: a mail's content and the dot behind it are two writes, and the second would be held back
/// until the server has confirmed the first, which it does late.
async fn tcp(place: impl ToSocketAddrs) -> Result<TcpStream, String> {
    let connect = async {
        let stream = TcpStream::connect(place).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    within(CONNECT, connect).await?.map_err(|error: io::Error| error.to_string())
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(time, work).await.map_err(|_| "the mail server did not answer in time".to_owned())
}

/// An error with its causes.
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_mail_is_not_held_back() {
        let server = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = tcp(server.local_addr().unwrap()).await.unwrap();
        assert!(stream.nodelay().unwrap());
    }
}
