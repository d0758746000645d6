//! Browser sessions: rows in the store, a secret in the cookie.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{SessionId, UserId},
    subject::Subject,
    time::Timestamp,
    token::TokenHash,
};

/// How somebody proved who they are (RFC 8176): the `amr` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// `pwd`: a password.
    Pwd,
}

impl AuthenticationMethod {
    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
        }
    }

    /// Reads the registered name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pwd].into_iter().find(|method| method.as_str() == text)
    }
}

/// A session to be written at sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its id: the `sid` of tokens.
    pub id: SessionId,
    /// Hash of the cookie's value.
    pub token: TokenHash,
    /// Who signed in.
    pub user: UserId,
    /// When it begins.
    pub begun_at: Timestamp,
    /// When they proved who they are: earlier, if that was elsewhere, and `None` if nobody has said when.
    pub authenticated_at: Option<Timestamp>,
    /// The methods used.
    pub methods: Vec<AuthenticationMethod>,
    /// When it ends without use.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether the cookie outlives the browser ("keep me signed in").
    pub remembered: bool,
    /// The browser's name for the list of sessions, cut to 255 characters.
    pub user_agent: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// When everything that hangs on it ends, `offline_access` included; `None` is never.
    pub grants_end_at: Option<Timestamp>,
    /// The session of the same browser that this one replaces; it ends in the same step (no fixation), and if it belonged to
    /// the same user its grants move to the new session.
    pub replaces: Option<SessionId>,
}

/// A session as found by its cookie.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// When the user last proved who they are: `auth_time`. Where another provider has not said when, it is a fresh proof of nothing.
    pub authenticated_at: Option<Timestamp>,
    /// How: `amr`.
    pub methods: Vec<AuthenticationMethod>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// When it ends without use.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether the cookie outlives the browser.
    pub remembered: bool,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
    /// The browser's name.
    pub user_agent: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// When everything that hangs on it ends, `offline_access` included; `None` is never.
    pub grants_end_at: Option<Timestamp>,
    /// Whose it is.
    pub subject: Subject,
}

impl NewSession {
    /// Bounds what will hang on it, and the session with it: behind that time it could hold nothing that is of use.
    pub fn bound(&mut self, end: Timestamp) {
        self.grants_end_at = Some(self.grants_end_at.map_or(end, |known| known.min(end)));
        self.expires_at = self.expires_at.min(end);
        self.idle_expires_at = self.idle_expires_at.min(end);
    }
}

impl Session {
    /// The one rule for "is this session alive".
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now < self.idle_expires_at && self.subject.may_hold_tokens()
    }
}
