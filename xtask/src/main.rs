//! The project's own tasks, run as `cargo xtask <task>`.
//!
//! They hold no product code and start nothing that outlives them (`pg start` apart, which says so).

mod bench;
mod browser;
mod clients;
mod disk;
mod docs;
mod failure;
mod folder;
mod fuzz;
mod legacy_source;
mod machine;
mod node;
mod pages;
mod pg;
mod places;
mod postgres;
mod prerequisites;
mod process;
mod redis;
mod run;
mod server;
mod services;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use failure::Failure;

const HELP: &str = "\
The project's own tasks.

Usage: cargo xtask <task> [options]

Tasks:
  run     Check what the build needs, build authly-server and start it
  test    Find or install what the tests need, and run every check and test
  tidy    Check the layout: layers, modules, file sizes, words, SQL, links
  docs    Write docs/reference from the code (--check: only compare)
  pg      Start, stop or name a private PostgreSQL for development
  bench   Measure the release build over loopback
  fuzz    Run the fuzz targets for a bounded time
  legacy-source
          Make a database as an older program left it, for tests and guides

`cargo xtask <task> --help` tells more about one task.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match start(&task, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn start(task: &str, arguments: &[String]) -> Result<(), Failure> {
    match task {
        "bench" => bench::main(arguments),
        "docs" => docs::main(arguments),
        "fuzz" => fuzz::main(arguments),
        "legacy-source" => legacy_source::main(arguments),
        "pg" => pg::main(arguments),
        "run" => run::main(arguments),
        "test" => test::main(arguments),
        "tidy" => tidy::main(arguments),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(Failure::new(format!("there is no task `{other}`\n\n{HELP}"))),
    }
}
