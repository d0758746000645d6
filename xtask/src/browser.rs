//! Chromium and its driver for the tests that need a real browser.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::machine::{Machine, Need};
use crate::places::Places;
use crate::process;

const CHROMIUM: Need = Need {
    what: "Chromium",
    packages: &["chromium"],
    otherwise: "Fedora: dnf install chromium; macOS: brew install --cask chromium; or name the program in AUTHLY_TEST_CHROMIUM",
};

const DRIVER: Need = Need {
    what: "Chromium's driver (chromedriver)",
    packages: &["chromium-driver"],
    otherwise: "Fedora: dnf install chromedriver; macOS: brew install --cask chromedriver; or name the program in AUTHLY_TEST_CHROMEDRIVER",
};

/// A browser and the driver that fits it.
pub(crate) struct Browser {
    /// The program that shows pages.
    pub(crate) chromium: PathBuf,
    /// The program that steers it.
    pub(crate) driver: PathBuf,
}

/// Finds both, after installing them if need be.
pub(crate) fn ensure(machine: &Machine) -> Result<Browser, Failure> {
    let browser = Browser { chromium: machine.ensure(&CHROMIUM, chromium)?, driver: machine.ensure(&DRIVER, driver)? };
    let (browser_says, driver_says) = (version(&browser.chromium)?, version(&browser.driver)?);
    match (major(&browser_says), major(&driver_says)) {
        (Some(one), Some(other)) if one == other => Ok(browser),
        _ => Err(Failure::new(format!(
            "Chromium and its driver have different versions:\n  {}\n  {}\nName a pair that fits in AUTHLY_TEST_CHROMIUM and AUTHLY_TEST_CHROMEDRIVER.",
            browser_says.trim(),
            driver_says.trim()
        ))),
    }
}

fn chromium(places: &Places) -> Option<PathBuf> {
    if let Some(named) = places.variable("AUTHLY_TEST_CHROMIUM") {
        return Some(named.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let bundles = [
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];
    let bundle = || bundles.iter().map(|path| places.at(path)).find(|file| file.is_file());
    names.iter().find_map(|name| places.program(name)).or_else(bundle)
}

fn driver(places: &Places) -> Option<PathBuf> {
    if let Some(named) = places.variable("AUTHLY_TEST_CHROMEDRIVER") {
        return Some(named.into());
    }
    let beside = places.at("/usr/lib/chromium-browser/chromedriver");
    places.program("chromedriver").or_else(|| Some(beside).filter(|file| file.is_file()))
}

fn version(program: &std::path::Path) -> Result<String, Failure> {
    process::output(Command::new(program).arg("--version"))
}

/// `Chromium 141.0.7390.54 built on Debian` is 141.
fn major(text: &str) -> Option<u32> {
    text.split_whitespace().find_map(|word| word.split_once('.')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use crate::places::fake;

    #[test]
    fn the_major_version_is_the_number_before_the_first_dot() {
        assert_eq!(major("Chromium 141.0.7390.54 built on Debian GNU/Linux"), Some(141));
        assert_eq!(major("ChromeDriver 140.0.1.2 (abc.def)"), Some(140));
        assert_eq!(major("Chromium"), None);
    }

    #[test]
    fn the_browser_has_different_names_on_different_systems() {
        for name in ["chromium", "chromium-browser", "google-chrome"] {
            let root = Folder::create("browser").unwrap();
            assert_eq!(chromium(&Places::within(root.path())), None);
            fake(root.path(), &format!("/usr/bin/{name}"), "true");
            assert_eq!(chromium(&Places::within(root.path())), Some(root.path().join("usr/bin").join(name)));
        }
    }

    #[test]
    fn a_driver_is_found_on_the_path_or_beside_the_browser() {
        let root = Folder::create("browser").unwrap();
        fake(root.path(), "/usr/lib/chromium-browser/chromedriver", "true");
        assert_eq!(
            driver(&Places::within(root.path())),
            Some(root.path().join("usr/lib/chromium-browser/chromedriver"))
        );
        fake(root.path(), "/usr/bin/chromedriver", "true");
        assert_eq!(driver(&Places::within(root.path())), Some(root.path().join("usr/bin/chromedriver")));
    }
}
