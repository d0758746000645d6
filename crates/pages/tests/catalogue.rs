//! The message catalogue: every language complete, every message explained, every key that is used there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use authly_pages::Locale;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for path in paths.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(self::files(path.to_str().unwrap(), extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Each key of a language with its whole message.
fn messages(tag: &str) -> BTreeMap<String, String> {
    let mut messages = BTreeMap::new();
    for file in files(&format!("locales/{tag}"), "ftl") {
        let mut key = String::new();
        for line in fs::read_to_string(&file).unwrap().lines() {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let (name, text) = line.split_once(" = ").unwrap_or_else(|| panic!("{}: {line}", file.display()));
                key = name.to_owned();
                assert!(messages.insert(key.clone(), text.to_owned()).is_none(), "{tag}: {name} stands twice");
            } else if !line.starts_with('#') && !line.is_empty() {
                messages.get_mut(&key).unwrap().push_str(line);
            }
        }
    }
    messages
}

/// The names of the arguments of a message.
fn arguments(message: &str) -> BTreeSet<String> {
    message
        .split('$')
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect())
        .collect()
}

/// Every `frame.t("key")`, `frame.with("key", "argument", ..)` and the like in templates and sources.
fn uses() -> Vec<(String, String, Option<String>)> {
    let mut uses = Vec::new();
    for file in files("templates", "html").into_iter().chain(files("src", "rs")) {
        let text = fs::read_to_string(&file).unwrap();
        for method in ["t", "count", "with", "rich", "format"] {
            for call in text.split(&format!(".{method}(\"")).skip(1) {
                let mut quoted = call.split('"');
                let key = quoted.next().unwrap().to_owned();
                let argument = match method {
                    "t" => None,
                    "count" => Some("count".to_owned()),
                    _ => Some(quoted.nth(1).unwrap().to_owned()),
                };
                uses.push((file.display().to_string(), key, argument));
            }
        }
    }
    assert!(uses.len() > 100, "the search for keys finds too little");
    uses
}

/// What keys begin with that are made from data.
const MADE_FROM_DATA: [&str; 11] = [
    "action-",
    "claim-",
    "flaw-",
    "gate-",
    "outcome-",
    "reason-",
    "restored-",
    "rollback-",
    "run-",
    "scheme-",
    "waiting-",
];

/// Strings in the sources that look like keys of the catalogue: those that tables of keys are made of.
fn mentioned() -> BTreeSet<String> {
    let known: BTreeSet<String> = messages("en").into_keys().collect();
    let all: String = files("src", "rs")
        .into_iter()
        .chain(files("templates", "html"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let made = |key: &str| MADE_FROM_DATA.iter().any(|kind| key.starts_with(kind));
    known.into_iter().filter(|key| made(key) || all.contains(&format!("\"{key}\""))).collect()
}

#[test]
fn every_language_has_every_message_with_the_same_arguments() {
    let english = messages("en");
    for locale in Locale::all() {
        let own = messages(locale.tag());
        for (key, message) in &english {
            let translated = own.get(key).unwrap_or_else(|| panic!("{} lacks {key}", locale.tag()));
            assert_eq!(arguments(message), arguments(translated), "{}: {key}", locale.tag());
        }
        for key in own.keys() {
            assert!(english.contains_key(key), "{}: {key} is not in the source language", locale.tag());
        }
    }
}

#[test]
fn every_message_without_arguments_can_be_read() {
    for locale in Locale::all() {
        for (key, message) in messages(locale.tag()) {
            let plain = locale.find(&key);
            if arguments(&message).is_empty() {
                assert_eq!(plain, Some(message.as_str()), "{}: {key}", locale.tag());
            } else {
                assert_eq!(plain, None, "{}: {key} takes arguments", locale.tag());
            }
        }
    }
}

#[test]
fn every_english_message_has_a_note_for_translators() {
    for file in files("locales/en", "ftl") {
        let text = fs::read_to_string(&file).unwrap();
        let mut before = "";
        for line in text.lines() {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                assert!(before.starts_with("# "), "{}: {line}", file.display());
            }
            before = line;
        }
    }
}

#[test]
fn every_key_that_is_used_exists_and_takes_the_argument_it_is_given() {
    let english = messages("en");
    for (file, key, argument) in uses() {
        let message = english.get(&key).unwrap_or_else(|| panic!("{file}: no message {key}"));
        assert_eq!(arguments(message), argument.into_iter().collect(), "{file}: {key}");
    }
}

#[test]
fn no_message_is_left_over() {
    let mentioned = mentioned();
    for key in messages("en").keys() {
        assert!(mentioned.contains(key), "{key} is used nowhere");
    }
}

#[test]
fn the_wanted_language_is_chosen_and_english_is_the_last_resort() {
    let chosen = |wanted: &[&str]| Locale::negotiate(wanted.iter().copied()).tag();
    assert_eq!(chosen(&["fr", "de-CH", "en"]), "de");
    assert_eq!(chosen(&["EN-us", "de"]), "en");
    assert_eq!(chosen(&["tlh", "\"><script>"]), "en");
    assert_eq!(chosen(&[]), "en");
}
