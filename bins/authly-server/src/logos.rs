//! The folder with the logos of clients.

use std::{io::Read as _, path::Path};

use authly_config::Settings;
use authly_http_api::logo::{LIMIT, Logo};
use authly_runtime::Trouble;

const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// Reads the pictures that are named by a `client_id`; other files are left alone.
pub(crate) fn load(settings: &Settings) -> Result<Vec<Logo>, Trouble> {
    let Some(folder) = &settings.pages.logo_dir else { return Ok(Vec::new()) };
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
