//! `config show`: every setting, what it is and where that came from. Secrets are only told to be set or not.

use std::borrow::Cow;

use serde::Serialize;

use crate::layers::Layers;
use crate::origin::Origin;
use crate::setting::{Fallback, Secrecy, Setting};
use crate::settings::{Mail, Settings};
use crate::table;
use crate::value::Values;
use crate::words::{LogFormat, MailEncryption};

/// One setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The key in the file.
    pub key: Cow<'static, str>,
    /// The preferred name in the environment; none for what only the file can hold.
    pub name: Option<&'static str>,
    /// The value, redacted.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

pub(crate) fn rows(settings: &Settings, values: &Values, layers: &Layers) -> Vec<Row> {
    table::settings()
        .map(|setting| Row {
            key: setting.key.into(),
            name: Some(setting.name()),
            value: shown(setting, settings, values),
            origin: layers.origin(setting.key),
        })
        .collect()
}

fn shown(setting: &Setting, settings: &Settings, values: &Values) -> String {
    given(setting, values).unwrap_or_else(|| derived(setting, settings))
}

/// A value that was set, or that cannot follow from others.
fn given(setting: &Setting, values: &Values) -> Option<String> {
    match (values.get(setting.key), setting.kind.secrecy()) {
        _ if values.failed(setting.key) => Some("not valid".into()),
        // The address that is used may have got its password from elsewhere; both are masked.
        (Some(value), _) => Some(value.shown()),
        (None, Secrecy::Hidden) => Some("not set".into()),
        (None, _) => None,
    }
}

/// A setting of a section that stands in the file alone, under `key`.
pub(crate) fn row_of_section(key: String, setting: &Setting, values: &Values, is_given: bool) -> Row {
    let follows = || match setting.fallback {
        Fallback::Derived(how) => how.into(),
        _ => "not set".into(),
    };
    Row {
        value: given(setting, values).unwrap_or_else(follows),
        origin: if is_given { Origin::File(key.clone()) } else { Origin::Default },
        key: key.into(),
        name: None,
    }
}

/// The value of a setting that nobody set.
fn derived(setting: &Setting, settings: &Settings) -> String {
    match (setting.key, setting.fallback) {
        ("issuer.url", _) => settings.issuer.url.to_string(),
        ("listener.allowed_hosts", _) => settings.listener.allowed_hosts.join(", "),
        ("store.database_url", _) => settings.store.database.to_string(),
        ("store.migrate_on_start", _) => settings.store.migrate_on_start.to_string(),
        ("accounts.registration", _) => settings.accounts.registration.to_string(),
        ("logging.format", _) => match settings.logging.format {
            LogFormat::Json => "json".into(),
            LogFormat::Text => "text".into(),
        },
        ("mail.encryption", _) => match settings.mail.as_ref().and_then(Mail::server).map(|server| server.encryption) {
            Some(MailEncryption::Tls) => "tls".into(),
            _ => "starttls".into(),
        },
        (_, Fallback::Derived(how)) => how.into(),
        _ => "not set".into(),
    }
}
