//! What a store reads: snapshots with everything that a decision depends on.

use crate::{
    ids::{ClientKey, GrantId, SessionId, TenantId, UserId},
    pkce::CodeProof,
    redirect::RedirectUri,
    scope::ScopeSet,
    session::{AuthenticationMethod, Session},
    subject::Subject,
    time::Timestamp,
    token::TokenHash,
};

/// What a user allowed a client; codes and refresh tokens hang on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who allowed it.
    pub user: UserId,
    /// To whom.
    pub client: ClientKey,
    /// The user's tenant at that time.
    pub tenant: Option<TenantId>,
    /// The session it came from.
    pub session: Option<SessionId>,
    /// What was allowed.
    pub scope: ScopeSet,
    /// The audiences asked for by `resource` (RFC 8707).
    pub resources: Vec<String>,
    /// When the user had signed in: `auth_time`, if that is known.
    pub authenticated_at: Option<Timestamp>,
    /// How: `amr`.
    pub methods: Vec<AuthenticationMethod>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A grant with what decides whether it still counts.
#[derive(Clone, Debug)]
pub struct GrantSnapshot {
    /// The grant.
    pub grant: Grant,
    /// Its account.
    pub subject: Subject,
    /// Whether its session is alive as far as the row tells (`ended_at` is empty), and until when.
    pub session: Option<SessionEnd>,
    /// Whether the `jti` that was asked about is revoked.
    pub token_revoked: bool,
}

/// When a grant's session ends or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEnd {
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
    /// When it ends without use.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When everything that hangs on it ends too, `offline_access` included; `None` is never.
    pub grants_end_at: Option<Timestamp>,
}

impl SessionEnd {
    /// Whether the session is alive.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now < self.idle_expires_at
    }
}

/// An authorization code with everything its redemption depends on.
#[derive(Clone, Debug)]
pub struct CodeSnapshot {
    /// Its hash.
    pub hash: TokenHash,
    /// Where the user was sent.
    pub redirect_uri: RedirectUri,
    /// What the client has to prove.
    pub proof: CodeProof,
    /// The `nonce` for the ID token.
    pub nonce: Option<String>,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was redeemed, if it was.
    pub used_at: Option<Timestamp>,
    /// Its grant, account and session.
    pub grant: GrantSnapshot,
}

/// A refresh token with everything its use depends on.
#[derive(Clone, Debug)]
pub struct RefreshSnapshot {
    /// Its hash.
    pub hash: TokenHash,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used, if it was.
    pub used_at: Option<Timestamp>,
    /// Its successor, if it was used.
    pub successor: Option<Successor>,
    /// Its grant, account and session.
    pub grant: GrantSnapshot,
}

/// What followed a used refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its clear text sealed under a key derived from the predecessor, while it is kept.
    pub sealed: Option<Vec<u8>>,
    /// When the successor itself was used, if it was.
    pub used_at: Option<Timestamp>,
}

/// What an authorization request needs to know of the browser and its user.
#[derive(Clone, Debug)]
pub struct AuthorizeSnapshot {
    /// The session behind the cookie, ended or not.
    pub session: Option<Session>,
    /// The scopes that its user has allowed this client before.
    pub consent: ScopeSet,
    /// Whether its user has never had a code.
    pub first: bool,
}
