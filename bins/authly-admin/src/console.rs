//! What the terminal sees: tables for people, JSON for programs, questions before something is removed.

use std::io::{self, BufRead as _, BufWriter, IsTerminal as _, Read as _, Write as _};

use authly_runtime::trouble::Trouble;
use comfy_table::{ContentArrangement, Table, presets};
pub(crate) use oauth_core::text::harmless;
use oauth_core::text::steers;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    args::Format,
    aside::{self, Kind, Warning},
    environment,
    failure::Failure,
    journal::{self, Level},
    outlet::Outlet,
};

/// The terminal, as the options want it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    pub(crate) format: Format,
    pub(crate) yes: bool,
}

/// A column of a table: its head, and the member that it shows.
pub(crate) type Column = (&'static str, &'static str);

impl Console {
    /// Whether results go to programs.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether progress and questions go to programs, too: at a terminal people read them, whatever the result is printed as.
    pub(crate) fn tells_programs(self) -> bool {
        self.is_json() && !io::stderr().is_terminal()
    }

    /// Prints things as a table with these columns, or as a JSON array with all their members.
    pub(crate) fn list<T: Serialize>(self, items: &[T], columns: &[Column], empty: &str) -> Result<(), Failure> {
        let items = json(&items)?;
        let rows = items.as_array().map(Vec::as_slice).unwrap_or_default();
        match self.format {
            Format::Json => self.raw(&pretty(&items)),
            Format::Table if rows.is_empty() => self.raw(empty),
            Format::Table => {
                let cells = |row: &Value| {
                    columns.iter().map(|(_, member)| cell(row.get(member).unwrap_or(&Value::Null))).collect()
                };
                let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
                let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
                let width = table().width().map(usize::from);
                let drawn = match width.is_some_and(|width| is_too_wide(&heads, &rows, width)) {
                    true => one_below_the_other(&heads, &rows),
                    false => side_by_side(&heads, &rows),
                };
                self.raw(&drawn.to_string())
            }
        }
    }

    /// Prints one thing with all its members.
    pub(crate) fn item<T: Serialize>(self, item: &T) -> Result<(), Failure> {
        let item = json(item)?;
        match self.format {
            Format::Json => self.raw(&pretty(&item)),
            Format::Table => {
                let mut table = table();
                for (name, value) in item.as_object().into_iter().flatten() {
                    table.add_row([words(name), cell(value)]);
                }
                self.raw(&table.to_string())
            }
        }
    }

    /// Prints one large thing for programs while it is put into words, its members in their own order: a tree of it, or its text as
    /// a whole, would take many times its size.
    pub(crate) fn document<T: Serialize>(self, item: &T) -> Result<(), Failure> {
        let mut out = BufWriter::with_capacity(PIECE, Outlet(io::stdout().lock()));
        let written = serde_json::to_writer_pretty(&mut out, item).map_err(io::Error::from);
        printed(written.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
    }

    /// Prints text, but for what could steer the terminal.
    pub(crate) fn raw(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        printed(writeln!(out, "{}", harmless(text.trim_end_matches('\n'))).and_then(|()| out.flush()))
    }

    /// A word to people, beside the result; programs have it from the result.
    pub(crate) fn note(self, text: &str) {
        journal::write(Level::Info, text);
        if self.format == Format::Table {
            let _unheard = writeln!(io::stderr().lock(), "{}", harmless(text));
        }
    }

    /// A word that nobody may miss, whatever the result is printed as.
    pub(crate) fn warn(self, of: Warning, text: &str) {
        journal::write(Level::Warning, text);
        match self.format {
            Format::Json => aside::tell(Kind::Warning, of.name(), [("message", json!(text))]),
            Format::Table => {
                let _unheard = writeln!(io::stderr().lock(), "warning: {}", harmless(text));
            }
        }
    }

    /// Says that a signal was heard; at a terminal below the bar or the `^C` that it shows.
    pub(crate) fn stopping(self, text: &str) {
        if self.tells_programs() {
            return self.warn(Warning::Stopping, text);
        }
        journal::write(Level::Warning, text);
        let _unheard = writeln!(io::stderr().lock(), "\n{text}");
    }

    /// Asks before something is removed: its name must be typed, unless `--yes` was given.
    pub(crate) fn confirm(self, act: &str, name: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let cancelled =
            |why: &str| Trouble::new(format!("did not {act} {name}"), why, "add --yes to do it unasked").into();
        if !io::stdin().is_terminal() {
            return Err(cancelled("nobody is there to be asked"));
        }
        let answer = self.answer(&format!("This cannot be undone. Type {name} to {act} it: "));
        if answer.trim() == name { Ok(()) } else { Err(cancelled("cancelled")) }
    }
}

impl Console {
    /// Asks before something great is done: the word yes must be given, typed or by a script, unless `--yes` was.
    pub(crate) fn agree(self, act: &str, warning: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if self.answer(&format!("This would {act}.\n{warning}\nType yes to do it: ")).trim() == "yes" {
            return Ok(());
        }
        let remedy = "answer yes, or add --yes to do it unasked";
        Err(Trouble::new(format!("did not {act}"), "cancelled", remedy).into())
    }

    /// Asks the same where MIGRATION_ENV says that this is production, and nowhere else.
    pub(crate) fn agree_in_production(self, act: &str) -> Result<(), Failure> {
        match environment::is_production() {
            true => self.agree(act, "Without --execute nothing is written, and it is told what would be done."),
            false => Ok(()),
        }
    }

    /// Asks, and reads one line.
    fn answer(self, question: &str) -> String {
        let place = environment::name();
        if self.tells_programs() {
            let members = [("message", json!(question.trim_end())), ("environment", json!(place))];
            aside::tell(Kind::Question, "agree", members);
        } else {
            let place = place.map(|name| format!("The environment is {name}.\n")).unwrap_or_default();
            let _unheard = write!(io::stderr().lock(), "{}", harmless(&format!("{place}{question}")));
        }
        let mut line = String::new();
        let read = io::stdin().lock().take(1_000).read_line(&mut line);
        if !self.tells_programs() && (!line.ends_with('\n') || !io::stdin().is_terminal()) {
            // No terminal has ended the line of the question.
            let _unheard = writeln!(io::stderr().lock());
        }
        if read.is_ok() { line } else { String::new() }
    }
}

/// Bytes of a large thing that are written at once.
const PIECE: usize = 64 * 1024;

/// How printing ended. A reader that has gone away, as `head` does, is no failure.
fn printed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Trouble::caused("cannot print the result", &error, "").into())
        }
        _ => Ok(()),
    }
}

fn json(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Trouble::caused("cannot print the result", &error, "").into())
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    // A terminal that nobody told its size, as in containers, says that it has no columns.
    if table.width() == Some(0) {
        table.set_width(80);
    }
    table
}

/// A row for each thing, a column for each of its members.
fn side_by_side(heads: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = table();
    table.set_header(heads);
    table.add_rows(rows);
    table
}

/// A row for each member, an empty one between two things: for terminals on which the columns would be a few letters wide.
fn one_below_the_other(heads: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = table();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            table.add_row(["", ""]);
        }
        for (head, cell) in heads.iter().zip(row) {
            table.add_row([*head, cell.as_str()]);
        }
    }
    table
}

/// Whether columns would have to break words to fit in, beyond a long one here and there.
fn is_too_wide(heads: &[&str], rows: &[Vec<String>], width: usize) -> bool {
    const FRAME: usize = 3;
    let longest_word = |text: &str| text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    let columns = heads.iter().enumerate().map(|(index, head)| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| longest_word(cell));
        cells.max().unwrap_or_default().max(longest_word(head)) + FRAME
    });
    columns.sum::<usize>() > width + width / 5
}

/// A member's name as people read it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A value as people read it; characters that could steer the terminal are shown escaped.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => plain(&to_the_second(text)),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join("\n"),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{}: {}", words(name), cell(value)))
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Number(number) => number.to_string(),
    }
}

/// Text whose instants end with the second: what comes behind is for programs, and they get it in JSON.
pub(crate) fn to_the_second(text: &str) -> String {
    let mut parts = text.split('.');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let behind = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if behind.len() < part.len() && behind.starts_with('Z') && ends_in_an_instant(&shown) {
            shown.push_str(behind);
        } else {
            shown.push('.');
            shown.push_str(part);
        }
    }
    shown
}

fn ends_in_an_instant(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let tail = text.len().checked_sub(SHAPE.len()).and_then(|from| text.as_bytes().get(from..));
    let fits = |(have, want): (&u8, &u8)| if *want == b'0' { have.is_ascii_digit() } else { have == want };
    tail.is_some_and(|tail| tail.iter().zip(SHAPE).all(fits))
}

fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if steers(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_whose_columns_do_not_fit_stands_one_below_the_other() {
        let heads = ["Tenant", "Accounts", "Last use"];
        let rows = vec![vec!["acme".to_owned(), "20".to_owned(), "2026-11-21T08:01:15.17806Z".to_owned()]; 2];
        assert!(!is_too_wide(&heads, &rows, 80));
        assert!(is_too_wide(&heads, &rows, 40));
        let drawn = one_below_the_other(&heads, &rows).to_string();
        assert!(drawn.contains("│ Tenant   ┆ acme                       │\n│ Accounts ┆ 20 "), "{drawn}");
        assert_eq!(drawn.matches("2026-11-21T08:01:15.17806Z").count(), 2, "{drawn}");
        assert!(side_by_side(&heads, &rows).to_string().contains("│ Tenant ┆ Accounts ┆ Last use"));
    }

    #[test]
    fn values_read_well_and_cannot_steer_the_terminal() {
        assert_eq!(cell(&json!(["a", "b"])), "a\nb");
        assert_eq!(cell(&json!(true)), "yes");
        assert_eq!([json!(null), json!([]), json!({})].map(|nothing| cell(&nothing)), ["-", "-", "-"]);
        assert_eq!(cell(&json!("a\u{1b}[31mb\u{202e}c")), "a\\u{1b}[31mb\\u{202e}c");
    }

    #[test]
    fn tables_show_instants_to_the_second() {
        let kept = "kept until 2026-11-21T08:01:15.17806Z; see 1.5Z and 10.1.2.3";
        assert_eq!(cell(&json!(kept)), "kept until 2026-11-21T08:01:15Z; see 1.5Z and 10.1.2.3");
        assert_eq!(
            cell(&json!(["2026-11-21T08:01:15.1Z", "2026-11-21T08:01:15Z"])).lines().last(),
            Some("2026-11-21T08:01:15Z")
        );
        for other in ["2026-11-21T08:01:15.x", "2026-11-21 08:01:15.17Z", "é.1Z", ".", "v1.2.Z"] {
            assert_eq!(cell(&json!(other)), other);
        }
    }
}
