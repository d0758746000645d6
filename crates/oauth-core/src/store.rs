//! The repository ports: one method is one use case is one atomic step.
//!
//! Reads return snapshots, "not found" is `Ok(None)`. Writes are guarded: a write that may happen once reports [`Commit`].
//! Everything that is written, times and audit events included, is in the argument; stores add nothing.

mod outcome;
mod snapshot;
mod write;

use std::future::Future;

pub use self::{
    outcome::{Commit, StoreError, StoreErrorKind},
    snapshot::{AuthorizeSnapshot, CodeSnapshot, Grant, GrantSnapshot, RefreshSnapshot, SessionEnd, Successor},
    write::{
        NewAuthorization, NewRefreshToken, PurgeOrder, Purged, Redemption, Revocation, RevocationReason, RevokedAccessToken,
        Rotation, SpentAssertion,
    },
};
use crate::{
    audit::AuditEvent,
    catalog::{CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord},
    client::{Client, ClientSecret},
    ids::{AccessTokenId, ClientKey, GrantId, KeyId, LegacyTokenId, ScopeKey, SessionId, UserId},
    legacy::{LegacyRotation, LegacyTokenSnapshot},
    session::Session,
    time::Timestamp,
    token::TokenHash,
};




