//! oauth-core builds with no runtime, no web framework and no C: embedders rely on it.

use crate::failure::Failure;
use crate::{process, workspace};

const NEVER: [&str; 10] =
    ["actix-http", "actix-rt", "actix-web", "cc", "josekit", "openssl", "openssl-sys", "ring", "rusqlite", "tokio"];

/// Looks through everything that oauth-core needs, however far down.
pub(super) fn check() -> Result<Vec<String>, Failure> {
    let arguments =
        ["tree", "--package", "oauth-core", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let tree = process::output(&mut workspace::cargo(arguments))?;
    Ok(find(&tree)
        .into_iter()
        .map(|name| format!("oauth-core: needs {name}, see `cargo tree -p oauth-core -i {name}`"))
        .collect())
}

fn find(tree: &str) -> Vec<&str> {
    let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| NEVER.contains(name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_package_is_found_once_however_deep_it_is() {
        assert_eq!(find("oauth-core v0.1.0\nurl v2.5.0\ncc v1.2.0\nring v0.17.0 (*)\ncc v1.2.0 (*)\n"), ["cc", "ring"]);
        assert!(find("oauth-core v0.1.0\nurl v2.5.0\nccc v1.0.0\n").is_empty());
    }
}
