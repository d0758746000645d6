//! `authly-admin config`: works without a store.

use authly_config::{Origin, Problem, Report};
use authly_cutover::words;
use serde_json::json;

use crate::{
    args::{ConfigCommand, Format},
    console::{Column, Console},
    failure::{Code, Failure},
};

const COLUMNS: &[Column] = &[("Setting", "key"), ("Environment", "name"), ("Value", "value"), ("From", "origin")];

pub(crate) fn run(report: &Report, command: &ConfigCommand, console: Console) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check => check(report, console),
        ConfigCommand::Show { redacted: _ } => show(report, console),
        ConfigCommand::Reference => console.raw(&authly_config::reference_markdown()),
        ConfigCommand::Example => console.raw(&authly_config::example_toml()),
    }
}

/// Exits with 0 when the server would start, with 1 otherwise (C-40).
fn check(report: &Report, console: Console) -> Result<(), Failure> {
    let problems = report.problems();
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    match console.format {
        Format::Json => console.raw(&format!("{:#}", json!({ "valid": errors == 0, "problems": problems })))?,
        Format::Table => {
            let mut text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            text.push_str(&verdict(errors, problems));
            console.raw(&text)?;
        }
    }
    if errors == 0 { Ok(()) } else { Err(Failure::silent(Code::Failed)) }
}

fn verdict(errors: usize, problems: &[Problem]) -> String {
    let count = |number: usize, one: &str, many: &str| words::count(number, one, many);
    match (errors, problems.len()) {
        (0, 0) => "The configuration is valid: the system is ready.".to_owned(),
        (0, warnings) => {
            format!("The configuration is valid, with {}: the system is ready.", count(warnings, "warning", "warnings"))
        }
        (errors, _) => {
            format!("The configuration has {}: the server would not start.", count(errors, "error", "errors"))
        }
    }
}

fn show(report: &Report, console: Console) -> Result<(), Failure> {
    match console.format {
        Format::Json => console.list(report.rows(), COLUMNS, ""),
        Format::Table => {
            let rows: Vec<_> = report
                .rows()
                .iter()
                .map(|row| {
                    let origin = match &row.origin {
                        Origin::Default => "default".to_owned(),
                        other => other.to_string(),
                    };
                    json!({ "key": row.key, "name": row.name, "value": row.value, "origin": origin })
                })
                .collect();
            console.list(&rows, COLUMNS, "")
        }
    }
}
