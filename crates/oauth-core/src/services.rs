//! The ports of the engine: what it needs from outside and gets as arguments, so that it stays pure and testable.

use std::{future::Future, sync::Arc};

use thiserror::Error;

use crate::{
    catalog::Catalog,
    client::JwksUri,
    crypto::Crypto,
    secret::Secret,
    store::{CatalogRepository, Store},
    time::Timestamp,
};

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Cryptographic randomness.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bits.
    fn fill(&self, bytes: &mut [u8]);
}

/// What sealed bytes are for; bytes sealed for one purpose never open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An authorization request under way, in the browser's custody.
    AuthorizationRequest,
    /// A form's protection against cross-site requests.
    Csrf,
    /// The mark of a browser that has signed in before.
    KnownDevice,
    /// A paging token.
    Page,
    /// A private signing key at rest.
    SigningKey,
    /// The successor of a refresh token, kept for a client that lost the answer.
    Successor,
    /// A setting or credential at rest.
    AtRest,
    /// The ID token of an upstream provider, kept for signing out there.
    UpstreamSession,
    /// A sign-in under way at an upstream provider.
    UpstreamSignIn,
    /// Where somebody goes on to who signs out at an upstream provider too.
    UpstreamSignOut,
}

impl Purpose {
    /// The name that is bound into the sealed bytes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationRequest => "authorization-request",
            Self::Csrf => "csrf",
            Self::KnownDevice => "known-device",
            Self::Page => "page",
            Self::SigningKey => "signing-key",
            Self::Successor => "successor",
            Self::AtRest => "at-rest",
            Self::UpstreamSession => "upstream-session",
            Self::UpstreamSignIn => "upstream-sign-in",
            Self::UpstreamSignOut => "upstream-sign-out",
        }
    }
}

/// The sealed bytes do not open: altered, made for something else, or under another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("sealed data does not open")]
pub struct SealBroken;

/// Authenticated encryption.
pub trait Sealer: Send + Sync {
    /// Seals `clear` under the installation's key; `context` must be presented again to open.
    fn seal(&self, purpose: Purpose, context: &[u8], clear: &[u8]) -> Vec<u8>;
    /// Opens what [`seal`](Self::seal) made.
    fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken>;
    /// Seals under a key derived from `secret` alone, so that only its bearer can open it.
    fn seal_for(&self, secret: &[u8], purpose: Purpose, clear: &[u8]) -> Vec<u8>;
    /// Opens what [`seal_for`](Self::seal_for) made.
    fn open_for(&self, secret: &[u8], purpose: Purpose, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken>;
}

/// The hash pool is full: answer 503 with `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the password hash queue is full")]
pub struct Busy;

/// Slow hashes (bcrypt) of client secrets that were imported, computed in their own pool.
pub trait SlowHashes: Send + Sync {
    /// Whether `secret` is the one behind `hash`; a hash that cannot be read verifies nothing.
    fn verify_secret(
        &self,
        secret: Secret<String>,
        hash: Secret<String>,
    ) -> impl Future<Output = Result<bool, Busy>> + Send;
}

/// Why a client's key set could not be had; the client gets `invalid_client`.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The address is not allowed: not https, or it resolves to a private address.
    #[error("the address is not allowed: {0}")]
    Forbidden(String),
    /// Fetching is held back after a failure or too soon after the last one.
    #[error("fetched too recently")]
    HeldBack,
    /// No or no usable answer.
    #[error("no usable answer: {0}")]
    Unusable(String),
}

/// Fetches a client's `jwks_uri` with the fences of SECURITY.md row 28 and the intervals of row 20.
pub trait JwksFetch: Send + Sync {
    /// The key set document, from the cache while it is fresh; `refresh` asks for a newer one (unknown `kid`), which is held
    /// back to a minimum interval.
    fn jwks(&self, uri: &JwksUri, refresh: bool) -> impl Future<Output = Result<Arc<str>, FetchError>> + Send;
}

/// The current catalog: clients, scopes, keys and switches in memory.
pub trait CatalogSource: Send + Sync {
    /// The catalog as of now; cheap.
    fn current(&self) -> Arc<Catalog>;
}

/// Everything that the engine is built from: generics, no boxes.
pub trait Services: Send + Sync + 'static {
    /// Where grants, sessions and the catalog live.
    type Store: Store + CatalogRepository;
    /// The time.
    type Clock: Clock;
    /// Randomness.
    type Random: Random;
    /// Authenticated encryption.
    type Sealer: Sealer;
    /// Signatures and key parsing.
    type Crypto: Crypto;
    /// Imported client secrets.
    type SlowHashes: SlowHashes;
    /// Clients' key sets.
    type JwksFetch: JwksFetch;
    /// The catalog in memory.
    type Catalog: CatalogSource;

    /// The store.
    fn store(&self) -> &Self::Store;
    /// The clock.
    fn clock(&self) -> &Self::Clock;
    /// Randomness.
    fn random(&self) -> &Self::Random;
    /// Authenticated encryption.
    fn sealer(&self) -> &Self::Sealer;
    /// Signatures.
    fn crypto(&self) -> &Self::Crypto;
    /// Imported client secrets.
    fn slow_hashes(&self) -> &Self::SlowHashes;
    /// Clients' key sets.
    fn jwks_fetch(&self) -> &Self::JwksFetch;
    /// The catalog in memory.
    fn catalog(&self) -> &Self::Catalog;
}

/// Services put together from their parts: all that most embedders need.
#[derive(Clone, Debug, Default)]
pub struct Parts<S, K, R, L, C, H, J, G> {
    /// Where grants, sessions and the catalog live.
    pub store: S,
    /// The time.
    pub clock: K,
    /// Randomness.
    pub random: R,
    /// Authenticated encryption.
    pub sealer: L,
    /// Signatures and key parsing.
    pub crypto: C,
    /// Imported client secrets.
    pub slow_hashes: H,
    /// Clients' key sets.
    pub jwks_fetch: J,
    /// The catalog in memory.
    pub catalog: G,
}

impl<S, K, R, L, C, H, J, G> Services for Parts<S, K, R, L, C, H, J, G>
where
    S: Store + CatalogRepository,
    K: Clock + 'static,
    R: Random + 'static,
    L: Sealer + 'static,
    C: Crypto + 'static,
    H: SlowHashes + 'static,
    J: JwksFetch + 'static,
    G: CatalogSource + 'static,
{
    type Store = S;
    type Clock = K;
    type Random = R;
    type Sealer = L;
    type Crypto = C;
    type SlowHashes = H;
    type JwksFetch = J;
    type Catalog = G;

    fn store(&self) -> &S {
        &self.store
    }

    fn clock(&self) -> &K {
        &self.clock
    }

    fn random(&self) -> &R {
        &self.random
    }

    fn sealer(&self) -> &L {
        &self.sealer
    }

    fn crypto(&self) -> &C {
        &self.crypto
    }

    fn slow_hashes(&self) -> &H {
        &self.slow_hashes
    }

    fn jwks_fetch(&self) -> &J {
        &self.jwks_fetch
    }

    fn catalog(&self) -> &G {
        &self.catalog
    }
}

/// Embedders without imported client secrets: no such hash verifies anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSlowHashes;

impl SlowHashes for NoSlowHashes {
    async fn verify_secret(&self, _: Secret<String>, _: Secret<String>) -> Result<bool, Busy> {
        Ok(false)
    }
}

/// Embedders whose clients publish no keys: nothing is ever fetched.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJwksFetch;

impl JwksFetch for NoJwksFetch {
    async fn jwks(&self, uri: &JwksUri, _: bool) -> Result<Arc<str>, FetchError> {
        Err(FetchError::Forbidden(uri.as_str().to_owned()))
    }
}
