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
mod value;
mod words;

pub use crate::load::{Report, from_process, from_process_with, load};
pub use crate::origin::Origin;
pub use crate::problem::{Invalid, Problem, Severity};
pub use crate::reference::{example_toml, reference_markdown};
pub use crate::secret::{SecretKey, SecretText, SecretUrl};
pub use crate::setting::{Fallback, Kind, Name, Secrecy, Setting, Unit};
pub use crate::settings::{
    Accounts, Admin, Bootstrap, Database, EmailUniqueness, Environment, HmacAlgorithm, Issuer, IssuerUrl, Keys, Legacy,
    Limits, Listener, LogFormat, LogLevel, Logging, Mail, MailEncryption, Network, OAuth, Operations, Pages,
    PasswordHash, Passwords, Server, Sessions, Settings, SigningAlgorithm, Store, Tls, Tokens,
};
pub use crate::show::Row;
pub use crate::table::{CONFIG_FILE, SETTINGS, Section, settings};
