//! `cargo xtask docs`: writes the references from the code, or tells where they differ.

use std::fs;
use std::process::Command;

use crate::failure::Failure;
use crate::folder::Folder;
use crate::machine::Machine;
use crate::server::Binaries;
use crate::services::Services;
use crate::{pages, process, workspace};

const HELP: &str = "\
Write docs/reference/{configuration,endpoints,errors,cli}.md from the code.

Usage: cargo xtask docs [--check | --pictures]

  --check      Write nothing; fail and show the differences if there are any
  --pictures   Take the pictures of the pages in docs/images anew, with the browser tests
";

/// The pages of the reference; `authly-admin reference <page>` prints each.
const PAGES: [&str; 4] = ["configuration", "endpoints", "errors", "cli"];

/// Runs the task.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => write(),
        ["--check"] => check(),
        ["--pictures"] => pictures(),
        ["--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(Failure::new(format!("cannot read this\n\n{HELP}"))),
    }
}

fn write() -> Result<(), Failure> {
    let folder = workspace::root().join("docs/reference");
    fs::create_dir_all(&folder).map_err(|error| Failure::of(folder.display(), error))?;
    let binaries = Binaries::build(&Machine::here())?;
    for page in PAGES {
        let file = folder.join(format!("{page}.md"));
        fs::write(&file, render(&binaries, page)?).map_err(|error| Failure::of(file.display(), error))?;
        println!("wrote docs/reference/{page}.md");
    }
    Ok(())
}

fn pictures() -> Result<(), Failure> {
    let machine = Machine::here();
    let services = Services::start(&machine)?;
    pages::run(&machine, &services, &workspace::root().join("docs/images"))
}

fn check() -> Result<(), Failure> {
    let fresh = Folder::create("docs")?;
    let binaries = Binaries::build(&Machine::here())?;
    let mut drifted = Vec::new();
    for page in PAGES {
        let name = format!("docs/reference/{page}.md");
        let file = fresh.path().join(format!("{page}.md"));
        fs::write(&file, render(&binaries, page)?).map_err(|error| Failure::of(file.display(), error))?;
        let mut diff = Command::new("diff");
        diff.current_dir(workspace::root())
            .args(["-u", "-N", "--label", &name, "--label", "as the code has it", &name])
            .arg(&file);
        let same = diff.status().map_err(|error| Failure::of("cannot start diff", error))?.success();
        if !same {
            drifted.push(name);
        }
    }
    if drifted.is_empty() {
        println!("docs/reference is up to date");
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} differ from the code; run `cargo xtask docs` and commit the result",
        drifted.join(", ")
    )))
}

fn render(binaries: &Binaries, page: &str) -> Result<String, Failure> {
    process::output(Command::new(&binaries.admin).args(["reference", page]))
}
