//! API keys of the program that came before (C-32): known by their SHA-256, taken while accounts are on both ways, counted.
//!
//! A key stands for an account, and for a client where the operator named one. Unknown, revoked, expired and moved-on keys are
//! answered alike.

use subtle::ConstantTimeEq as _;

use super::{LegacyAccount, active};
use crate::{
    catalog::Catalog,
    ids::{ApiKeyId, ClientId, UserId},
    jws::TokenFault,
    scope::ScopeSet,
    time::Timestamp,
    token::TokenHash,
};

/// A key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id here.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user: UserId,
    /// The client that it stands for, where one was named.
    pub client: Option<ClientId>,
    /// What it allows.
    pub scope: ScopeSet,
    /// What people call it.
    pub label: String,
    /// The SHA-256 of the key.
    pub hash: TokenHash,
    /// When it was imported.
    pub created_at: Timestamp,
    /// Until when it is taken.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, here or in the source.
    pub revoked_at: Option<Timestamp>,
    /// How often it was used here.
    pub uses: u64,
    /// When last.
    pub last_used_at: Option<Timestamp>,
}

/// A key with its account.
#[derive(Clone, Debug)]
pub struct ApiKeySnapshot {
    /// The key.
    pub key: ApiKey,
    /// Its account.
    pub account: LegacyAccount,
}

/// Whether a key counts: it is neither revoked nor expired, and its account is still on the way that it belongs to.
pub fn decide(
    found: &ApiKeySnapshot,
    presented: TokenHash,
    catalog: &Catalog,
    now: Timestamp,
) -> Result<(), TokenFault> {
    let (key, account) = (&found.key, &found.account);
    if !bool::from(key.hash.bytes().ct_eq(presented.bytes())) {
        return Err(TokenFault::Grant);
    }
    if key.revoked_at.is_some() {
        return Err(TokenFault::Revoked);
    }
    if key.expires_at.is_some_and(|until| now >= until) {
        return Err(TokenFault::Expired);
    }
    if account.is_locked || !account.subject.may_hold_tokens() {
        return Err(TokenFault::AccountClosed);
    }
    if !account.legacy_login || !active::are_issued(&account.subject, catalog, now) {
        return Err(TokenFault::Kind);
    }
    Ok(())
}
