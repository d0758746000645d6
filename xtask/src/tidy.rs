//! `cargo xtask tidy`: the invariants of the layout that no compiler checks.

mod failpoints;
mod layers;
mod links;
mod modules;
mod proofs;
mod purity;
mod sql;
mod words;

use std::fs;

use crate::failure::Failure;
use crate::workspace;

const HELP: &str = "\
Check the layout: which crate may use which, that every module says what it is for, that no file holds a second idea,
that oauth-core stays pure, that no committed text names a machine or a registry host, that SQL stays in the storage
crates, that every link in the documentation resolves, that every test exists that it names as a proof, and that no
shipped build knows the places where tests kill it.

Usage: cargo xtask tidy
";

/// Runs the task.
pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => check(),
        _ => {
            print!("{HELP}");
            Ok(())
        }
    }
}

/// One text file of the project.
struct Source {
    /// Its path from the root, with slashes.
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }
}

/// Prints every problem; fails if there is one.
pub(crate) fn check() -> Result<(), Failure> {
    let sources = read()?;
    let mut problems = layers::check(&workspace::metadata()?)?;
    problems.extend(purity::check()?);
    problems.extend(modules::check(&sources));
    problems.extend(words::check(&sources));
    problems.extend(sql::check(&sources));
    problems.extend(links::check(&sources));
    problems.extend(failpoints::check(&sources));
    problems.extend(proofs::check(&sources));
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!("{} files are tidy", sources.len());
        return Ok(());
    }
    Err(Failure::new(format!("{} things to tidy, see above", problems.len())))
}

/// Files that are no UTF-8 are pictures and the like: nothing here reads them.
fn read() -> Result<Vec<Source>, Failure> {
    let root = workspace::root();
    let text = |path: std::path::PathBuf| {
        let text = fs::read(root.join(&path)).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        Some(Source { path: path.to_str()?.to_owned(), text })
    };
    Ok(workspace::files()?.into_iter().filter_map(text).collect())
}

/// The lines of a Rust file that come before its tests.
fn before_tests(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |at: usize| {
        let mut rest = lines.iter().skip(at + 1).filter(|line| !line.starts_with("#["));
        rest.next().is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    let end = lines.iter().enumerate().position(|(at, line)| line.starts_with("#[cfg(test)]") && opens_tests(at));
    let end = end.unwrap_or(lines.len());
    lines.into_iter().take(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_begin_at_their_module_and_not_at_a_test_only_item() {
        let text = "fn a() {}\n#[cfg(test)]\nfn only() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\nfn b() {}\n}\n";
        assert_eq!(before_tests(text).count(), 3);
        assert_eq!(before_tests("#[cfg(test)]\nmod tests;\nfn a() {}\n").count(), 3);
    }

    #[test]
    fn this_repository_is_read_with_its_manifest() {
        assert!(read().unwrap().iter().any(|source| source.path == "Cargo.toml"));
    }
}
