//! The message catalogue: Fluent files in `locales/<tag>/`, built into the program and formatted once where they take no argument.
//!
//! English is the source, with a note for translators above each message. A key that another language lacks reads in English, and a test makes
//! sure that none does. A new language is a folder with the same files and one line in `LOCALES`.

use std::{collections::HashMap, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, bundle::FluentBundle, concurrent};

use crate::{
    language,
    markup::{Markup, presentable},
};

/// Stands for an argument while a message is formatted, and is replaced by markup afterwards.
const SLOT: char = '\u{e000}';

/// The direction in which a language is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
}

impl Direction {
    /// The value of the `dir` attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// One language of the catalogue.
pub struct Locale {
    tag: &'static str,
    direction: Direction,
    /// Messages without arguments, formatted when the catalogue was loaded.
    plain: HashMap<&'static str, String>,
    bundle: concurrent::FluentBundle<FluentResource>,
}

/// The files of one language.
macro_rules! catalogue {
    ($tag:literal) => {
        [
            include_str!(concat!("../locales/", $tag, "/sign-in.ftl")),
            include_str!(concat!("../locales/", $tag, "/consent.ftl")),
            include_str!(concat!("../locales/", $tag, "/problems.ftl")),
            include_str!(concat!("../locales/", $tag, "/account.ftl")),
            include_str!(concat!("../locales/", $tag, "/mail.ftl")),
            include_str!(concat!("../locales/", $tag, "/migration.ftl")),
            include_str!(concat!("../locales/", $tag, "/developers.ftl")),
        ]
    };
}
static LOCALES: LazyLock<[Locale; 2]> = LazyLock::new(|| {
    [
        Locale::load("en", Direction::LeftToRight, &catalogue!("en")),
        Locale::load("de", Direction::LeftToRight, &catalogue!("de")),
    ]
});

/// The language that every key exists in.
fn source() -> &'static Locale {
    let [english, ..] = &*LOCALES;
    english
}

impl Locale {
    /// Lists the languages of the catalogue; the first is English, the source.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &*LOCALES
    }

    /// Finds the first wanted language that the catalogue has; English when it has none.
    ///
    /// [`preferences`](crate::preferences) makes the ordered list from a request.
    #[must_use]
    pub fn negotiate<'a>(wanted: impl IntoIterator<Item = &'a str>) -> &'static Self {
        wanted
            .into_iter()
            .find_map(|tag| LOCALES.iter().find(|locale| language::matches(tag, locale.tag)))
            .unwrap_or_else(source)
    }

    /// The language tag, for `lang` and `Content-Language`.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// The direction of writing, for `dir`.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// A message without arguments; the key itself for a key that does not exist, which a test forbids.
    #[must_use]
    pub fn text(&self, key: &'static str) -> &str {
        self.find(key).unwrap_or(key)
    }

    /// A message without arguments whose key is made from data, such as the meaning of a claim.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&str> {
        self.plain.get(key).or_else(|| source().plain.get(key)).map(String::as_str)
    }

    /// A message with arguments.
    pub(crate) fn format(&self, key: &'static str, args: &[(&'static str, Value<'_>)]) -> String {
        let args = args.iter().map(|(name, value)| (*name, value.to_fluent())).collect();
        self.pattern(key, &args)
    }

    /// A message with arguments whose texts are set apart from their surroundings in HTML, so that a name in another script cannot disturb it.
    pub(crate) fn markup(&self, key: &'static str, name: &'static str, value: &str) -> Markup {
        let mut args = FluentArgs::new();
        args.set(name, FluentValue::from(SLOT.to_string()));
        let value = presentable(value);
        let mut markup = Markup::new();
        for (index, piece) in self.pattern(key, &args).split(SLOT).enumerate() {
            if index > 0 {
                markup.raw("<bdi>");
                markup.text(&value);
                markup.raw("</bdi>");
            }
            markup.text(piece);
        }
        markup
    }

    /// A message with arguments that are values of the catalogue already.
    pub(crate) fn pattern(&self, key: &'static str, args: &FluentArgs<'_>) -> String {
        for locale in [self, source()] {
            if let Some(pattern) = locale.bundle.get_message(key).and_then(|message| message.value()) {
                return locale.bundle.format_pattern(pattern, Some(args), &mut Vec::new()).into_owned();
            }
        }
        key.to_owned()
    }

    fn load(tag: &'static str, direction: Direction, files: &[&'static str]) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().unwrap_or_default()]);
        // Marks of direction would stand in titles and in what tests and tools look for; `markup` sets names apart with <bdi> instead.
        bundle.set_use_isolating(false);
        for file in files {
            // What cannot be parsed is left out; a test says that nothing is.
            let resource = match FluentResource::try_new((*file).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            let _ = bundle.add_resource(resource);
        }
        let mut plain = HashMap::new();
        for key in files.iter().flat_map(|file| keys(file)) {
            let mut errors = Vec::new();
            if let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) {
                let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
                if errors.is_empty() {
                    plain.insert(key, text);
                }
            }
        }
        Self { tag, direction, plain, bundle }
    }
}

impl std::fmt::Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Locale").field(&self.tag).finish()
    }
}

/// An argument of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// A number, which also chooses the plural form.
    Number(u64),
    /// A text, such as a name.
    Text(&'a str),
}

impl Value<'_> {
    fn to_fluent(self) -> FluentValue<'static> {
        match self {
            Self::Number(number) => FluentValue::from(number),
            Self::Text(text) => FluentValue::from(presentable(text).into_owned()),
        }
    }
}

/// The keys of a catalogue file, in order.
fn keys(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim()))
}
