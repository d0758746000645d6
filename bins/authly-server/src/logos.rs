//! The folder with the logos of clients.

use std::{
    ffi::OsString,
    io::Read as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use authly_config::Settings;
use authly_http_api::logo::{LIMIT, Logo, Logos};
use authly_runtime::Trouble;

const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// Reads the pictures that are named by a `client_id`; other files are left alone.
pub(crate) fn load(settings: &Settings) -> Result<Vec<Logo>, Trouble> {
    settings.pages.logo_dir.as_deref().map_or_else(|| Ok(Vec::new()), read)
}

/// The folder that a running server follows.
pub(crate) struct Folder {
    path: PathBuf,
    logos: Logos,
    /// What it held when it was last read.
    seen: Option<Vec<Seen>>,
}

/// A file as far as it can be told without reading it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    name: OsString,
    changed_at: Option<SystemTime>,
    size: u64,
}

impl Folder {
    /// The folder of the settings, whose pictures `logos` are.
    pub(crate) fn follow(settings: &Settings, logos: &Logos) -> Option<Self> {
        let path = settings.pages.logo_dir.clone()?;
        // What has changed since the start read it is read once more.
        Some(Self { path, logos: logos.clone(), seen: None })
    }

    /// Reads the pictures again if a file of the folder has changed.
    pub(crate) fn read_if_changed(&mut self) {
        let seen = look(&self.path);
        if self.seen.as_ref() != Some(&seen) {
            self.exchange(seen);
        }
    }

    /// Reads the pictures again.
    pub(crate) fn read_again(&mut self) {
        let seen = look(&self.path);
        self.exchange(seen);
    }

    /// One picture that cannot be used leaves all as they were.
    fn exchange(&mut self, seen: Vec<Seen>) {
        self.seen = Some(seen);
        match read(&self.path) {
            Ok(logos) => {
                tracing::info!(count = logos.len(), "the logos have been read");
                self.logos.replace(logos);
            }
            Err(Trouble { what, why, .. }) => {
                tracing::error!(what, why, "the new logos cannot be used; those before stay");
            }
        }
    }
}

/// What can be told of the folder's files without reading them; an unreadable folder is an empty one.
fn look(folder: &Path) -> Vec<Seen> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut seen: Vec<Seen> = entries
        .filter_map(|entry| {
            let data = std::fs::metadata(entry.path()).ok()?;
            Some(Seen { name: entry.file_name(), changed_at: data.modified().ok(), size: data.len() })
        })
        .collect();
    seen.sort();
    seen
}

fn read(folder: &Path) -> Result<Vec<Logo>, Trouble> {
    let unreadable = |error: std::io::Error| {
        Trouble::caused(
            format!("cannot read {}", folder.display()),
            &error,
            "name a readable folder in AUTHLY_LOGO_DIR",
        )
    };
    let mut logos = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let named = |text: Option<&std::ffi::OsStr>| text.and_then(|text| text.to_str()).map(str::to_owned);
        let picture = named(path.extension()).is_some_and(|ending| ENDINGS.contains(&ending.to_lowercase().as_str()));
        if let Some(client) = named(path.file_stem()).filter(|_| picture) {
            logos.push(logo(&client, &path)?);
        }
    }
    Ok(logos)
}

fn logo(client: &str, path: &Path) -> Result<Logo, Trouble> {
    let refused = |error: &(dyn std::error::Error + 'static)| {
        let what = format!("cannot use the logo {}", path.display());
        Trouble::caused(what, error, "put a PNG, JPEG or WebP file of at most 64 KiB there, or take it away")
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    let file = std::fs::File::open(path).map_err(|error| refused(&error))?;
    file.take(most).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    Logo::new(client, bytes).map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture";

    #[test]
    fn pictures_are_followed_and_a_bad_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let logos = Logos::default();
        let mut followed = Folder { path: folder.path().to_owned(), logos: logos.clone(), seen: None };
        let mut paths = || {
            followed.read_if_changed();
            logos.now().iter().map(|logo| logo.path().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(paths(), [""; 0]);
        std::fs::write(path("app.png"), PNG).unwrap();
        let first = paths();
        assert_eq!(first.len(), 1);
        std::fs::write(path("app.png"), [PNG, b" of today"].concat()).unwrap();
        let second = paths();
        assert!(second.len() == 1 && second != first, "{second:?}");
        std::fs::write(path("other.png"), "no picture").unwrap();
        assert_eq!(paths(), second);
        std::fs::remove_file(path("other.png")).unwrap();
        std::fs::remove_file(path("app.png")).unwrap();
        assert_eq!(paths(), [""; 0]);
    }
}
