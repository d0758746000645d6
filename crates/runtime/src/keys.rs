//! The key above all keys: from the settings, or a file of the data folder that is made at the first start.

use authly_config::Settings;
use authly_seal::{EncryptionKey, SystemRandom, XChaChaSealer};
use oauth_core::{
    catalog::{SigningKeyRecord, open_key},
    secret::Secret,
};

use crate::{private_file, trouble::Trouble};

/// The file of the data folder that holds the key where the settings name none.
pub const KEY_FILE: &str = "secret-encryption.key";

/// What an installation seals with.
pub type Sealer = XChaChaSealer<SystemRandom>;

/// Whether an encryption key may be made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Make one and keep it: nothing is sealed yet.
    Make,
    /// Refuse: what is in the store was sealed under a key that is not here.
    Refuse,
}

/// The installation's sealer. `missing` decides what happens where neither the settings nor the data folder hold a key.
pub fn sealer(settings: &Settings, missing: Missing) -> Result<Sealer, Trouble> {
    let current = match &settings.keys.encryption_key {
        Some(key) => known(key)?,
        None => from_file(settings, missing)?,
    };
    let previous = settings.keys.previous_encryption_key.as_ref().map(known).transpose()?;
    Ok(XChaChaSealer::new(&current, previous.as_ref(), SystemRandom))
}

/// The file that holds the encryption key, where the environment does not.
pub fn file(settings: &Settings) -> Option<std::path::PathBuf> {
    settings.keys.encryption_key.is_none().then(|| settings.server.data_dir.join(KEY_FILE))
}

/// A sealer for work that seals and opens nothing: its key is thrown away.
pub fn useless_sealer() -> Sealer {
    XChaChaSealer::new(&EncryptionKey::generate(&SystemRandom), None, SystemRandom)
}

/// Makes sure that the stored keys open, before anything is sealed under a key that does not belong to this store.
pub fn check(sealer: &Sealer, keys: &[SigningKeyRecord]) -> Result<(), Trouble> {
    keys.iter().try_for_each(|key| open_key(key, sealer).map(drop)).map_err(|error| {
        Trouble::caused(
            "the signing keys of this store cannot be opened",
            &error,
            "set the SECRET_ENCRYPTION_KEY that this store was made with, or copy its file secret-encryption.key into \
             the data folder; after a change of the key keep the old one in SECRET_ENCRYPTION_KEY_PREVIOUS until \
             `authly-admin keys rewrap` is done",
        )
    })
}

fn known(key: &authly_config::SecretKey) -> Result<EncryptionKey, Trouble> {
    use base64::Engine as _;
    let text = Secret::new(base64::engine::general_purpose::STANDARD.encode(key.expose()));
    parse(text.expose(), "SECRET_ENCRYPTION_KEY")
}

fn from_file(settings: &Settings, missing: Missing) -> Result<EncryptionKey, Trouble> {
    let path = settings.server.data_dir.join(KEY_FILE);
    let text = match missing {
        Missing::Make => Some(private_file::read_or_create(&path, || {
            let key = EncryptionKey::generate(&SystemRandom).to_base64();
            Secret::new(format!("{}\n", key.expose()))
        })?),
        Missing::Refuse => private_file::read(&path)?,
    };
    match text {
        Some(text) => parse(text.expose(), &path.display().to_string()),
        None => Err(Trouble::new(
            "the signing keys of this store cannot be opened",
            format!("SECRET_ENCRYPTION_KEY is not set, and there is no {}", path.display()),
            "set the SECRET_ENCRYPTION_KEY that this store was made with, or name its data folder in AUTHLY_DATA_DIR",
        )),
    }
}

fn parse(text: &str, origin: &str) -> Result<EncryptionKey, Trouble> {
    EncryptionKey::parse(text).map_err(|error| {
        Trouble::caused(format!("{origin} cannot be used"), &error, "`authly-admin keys generate` prints a good one")
    })
}
