//! Rules between settings. Each rule looks at everything and reports all that it finds; none stops at the first.
//!
//! Rules that need the store (is it new, whose users does it hold) are not here.

mod consistency;
mod exposure;
mod production;
mod secrets;
mod weak;

use std::io;
use std::path::Path;

use crate::layers::Layers;
use crate::origin::Origin;
use crate::problem::{Problem, Severity};
use crate::setting::Setting;
use crate::settings::Settings;
use crate::table;
use crate::unread;
use crate::value::{Value, Values};

/// What the rules look at.
pub(crate) struct Facts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) values: &'a Values,
    pub(crate) layers: &'a Layers,
}

/// Applies all rules.
pub(crate) fn check(facts: &Facts<'_>) -> Vec<Problem> {
    let rules = [production::check, exposure::check, secrets::check, consistency::check];
    rules.into_iter().flat_map(|rule| rule(facts)).collect()
}

/// Looks whether the files that settings name can be read.
pub(crate) fn files(facts: &Facts<'_>, read_file: &dyn Fn(&Path) -> io::Result<String>) -> Vec<Problem> {
    ["listener.tls_certificate", "listener.tls_key", "store.ca_certificate"]
        .into_iter()
        .filter_map(|key| {
            let path = facts.values.path(key)?;
            let what = match read_file(&path) {
                Ok(text) if text.contains("-----BEGIN ") => return None,
                Ok(_) => format!("names `{}`, which holds no PEM", path.display()),
                Err(error) => format!("names `{}`, which cannot be read: {}", path.display(), unread::why(&error)),
            };
            Some(Problem::error(facts.name(key), what, "name a readable file in PEM"))
        })
        .collect()
}

impl Facts<'_> {
    /// The name by which the operator knows a setting.
    pub(crate) fn name(&self, key: &'static str) -> String {
        table::find(key).map_or_else(|| key.to_owned(), |setting| name_of(setting, self.layers))
    }

    /// True when somebody set it, even to something that cannot be read.
    pub(crate) fn given(&self, key: &str) -> bool {
        self.layers.origin(key) != Origin::Default
    }

    /// True when somebody set it to more than an empty list.
    pub(crate) fn filled(&self, key: &str) -> bool {
        self.given(key) && !matches!(self.values.get(key), Some(Value::Texts(list)) if list.is_empty())
    }

    /// True when it was set and could be read.
    pub(crate) fn read(&self, key: &str) -> bool {
        self.given(key) && !self.values.failed(key)
    }

    /// What production refuses, others are only warned of.
    pub(crate) fn severity(&self) -> Severity {
        if self.settings.server.environment.is_production() { Severity::Error } else { Severity::Warning }
    }
}

/// The name by which the operator knows a setting: the one that was used, or the preferred one.
pub(crate) fn name_of(setting: &Setting, layers: &Layers) -> String {
    match layers.origin(setting.key) {
        Origin::Environment(name) | Origin::File(name) => name,
        Origin::Default => setting.name().to_owned(),
    }
}
