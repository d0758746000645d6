//! `cargo xtask fuzz`: hostile input for everything that reads from outside, for a bounded time.
//!
//! libFuzzer and the address sanitizer come with the toolchain; the switches that turn them on are still called unstable,
//! which `RUSTC_BOOTSTRAP` permits for this one build.

use std::fs;
use std::process::Command;

use crate::failure::Failure;
use crate::machine::{Machine, Need};
use crate::{process, workspace};

const HELP: &str = "\
Run the fuzz targets of fuzz/, each for a bounded time.

Usage: cargo xtask fuzz [--seconds N] [TARGET..]

Targets: authorize_query, client_assertion, redirect_matcher, token_form (all of them where none is named)

  --seconds N   How long each target runs (60)

What it learns stays in target/fuzz/corpus. A finding is a failure; the input that caused it is kept in
target/fuzz/findings and is run again with: target/fuzz/<host>/release/<target> <file>
";

const TARGETS: [&str; 4] = ["authorize_query", "client_assertion", "redirect_matcher", "token_form"];

const COMPILER: Need = Need {
    what: "a C++ compiler (c++)",
    packages: &["g++"],
    otherwise: "Fedora: dnf install gcc-c++; macOS: xcode-select --install",
};

/// Coverage as libFuzzer wants it, and the address sanitizer.
const FLAGS: &str = "--cfg fuzzing -Zsanitizer=address -Ccodegen-units=1 -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs the task.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    let Some(order) = Order::parse(arguments)? else {
        print!("{HELP}");
        return Ok(());
    };
    Machine::here().ensure(&COMPILER, |places| places.program("c++"))?;
    let folder = workspace::target()?.join("fuzz");
    let host = host()?;
    let mut build = workspace::cargo(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    build.arg("--target-dir").arg(&folder).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS);
    process::run(&mut build)?;

    let mut findings = Vec::new();
    for target in order.targets {
        let (corpus, kept) = (folder.join("corpus").join(target), folder.join("findings").join(target));
        for needed in [&corpus, &kept] {
            fs::create_dir_all(needed).map_err(|error| Failure::of(needed.display(), error))?;
        }
        let mut run = Command::new(folder.join(&host).join("release").join(target));
        run.current_dir(workspace::root())
            .args([format!("-max_total_time={}", order.seconds), format!("-artifact_prefix={}/", kept.display())])
            .args(["-max_len=20000", "-timeout=5", "-rss_limit_mb=2048", "-print_funcs=0", "-verbosity=0"])
            .arg(&corpus)
            .arg(format!("fuzz/seeds/{target}"));
        if let Err(failure) = process::run(&mut run) {
            eprintln!("error: {failure}");
            findings.push(target);
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("findings in {}, see above", findings.join(", "))))
    }
}

fn host() -> Result<String, Failure> {
    let told = process::output(Command::new("rustc").arg("-vV").current_dir(workspace::root()))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc does not name its host"))
}

#[derive(Debug, Eq, PartialEq)]
struct Order {
    seconds: u32,
    targets: Vec<&'static str>,
}

impl Order {
    /// `None` asks for help.
    fn parse(arguments: &[String]) -> Result<Option<Self>, Failure> {
        let mut order = Self { seconds: 60, targets: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--seconds" => {
                    let seconds =
                        arguments.next().and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds > 0);
                    order.seconds = seconds.ok_or_else(|| Failure::new("--seconds wants a number above 0"))?;
                }
                name => {
                    let target = TARGETS.into_iter().find(|target| *target == name);
                    order
                        .targets
                        .push(target.ok_or_else(|| Failure::new(format!("there is no target `{name}`\n\n{HELP}")))?);
                }
            }
        }
        if order.targets.is_empty() {
            order.targets = TARGETS.to_vec();
        }
        Ok(Some(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Option<Order>, Failure> {
        Order::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn without_names_all_targets_run_for_a_bounded_time() {
        assert_eq!(parse(&[]).unwrap(), Some(Order { seconds: 60, targets: TARGETS.to_vec() }));
        assert_eq!(
            parse(&["--seconds", "5", "token_form"]).unwrap(),
            Some(Order { seconds: 5, targets: vec!["token_form"] })
        );
    }

    #[test]
    fn a_wrong_target_or_an_endless_run_is_refused() {
        assert!(parse(&["nothing"]).is_err() && parse(&["--seconds", "0"]).is_err() && parse(&["--seconds"]).is_err());
    }

    #[test]
    fn each_target_has_a_program_and_seeds() {
        for target in TARGETS {
            assert!(workspace::root().join(format!("fuzz/targets/{target}.rs")).is_file());
            assert!(fs::read_dir(workspace::root().join(format!("fuzz/seeds/{target}"))).unwrap().count() > 0);
        }
    }
}
