//! Logos of clients: pictures that the installation keeps and serves itself, so that a page loads nothing from elsewhere.

use std::sync::{Arc, PoisonError, RwLock};

use actix_web::web::Bytes;
use sha2::{Digest as _, Sha256};

/// The largest picture, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// The kinds of pictures: media type, and how a file of it begins at an offset.
const KINDS: [(&str, usize, &[u8]); 3] =
    [("image/png", 0, b"\x89PNG\r\n\x1a\n"), ("image/jpeg", 0, b"\xff\xd8\xff"), ("image/webp", 8, b"WEBP")];

/// Why a picture is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoRefused {
    /// Too many bytes.
    TooLarge,
    /// Another kind of file, whatever its name says.
    NoPicture,
}

impl std::fmt::Display for LogoRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(f, "it has more than {LIMIT} bytes"),
            Self::NoPicture => f.write_str("it is neither PNG nor JPEG nor WebP"),
        }
    }
}

impl std::error::Error for LogoRefused {}

/// The logo of one client.
#[derive(Clone, Debug)]
pub struct Logo {
    client: String,
    path: String,
    media: &'static str,
    bytes: Bytes,
}

impl Logo {
    /// Takes a picture for the client with that identifier. What it is, its first bytes say.
    pub fn new(client: impl Into<String>, bytes: Vec<u8>) -> Result<Self, LogoRefused> {
        if bytes.len() > LIMIT {
            return Err(LogoRefused::TooLarge);
        }
        let begins = |offset: usize, with: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(with));
        let kind = KINDS
            .into_iter()
            .find(|(media, offset, with)| begins(*offset, with) && (*media != "image/webp" || begins(0, b"RIFF")));
        let (media, ..) = kind.ok_or(LogoRefused::NoPicture)?;
        let digest: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { client: client.into(), path: format!("/assets/{digest}/logo"), media, bytes: bytes.into() })
    }

    /// Where it is served; the path changes with the picture.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its media type.
    pub fn media(&self) -> &'static str {
        self.media
    }

    /// The picture.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

/// The logos of an installation, which may be exchanged while the server runs; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Logos(Arc<RwLock<Arc<[Logo]>>>);

impl Logos {
    /// These logos.
    pub fn new(logos: Vec<Logo>) -> Self {
        let all = Self::default();
        all.replace(logos);
        all
    }

    /// Those of this moment.
    pub fn now(&self) -> Arc<[Logo]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// These from now on.
    pub fn replace(&self, logos: Vec<Logo>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = logos.into();
    }
}

/// The path of a client's logo.
pub fn of<'a>(logos: &'a [Logo], client: &str) -> Option<&'a str> {
    logos.iter().find(|logo| logo.client == client).map(Logo::path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        let media = |bytes: &[u8]| Logo::new("app", bytes.to_vec()).map(|logo| logo.media());
        assert_eq!(media(b"\x89PNG\r\n\x1a\n...."), Ok("image/png"));
        assert_eq!(media(b"\xff\xd8\xff\xe0...."), Ok("image/jpeg"));
        assert_eq!(media(b"RIFF\x10\0\0\0WEBPVP8 "), Ok("image/webp"));
        for other in [b"<svg onload=alert(1)>".as_slice(), b"GIF89a", b"", b"....\x10\0\0\0WEBP", b"\x89PN"] {
            assert_eq!(media(other), Err(LogoRefused::NoPicture));
        }
        let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
        large.resize(LIMIT + 1, 0);
        assert_eq!(media(&large), Err(LogoRefused::TooLarge));
    }
}
