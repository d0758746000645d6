//! What this machine has, and how it gets what it lacks.

use std::cell::Cell;
use std::process::Command;

use crate::failure::Failure;
use crate::places::Places;
use crate::process;

/// Something the tests or the build need.
pub(crate) struct Need {
    /// In words: "a PostgreSQL server".
    pub(crate) what: &'static str,
    /// The Debian packages that bring it.
    pub(crate) packages: &'static [&'static str],
    /// What to do on other systems, or where the packages do not help.
    pub(crate) otherwise: &'static str,
}

/// May we install packages?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rights {
    /// We are root.
    Root,
    /// `sudo` works without a password.
    Sudo,
    /// No: we can only tell what to install.
    Nothing,
}

/// This machine.
pub(crate) struct Machine {
    /// Where its programs are.
    pub(crate) places: Places,
    rights: Rights,
    lists_are_fresh: Cell<bool>,
}

impl Machine {
    /// The machine we run on.
    pub(crate) fn here() -> Self {
        let places = Places::here();
        let rights = if is_root() {
            Rights::Root
        } else if places.program("sudo").is_some() && process::succeeds(Command::new("sudo").args(["-n", "true"])) {
            Rights::Sudo
        } else {
            Rights::Nothing
        };
        Self { places, rights, lists_are_fresh: Cell::new(false) }
    }

    /// What `find` finds, after installing it where that is needed and allowed.
    pub(crate) fn ensure<T>(&self, need: &Need, find: impl Fn(&Places) -> Option<T>) -> Result<T, Failure> {
        if let Some(found) = find(&self.places) {
            return Ok(found);
        }
        let installer = installer(self.rights, &self.places).ok_or_else(|| missing(need))?;
        println!("installing {} ({})", need.what, need.packages.join(" "));
        self.install(&installer, need)?;
        find(&self.places)
            .ok_or_else(|| Failure::new(format!("{} was installed and is not found.\n{}", need.what, need.otherwise)))
    }

    fn install(&self, installer: &[&str], need: &Need) -> Result<(), Failure> {
        if !self.lists_are_fresh.replace(true) {
            // A machine may have sources that do not answer; what counts is whether the packages can be installed.
            if let Err(failure) = process::output(apt(installer).args(["-qq", "update"])) {
                eprintln!("warning: {failure}");
            }
        }
        let mut command = apt(installer);
        command.args(["-qq", "-y", "--no-install-recommends", "install"]).args(need.packages);
        process::output(&mut command).map(|_| ()).map_err(|failure| Failure::of(missing(need), failure))
    }
}

/// Whether we are root, to whom `postgres` and Chromium's sandbox refuse to belong.
pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The command that installs packages, if there is one and we may call it.
fn installer(rights: Rights, places: &Places) -> Option<Vec<&'static str>> {
    places.program("apt-get")?;
    match rights {
        Rights::Root => Some(vec!["apt-get"]),
        Rights::Sudo => Some(vec!["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND,RUNLEVEL", "apt-get"]),
        Rights::Nothing => None,
    }
}

/// Packages ask nothing and, being in "single-user mode", start no service of their own.
fn apt(installer: &[&str]) -> Command {
    let mut words = installer.iter();
    let mut command = Command::new(words.next().unwrap_or(&"apt-get"));
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command
}

fn missing(need: &Need) -> Failure {
    Failure::new(format!(
        "{} is missing.\n  Debian, Ubuntu: apt-get install {}\n  {}",
        need.what,
        need.packages.join(" "),
        need.otherwise
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use crate::places::fake;

    const TOOL: Need = Need { what: "a tool", packages: &["tool-package"], otherwise: "elsewhere: build it" };

    fn machine(root: &Folder, rights: Rights) -> Machine {
        Machine { places: Places::within(root.path()), rights, lists_are_fresh: Cell::new(true) }
    }

    #[test]
    fn what_is_there_is_not_installed() {
        let root = Folder::create("machine").unwrap();
        fake(root.path(), "/usr/bin/tool", "true");
        let found = machine(&root, Rights::Nothing).ensure(&TOOL, |places| places.program("tool"));
        assert_eq!(found.unwrap(), root.path().join("usr/bin/tool"));
    }

    #[test]
    fn without_rights_the_failure_says_what_to_install() {
        let root = Folder::create("machine").unwrap();
        fake(root.path(), "/usr/bin/apt-get", "true");
        let failure = machine(&root, Rights::Nothing).ensure(&TOOL, |places| places.program("tool")).unwrap_err();
        let text = failure.to_string();
        assert!(text.contains("apt-get install tool-package") && text.contains("elsewhere: build it"), "{text}");
    }

    #[test]
    fn packages_are_installed_by_root_and_by_those_who_may_sudo_on_debian_only() {
        let root = Folder::create("machine").unwrap();
        assert_eq!(installer(Rights::Root, &Places::within(root.path())), None);
        fake(root.path(), "/usr/bin/apt-get", "true");
        let places = Places::within(root.path());
        assert_eq!(installer(Rights::Root, &places), Some(vec!["apt-get"]));
        assert_eq!(installer(Rights::Sudo, &places).unwrap().first(), Some(&"sudo"));
        assert_eq!(installer(Rights::Nothing, &places), None);
    }
}
