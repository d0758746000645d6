//! Defaults below the file, the file below the environment: merged by the `config` crate, which sees known keys only.
//!
//! The crate is fed with explicit maps. It is told not to guess types (`00012345` would become a number) and not to split
//! lists; both are done by our own kinds, which also keep values out of error messages.

use std::collections::BTreeMap;

use config::{Config, ConfigError, Environment, Map, Source, Value as Node};

use crate::environment::Found;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::setting::{Fallback, Setting};
use crate::table;
use crate::value::Raw;

/// The merged layers.
pub(crate) struct Layers {
    merged: Config,
    origins: BTreeMap<&'static str, Origin>,
}

impl Layers {
    /// Merges the layers.
    pub(crate) fn merge(
        file: BTreeMap<&'static str, Raw>,
        environment: BTreeMap<&'static str, Found>,
    ) -> Result<Self, Problem> {
        let mut origins: BTreeMap<_, _> = file.keys().map(|key| (*key, Origin::File((*key).to_owned()))).collect();
        let named = environment.iter().map(|(key, found)| (*key, Origin::Environment(found.name.clone())));
        origins.extend(named);
        let merged = build(file, environment).map_err(|_| {
            // The error of the crate may show values.
            Problem::error(table::CONFIG_FILE, "cannot be put together with the environment", "check both")
        })?;
        Ok(Self { merged, origins })
    }

    /// The value of a setting, when it has one.
    pub(crate) fn raw(&self, setting: &Setting) -> Option<Raw> {
        if let Ok(items) = self.merged.get_array(setting.key) {
            return Some(Raw::List(items.into_iter().filter_map(|item| item.into_string().ok()).collect()));
        }
        self.merged.get_string(setting.key).ok().map(Raw::Text)
    }

    /// Where the value of a setting came from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }
}

fn build(file: BTreeMap<&'static str, Raw>, environment: BTreeMap<&'static str, Found>) -> Result<Config, ConfigError> {
    let mut builder = Config::builder();
    for setting in table::settings() {
        if let Fallback::Value(default) = setting.fallback {
            builder = builder.set_default(setting.key, default)?;
        }
    }
    let variables: Map<String, String> =
        environment.into_iter().map(|(key, found)| (key.to_owned(), found.text)).collect();
    builder
        .add_source(KnownKeys(file))
        .add_source(Environment::default().try_parsing(false).ignore_empty(true).source(Some(variables)))
        .build()
}

/// The known keys of the file as a source.
#[derive(Clone)]
struct KnownKeys(BTreeMap<&'static str, Raw>);

impl std::fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Source for KnownKeys {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Node>, ConfigError> {
        let node = |raw: &Raw| match raw {
            Raw::List(items) => Node::from(items.clone()),
            Raw::Text(text) => Node::from(text.clone()),
        };
        Ok(self.0.iter().map(|(key, raw)| ((*key).to_owned(), node(raw))).collect())
    }
}
