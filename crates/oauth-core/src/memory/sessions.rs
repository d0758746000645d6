//! Browser sessions in memory.

use super::{
    MemoryStore, conflict,
    tables::{SessionRow, Tables},
};
use crate::{
    audit::AuditEvent,
    ids::{SessionId, UserId},
    session::{NewSession, Session},
    store::{RevocationReason, SessionRepository, StoreError},
    time::Timestamp,
    token::TokenHash,
};

impl SessionRepository for MemoryStore {
    async fn session(&self, token: TokenHash) -> Result<Option<Session>, StoreError> {
        Ok(self.lock().session_by_token(token))
    }

    async fn touch_session(
        &self,
        session: SessionId,
        at: Timestamp,
        idle_expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.lock();
        if let Some(row) = tables.sessions.get_mut(&session).filter(|row| row.ended_at.is_none()) {
            row.last_seen_at = at;
            row.idle_expires_at = idle_expires_at;
        }
        Ok(())
    }

    async fn end_session(
        &self,
        session: SessionId,
        at: Timestamp,
        reason: RevocationReason,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        let mut tables = self.lock();
        if tables.end_session(session, at, reason) {
            tables.audit.extend(audit);
        }
        Ok(())
    }

    async fn end_sessions_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        at: Timestamp,
        reason: RevocationReason,
    ) -> Result<u64, StoreError> {
        let mut tables = self.lock();
        let theirs: Vec<SessionId> = tables
            .sessions
            .values()
            .filter(|row| row.begun.user == user && Some(row.begun.id) != keep)
            .map(|row| row.begun.id)
            .collect();
        Ok(theirs.into_iter().map(|session| u64::from(tables.end_session(session, at, reason))).sum())
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let tables = self.lock();
        let rows = tables.sessions.values().filter(|row| row.begun.user == user && row.ended_at.is_none());
        let mut sessions: Vec<Session> = rows.filter_map(|row| tables.session(row)).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }
}

impl Tables {
    pub(super) fn check_session(&self, session: &NewSession) -> Result<(), StoreError> {
        if self.sessions.contains_key(&session.id) {
            return Err(conflict("sessions.id"));
        }
        if self.sessions.values().any(|row| row.begun.token == session.token) {
            return Err(conflict("sessions.token"));
        }
        Ok(())
    }

    /// Begins a session and ends the one it replaces: the grants of the same user move over, those of another are revoked.
    pub(super) fn insert_session(&mut self, session: NewSession) {
        let (new, at) = (session.id, session.begun_at);
        if let Some(old) = session.replaces {
            let row = self.sessions.get(&old).filter(|row| row.ended_at.is_none());
            if row.is_some_and(|row| row.begun.user == session.user) {
                let rows = self.grants.values_mut().map(|row| &mut row.grant);
                rows.filter(|grant| grant.session == Some(old) && grant.revoked_at.is_none())
                    .for_each(|grant| grant.session = Some(new));
            }
            self.end_session(old, at, RevocationReason::SignedOut);
        }
        let row =
            SessionRow { last_seen_at: at, idle_expires_at: session.idle_expires_at, ended_at: None, begun: session };
        self.sessions.insert(new, row);
    }

    /// Ends a session with its grants; whether it was not ended before.
    fn end_session(&mut self, session: SessionId, at: Timestamp, reason: RevocationReason) -> bool {
        let Some(row) = self.sessions.get_mut(&session).filter(|row| row.ended_at.is_none()) else { return false };
        row.ended_at = Some(at);
        self.revoke_grants(at, reason, |grant| grant.session == Some(session));
        true
    }
}
