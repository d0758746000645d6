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
use crate::setting::{Secrecy, Setting};
use crate::settings::Settings;
use crate::show::{self, Row};
use crate::table;
use crate::upstream;
use crate::value::{self, Raw, Values};

/// What came of loading: settings when nothing is wrong, and what to tell the operator either way.
#[derive(Debug, Clone)]
pub struct Report {
    settings: Option<Settings>,
    problems: Vec<Problem>,
    rows: Vec<Row>,
    marks: Marks,
}

/// What hidden values were, as hashes that are never shown: by them a change is noticed.
#[derive(Clone, Default)]
struct Marks(Vec<(&'static str, u64)>);

impl std::fmt::Debug for Marks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Marks {
    fn of(layers: &Layers) -> Self {
        let hidden = table::settings().filter(|setting| setting.kind.secrecy() != Secrecy::Open);
        let mark = |raw: Raw| match raw {
            Raw::List(items) => BuildHasherDefault::<DefaultHasher>::default().hash_one(items),
            Raw::Text(text) => BuildHasherDefault::<DefaultHasher>::default().hash_one(text),
        };
        Self(hidden.filter_map(|setting| Some((setting.key, mark(layers.raw(setting)?)))).collect())
    }

    fn get(&self, key: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, mark)| *mark)
    }
}

impl Report {
    /// The settings that have another value than in a report of before, secrets included.
    pub fn changes_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'static Setting> + 'a {
        let shown = |report: &'a Self, key: &str| report.rows.iter().find(|row| row.key == key).map(|row| &row.value);
        table::settings().filter(move |setting| {
            shown(self, setting.key) != shown(before, setting.key)
                || self.marks.get(setting.key) != before.marks.get(setting.key)
        })
    }

    /// The settings; none when there is an error.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// Everything that is wrong or doubtful, errors first.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Every setting with its redacted value and where it came from, for `config show`.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The settings with what is doubtful about them, or everything that is wrong.
    pub fn into_result(self) -> Result<(Settings, Vec<Problem>), Invalid> {
        match self.settings {
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
                let what = format!("names a file that cannot be read: {}", error.kind());
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
    let upstreams = upstream::all(&values, sections, &mut problems);
    let (settings, contradiction) = assemble(&values, upstreams);
    let facts = rules::Facts { settings: &settings, values: &values, layers: &layers };
    if let Some(fault) = contradiction {
        let names = (facts.name("store.database_url"), facts.name("store.password"));
        problems.push(Problem::error(names.0, fault.what, fault.hint).and(names.1));
    }
    problems.extend(rules::check(&facts));
    problems.extend(rules::files(&facts, &read_file));
    problems.sort_by_key(|problem| problem.severity);
    let rows = show::rows(&settings, &values, &layers);
    let usable = !problems.iter().any(Problem::is_error);
    Report { settings: usable.then_some(settings), problems, rows, marks: Marks::of(&layers) }
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
        let _ = assemble(&values, upstream::all(&values, Default::default(), &mut Vec::new()));
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
