//! What hangs on the accounts of a source: refresh tokens with their families, access tokens, and API keys (C-14, C-32).
//!
//! Only hashes are kept; a key that the source has in the clear is hashed when it is read. Each row has one outcome, as an
//! account's has: `import`, `unchanged`, `updated` (dead in the source now), `skip_deleted` (dead or expired), `conflict`,
//! `quarantine` (an orphan, or a row that cannot be read).

mod read;

use std::future::Future;

use oauth_core::{
    ids::{ApiKeyId, ClientId, LegacyTokenId, UserId},
    legacy::LegacyTokenType,
    scope::ScopeSet,
    store::StoreError,
    time::Timestamp,
    token::TokenHash,
};

pub use self::read::{KeyOfSource, Shut, TokenOfSource, key, token};
use crate::source::{SourceId, SourceName};

/// A token of the source for the table of legacy tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Its `jti`, or what stands for it.
    pub id: LegacyTokenId,
    /// Whose.
    pub user: UserId,
    /// Access or refresh.
    pub kind: LegacyTokenType,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// Whether it is dead in the source.
    pub invalidated: bool,
    /// What rotation keeps together, made unique over all sources.
    pub family: Option<String>,
}

/// An API key of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its id here.
    pub id: ApiKeyId,
    /// The row.
    pub source_id: SourceId,
    /// Whose.
    pub user: UserId,
    /// The client that it stands for.
    pub client: Option<ClientId>,
    /// What it allows.
    pub scope: ScopeSet,
    /// What people call it.
    pub label: String,
    /// The SHA-256 of the key.
    pub hash: TokenHash,
    /// When it was imported.
    pub created_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
    /// Since when it is dead in the source, as far as that is known here.
    pub revoked_at: Option<Timestamp>,
}

/// What became of a row that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Added,
    /// It was there, and nothing changed.
    Same,
    /// It was there, and is dead now.
    Ended,
    /// Its hash or `jti` is that of another account's.
    Taken,
}

/// Where tokens and API keys of a source go. A dry run looks and writes nothing.
pub trait PartStore: Send + Sync {
    /// Puts tokens in; one answer for each, in order. A token that was ended here stays ended.
    fn put_tokens(
        &self,
        tokens: Vec<NewToken>,
        write: bool,
    ) -> impl Future<Output = Result<Vec<Put>, StoreError>> + Send;
    /// Puts API keys of a source in; one answer for each, in order. A key that was revoked here stays revoked.
    fn put_api_keys(
        &self,
        source: &SourceName,
        keys: Vec<NewApiKey>,
        write: bool,
    ) -> impl Future<Output = Result<Vec<Put>, StoreError>> + Send;
}
