//! Every test that the documentation names as a proof exists: `file.rs::function`, below `crates` unless it begins with `bins`.

use super::Source;

/// Looks at every code span of a Markdown file that has the form of such a name.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.is_markdown()) {
        for (number, line) in source.text.lines().enumerate() {
            for (file, function) in named(line) {
                if !exists(sources, file, function) {
                    problems.push(format!("{}:{}: there is no test `{function}` in `{file}`", source.path, number + 1));
                }
            }
        }
    }
    problems
}

/// The names in the code spans of a line.
fn named(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once("::")).filter(|(file, _)| file.ends_with(".rs") && file.contains('/'))
}

fn exists(sources: &[Source], file: &str, function: &str) -> bool {
    let below_crates = format!("crates/{file}");
    let is_meant = |source: &&Source| source.path == file || source.path == below_crates;
    let declared = [format!("fn {function}("), format!("fn {function}<")];
    // Tests of a list are named in it and declared by a macro.
    let listed = |text: &str| text.lines().any(|line| line.trim().trim_end_matches([',', ';']) == function);
    sources
        .iter()
        .find(is_meant)
        .is_some_and(|source| declared.iter().any(|start| source.text.contains(start)) || listed(&source.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_told() {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let tests = source(
            "crates/a/tests/b.rs",
            "#[test]\nfn it_holds() {}\nfn of_all<S>() {}\nsuite! {\n    it_is_listed,\n}\n",
        );
        let page = "`a/tests/b.rs::it_holds`, `a/tests/b.rs::of_all`, `crates/a/tests/b.rs::it_is_listed`, `std::fs` and `b.rs::x` are no such names";
        assert_eq!(check(&[tests, source("docs/x.md", page)]), Vec::<String>::new());
        let tests = source("crates/a/tests/b.rs", "fn it_holds_more() {}");
        let found = check(&[tests, source("docs/x.md", "one\n`a/tests/b.rs::it_holds`, `a/tests/c.rs::it_holds`")]);
        assert_eq!(
            found,
            [
                "docs/x.md:2: there is no test `it_holds` in `a/tests/b.rs`",
                "docs/x.md:2: there is no test `it_holds` in `a/tests/c.rs`"
            ]
        );
    }
}
