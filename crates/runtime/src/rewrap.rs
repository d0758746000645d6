//! Stored keys, sealed anew under the present SECRET_ENCRYPTION_KEY.

use oauth_core::{
    services::{Purpose, Services as _},
    store::Commit,
};

use crate::{
    live::{AnyStore, Live},
    trouble::Trouble,
};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys that are under the present key now.
    pub rewrapped: usize,
    /// Keys that already were.
    pub unchanged: usize,
}

/// Seals every stored signing key under the present key.
pub async fn rewrap<S: AnyStore>(live: &Live<S>) -> Result<Rewrapped, Trouble> {
    let failed = |error| Trouble::caused("cannot rewrap the keys", &error, "check that the database answers");
    let mut done = Rewrapped { rewrapped: 0, unchanged: 0 };
    for key in live.store().load_without_tenants().await.map_err(failed)?.keys {
        let sealed =
            live.installation_sealer().rewrap(Purpose::SigningKey, key.id.0.as_bytes(), &key.sealed_private_jwk);
        let sealed = sealed.map_err(|_| {
            Trouble::new(
                "cannot rewrap the keys",
                format!("key {} is under neither the present key nor the previous one", key.id.0),
                "set SECRET_ENCRYPTION_KEY_PREVIOUS to the key that the store was made with",
            )
        })?;
        match sealed {
            None => done.unchanged += 1,
            Some(sealed) => match live.store().reseal_key(&key.id, sealed).await.map_err(failed)? {
                Commit::Applied => done.rewrapped += 1,
                // Removed meanwhile: nothing is left to be sealed.
                Commit::Lost => {}
            },
        }
    }
    Ok(done)
}
