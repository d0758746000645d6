//! The words of mails: Fluent files in `locales/<tag>/`, built into the program. A key that a language lacks reads in English.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, bundle::FluentBundle, concurrent};
use oauth_core::text::steers;

/// The words in one language.
pub struct Catalogue {
    tag: &'static str,
    bundle: concurrent::FluentBundle<FluentResource>,
}

/// The languages, English first.
static ALL: LazyLock<[Catalogue; 2]> = LazyLock::new(|| {
    [
        Catalogue::load("en", include_str!("../locales/en/mail.ftl")),
        Catalogue::load("de", include_str!("../locales/de/mail.ftl")),
    ]
});

impl Catalogue {
    /// The language that fits a tag such as `de-AT` best; English if none does.
    pub fn of(tag: &str) -> &'static Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let [english, ..] = &*ALL;
        ALL.iter().find(|catalogue| catalogue.tag.eq_ignore_ascii_case(primary)).unwrap_or(english)
    }

    /// All languages.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ALL.iter()
    }

    /// The tag of the language.
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// A message with its arguments, on one line.
    pub(crate) fn text(&self, key: &str, arguments: &[(&'static str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in arguments {
            args.set(*name, FluentValue::from(plain(value)));
        }
        let [english, ..] = &*ALL;
        for catalogue in [self, english] {
            if let Some(pattern) = catalogue.bundle.get_message(key).and_then(|message| message.value()) {
                return catalogue.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned();
            }
        }
        key.to_owned()
    }

    fn load(tag: &'static str, file: &str) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().unwrap_or_default()]);
        // Marks of direction would stand in subjects.
        bundle.set_use_isolating(false);
        // What cannot be parsed is left out; a test says that nothing is.
        let resource = match FluentResource::try_new(file.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
        Self { tag, bundle }
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Catalogue").field(&self.tag).finish()
    }
}

/// The longest value that is put into a message.
const LONGEST: usize = 320;

/// A value as it may stand in a line: without line ends, other controls and marks that turn the direction of writing.
pub(crate) fn plain(value: &str) -> String {
    value.chars().filter(|c| !steers(*c)).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_message() {
        let keys = |file: &'static str| {
            file.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect::<Vec<_>>()
        };
        let english = keys(include_str!("../locales/en/mail.ftl"));
        assert!(english.len() > 20);
        assert_eq!(keys(include_str!("../locales/de/mail.ftl")), english);
        for catalogue in Catalogue::all() {
            for key in &english {
                assert!(catalogue.bundle.has_message(key), "{key} in {}", catalogue.tag);
            }
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        for (tag, found) in [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("fr", "en"), ("", "en"), ("en-GB", "en")]
        {
            assert_eq!(Catalogue::of(tag).tag(), found, "{tag}");
        }
    }
}
