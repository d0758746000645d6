//! The files that pages load: stylesheet, scripts and icon, each under a path that changes with its content.
//!
//! Serve them with `Cache-Control: public, max-age=31536000, immutable` and their `ETag`. The list is made by `build.rs`.

/// A static file that pages load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The name of the file, without the hash.
    pub name: &'static str,
    /// The path to serve it under; it holds a hash of the content.
    pub path: &'static str,
    /// The value of its `Content-Type` header.
    pub content_type: &'static str,
    /// The value of its `ETag` header, quotes included.
    pub etag: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Lists every file that pages load.
#[must_use]
pub fn assets() -> &'static [Asset] {
    ASSETS
}

/// Finds the icon for `/favicon.ico`, which browsers ask for unasked.
#[must_use]
pub fn favicon() -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == "favicon.ico")
}

/// The path of a file by its name; the empty path for a name that does not exist, which a test forbids.
pub(crate) fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> &'static str {
        let asset = ASSETS.iter().find(|asset| asset.name == name).unwrap();
        std::str::from_utf8(asset.bytes).unwrap()
    }

    #[test]
    fn every_path_holds_a_hash_that_is_also_the_etag() {
        for asset in assets() {
            let hash = asset.etag.trim_matches('"');
            assert_eq!(hash.len(), 16, "{}", asset.name);
            assert_eq!(asset.path, format!("/assets/{hash}/{}", asset.name));
        }
    }

    #[test]
    fn the_stylesheet_is_under_twelve_kilobytes() {
        let size = text("authly.css").len();
        assert!(size < 12 * 1024, "{size} bytes");
    }

    #[test]
    fn the_stylesheet_survives_its_compaction() {
        let css = text("authly.css");
        assert_eq!(css.matches('{').count(), css.matches('}').count());
        assert!(!css.contains("/*"));
    }

    #[test]
    fn no_asset_loads_anything_from_elsewhere() {
        for asset in assets().iter().filter(|asset| asset.content_type.starts_with("text/")) {
            let text = text(asset.name);
            assert!(!text.contains("@import") && !text.contains("http:") && !text.contains("https:"), "{}", asset.name);
        }
    }

    #[test]
    fn the_names_that_templates_use_exist() {
        for name in ["authly.css", "favicon.svg", "favicon.ico", "form-post.js", "local-time.js"] {
            assert!(!path(name).is_empty(), "{name}");
        }
    }
}
