//! `cargo xtask test`: the one test command, from formatting to a real browser.
//!
//! It finds or installs what it needs and stops what it started. Nothing is skipped: what cannot be had is a failure that
//! says what to install.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::machine::Machine;
use crate::services::Services;
use crate::{bench, clients, disk, docs, fuzz, pages, prerequisites, process, tidy, workspace};

const HELP: &str = "\
Find or install what the tests need, and run every check and test.

Usage: cargo xtask test [--only STEP[,STEP..]] [-- arguments of cargo test]

Steps, in this order:
  tidy      the layout: layers, modules, file sizes, words, SQL, links
  fmt       cargo fmt --check
  clippy    cargo clippy, warnings are errors
  rust      cargo test of the whole workspace, documentation included
  docs      the generated references are up to date, and the documentation of the code has no warnings
  clients   third-party OAuth and OpenID Connect clients against a running server
  browser   the pages in a real browser
  crash     kill -9 of a server under load: every refresh chain continues or was never answered
  fuzz      the fuzz targets, five seconds each (cargo xtask fuzz takes longer)

Running services are used where AUTHLY_TEST_DATABASE_URL or AUTHLY_TEST_REDIS_URL name them; otherwise private ones are
started and thrown away.

Examples:
  cargo xtask test
  cargo xtask test --only clippy,rust
  cargo xtask test --only rust -- -p oauth-core pkce
";

/// One part of the test command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Tidy,
    Fmt,
    Clippy,
    Rust,
    Docs,
    Clients,
    Browser,
    Crash,
    Fuzz,
}

/// In the order in which they run: quick answers first.
const STEPS: [Step; 9] = [
    Step::Tidy,
    Step::Fmt,
    Step::Clippy,
    Step::Rust,
    Step::Docs,
    Step::Clients,
    Step::Browser,
    Step::Crash,
    Step::Fuzz,
];

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Tidy => "tidy",
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Rust => "rust",
            Self::Docs => "docs",
            Self::Clients => "clients",
            Self::Browser => "browser",
            Self::Crash => "crash",
            Self::Fuzz => "fuzz",
        }
    }

    fn needs_services(self) -> bool {
        matches!(self, Self::Rust | Self::Clients | Self::Browser)
    }
}

/// Runs the task.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    let order = Order::parse(arguments)?;
    if order.help {
        print!("{HELP}");
        return Ok(());
    }
    let machine = Machine::here();
    let mut results: Vec<(&str, Duration, Result<(), Failure>)> = Vec::new();
    let mut timed = |name, work: &mut dyn FnMut() -> Result<(), Failure>| {
        println!("\n== {name}");
        let begin = Instant::now();
        let result = work();
        if let Err(failure) = &result {
            eprintln!("error: {failure}");
        }
        results.push((name, begin.elapsed(), result));
    };

    let mut services = None;
    timed("prepare", &mut || {
        if order.steps.iter().any(|step| *step != Step::Tidy && *step != Step::Fmt) {
            prerequisites::check(&machine)?;
            disk::look();
        }
        if order.steps.iter().any(|step| step.needs_services()) {
            services = Some(Services::start(&machine)?);
        }
        Ok(())
    });
    for step in &order.steps {
        timed(step.name(), &mut || run(*step, &machine, services.as_ref(), &order.rest));
    }
    drop(services);
    report(&results)
}

fn run(step: Step, machine: &Machine, services: Option<&Services>, rest: &[String]) -> Result<(), Failure> {
    let services = || services.ok_or_else(|| Failure::new("what it needs could not be prepared, see above"));
    match step {
        Step::Tidy => tidy::check(),
        Step::Fmt => process::run(&mut workspace::cargo(["fmt", "--all", "--check"])),
        Step::Clippy => {
            let mut command = workspace::cargo(["clippy", "--workspace", "--all-targets"]);
            process::run(command.args(prerequisites::check(machine)?.arguments()).args(["--", "-D", "warnings"]))
        }
        Step::Rust => {
            let mut command = workspace::cargo(["test", "--no-fail-fast"]);
            if !rest.iter().any(|argument| argument == "-p" || argument.starts_with("--package")) {
                command.args(["--workspace", "--exclude", "authly-browser-tests"]);
                command.args(prerequisites::check(machine)?.arguments());
            }
            process::run(services()?.introduce(command.args(rest)))
        }
        Step::Docs => {
            docs::main(&["--check".to_owned()])?;
            let mut command = workspace::cargo(["doc", "--workspace", "--no-deps"]);
            command.args(prerequisites::check(machine)?.arguments());
            process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
        }
        Step::Clients => clients::run(machine, services()?),
        Step::Crash => bench::crash(),
        Step::Fuzz => fuzz::main(&["--seconds".to_owned(), "5".to_owned()]),
        Step::Browser => pages::run(machine, services()?, &workspace::target()?.join("pictures")),
    }
}

/// Prints what every step came to, and last one line that counts them.
fn report(results: &[(&str, Duration, Result<(), Failure>)]) -> Result<(), Failure> {
    println!("\n== summary");
    for (name, took, result) in results {
        let word = if result.is_ok() { "passed" } else { "FAILED" };
        println!("{name:<8} {word} {:>8.1} s", took.as_secs_f64());
    }
    let failed: Vec<&str> = results.iter().filter(|(_, _, result)| result.is_err()).map(|(name, _, _)| *name).collect();
    println!("{} passed, {} failed", results.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed: {}", failed.join(", ")))) }
}

#[derive(Debug)]
struct Order {
    help: bool,
    steps: Vec<Step>,
    rest: Vec<String>,
}

impl Order {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut order = Self { help: false, steps: Vec::new(), rest: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => order.help = true,
                "--only" => order.choose(arguments.next().map(String::as_str).unwrap_or_default())?,
                "--" => order.rest.extend(arguments.by_ref().cloned()),
                other => match other.strip_prefix("--only=") {
                    Some(names) => order.choose(names)?,
                    None => return Err(Failure::new(format!("cannot read `{other}`\n\n{HELP}"))),
                },
            }
        }
        if order.steps.is_empty() {
            order.steps = STEPS.to_vec();
        }
        Ok(order)
    }

    fn choose(&mut self, names: &str) -> Result<(), Failure> {
        for name in names.split(',') {
            let step = STEPS.into_iter().find(|step| step.name() == name);
            self.steps.push(step.ok_or_else(|| Failure::new(format!("there is no step `{name}`\n\n{HELP}")))?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Order, Failure> {
        Order::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn without_a_choice_every_step_runs() {
        assert_eq!(parse(&[]).unwrap().steps, STEPS);
    }

    #[test]
    fn chosen_steps_run_in_the_order_given() {
        assert_eq!(parse(&["--only", "rust,fmt", "--only=docs"]).unwrap().steps, [Step::Rust, Step::Fmt, Step::Docs]);
    }

    #[test]
    fn a_step_that_does_not_exist_is_not_ignored() {
        assert!(parse(&["--only", "rust,nonsense"]).unwrap_err().to_string().contains("`nonsense`"));
        assert!(parse(&["--only"]).is_err());
        assert!(parse(&["rust"]).is_err());
    }

    #[test]
    fn arguments_after_two_dashes_are_for_cargo_test() {
        assert_eq!(parse(&["--only", "rust", "--", "-p", "oauth-core"]).unwrap().rest, ["-p", "oauth-core"]);
    }

    #[test]
    fn one_failed_step_fails_the_whole() {
        assert!(report(&[("fmt", Duration::ZERO, Ok(()))]).is_ok());
        let failed = report(&[("fmt", Duration::ZERO, Ok(())), ("rust", Duration::ZERO, Err(Failure::new("no")))]);
        assert_eq!(failed.unwrap_err().to_string(), "failed: rust");
    }
}
