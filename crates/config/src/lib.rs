//! One typed set of settings: defaults, then a TOML file, then the environment.
//!
//! ```
//! let environment = [("AUTHLY_LISTEN", "127.0.0.1:9000"), ("ACCESS_TOKEN_EXPIRE_MINUTES", "15")];
//! let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
//! let (settings, doubts) = authly_config::load(environment, no_files).into_result()?;
//! assert_eq!(settings.issuer.url.as_str(), "http://localhost:9000");
//! assert_eq!(settings.tokens.access_lifetime.as_secs(), 900);
//! assert!(doubts.is_empty());
//! # Ok::<(), authly_config::Invalid>(())
//! ```
//!
//! # How it works
//!
//! One table, [`SETTINGS`], holds a row for each setting: its key in the file, its names in the environment, its kind, its
//! default and its meaning. Loading, `config show` ([`Report::rows`]), the reference ([`reference_markdown`]) and the example
//! file ([`example_toml`]) all come from it. The `config` crate merges the layers and is fed with the known names only; the
//! kinds parse; the rules compare. Whatever is wrong is collected as [`Problem`]s and reported at once, and no value of a
//! secret gets into any of them. [`from_process`] is the one function that reads the environment and the disk.
//!
//! # What comes out
//!
//! ```text
//! Report      settings() -> Option<&Settings>, problems() -> &[Problem], rows() -> &[Row], into_result() -> Result<(Settings, warnings), Invalid>
//! Problem     names: Vec<String>, severity: Error|Warning, what, hint          Row  key, name, value (redacted), origin
//! SecretText  expose() -> &str        SecretKey  expose() -> &[u8; 32]        SecretUrl  expose() -> &str, Display is masked
//! Network     address(), prefix(), contains(IpAddr)        IssuerUrl  as_str(), host(), port(), is_https(), is_loopback()
//!
//! Settings { server, listener, store, issuer, keys, tokens, oauth, legacy, accounts, passwords, sessions, limits, admin,
//!            mail: Option<Mail>, logging, operations, pages }         Settings::listening_on(port) -> Settings
//! server      environment: Environment{Development,Production,Other(String)}, debug: bool, data_dir: PathBuf, workers: Option<usize>
//! listener    address: SocketAddr, tls: Option<Tls{certificate,key: PathBuf}>, trusted_proxies: Vec<Network>,
//!             allowed_hosts: Vec<String>, cors_origins: Vec<String>, body_limit: usize, request_timeout: Duration,
//!             keep_alive: Duration, shutdown_timeout: Duration, max_connections: usize
//! store       database: Database{Postgres(SecretUrl),Sqlite(PathBuf)}, ca_certificate: Option<PathBuf>, pool_size: usize,
//!             connect_timeout, statement_timeout: Duration, migrate_on_start: bool, cache_lifetime, keep_expired: Duration
//! issuer      url: IssuerUrl, declared: bool
//! keys        encryption_key, previous_encryption_key, fernet_key: Option<SecretKey>, rsa_private_key: Option<SecretText>,
//!             access_token_algorithm, id_token_algorithm: SigningAlgorithm, rotate_after: Option<Duration>
//! tokens      access_lifetime, refresh_lifetime, refresh_retry_window, id_lifetime, code_lifetime: Duration,
//!             refresh_absolute_lifetime: Option<Duration>
//! oauth       enabled: Option<bool> (None: the switch in the store), pkce_required: bool, consent_required: bool,
//!             first_party_challenge: bool
//! legacy      password_grant, routes: bool, algorithm: HmacAlgorithm, access_secret, refresh_secret: Option<SecretText>
//! accounts    registration: bool, email_uniqueness: Option<EmailUniqueness{Global,PerTenant}>
//! passwords   hash: PasswordHash{Argon2id{memory_kib,passes,lanes},Bcrypt{cost}}, min_length, max_bytes: usize,
//!             hash_threads: Option<usize>, hash_queue: usize, peppers: Vec<SecretText>, foreign_hashes: bool
//! sessions    idle_lifetime, absolute_lifetime, remember_lifetime, sign_in_lifetime: Duration
//! limits      enabled: bool, per_minute, account_per_minute, max_login_attempts: u32, lockout: Duration, redis_url: Option<SecretUrl>
//! upstreams   Vec<Upstream{section, issuer, name, client_id: String, proof: UpstreamProof{Basic,Key,Nothing,Post}, ..}>
//! admin       networks: Vec<Network>, bootstrap: Option<Bootstrap{email: String, password: SecretText}>, cli_enabled: bool
//! mail        host: String, port: u16, username: Option<String>, password: Option<SecretText>, from_email: String,
//!             encryption: MailEncryption{None,StartTls,Tls}
//! logging     level: LogLevel, format: LogFormat{Json,Text}        operations  metrics: bool, health: bool
//! pages       product_name, accent_color: String, logo_dir: Option<PathBuf>, security_contact: Option<String>
//! ```

mod assemble;
mod environment;
mod file;
mod layers;
mod load;
mod origin;
mod parse;
mod problem;
mod reference;
mod rules;
mod secret;
mod setting;
mod settings;
mod show;
mod suggest;
mod table;
mod unread;
mod upstream;
mod value;
mod words;

pub use crate::load::{Changed, Report, from_process, from_process_with, load};
pub use crate::origin::Origin;
pub use crate::parse::login::Login;
pub use crate::problem::{Invalid, Problem, Severity};
pub use crate::reference::{example_toml, reference_markdown};
pub use crate::secret::{SecretKey, SecretText, SecretUrl};
pub use crate::setting::{Change, Fallback, Kind, Name, Secrecy, Setting, Unit};
pub use crate::settings::{
    Accounts, Admin, Bootstrap, Database, EmailUniqueness, Environment, HmacAlgorithm, Issuer, IssuerUrl, Keys, Legacy,
    Limits, Listener, LogFormat, LogLevel, Logging, Mail, MailCarrier, MailEncryption, MailServer, Network, OAuth,
    Operations, Pages, PasswordHash, Passwords, Server, Sessions, Settings, SigningAlgorithm, Store, Tls, Tokens,
};
pub use crate::show::Row;
pub use crate::table::{CONFIG_FILE, SETTINGS, Section, settings};
pub use crate::upstream::{Upstream, UpstreamLinking, UpstreamProof};
