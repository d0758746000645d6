//! Every Rust file says first what it is for, and holds one idea.

use super::{Source, before_tests};

/// A file longer than this, tests apart, holds a second idea.
const LINES: usize = 400;

/// Looks at every Rust file.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        if !opens_with_its_purpose(&source.text) {
            problems.push(format!("{}: does not open with `//!`, what it is for", source.path));
        }
        let lines = before_tests(&source.text).count();
        if lines > LINES && !holds_only_tests(&source.path) {
            problems.push(format!(
                "{}: {lines} lines before its tests, more than {LINES}: it holds a second idea",
                source.path
            ));
        }
    }
    problems
}

/// A file of tests is as long as its scenarios are many.
fn holds_only_tests(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// Attributes of the whole file may come before the purpose.
fn opens_with_its_purpose(text: &str) -> bool {
    let mut within_attribute = false;
    for line in text.lines().map(str::trim_end) {
        if within_attribute {
            within_attribute = !line.ends_with(']');
        } else if line.starts_with("#!") {
            within_attribute = line.starts_with("#![") && !line.ends_with(']');
        } else if !line.is_empty() {
            return line.starts_with("//!");
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(text: String) -> usize {
        check(&[Source { path: "a.rs".into(), text }]).len()
    }

    #[test]
    fn the_purpose_comes_first_or_after_attributes() {
        assert!(opens_with_its_purpose("//! What.\nfn a() {}\n"));
        assert!(opens_with_its_purpose("#![expect(\n    clippy::x,\n    reason = \"y\"\n)]\n\n//! What.\n"));
        assert!(!opens_with_its_purpose("// What.\n//! Late.\n"));
        assert!(!opens_with_its_purpose("use std::fs;\n"));
        assert!(!opens_with_its_purpose(""));
    }

    #[test]
    fn a_long_file_is_reported_and_long_tests_are_not() {
        let purpose = "//! What.\n";
        assert_eq!(check_one(format!("{purpose}{}", "fn a() {}\n".repeat(LINES - 1))), 0);
        assert_eq!(check_one(format!("{purpose}{}", "fn a() {}\n".repeat(LINES))), 1);
        assert!(holds_only_tests("crates/a/src/pkce_tests.rs") && !holds_only_tests("crates/a/src/pkce.rs"));
        assert_eq!(check_one(format!("{purpose}#[cfg(test)]\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(LINES))), 0);
    }
}
