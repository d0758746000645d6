//! What everybody may read: metadata, keys, health, metrics, assets, the home page.

pub mod assets;
pub mod discovery;
pub mod health;
pub mod home;
pub mod well_known;
