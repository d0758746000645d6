//! Loading: the layers, the values, the settings, the rules; and everything that is wrong, at once.

use std::ffi::OsString;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io::{self, Read as _};
use std::path::Path;

use crate::assemble::assemble;
use crate::environment::{self, Variables};
use crate::file;
use crate::layers::Layers;
use crate::problem::{Invalid, Problem};
use crate::rules;
use crate::setting::{Change, Secrecy, Setting};
use crate::settings::Settings;
use crate::show::{self, Row};
use crate::table;
use crate::unread;
use crate::upstream;
use crate::value::{self, Raw, Values};

/// What came of loading: settings when nothing is wrong, and what to tell the operator either way.
#[derive(Debug, Clone)]
pub struct Report {
    /// As far as they could be read; nobody gets them while there is an error.
    settings: Option<Settings>,
    problems: Vec<Problem>,
    rows: Vec<Row>,
    marks: Marks,
}

/// What hidden values were, as hashes that are never shown: by them a change is noticed.
#[derive(Clone, Default)]
struct Marks(Vec<(String, u64)>);

impl std::fmt::Debug for Marks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Marks {
    fn of(layers: &Layers, sections: &upstream::Sections) -> Self {
        let hidden = |setting: &&Setting| setting.kind.secrecy() != Secrecy::Open;
        let mut marks = Vec::new();
        for setting in table::settings().filter(hidden) {
            marks.extend(layers.raw(setting).map(|raw| (setting.key.to_owned(), mark(&raw))));
        }
        for (name, values) in sections {
            for setting in upstream::settings_of_sections().filter(hidden) {
                marks.extend(values.get(setting.key).map(|raw| (upstream::key_in(name, setting), mark(raw))));
            }
        }
        Self(marks)
    }

    fn get(&self, key: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, mark)| *mark)
    }
}

fn mark(raw: &Raw) -> u64 {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    match raw {
        Raw::List(items) => hasher.hash_one(items),
        Raw::Text(text) => hasher.hash_one(text),
    }
}

/// A setting that has another value than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its key in the file.
    pub key: String,
    /// When that has an effect.
    pub change: Change,
}

/// What stands in a section of its own takes effect as the table says of the rest: at the next start.
fn change_of(key: &str) -> Change {
    table::settings().find(|setting| setting.key == key).map_or(Change::Restart, |setting| setting.change)
}

impl Report {
    /// The settings that have another value than in a report of before, secrets included, and those of sections that came or went.
    pub fn changes_since(&self, before: &Self) -> Vec<Changed> {
        let find = |report: &Self, key: &str| {
            (report.rows.iter().find(|row| row.key == key).map(|row| row.value.clone()), report.marks.get(key))
        };
        let gone = before.rows.iter().filter(|row| !self.rows.iter().any(|own| own.key == row.key));
        let changed = self.rows.iter().chain(gone).filter(|row| find(self, &row.key) != find(before, &row.key));
        changed.map(|row| Changed { key: row.key.to_string(), change: change_of(&row.key) }).collect()
    }

    /// The settings; none when there is an error.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref().filter(|_| self.is_usable())
    }

    fn is_usable(&self) -> bool {
        !self.problems.iter().any(Problem::is_error)
    }

    /// Everything that is wrong or doubtful, errors first.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Every setting with its redacted value and where it came from, for `config show`.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The same with what is objected to these settings by rules that are not known here.
    #[must_use]
    pub fn judged(mut self, objections: impl FnOnce(&Settings) -> Vec<Problem>) -> Self {
        self.problems.extend(self.settings.as_ref().map(objections).unwrap_or_default());
        self.problems.sort_by_key(|problem| problem.severity);
        self
    }

    /// The settings with what is doubtful about them, or everything that is wrong.
    pub fn into_result(self) -> Result<(Settings, Vec<Problem>), Invalid> {
        let usable = self.is_usable();
        match self.settings.filter(|_| usable) {
            Some(settings) => Ok((settings, self.problems)),
            None => Err(Invalid(self.problems)),
        }
    }
}

/// Loads from these variables and, by the reader, from the files that they name. Touches nothing else.
pub fn load<K: Into<OsString>, V: Into<OsString>>(
    variables: impl IntoIterator<Item = (K, V)>,
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Report {
    let variables: Variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let mut problems = Vec::new();
    let (file, sections) = match environment::lookup(&variables, table::CONFIG_FILE, &mut problems) {
        Some(path) => match read_file(Path::new(path.trim())) {
            Ok(text) => file::gather(&text, &read_file, &mut problems),
            Err(error) => {
                let what = format!("names `{}`, which cannot be read: {}", path.trim(), unread::why(&error));
                problems.push(Problem::error(table::CONFIG_FILE, what, "name a readable TOML file"));
                Default::default()
            }
        },
        None => Default::default(),
    };
    let environment = environment::gather(&variables, &read_file, &mut problems);
    let layers = match Layers::merge(file, environment) {
        Ok(layers) => layers,
        Err(problem) => {
            problems.push(problem);
            return Report { settings: None, problems, rows: Vec::new(), marks: Marks::default() };
        }
    };
    let values = read(&layers, &mut problems);
    let (upstreams, rows_of_sections) = upstream::all(&values, &sections, &mut problems);
    let (settings, contradiction) = assemble(&values, upstreams);
    let facts = rules::Facts { settings: &settings, values: &values, layers: &layers };
    if let Some(fault) = contradiction {
        let names = (facts.name("store.database_url"), facts.name("store.password"));
        problems.push(Problem::error(names.0, fault.what, fault.hint).and(names.1));
    }
    problems.extend(rules::check(&facts));
    problems.extend(rules::files(&facts, &read_file));
    problems.sort_by_key(|problem| problem.severity);
    let mut rows = show::rows(&settings, &values, &layers);
    let behind = rows.iter().rposition(|row| row.key.starts_with("upstream.")).map_or(rows.len(), |last| last + 1);
    rows.splice(behind..behind, rows_of_sections);
    Report { settings: Some(settings), problems, rows, marks: Marks::of(&layers, &sections) }
}

/// Loads from the environment of the process and from the disk. The one place that reads either.
pub fn from_process() -> Report {
    load(std::env::vars_os(), read_from_disk)
}

/// Loads from the environment of the process, with some variables set otherwise, as command line flags do.
pub fn from_process_with(overrides: impl IntoIterator<Item = (String, String)>) -> Report {
    let overrides = overrides.into_iter().map(|(name, value)| (name.into(), value.into()));
    load(std::env::vars_os().chain(overrides), read_from_disk)
}

/// Reads a configuration file or a secret, up to a size that neither ever has.
fn read_from_disk(path: &Path) -> io::Result<String> {
    const LIMIT: u64 = 1_048_576;
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(LIMIT).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read < LIMIT) { Ok(text) } else { Err(io::ErrorKind::FileTooLarge.into()) }
}

fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Values {
    let mut values = Values::default();
    for setting in table::settings() {
        let Some(raw) = layers.raw(setting) else { continue };
        match value::parse(setting.kind, &raw) {
            Ok(value) => values.insert(setting.key, value),
            Err(fault) => {
                values.fail(setting.key);
                problems.push(Problem::error(rules::name_of(setting, layers), fault.what, fault.hint));
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_of_the_table_is_used_and_nothing_else() {
        let layers = Layers::merge(Default::default(), Default::default()).unwrap();
        let values = read(&layers, &mut Vec::new());
        let _ = assemble(&values, upstream::all(&values, &Default::default(), &mut Vec::new()).0);
        let table: BTreeSet<&str> = table::settings().map(|setting| setting.key).collect();
        assert_eq!(values.asked(), table);
    }

    #[test]
    fn files_are_read_up_to_a_limit() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(read_from_disk(&manifest).unwrap().contains("authly-config"));
        assert_eq!(read_from_disk(Path::new("/no/such/file")).unwrap_err().kind(), io::ErrorKind::NotFound);
        #[cfg(unix)]
        assert_eq!(read_from_disk(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
