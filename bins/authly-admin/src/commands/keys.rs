//! `authly-admin keys`.

use std::{io, path::Path};

use authly_admin_cases::{
    Admin,
    key::{Rotated, Rotation},
};
use authly_runtime::{
    Live, Trouble,
    live::AnyStore,
    private_file,
    rewrap::{self, Rewrapped},
};
use authly_seal::{EncryptionKey, SystemClock, SystemRandom};
use oauth_core::{catalog::KeyState, crypto::Algorithm, services::Clock as _, token::OpaqueToken};
use serde_json::{Map, Value, json};

use crate::{
    args::{Format, KeyAlgorithm, KeysCommand},
    console::{Column, Console},
    failure::{Code, Failure, refused},
    secret_input,
};

const COLUMNS: &[Column] = &[
    ("Key", "kid"),
    ("Algorithm", "alg"),
    ("State", "state"),
    ("Made", "created_at"),
    ("Signs since", "activated_at"),
    ("Removed at", "remove_at"),
];

pub(crate) async fn run<S: AnyStore>(
    admin: &Admin<Live<S>>,
    live: &Live<S>,
    command: KeysCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        KeysCommand::Generate { out } => generate(out.as_deref(), console),
        KeysCommand::List => {
            let keys = admin.keys().await.map_err(refused("cannot list the keys"))?;
            console.list(&keys, COLUMNS, "No keys yet. The server makes them at its first start.")
        }
        KeysCommand::Rotate { alg, now } => rotate(admin, alg, now, console).await,
        KeysCommand::Import { current } => {
            let state = if current { KeyState::Current } else { KeyState::Next };
            let key = admin.import_key(&secret_input::text_from_stdin("private key")?, state).await;
            console.item(&key.map_err(refused("cannot import the key"))?)
        }
        KeysCommand::Rewrap => {
            let Rewrapped { rewrapped, unchanged } = rewrap::rewrap(live).await?;
            console.item(&json!({ "rewrapped": rewrapped, "unchanged": unchanged }))?;
            console.note("SECRET_ENCRYPTION_KEY_PREVIOUS can go once every node has the new SECRET_ENCRYPTION_KEY.");
            Ok(())
        }
    }
}

async fn rotate<S: AnyStore>(
    admin: &Admin<Live<S>>,
    alg: Vec<KeyAlgorithm>,
    at_once: bool,
    console: Console,
) -> Result<(), Failure> {
    let keys = admin.keys().await.map_err(refused("cannot list the keys"))?;
    let wanted: Vec<Algorithm> = if alg.is_empty() {
        let has = |algorithm: &Algorithm| keys.iter().any(|key| key.alg == algorithm.name());
        Algorithm::ALL.into_iter().filter(has).collect()
    } else {
        alg.into_iter().map(Into::into).collect()
    };
    let rotation = if at_once { Rotation::AtOnce } else { Rotation::WhenPublished };
    let mut done = Vec::new();
    for algorithm in wanted {
        let rotated = admin.rotate_key(algorithm, rotation).await.map_err(refused("cannot rotate the keys"))?;
        done.push((algorithm.name(), rotated));
    }
    let keys = admin.keys().await.map_err(refused("cannot list the keys"))?;
    console.list(&keys, COLUMNS, "No keys yet. The server makes them at its first start.")?;
    for (algorithm, rotated) in &done {
        if let Some(note) = note(*rotated) {
            console.note(&format!("{algorithm}: {note}"));
        }
    }
    if done.iter().any(|(_, rotated)| *rotated == Rotated::NotYet) {
        return Err(Failure::silent(Code::Partly));
    }
    Ok(())
}

/// What people should know about a rotation.
fn note(rotated: Rotated) -> Option<&'static str> {
    match rotated {
        Rotated::NotYet => Some(
            "no key waited, so the one before still signs. One is published now: rotate again when resource servers have \
             fetched the key set anew, or use --now to sign at once.",
        ),
        Rotated::Published { since } if SystemClock.now().since(since) < FRESH => Some(
            "the key that signs now was published less than an hour ago: resource servers that keep the key set longer \
             refuse its tokens until they fetch it again.",
        ),
        Rotated::Unpublished => Some(
            "a fresh key signs at once. Resource servers that keep the key set refuse its tokens until they fetch it again; \
             the key before stays published until its last token has expired.",
        ),
        Rotated::First | Rotated::Published { .. } => None,
    }
}

/// Resource servers may keep the key set for so long.
const FRESH: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Prints a complete set of secrets in the form of an environment file, or writes them into a new one; no store is needed.
pub(crate) fn generate(out: Option<&Path>, console: Console) -> Result<(), Failure> {
    let token = || OpaqueToken::generate(&SystemRandom).expose().to_owned();
    let key = || EncryptionKey::generate(&SystemRandom).to_base64().expose().clone();
    let rsa = authly_jose::generate_rsa_pem().map_err(|error| Trouble::caused("cannot make a key", &error, ""))?;
    let secrets = [
        ("JWT_SECRET_KEY", token()),
        ("JWT_REFRESH_SECRET_KEY", token()),
        ("SECRET_ENCRYPTION_KEY", key()),
        ("OAUTH2_ENCRYPTION_KEY", key()),
        ("RSA_PRIVATE_KEY_PEM", rsa.expose().trim_end().to_owned()),
    ];
    let json = || Value::Object(Map::from_iter(secrets.clone().map(|(name, value)| (name.to_owned(), value.into()))));
    // Line ends are written as \n: an environment file has one line a variable.
    let line = |(name, value): &(&str, String)| format!("{name}=\"{}\"\n", value.replace('\n', "\\n"));
    let lines = || secrets.iter().map(line).collect::<String>();
    let Some(out) = out else {
        return match console.format {
            Format::Json => console.item(&json()),
            Format::Table => console.raw(&lines()),
        };
    };
    let text = match console.format {
        Format::Json => format!("{:#}\n", json()),
        Format::Table => lines(),
    };
    // Secrets in use are not written over: what was sealed under them could not be read any more.
    private_file::write_new(out, text.as_bytes()).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => "name a file that does not exist yet: secrets that may be in use stay",
            _ => "name a file in a folder that has room and that this user may write to",
        };
        Trouble::caused(format!("cannot write {}", out.display()), &error, remedy)
    })?;
    console.item(&json!({ "file": out.display().to_string(), "secrets": secrets.len() }))
}
