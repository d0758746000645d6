//! A sign-in under way at a provider: what we keep until the browser is back.
//!
//! The browser carries `state` through the provider and a mark of its own in a cookie; the store knows hashes of both. `nonce` and
//! PKCE verifier are sealed under `state` itself, so that whoever reads the store learns neither.

use std::time::Duration;

use oauth_core::{
    pending::PendingId,
    pkce::CodeVerifier,
    services::{Purpose, Random, Sealer},
    token::OpaqueToken,
};
use serde::{Deserialize, Serialize};

use crate::party::{Anew, Departure};

/// How long somebody may take at the provider.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Whether the session that begins outlives the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stay {
    /// It ends with the browser.
    #[serde(rename = "b")]
    Browser,
    /// "Keep me signed in".
    #[serde(rename = "d")]
    Device,
}

/// What is kept.
#[derive(Debug)]
pub struct Kept {
    /// The verifier of the code challenge.
    pub verifier: CodeVerifier,
    /// What the ID token has to repeat.
    pub nonce: String,
    /// The authorization request here that it serves.
    pub request: Option<PendingId>,
    /// How long the session is to last.
    pub stay: Stay,
    /// Whether they were to prove anew who they are.
    pub anew: Anew,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    v: String,
    n: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
    s: Stay,
    #[serde(default)]
    a: Anew,
}

impl Kept {
    /// Begins one; the state is for the browser to carry.
    pub fn begin(departure: &Departure<'_>, random: &impl Random) -> (OpaqueToken, Self) {
        let nonce = OpaqueToken::generate(random).expose().to_owned();
        let Departure { request, stay, anew, .. } = *departure;
        let kept = Self { verifier: CodeVerifier::generate(random), nonce, request, stay, anew };
        (OpaqueToken::generate(random), kept)
    }

    /// Seals it for the bearer of `state`.
    pub fn seal(&self, state: &OpaqueToken, sealer: &impl Sealer) -> Vec<u8> {
        let wire = Wire {
            v: self.verifier.expose().to_owned(),
            n: self.nonce.clone(),
            r: self.request.map(|id| id.to_string()),
            s: self.stay,
            a: self.anew,
        };
        let clear = serde_json::to_vec(&wire).unwrap_or_default();
        sealer.seal_for(state.expose().as_bytes(), Purpose::UpstreamSignIn, &clear)
    }

    /// Opens what [`seal`](Self::seal) made.
    pub fn open(sealed: &[u8], state: &OpaqueToken, sealer: &impl Sealer) -> Option<Self> {
        let clear = sealer.open_for(state.expose().as_bytes(), Purpose::UpstreamSignIn, sealed).ok()?;
        let wire: Wire = serde_json::from_slice(clear.expose()).ok()?;
        Some(Self {
            verifier: CodeVerifier::parse(&wire.v).ok()?,
            nonce: wire.n,
            request: wire.r.as_deref().and_then(PendingId::parse),
            stay: wire.s,
            anew: wire.a,
        })
    }
}
