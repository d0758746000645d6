//! PostgreSQL's own programs on this machine: those of a version that fits the server.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use authly_runtime::Trouble;

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    pub(crate) path: PathBuf,
    pub(crate) major: u32,
    /// As it says itself: `15.18`.
    pub(crate) version: String,
}

impl Tool {
    /// Whether this psql can be told to take no commands of its own from what it reads: `\restrict`, of August 2025.
    pub(crate) fn restricts(&self) -> bool {
        const SINCE: [(u32, u32); 5] = [(13, 22), (14, 19), (15, 14), (16, 10), (17, 6)];
        let minor = self.version.split_once('.').map(|(_, minor)| minor);
        let minor = minor.and_then(|minor| minor.parse::<u32>().ok()).unwrap_or(0);
        self.major > 17 || SINCE.iter().any(|(major, least)| *major == self.major && minor >= *least)
    }
}

/// Finds `program` of version `best`, or else the nearest newer one; an older one than `least` is of no use.
pub(crate) fn find(program: &str, least: u32, best: u32, folder: Option<&Path>) -> Result<Tool, Trouble> {
    let folders = folder.map_or_else(folders, |named| vec![named.to_owned()]);
    let found: Vec<Tool> = folders.iter().filter_map(|folder| look(&folder.join(program))).collect();
    choose(&found, least, best).ok_or_else(|| missing(program, &found, least.max(best)))
}

fn choose(found: &[Tool], least: u32, best: u32) -> Option<Tool> {
    let fit = found.iter().filter(|tool| tool.major >= least);
    fit.min_by_key(|tool| (tool.major < best, tool.major.abs_diff(best))).cloned()
}

fn missing(program: &str, found: &[Tool], wanted: u32) -> Trouble {
    let why = match found {
        [] => "it is not installed, or not where programs are looked for".to_owned(),
        found => {
            let versions: Vec<&str> = found.iter().map(|tool| tool.version.as_str()).collect();
            format!("version {wanted} or newer is needed, and there is {}", versions.join(", "))
        }
    };
    Trouble::new(
        format!("cannot use {program}"),
        why,
        format!(
            "install the client programs of PostgreSQL {wanted} (Debian: apt-get install postgresql-client-{wanted}; Fedora: \
             dnf install postgresql; macOS: brew install postgresql@{wanted}), or name their folder with --pg-bin"
        ),
    )
}

/// Asks a program for its version.
fn look(path: &Path) -> Option<Tool> {
    if !path.is_file() {
        return None;
    }
    let output = clean(path).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, version) = version(&text)?;
    Some(Tool { path: path.to_owned(), major, version })
}

/// Reads `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(text: &str) -> Option<(u32, String)> {
    let version = text.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    Some((version.get(..digits)?.parse().ok()?, version.to_owned()))
}

/// A program that gets nothing of our environment but what programs need: our secrets stay ours.
pub(crate) fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C");
    let kept = ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR"];
    command.envs(kept.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

/// Where programs are looked for: the search path first, then the folders that packages use.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        let entries = Path::new(parent).read_dir().into_iter().flatten().flatten();
        let fit = entries.filter(|entry| {
            let name = entry.file_name();
            name.to_str().and_then(|name| name.strip_prefix(prefix)).is_some_and(|rest| rest.parse::<u32>().is_ok())
        });
        folders.extend(fit.map(|entry| entry.path().join("bin")));
    }
    folders
        .extend(["/opt/homebrew/opt/libpq/bin", "/usr/local/opt/libpq/bin", "/usr/local/pgsql/bin"].map(PathBuf::from));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(major: u32) -> Tool {
        Tool { path: PathBuf::from(major.to_string()), major, version: format!("{major}.1") }
    }

    #[test]
    fn versions_are_read_as_the_programs_write_them() {
        let read = |text| version(text).map(|(major, _)| major);
        assert_eq!(read("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(read("pg_restore (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(read("something else 15"), None);
    }

    #[test]
    fn a_psql_is_known_to_take_no_commands_by_its_version() {
        let restricts = |major, version: &str| Tool { version: version.to_owned(), ..tool(major) }.restricts();
        assert!(restricts(15, "15.18") && restricts(15, "15.14") && restricts(18, "18beta1"));
        assert!(!restricts(15, "15.13") && !restricts(17, "17rc1") && !restricts(12, "12.99"));
    }

    #[test]
    fn the_servers_own_version_comes_before_newer_ones_and_older_ones_are_of_no_use() {
        let majors = [14, 18, 16, 15].map(tool);
        let chosen = |least, best| choose(&majors, least, best).map(|tool| tool.major);
        assert_eq!(chosen(15, 15), Some(15));
        assert_eq!(chosen(17, 17), Some(18));
        assert_eq!(chosen(19, 19), None);
        // A dump of version 16 for a server of version 15: only programs that can read it.
        assert_eq!(chosen(16, 15), Some(16));
        let refused = missing("pg_dump", &majors, 19);
        assert!(refused.why.contains("14.1, 18.1") && refused.remedy.contains("postgresql-client-19"), "{refused}");
    }

    #[test]
    fn a_folder_that_is_named_is_the_only_one_asked() {
        let empty = tempfile::tempdir().unwrap();
        let refused = find("pg_dump", 14, 14, Some(empty.path())).unwrap_err();
        assert!(refused.why.contains("not installed"), "{refused}");
    }
}
