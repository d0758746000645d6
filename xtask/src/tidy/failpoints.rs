//! Failpoints are for tests: no build that is shipped may know them.
//!
//! The variable stands in one module, which is compiled with debug assertions only; and no profile but those of tests has them.

use super::{Source, before_tests};

/// Where the variable stands.
const HOME: &str = "crates/failpoint/src/armed.rs";
/// What declares that module.
const LIBRARY: &str = "crates/failpoint/src/lib.rs";
const VARIABLE: &str = concat!("AUTHLY", "_FAILPOINT");

/// Looks at product code and at the manifests.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    let product = |source: &&Source| {
        source.is_rust()
            && !source.path.contains("/tests/")
            && !source.path.starts_with("xtask/")
            && source.path != HOME
    };
    for source in sources.iter().filter(product) {
        let code = before_tests(&source.text).enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            if line.contains(VARIABLE) {
                problems.push(format!("{}:{}: failpoints are read in {HOME} alone", source.path, number + 1));
            }
        }
    }
    let library = sources.iter().find(|source| source.path == LIBRARY);
    let guarded = "#[cfg(debug_assertions)]\nmod armed;";
    if library
        .is_some_and(|library| library.text.matches("mod armed;").count() != library.text.matches(guarded).count())
        || library.is_none_or(|library| !library.text.contains(guarded))
    {
        problems.push(format!("{LIBRARY}: `mod armed` is not compiled with debug assertions alone"));
    }
    // The fuzz targets have profiles of their own, and are never shipped.
    let manifest = |source: &&Source| {
        (source.path.ends_with("Cargo.toml") && !source.path.starts_with("fuzz/")) || source.path.starts_with(".cargo/")
    };
    for source in sources.iter().filter(manifest) {
        if source.text.contains("debug-assertions") {
            problems
                .push(format!("{}: a profile decides about debug assertions, and so about failpoints", source.path));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARDED: &str = "#[cfg(debug_assertions)]\nmod armed;\n";

    fn problems(files: &[(&str, &str)]) -> usize {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).into(), text: (*text).into() };
        check(&files.iter().map(source).collect::<Vec<_>>()).len()
    }

    #[test]
    fn a_guarded_module_that_alone_reads_the_variable_is_fine() {
        let armed = format!("const A: &str = \"{VARIABLE}\";\n");
        assert_eq!(problems(&[(LIBRARY, GUARDED), (HOME, &armed), ("bins/a/tests/b.rs", &armed)]), 0);
    }

    #[test]
    fn what_would_ship_them_is_reported() {
        let elsewhere = format!("let a = var_os(\"{VARIABLE}\");\n");
        assert_eq!(problems(&[(LIBRARY, GUARDED), ("crates/a/src/b.rs", &elsewhere)]), 1);
        assert_eq!(problems(&[(LIBRARY, "mod armed;\n")]), 1);
        assert_eq!(problems(&[(LIBRARY, GUARDED), ("Cargo.toml", "[profile.release]\ndebug-assertions = true\n")]), 1);
        assert_eq!(
            problems(&[(LIBRARY, GUARDED), ("fuzz/Cargo.toml", "[profile.release]\ndebug-assertions = true\n")]),
            0
        );
        assert_eq!(problems(&[]), 1, "the library itself is looked for");
    }
}
