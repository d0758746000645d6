//! Browser sessions: begun at sign-in, kept alive by use, ended by sign-out (SECURITY.md rows 31 and 48).

use std::time::Duration;

use super::Engine;
use crate::{
    audit::{AuditEvent, AuditKind},
    browser::{Browser, SessionCookie},
    ids::{AuditId, ClientKey, SessionId, UserId},
    services::Services,
    session::{AuthenticationMethod, NewSession, Session},
    store::{RevocationReason, SessionRepository as _, StoreError},
    time::Timestamp,
};

/// How often a session that is used is noted in the store.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// How long a session is to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// Until the browser is closed, at most the absolute limit.
    BrowserSession,
    /// Beyond that: "keep me signed in".
    Device,
}

/// A sign-in that begins a session.
#[derive(Clone, Debug)]
pub struct SessionStart {
    /// Who signed in.
    pub user: UserId,
    /// How.
    pub methods: Vec<AuthenticationMethod>,
    /// When they proved who they are, where anybody knows (OpenID Connect Core 2, `auth_time`).
    pub authenticated_at: Option<Timestamp>,
    /// For how long.
    pub remember: Remember,
    /// The browser's name.
    pub user_agent: Option<String>,
    /// Where it is.
    pub address: Option<String>,
    /// The session that the browser had until now.
    pub replaces: Option<SessionId>,
}

impl<V: Services> Engine<V> {
    /// A session to be written, and the secret for its cookie: always a new one, never the one that the browser had before.
    pub fn new_session(&self, start: SessionStart) -> (NewSession, SessionCookie) {
        let (now, random) = (self.now(), self.services.random());
        let cookie = SessionCookie::generate(random);
        let (idle, absolute) = match start.remember {
            Remember::BrowserSession => (self.settings.session_idle, self.settings.session_absolute),
            Remember::Device => (self.settings.session_remembered, self.settings.session_remembered),
        };
        let expires_at = now.plus(absolute);
        let session = NewSession {
            id: SessionId::generate(now, random),
            token: cookie.hash(),
            user: start.user,
            begun_at: now,
            authenticated_at: start.authenticated_at,
            methods: start.methods,
            idle_expires_at: now.plus(idle).min(expires_at),
            expires_at,
            remembered: start.remember == Remember::Device,
            user_agent: start.user_agent.map(|text| text.chars().filter(|c| !c.is_control()).take(255).collect()),
            address: start.address,
            grants_end_at: None,
            replaces: start.replaces,
        };
        (session, cookie)
    }

    /// The session of a browser, if it is alive; its use is noted.
    pub async fn session(&self, browser: &Browser) -> Result<Option<Session>, StoreError> {
        let Some(cookie) = &browser.session else { return Ok(None) };
        let now = self.now();
        let session = self.services.store().session(cookie.hash()).await?.filter(|session| session.is_alive(now));
        if let Some(session) = &session {
            self.touch(session, now).await;
        }
        Ok(session)
    }

    /// Notes that a session is in use, at most once a minute.
    pub(super) async fn touch(&self, session: &Session, now: Timestamp) {
        if now.since(session.last_seen_at) < TOUCH_EVERY {
            return;
        }
        let idle = if session.remembered { self.settings.session_remembered } else { self.settings.session_idle };
        let idle_expires_at = now.plus(idle).min(session.expires_at);
        // A note that is not written shortens the session by a minute; that is no reason to refuse what the user wants to do.
        let _ = self.services.store().touch_session(session.id, now, idle_expires_at).await;
    }

    /// Signs out: the session ends in the store, and every grant that came from it is revoked. A copied cookie is dead.
    pub async fn sign_out(&self, session: &Session, address: Option<String>) -> Result<(), StoreError> {
        let now = self.now();
        let mut audit = self.audit(AuditKind::SignedOut, address, now);
        audit.user = Some(session.subject.id);
        self.services.store().end_session(session.id, now, RevocationReason::SignedOut, Some(audit)).await
    }

    /// An audit event of now, about nobody yet.
    pub fn audit(&self, kind: AuditKind, address: Option<String>, now: Timestamp) -> AuditEvent {
        AuditEvent {
            id: AuditId::generate(now, self.services.random()),
            at: now,
            kind,
            user: None,
            client: None::<ClientKey>,
            address,
            detail: serde_json::Value::Null,
        }
    }
}
