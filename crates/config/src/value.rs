//! Read values: each by its kind, found by the key of its setting.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::parse::database::Database;
use crate::parse::environment::Environment;
use crate::parse::issuer::IssuerUrl;
use crate::parse::network::Network;
use crate::parse::{address, branding, database, duration, environment, issuer, key, masked_url, network, scalar, web};
use crate::problem::Fault;
use crate::secret::{SecretKey, SecretText, SecretUrl};
use crate::setting::{Kind, written};

/// A value as it was given, before its kind is looked at.
#[derive(Clone)]
pub(crate) enum Raw {
    List(Vec<String>),
    Text(String),
}

impl Raw {
    /// The items of a list, whichever way it was written.
    fn items(&self) -> Vec<String> {
        match self {
            Self::List(items) => {
                items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
            }
            Self::Text(text) => scalar::items(text),
        }
    }
}

/// A value that its kind's parser has accepted.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Address(SocketAddr),
    Database(Database),
    Environment(Environment),
    Flag(bool),
    Issuer(IssuerUrl),
    Key(SecretKey),
    Networks(Vec<Network>),
    Path(PathBuf),
    Secret(SecretText),
    Span(Duration),
    Text(String),
    Texts(Vec<String>),
    Url(SecretUrl),
    Whole(u64),
    Word(&'static str),
}

/// Reads a raw value as its kind demands.
pub(crate) fn parse(kind: Kind, raw: &Raw) -> Result<Value, Fault> {
    if kind.is_list() {
        let items = raw.items();
        return match kind {
            Kind::Networks => network::parse_list(&items).map(Value::Networks),
            Kind::Origins => web::origins(&items).map(Value::Texts),
            _ => web::hosts(&items).map(Value::Texts),
        };
    }
    let Raw::Text(text) = raw else { return Err(Fault::new("is a list", "write a single value")) };
    // Secrets count as they stand, except for the line end that editors put behind them.
    let trimmed = text.trim();
    match kind {
        Kind::Address => address::parse(trimmed).map(Value::Address),
        Kind::Choice(words) => scalar::choice(trimmed, words).map(Value::Word),
        Kind::Color => branding::color(trimmed).map(Value::Text),
        Kind::Contact => branding::contact(trimmed).map(Value::Text),
        Kind::Database => database::parse(trimmed).map(Value::Database),
        Kind::Email => branding::email(trimmed).map(Value::Text),
        Kind::Environment => environment::parse(trimmed).map(Value::Environment),
        Kind::Flag => scalar::flag(trimmed).map(Value::Flag),
        Kind::Issuer => issuer::parse(trimmed).map(Value::Issuer),
        Kind::Key => key::bytes(trimmed).map(Value::Key),
        Kind::Lifetime { min, max } => duration::parse(trimmed, min, max).map(Value::Span),
        Kind::Path => scalar::text(trimmed, 4_096).map(|path| Value::Path(path.into())),
        Kind::Pem => key::pem(trimmed).map(Value::Secret),
        Kind::Redis => masked_url::redis(trimmed).map(Value::Url),
        Kind::Secret => secret(text.trim_end_matches(['\r', '\n'])),
        Kind::Text { max } => scalar::text(trimmed, max).map(Value::Text),
        Kind::Whole { min, max } => scalar::whole(trimmed, min, max).map(Value::Whole),
        Kind::Hosts | Kind::Networks | Kind::Origins => Ok(Value::Texts(Vec::new())),
    }
}

fn secret(text: &str) -> Result<Value, Fault> {
    if text.contains('\0') || text.len() > 65_536 {
        return Err(Fault::new("holds a NUL byte or is longer than 64 KiB", "check where it comes from"));
    }
    Ok(Value::Secret(SecretText::new(text)))
}

impl Value {
    /// True when both mean the same, however they were written. Used on two names of one setting.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(left), Self::Secret(right)) => left.expose() == right.expose(),
            (Self::Key(left), Self::Key(right)) => left.expose() == right.expose(),
            (Self::Url(left), Self::Url(right)) => left.expose() == right.expose(),
            (Self::Database(Database::Postgres(left)), Self::Database(Database::Postgres(right))) => {
                left.expose() == right.expose()
            }
            _ => self.shown() == other.shown(),
        }
    }

    /// The value as it may be shown.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Database(database) => database.to_string(),
            Self::Environment(environment) => environment.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Issuer(issuer) => issuer.to_string(),
            Self::Key(_) | Self::Secret(_) => "set".into(),
            Self::Networks(networks) => networks.iter().map(Network::to_string).collect::<Vec<_>>().join(", "),
            Self::Path(path) => path.display().to_string(),
            Self::Span(span) => written(*span),
            Self::Text(text) => text.clone(),
            Self::Texts(texts) => texts.join(", "),
            Self::Url(url) => url.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Word(word) => (*word).into(),
        }
    }
}

/// All values that were set and could be read.
#[derive(Default)]
pub(crate) struct Values {
    values: BTreeMap<&'static str, Value>,
    /// The keys that were set to something that could not be read.
    failed: BTreeSet<&'static str>,
    /// The keys that were asked for with a fitting type: a test compares them with the table.
    asked: RefCell<BTreeSet<&'static str>>,
}

impl Values {
    pub(crate) fn insert(&mut self, key: &'static str, value: Value) {
        self.values.insert(key, value);
    }

    pub(crate) fn fail(&mut self, key: &'static str) {
        self.failed.insert(key);
    }

    /// True when the key was set to something that could not be read.
    pub(crate) fn failed(&self, key: &str) -> bool {
        self.failed.contains(key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// The keys that were asked for.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> BTreeSet<&'static str> {
        self.asked.borrow().clone()
    }

    fn pick<T>(&self, key: &'static str, kind: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let found = self.values.get(key);
        let picked = found.and_then(kind);
        if found.is_none() || picked.is_some() {
            self.asked.borrow_mut().insert(key);
        }
        picked
    }
}

/// One reader for each type of value. What is not set, or could not be read, is `None`.
macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident: $variant:ident -> $type:ty;)*) => {
        impl Values {
            $($(#[$doc])* pub(crate) fn $name(&self, key: &'static str) -> Option<$type> {
                self.pick(key, |value| match value {
                    Value::$variant(inner) => Some(inner.clone()),
                    _ => None,
                })
            })*
        }
    };
}

readers! {
    address: Address -> SocketAddr;
    database: Database -> Database;
    environment: Environment -> Environment;
    flag: Flag -> bool;
    issuer: Issuer -> IssuerUrl;
    key: Key -> SecretKey;
    networks: Networks -> Vec<Network>;
    path: Path -> PathBuf;
    secret: Secret -> SecretText;
    span: Span -> Duration;
    text: Text -> String;
    texts: Texts -> Vec<String>;
    url: Url -> SecretUrl;
    whole: Whole -> u64;
    word: Word -> &'static str;
}
