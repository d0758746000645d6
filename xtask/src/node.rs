//! Node.js and npm packages for the tests that need them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::machine::{Machine, Need};
use crate::process;

const NODE: Need = Need {
    what: "Node.js 18 or newer with npm",
    packages: &["nodejs", "npm"],
    otherwise: "Fedora: dnf install nodejs; macOS: brew install node; on an older system install a newer Node.js",
};

/// Node.js with the packages that a folder asks for.
pub(crate) struct Node {
    program: PathBuf,
    version: u32,
}

impl Node {
    /// Finds or installs Node.js, and fetches the packages that the folder's lock file names.
    pub(crate) fn prepare(machine: &Machine, folder: &Path) -> Result<Self, Failure> {
        let node = machine.ensure(&NODE, |places| {
            places.program("npm")?;
            let program = places.program("node")?;
            let version = major(&process::output(Command::new(&program).arg("--version")).ok()?)?;
            (version >= 18).then_some(Self { program, version })
        })?;
        let mut npm = Command::new(machine.places.program("npm").unwrap_or_else(|| "npm".into()));
        npm.current_dir(folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        process::run(&mut npm)?;
        Ok(node)
    }

    /// A Node.js command; version 18 has Web Crypto only on demand.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args((self.version < 20).then_some("--experimental-global-webcrypto"));
        command
    }
}

/// `v20.20.2` is 20.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!((major("v20.20.2\n"), major("v18.0.0"), major("20")), (Some(20), Some(18), None));
    }
}
