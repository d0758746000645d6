//! The start of an installation over an open store whose schema is up to date: keys, mode, what the first start creates.

use std::sync::Arc;

use authly_admin_cases::{Admin, AdminError, client::ClientChange, seed::FirstAdministrator};
use authly_config::Settings;
use oauth_core::{crypto::Crypto as _, secret::Secret, services::Services as _};

use crate::{
    convert,
    development::{self, ADMINISTRATOR, DEMO_CLIENT, Mode},
    keys::{self, Missing},
    legacy_secrets,
    live::{self, AnyStore, Live},
    trouble::Trouble,
    uniqueness,
};

/// A started installation.
#[derive(Debug)]
pub struct Started<S: AnyStore> {
    /// All services.
    pub live: Arc<Live<S>>,
    /// What the engine decides by.
    pub engine: oauth_core::settings::Settings,
    /// Whether the conveniences of development hold.
    pub mode: Mode,
    /// The first administrator, if this start created it.
    pub first_administrator: Option<FirstAdministrator>,
    /// The secret of the demo's client, made anew at each start in development.
    pub demo_secret: Option<Secret<String>>,
}

/// Starts: refuses what cannot be, creates what is missing, and loads the catalog. Doing it twice changes nothing.
pub async fn start<S: AnyStore>(settings: &Settings, store: S) -> Result<Started<S>, Trouble> {
    let records = store.load_without_tenants().await.map_err(|error| refused("read the store")(error.into()))?;
    let mode = development::enter(settings, &store, &records).await?;
    let missing = if records.keys.is_empty() { Missing::Make } else { Missing::Refuse };
    let sealer = keys::sealer(settings, missing)?;
    keys::check(&sealer, &records.keys)?;
    let legacy = legacy_secrets::legacy(settings)?;
    let engine = convert::engine(settings, legacy)?;
    let live = Arc::new(Live::build(settings, store, sealer).await?);
    let admin = live::admin(settings, &live);
    uniqueness::settle(settings, &admin).await?;
    let Seeded { first_administrator, demo_secret } = seed(settings, mode, &admin).await?;
    live.refresh_catalog()
        .await
        .map_err(|error| Trouble::caused("cannot load clients, scopes and keys", &error, "start again"))?;
    Ok(Started { live, engine, mode, first_administrator, demo_secret })
}

/// Whether [`start`] would refuse this store: its mode, and the key that its secrets are sealed under. Touches nothing.
pub async fn rehearse<S: AnyStore>(settings: &Settings, store: &S) -> Result<(), Trouble> {
    let records = store.load_without_tenants().await.map_err(|error| refused("read the store")(error.into()))?;
    development::would_enter(settings, store, &records).await?;
    if records.keys.is_empty() {
        return Ok(());
    }
    keys::check(&keys::sealer(settings, Missing::Refuse)?, &records.keys)
}

/// What a start created that is seen only then.
struct Seeded {
    first_administrator: Option<FirstAdministrator>,
    demo_secret: Option<Secret<String>>,
}

/// Creates what is missing: scopes, keys, the first administrator, and in development the demo's client.
async fn seed<S: AnyStore>(settings: &Settings, mode: Mode, admin: &Admin<Live<S>>) -> Result<Seeded, Trouble> {
    admin.seed_scopes().await.map_err(refused("create the default scopes"))?;
    let rsa = settings.keys.rsa_private_key.as_ref().map(|pem| Secret::new(pem.expose().to_owned()));
    admin.seed_keys(rsa.as_ref()).await.map_err(refused("make the signing keys"))?;
    if let Some(rsa) = &rsa
        && !holds(admin, rsa).await.map_err(refused("read RSA_PRIVATE_KEY_PEM"))?
    {
        tracing::warn!(
            "RSA_PRIVATE_KEY_PEM is not used: the store has another RSA key; `authly-admin keys import` stores this one too"
        );
    }
    let first = match (&settings.admin.bootstrap, mode) {
        (Some(first), _) => Some((first.email.as_str(), Some(Secret::new(first.password.expose().to_owned())))),
        (None, Mode::Development) => Some((ADMINISTRATOR, None)),
        (None, Mode::Declared) => None,
    };
    let first_administrator = match first {
        Some((email, password)) => {
            admin.seed_administrator(email, password).await.map_err(refused("create the first administrator"))?
        }
        None => None,
    };
    let demo_secret = match mode {
        Mode::Development => Some(seed_demo(settings, admin).await.map_err(refused("register the demo"))?),
        Mode::Declared => None,
    };
    Ok(Seeded { first_administrator, demo_secret })
}

/// Whether the store holds this RSA key: the modulus tells (RFC 7518 6.3.1.1).
async fn holds<S: AnyStore>(admin: &Admin<Live<S>>, pem: &Secret<String>) -> Result<bool, AdminError> {
    let modulus = |jwk: &str| serde_json::from_str::<serde_json::Value>(jwk).ok()?.get("n").cloned();
    let services = admin.services();
    let given = modulus(&services.crypto().import_pem(pem)?.public_jwk);
    let stored = services.store().load_without_tenants().await?.keys;
    Ok(stored.iter().any(|key| modulus(&key.public_jwk) == given))
}

/// Registers the demo with a fresh secret, and lets it follow an issuer that has moved to another port.
async fn seed_demo<S: AnyStore>(settings: &Settings, admin: &Admin<Live<S>>) -> Result<Secret<String>, AdminError> {
    let issuer = settings.issuer.url.as_str();
    let secret = admin.seed_demo(DEMO_CLIENT, issuer).await?;
    let client = admin.client(DEMO_CLIENT).await?;
    let at_issuer = |uri: &String| uri.strip_prefix(issuer).is_some_and(|path| path.starts_with('/'));
    if client.redirect_uris.iter().chain(&client.post_logout_redirect_uris).all(at_issuer) {
        return Ok(secret);
    }
    let moved = |uris: &[String]| {
        let path = |uri: &String| url_path(uri).map(|path| format!("{issuer}{path}"));
        Some(uris.iter().filter_map(path).collect())
    };
    let change = ClientChange {
        redirect_uris: moved(&client.redirect_uris),
        post_logout_redirect_uris: moved(&client.post_logout_redirect_uris),
        ..ClientChange::default()
    };
    admin.update_client(DEMO_CLIENT, change).await?;
    Ok(secret)
}

/// The path of an absolute URL.
fn url_path(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.find('/').and_then(|at| rest.get(at..))
}

fn refused(act: &str) -> impl FnOnce(AdminError) -> Trouble {
    let what = format!("cannot {act}");
    move |error| {
        let remedy = match &error {
            AdminError::Store(_) => "check that the database answers, and `authly-admin migrate schema status`",
            AdminError::Invalid { .. } => "correct the setting; `authly-admin config show` lists all",
            AdminError::Crypto(_) => "check RSA_PRIVATE_KEY_PEM and SECRET_ENCRYPTION_KEY",
            _ => "start again",
        };
        Trouble::new(what, error, remedy)
    }
}
