//! The typed settings: one struct a concern, ready to be turned into what each crate wants.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use crate::parse::database::Database;
pub use crate::parse::environment::Environment;
pub use crate::parse::issuer::IssuerUrl;
use crate::parse::issuer::Scheme;
pub use crate::parse::network::Network;
use crate::secret::{SecretKey, SecretText, SecretUrl};
use crate::upstream::Upstream;

/// Everything that can be configured, read, checked and typed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The process: mode, files, workers.
    pub server: Server,
    /// Where it listens and whom it believes.
    pub listener: Listener,
    /// Where data is kept.
    pub store: Store,
    /// The issuer's name.
    pub issuer: Issuer,
    /// Signing keys and the key above them.
    pub keys: Keys,
    /// Lifetimes of codes and tokens.
    pub tokens: Tokens,
    /// Switches of the OAuth endpoints.
    pub oauth: OAuth,
    /// The password login of before.
    pub legacy: Legacy,
    /// Who may have an account.
    pub accounts: Accounts,
    /// How new passwords are judged and stored.
    pub passwords: Passwords,
    /// How long people stay signed in.
    pub sessions: Sessions,
    /// Protection against guessing and floods.
    pub limits: Limits,
    /// Administration.
    pub admin: Admin,
    /// The upstream providers that people may sign in with.
    pub upstreams: Vec<Upstream>,
    /// The mail server, when there is one.
    pub mail: Option<Mail>,
    /// What is logged.
    pub logging: Logging,
    /// Metrics and health.
    pub operations: Operations,
    /// What people see of the installation.
    pub pages: Pages,
}

/// The process: mode, files, workers.
#[derive(Debug, Clone)]
pub struct Server {
    /// The kind of installation.
    pub environment: Environment,
    /// Logs more than is fit for production.
    pub debug: bool,
    /// The folder of the embedded store and of keys made in development.
    pub data_dir: PathBuf,
    /// HTTP worker threads; `None` is one for each processor.
    pub workers: Option<usize>,
}

/// Where the server listens, whom it believes, and what it puts up with.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The address and port.
    pub address: SocketAddr,
    /// Certificate and key, when the server speaks TLS itself.
    pub tls: Option<Tls>,
    /// The proxies whose forwarded headers count.
    pub trusted_proxies: Vec<Network>,
    /// Lower-case host names that requests may ask for; one without a port fits every port.
    pub allowed_hosts: Vec<String>,
    /// Origins of browser applications.
    pub cors_origins: Vec<String>,
    /// The largest request body in bytes.
    pub body_limit: usize,
    /// How long a client may take to send the head of a request.
    pub request_timeout: Duration,
    /// How long an idle connection is kept; zero closes it.
    pub keep_alive: Duration,
    /// How long requests in flight may take to end.
    pub shutdown_timeout: Duration,
    /// Connections open at once.
    pub max_connections: usize,
}

/// The files of the server's own TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate chain in PEM.
    pub certificate: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

/// Where accounts, clients, grants and keys are kept.
#[derive(Debug, Clone)]
pub struct Store {
    /// The database, password included.
    pub database: Database,
    /// Certificates that verify the database server; `None` is the system's.
    pub ca_certificate: Option<PathBuf>,
    /// Connections at most.
    pub pool_size: usize,
    /// How long a request waits for a connection.
    pub connect_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// Whether the schema is brought up to date at start.
    pub migrate_on_start: bool,
    /// How long small things stay in memory at most.
    pub cache_lifetime: Duration,
    /// How long expired rows stay.
    pub keep_expired: Duration,
}

/// The issuer's name.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The issuer.
    pub url: IssuerUrl,
    /// False when nobody named it and it follows from the listener.
    pub declared: bool,
}

/// Signing keys and the key that they are encrypted under.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The key above all others; `None` outside production is a file in the data folder.
    pub encryption_key: Option<SecretKey>,
    /// The key of before, while everything is moved to the new one.
    pub previous_encryption_key: Option<SecretKey>,
    /// A private RSA key in PEM to import.
    pub rsa_private_key: Option<SecretText>,
    /// The Fernet key of the program that came before.
    pub fernet_key: Option<SecretKey>,
    /// The algorithm of access tokens.
    pub access_token_algorithm: SigningAlgorithm,
    /// The algorithm of ID tokens.
    pub id_token_algorithm: SigningAlgorithm,
    /// The age at which a signing key is replaced; `None` leaves it to the operator.
    pub rotate_after: Option<Duration>,
}

/// Lifetimes of codes and tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Of an access token.
    pub access_lifetime: Duration,
    /// Of a refresh token that is not used.
    pub refresh_lifetime: Duration,
    /// Of a grant in all; `None` is without limit.
    pub refresh_absolute_lifetime: Option<Duration>,
    /// In which a lost refresh may be repeated; zero switches it off.
    pub refresh_retry_window: Duration,
    /// Of an ID token.
    pub id_lifetime: Duration,
    /// Of an authorization code.
    pub code_lifetime: Duration,
}

/// Switches of the OAuth endpoints.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Whether they exist; `None` leaves it to the switch in the store.
    pub enabled: Option<bool>,
    /// Whether new confidential clients must use PKCE.
    pub pkce_required: bool,
    /// Whether people are asked before a client gets access.
    pub consent_required: bool,
    /// Whether first-party clients may show their own sign-in form.
    pub first_party_challenge: bool,
}

/// The password login of before.
#[derive(Debug, Clone)]
pub struct Legacy {
    /// Whether the password grant and the JSON logins are served.
    pub password_grant: bool,
    /// Whether the paths of earlier programs are served.
    pub routes: bool,
    /// The algorithm of legacy tokens.
    pub algorithm: HmacAlgorithm,
    /// The secret of legacy access tokens; `None` is made and stored by the server.
    pub access_secret: Option<SecretText>,
    /// The secret of legacy refresh tokens; `None` is made and stored by the server.
    pub refresh_secret: Option<SecretText>,
}

/// Who may have an account.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// Whether people may register themselves.
    pub registration: bool,
    /// Where an e-mail address stands for one account only; `None` leaves it as the store has it.
    pub email_uniqueness: Option<EmailUniqueness>,
}

/// How new passwords are judged and stored.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// The scheme of new hashes.
    pub hash: PasswordHash,
    /// The least number of characters.
    pub min_length: usize,
    /// The longest, in bytes.
    pub max_bytes: usize,
    /// Threads that hash; `None` is one for each processor.
    pub hash_threads: Option<usize>,
    /// How many may wait.
    pub hash_queue: usize,
    /// Secrets that an older program appended to passwords before it made bcrypt hashes.
    pub peppers: Vec<SecretText>,
    /// Whether hashes of other programs verify.
    pub foreign_hashes: bool,
}

/// How long people stay signed in.
#[derive(Debug, Clone)]
pub struct Sessions {
    /// A session that is not used.
    pub idle_lifetime: Duration,
    /// A session in all.
    pub absolute_lifetime: Duration,
    /// A session in all, for those who asked to stay signed in.
    pub remember_lifetime: Duration,
    /// An authorization request that waits for its user.
    pub sign_in_lifetime: Duration,
}

/// Protection against guessing and floods.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whether requests are limited by rate.
    pub enabled: bool,
    /// Requests a minute from one address.
    pub per_minute: u32,
    /// Sign-ins a minute for one account.
    pub account_per_minute: u32,
    /// Wrong passwords until an account is locked.
    pub max_login_attempts: u32,
    /// How long it stays locked.
    pub lockout: Duration,
    /// A Redis that nodes share.
    pub redis_url: Option<SecretUrl>,
}

/// Administration.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where `/admin` is reached from.
    pub networks: Vec<Network>,
    /// The first administrator, when named.
    pub bootstrap: Option<Bootstrap>,
    /// Whether the command line works on this store.
    pub cli_enabled: bool,
}

/// The first administrator.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// The e-mail address, which is the user name too.
    pub email: String,
    /// The password.
    pub password: SecretText,
}

/// How mails are sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// What takes them.
    pub carrier: MailCarrier,
    /// The sender of every mail.
    pub from_email: String,
    /// Whether mails are sent again of which nobody knows whether they were accepted.
    pub resend_unknown: bool,
    /// How long a link to set a password is good.
    pub password_link_lifetime: Duration,
    /// How long a link to verify an address is good.
    pub verification_link_lifetime: Duration,
}

/// What takes mails.
#[derive(Debug, Clone)]
pub enum MailCarrier {
    /// A folder, as `.eml` files.
    Folder(PathBuf),
    /// A mail server.
    Server(MailServer),
}

/// The mail server.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user there.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretText>,
    /// How the connection is protected.
    pub encryption: MailEncryption,
    /// Certificates (PEM) that are trusted beside those of the system.
    pub ca_certificate: Option<PathBuf>,
}

impl Mail {
    /// The mail server, where it is one.
    pub const fn server(&self) -> Option<&MailServer> {
        match &self.carrier {
            MailCarrier::Server(server) => Some(server),
            MailCarrier::Folder(_) => None,
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Logging {
    /// The least important level that is logged.
    pub level: LogLevel,
    /// The form of a line.
    pub format: LogFormat,
}

/// Metrics and health.
#[derive(Debug, Clone)]
pub struct Operations {
    /// Whether `/metrics` exists.
    pub metrics: bool,
    /// Whether the health endpoints exist.
    pub health: bool,
}

/// What people see of the installation.
#[derive(Debug, Clone)]
pub struct Pages {
    /// The name on top of each page.
    pub product_name: String,
    /// The color of buttons and links, `#rrggbb` in lower case.
    pub accent_color: String,
    /// The folder with the logos of clients.
    pub logo_dir: Option<PathBuf>,
    /// Where security reports go: a `mailto:` or `https:` address.
    pub security_contact: Option<String>,
}

pub use crate::words::{
    EmailUniqueness, HmacAlgorithm, LogFormat, LogLevel, MailEncryption, PasswordHash, SigningAlgorithm,
};

impl Settings {
    /// The same settings once the listener has its port: an issuer that nobody declared follows it.
    #[must_use]
    pub fn listening_on(mut self, port: u16) -> Self {
        self.listener.address.set_port(port);
        if !self.issuer.declared {
            let scheme = if self.listener.tls.is_some() { Scheme::Https } else { Scheme::Http };
            self.issuer.url = IssuerUrl::local(scheme, port);
        }
        self
    }
}
