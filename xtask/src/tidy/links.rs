//! Every link in the documentation leads to a file, and to a heading that exists.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::Source;
use crate::workspace;

/// Looks at every Markdown file. Links into the web are not followed; files beside the code are rustdoc's, which checks them.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let anchors: BTreeMap<&str, Vec<String>> = sources
        .iter()
        .filter(|source| source.is_markdown())
        .map(|source| (source.path.as_str(), anchors(&source.text)))
        .collect();
    let exists = |path: &Path| workspace::root().join(path).exists();
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.is_markdown() && !source.path.contains("/src/")) {
        for (number, target) in links(&source.text) {
            if let Some(why) = objection(&source.path, &target, &anchors, exists) {
                problems.push(format!("{}:{number}: the link `{target}` {why}", source.path));
            }
        }
    }
    problems
}

fn objection(
    from: &str,
    target: &str,
    anchors: &BTreeMap<&str, Vec<String>>,
    exists: impl Fn(&Path) -> bool,
) -> Option<String> {
    if ["http://", "https://", "mailto:"].iter().any(|start| target.starts_with(start)) {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { PathBuf::from(from) } else { resolve(from, file)? };
    if !exists(&path) {
        return Some("leads nowhere".to_owned());
    }
    let known = anchors.get(path.to_str()?)?;
    let anchor = anchor?;
    (!known.iter().any(|heading| heading == anchor)).then(|| format!("leads to no heading of {}", path.display()))
}

/// The path from the root that a relative link means.
fn resolve(from: &str, file: &str) -> Option<PathBuf> {
    let mut path = Path::new(from).parent()?.to_path_buf();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => {
                if !path.pop() {
                    return Some(PathBuf::from("outside the repository"));
                }
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Some(PathBuf::from("outside the repository")),
        }
    }
    Some(path)
}

/// Lines of the text that are not within a code block, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut within_code = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        within_code ^= fence;
        (!fence && !within_code).then_some((at + 1, line))
    })
}

/// The targets of inline links, pictures and link definitions.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Every second piece between backticks is code.
        let spoken: String = line.split('`').step_by(2).collect::<Vec<_>>().join("_");
        let mut rest = spoken.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let (target, after) = after.split_once(')').unwrap_or((after, ""));
            let target = target.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>']);
            found.push((number, target.to_owned()));
            rest = after;
        }
        if let Some((label, target)) = spoken.split_once("]: ")
            && label.starts_with('[')
            && !label.starts_with("[^")
        {
            found.push((number, target.split_whitespace().next().unwrap_or_default().to_owned()));
        }
    }
    found
}

/// The anchors that a renderer gives to the headings: lower case, words joined by dashes, repetitions numbered.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title
            .trim()
            .chars()
            .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'));
        let anchor: String =
            kept.map(|character| if character == ' ' { '-' } else { character }).collect::<String>().to_lowercase();
        let number = found.iter().filter(|earlier| earlier.as_str() == anchor).count();
        let repeated = (1..).map(|number| format!("{anchor}-{number}")).find(|name| !found.contains(name));
        found.push(if number == 0 { anchor } else { repeated.unwrap_or_default() });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(target: &str) -> Option<String> {
        let known = BTreeMap::from([("docs/a.md", anchors("# One\n## Two words\n")), ("README.md", Vec::new())]);
        objection("docs/a.md", target, &known, |path| {
            ["docs/a.md", "README.md", "docs"].iter().any(|file| Path::new(file) == path)
        })
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_heading() {
        for good in ["../README.md", "a.md", "./a.md#two-words", "#one", "https://example.com/x#y", "../docs"] {
            assert_eq!(why(good), None, "{good}");
        }
        for bad in ["b.md", "#three", "../../README.md", "/README.md", "a.md#"] {
            assert!(why(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn links_in_code_are_not_followed() {
        let text =
            "a [x](one.md) and ![p](two.png \"t\")\n```\n[y](three.md)\n```\n`[z](four.md)` [w][v]\n[v]: five.md\n";
        let targets: Vec<_> = links(text).into_iter().map(|(_, target)| target).collect();
        assert_eq!(targets, ["one.md", "two.png", "five.md"]);
    }

    #[test]
    fn headings_become_anchors_as_renderers_make_them() {
        let text = "# Run\n## `cargo xtask` & more\n## Run\n```\n# no heading\n```\n#tag\n";
        assert_eq!(anchors(text), ["run", "cargo-xtask--more", "run-1"]);
    }
}
