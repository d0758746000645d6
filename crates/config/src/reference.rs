//! The reference of the configuration and the example file, both made from the table.

use std::fmt::Write as _;

use crate::setting::{Change, Fallback, Kind, Name, Setting};
use crate::table::SETTINGS;

/// The reference of all settings in Markdown.
pub fn reference_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    for section in SETTINGS {
        let _ = write!(out, "\n## `[{}]`\n\n{}\n\n", section.name, section.doc);
        out.push_str("| environment | file | value | default | meaning |\n| --- | --- | --- | --- | --- |\n");
        for setting in section.settings {
            let names: Vec<String> = setting.names.iter().map(|name| format!("`{}`", name.name)).collect();
            let _ = writeln!(
                out,
                "| {} | `{}` | {} | {} | {} |",
                names.join("<br>"),
                setting.leaf(),
                cell(&setting.kind.describe()),
                cell(&default(setting)),
                cell(&meaning(setting)),
            );
        }
    }
    out
}

/// An example of the configuration file: every key, commented out, at its default.
pub fn example_toml() -> String {
    let mut out = String::from(
        "# Settings of Authly. A variable of the environment wins over its key here; the server names unknown keys and\n\
         # everything else that is wrong, all at once, and `authly-server --check` does only that.\n",
    );
    for section in SETTINGS {
        let _ = write!(out, "\n# {}\n[{}]\n", section.doc, section.name);
        for setting in section.settings {
            let _ = write!(out, "\n{}# {} = {}\n", comment(setting), setting.leaf(), example(setting));
        }
    }
    out
}

const INTRODUCTION: &str = "# Configuration\n\n\
Settings come from three layers: built-in defaults, then a TOML file, then the environment; the later one wins. \
The variable `AUTHLY_CONFIG` names the file. Its keys stand in the sections below. A key that is not known, two names of one \
setting with different values, a weak secret, and what an installation lacks are all reported at once, and the server does not \
start.\n\n\
- A blank variable counts as one that is not set.\n\
- Lists are written with commas in the environment, and either so or as an array in the file.\n\
- Durations are written `30s`, `15m`, `12h` or `7d`. A bare number in a variable has the unit that the variable's name says.\n\
- Every value marked as secret can be kept in a file: put the path into the variable with `_FILE` behind its name, or into the \
key with `_file` behind it. A line end at the end of the file does not count.\n\
- A running server reads its settings again on SIGHUP. It follows those that are marked so; every other one waits for a restart, \
and the log names it when it has changed.\n\
- `authly-admin config check` reports everything that is wrong, and `authly-admin config show` all values and where they come \
from, without secrets.\n";

fn default(setting: &Setting) -> String {
    match setting.fallback {
        Fallback::Absent => "-".into(),
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Derived(how) => how.into(),
    }
}

/// What a setting means, with the unit of bare numbers where the name of a variable does not say it.
fn meaning(setting: &Setting) -> String {
    let silent = |name: &&Name| !["_SECONDS", "_MINUTES", "_HOURS", "_DAYS"].iter().any(|end| name.name.ends_with(end));
    let units = setting.names.iter().filter(silent).filter_map(|name| {
        let unit = name.unit?.word();
        Some(format!(" A bare number in `{}` means {unit}.", name.name))
    });
    let followed = if setting.change == Change::Followed { " **Followed on SIGHUP.**" } else { "" };
    format!("{}{}{followed}", setting.doc, units.collect::<String>())
}

/// A text inside a table: a bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn comment(setting: &Setting) -> String {
    let mut out = String::new();
    let mut line = String::from("#");
    let default = match setting.fallback {
        Fallback::Derived(how) => format!("; default: {how}"),
        _ => String::new(),
    };
    let text = format!("{} ({}; {}{default})", setting.doc, setting.name(), setting.kind.describe());
    for word in text.split_whitespace() {
        if line.len() + word.len() >= 110 {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out + &line + "\n"
}

fn example(setting: &Setting) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    match (setting.fallback, setting.kind) {
        (Fallback::Value(value), Kind::Flag | Kind::Whole { .. }) => value.into(),
        (Fallback::Value(value), kind) if kind.is_list() => {
            let items: Vec<String> = value.split(',').map(|item| quoted(item.trim())).collect();
            format!("[{}]", items.join(", "))
        }
        (Fallback::Value(value), _) => quoted(value),
        (_, Kind::Flag) => "true".into(),
        (_, Kind::Whole { min, .. }) => min.to_string(),
        (_, kind) if kind.is_list() => "[]".into(),
        _ => quoted(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::CONFIG_FILE;

    #[test]
    fn the_reference_names_every_setting_and_no_requirement() {
        let text = reference_markdown();
        for setting in SETTINGS.iter().flat_map(|section| section.settings) {
            for name in setting.names {
                assert!(text.contains(&format!("`{}`", name.name)), "{}", name.name);
            }
            assert!(text.contains(&format!("| `{}` |", setting.leaf())), "{}", setting.key);
        }
        assert!(text.contains(CONFIG_FILE));
        assert!(text.lines().filter(|line| line.starts_with("| `")).all(|line| line.matches(" | ").count() == 4));
        assert!(!text.contains("S000-"));
    }
}
