//! Words that no committed text holds: hosts of package registries and folders of somebody's machine.
//!
//! A clone must build anywhere, behind any mirror; each tool is set up by its own configuration and not by us.

use super::Source;

/// Put together at compile time, so that this file does not hold them either.
const HOSTS: [&str; 10] = [
    concat!("crates", ".io"),
    concat!("registry.npm", "js"),
    concat!("npm", "js.com"),
    concat!("registry.yarn", "pkg"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("deb.", "debian.org"),
    concat!("security.", "debian.org"),
    concat!("archive.", "ubuntu.com"),
    concat!("deb.node", "source.com"),
];

const FOLDERS: [&str; 5] = [
    concat!("/", "work/"),
    concat!("/", "home/"),
    concat!("/", "root/"),
    concat!("/", "Users/"),
    concat!("/tmp/", "bash"),
];

/// Looks at every text file. Cargo writes the name of its registry into the lock file, which cannot be helped.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| !source.path.ends_with("Cargo.lock")) {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(word) = find(line) {
                problems.push(format!("{}:{}: holds `{word}`", source.path, number + 1));
            }
        }
    }
    problems
}

fn find(line: &str) -> Option<&'static str> {
    let host = HOSTS.into_iter().find(|host| line.contains(host));
    host.or_else(|| FOLDERS.into_iter().find(|folder| starts_a_path(line, folder)))
}

/// The same letters within an address of the web are no folder of a machine.
fn starts_a_path(line: &str, folder: &str) -> bool {
    let within = |character: char| character.is_alphanumeric() || "/.-_}])>$*".contains(character);
    line.match_indices(folder)
        .any(|(at, _)| !line.get(..at).and_then(|before| before.chars().next_back()).is_some_and(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_registries_are_found_anywhere() {
        for host in HOSTS {
            assert_eq!(find(&format!("see https://x.{host}/y")), Some(host));
        }
        assert_eq!(find("the registry of the language"), None);
    }

    #[test]
    fn folders_are_found_where_a_path_starts() {
        for folder in FOLDERS {
            assert_eq!(find(&format!("cd {folder}x")), Some(folder));
            assert_eq!(find(&format!("\"{folder}x\"")), Some(folder));
            assert_eq!(find(&format!("https://example.com{folder}x")), None);
        }
    }
}
