//! What building Authly needs: a C compiler, and OpenSSL's headers or the means to build OpenSSL.

use std::process::Command;

use crate::failure::Failure;
use crate::machine::{Machine, Need};
use crate::places::Places;
use crate::process;

const COMPILER: Need = Need {
    what: "a C compiler (cc)",
    packages: &["gcc", "libc6-dev"],
    otherwise: "Fedora: dnf install gcc; macOS: xcode-select --install",
};

const OPENSSL: Need = Need {
    what: "OpenSSL with its headers (libssl-dev and pkg-config), or make with a full perl to build it",
    packages: &["libssl-dev", "pkg-config"],
    otherwise: "Fedora: dnf install openssl-devel pkgconf; macOS: brew install openssl@3 pkg-config",
};

/// What perl must hold to configure OpenSSL; the perl of small container images holds only part of it.
const PERL_MODULES: [&str; 5] = ["-MFindBin", "-MIPC::Cmd", "-MFile::Compare", "-MFile::Copy", "-MPod::Usage"];

/// Which OpenSSL the build takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Openssl {
    /// The system's.
    System,
    /// One built along, about 80 seconds once.
    Vendored,
}

impl Openssl {
    /// The cargo arguments that ask for it; they go with `--workspace` or `--package authly-jose`, the crate with the feature.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::System => &[],
            Self::Vendored => &["--features", "authly-jose/vendored-openssl"],
        }
    }
}

/// Makes sure that the build can start, before it runs for minutes and then fails.
pub(crate) fn check(machine: &Machine) -> Result<Openssl, Failure> {
    machine.ensure(&COMPILER, |places| places.variable("CC").map(Into::into).or_else(|| places.program("cc")))?;
    if has_headers(&machine.places) {
        return Ok(Openssl::System);
    }
    match machine.ensure(&OPENSSL, |places| has_headers(places).then_some(Openssl::System)) {
        Ok(system) => Ok(system),
        Err(_) if can_build(&machine.places) => {
            println!("OpenSSL's headers are missing: OpenSSL is built along, which takes a minute or two once");
            Ok(Openssl::Vendored)
        }
        Err(failure) => Err(failure),
    }
}

/// The same finder that the build uses: an explicit folder, or pkg-config.
fn has_headers(places: &Places) -> bool {
    if places.variable("OPENSSL_DIR").is_some() || places.variable("OPENSSL_LIB_DIR").is_some() {
        return true;
    }
    let homebrew = ["/opt/homebrew/opt/openssl@3", "/usr/local/opt/openssl@3"];
    homebrew.iter().any(|folder| places.at(folder).join("include/openssl/ssl.h").is_file())
        || places
            .program("pkg-config")
            .is_some_and(|tool| process::succeeds(Command::new(tool).args(["--exists", "openssl >= 1.1.1"])))
}

fn can_build(places: &Places) -> bool {
    let full_perl = |perl| process::succeeds(Command::new(perl).args(PERL_MODULES).args(["-e", "1"]));
    places.program("make").is_some() && places.program("perl").is_some_and(full_perl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use crate::places::fake;

    #[test]
    fn headers_are_known_by_pkg_config_or_by_an_explicit_folder() {
        let root = Folder::create("openssl").unwrap();
        assert!(!has_headers(&Places::within(root.path())));
        assert!(has_headers(&Places::within(root.path()).with("OPENSSL_DIR", "/opt/openssl")));
        fake(root.path(), "/usr/bin/pkg-config", "exit 1");
        assert!(!has_headers(&Places::within(root.path())));
        fake(root.path(), "/usr/bin/pkg-config", r#"[ "$1" = --exists ] && [ "$2" = "openssl >= 1.1.1" ]"#);
        assert!(has_headers(&Places::within(root.path())));
    }

    #[test]
    fn a_slim_perl_cannot_build_openssl() {
        let root = Folder::create("openssl").unwrap();
        fake(root.path(), "/usr/bin/make", "true");
        assert!(!can_build(&Places::within(root.path())));
        fake(root.path(), "/usr/bin/perl", "exit 2");
        assert!(!can_build(&Places::within(root.path())));
        fake(root.path(), "/usr/bin/perl", "exit 0");
        assert!(can_build(&Places::within(root.path())));
    }

    #[test]
    fn only_the_vendored_openssl_needs_a_feature() {
        assert!(Openssl::System.arguments().is_empty());
        assert!(Openssl::Vendored.arguments().contains(&"authly-jose/vendored-openssl"));
    }
}
