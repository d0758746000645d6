//! The TOML file: sections and keys of the table, nothing else.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use config::{File, FileFormat, Source as _, ValueKind};

use crate::environment::secret_file;
use crate::problem::Problem;
use crate::suggest;
use crate::table;
use crate::upstream::Sections;
use crate::value::Raw;

/// Reads the text of the file. Everything that is wrong with it goes to the problems, without its values.
pub(crate) fn gather(
    text: &str,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
    problems: &mut Vec<Problem>,
) -> (BTreeMap<&'static str, Raw>, Sections) {
    let (mut layer, mut sections_of_upstreams) = (BTreeMap::new(), Sections::new());
    let sections = match File::from_str(text, FileFormat::Toml).collect() {
        Ok(sections) => sections,
        Err(error) => {
            problems.push(Problem::error(table::CONFIG_FILE, position(&error.to_string()), "correct the line"));
            return (layer, sections_of_upstreams);
        }
    };
    // The map has no order of its own; a report should be the same each time.
    for (section, value) in sections.into_iter().collect::<BTreeMap<_, _>>() {
        let ValueKind::Table(keys) = value.kind else {
            problems.push(unknown(&section));
            continue;
        };
        if !table::SETTINGS.iter().any(|known| known.name == section) {
            problems.push(unknown(&section));
            continue;
        }
        for (leaf, value) in keys.into_iter().collect::<BTreeMap<_, _>>() {
            match value.kind {
                ValueKind::Table(keys) if section == "upstream" => {
                    let own = upstream(&leaf, keys, read_file, problems);
                    sections_of_upstreams.insert(leaf, own);
                }
                kind => entry(&format!("{section}.{leaf}"), kind, read_file, &mut layer, problems),
            }
        }
    }
    (layer, sections_of_upstreams)
}

/// A section `[upstream.NAME]`: the keys of `[upstream]`, but for the name, which it has.
fn upstream(
    name: &str,
    keys: config::Map<String, config::Value>,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'static str, Raw> {
    let (mut layer, mut own) = (BTreeMap::new(), Vec::new());
    for (leaf, value) in keys.into_iter().collect::<BTreeMap<_, _>>() {
        if leaf == "name" {
            own.push(unknown("upstream.name"));
        } else {
            entry(&format!("upstream.{leaf}"), value.kind, read_file, &mut layer, &mut own);
        }
    }
    for problem in &mut own {
        for key in &mut problem.names {
            *key = key.replacen("upstream.", &printable(&format!("upstream.{name}.")), 1);
        }
    }
    problems.append(&mut own);
    layer
}

fn entry(
    key: &str,
    kind: ValueKind,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
    layer: &mut BTreeMap<&'static str, Raw>,
    problems: &mut Vec<Problem>,
) {
    let Some(raw) = raw(kind) else {
        problems.push(Problem::error(printable(key), "is neither a value nor a list of values", "write key = value"));
        return;
    };
    // An empty text is as good as not set, as in the environment. An empty list is a list.
    if matches!(&raw, Raw::Text(text) if text.trim().is_empty()) {
        return;
    }
    let pointed = key.strip_suffix("_file").and_then(table::find).filter(|setting| setting.is_secret());
    if let Some(setting) = table::find(key) {
        if layer.insert(setting.key, raw).is_some() {
            problems.push(both(setting.key));
        }
    } else if let (Some(setting), Raw::Text(path)) = (pointed, &raw) {
        match secret_file(Path::new(path.trim()), read_file) {
            Ok(text) => {
                if layer.insert(setting.key, Raw::Text(text)).is_some() {
                    problems.push(both(setting.key));
                }
            }
            Err(what) => problems.push(Problem::error(key, what, "name a readable file that holds the secret")),
        }
    } else {
        problems.push(unknown(key));
    }
}

fn both(key: &str) -> Problem {
    Problem::error(key, "is given both as a value and as a file", "keep one of them").and(format!("{key}_file"))
}

fn raw(kind: ValueKind) -> Option<Raw> {
    match kind {
        ValueKind::Array(values) => {
            values.into_iter().map(|value| scalar(value.kind)).collect::<Option<Vec<_>>>().map(Raw::List)
        }
        other => scalar(other).map(Raw::Text),
    }
}

fn scalar(kind: ValueKind) -> Option<String> {
    match kind {
        ValueKind::Boolean(value) => Some(value.to_string()),
        ValueKind::I64(value) => Some(value.to_string()),
        ValueKind::I128(value) => Some(value.to_string()),
        ValueKind::U64(value) => Some(value.to_string()),
        ValueKind::U128(value) => Some(value.to_string()),
        ValueKind::Float(value) => Some(value.to_string()),
        ValueKind::String(value) => Some(value),
        ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => None,
    }
}

fn unknown(key: &str) -> Problem {
    let sections = table::SETTINGS.iter().map(|section| section.name);
    let keys = table::settings().map(|setting| setting.key);
    let hint = suggest::closest(key, keys.chain(sections)).map_or_else(
        || "the reference of the configuration lists all keys".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    Problem::error(printable(key), "is not a known key of the configuration file", hint)
}

/// A key from outside, cut and without control characters.
pub(crate) fn printable(key: &str) -> String {
    key.chars().take(100).collect::<String>().escape_debug().to_string()
}

/// Where the file is wrong. The message of the parser shows the line, which may hold a secret, so only the place is kept.
fn position(message: &str) -> String {
    let place = message.split("TOML parse error at ").nth(1).and_then(|tail| tail.lines().next());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == ',' || c == ' ';
    match place.filter(|place| place.chars().all(plain)) {
        Some(place) => format!("names a file that is not valid TOML at {place}"),
        None => "names a file that is not valid TOML".to_owned(),
    }
}
