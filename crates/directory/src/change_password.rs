//! Changing one's own password: the old one is asked for, and every other session ends.

use std::time::Duration;

use oauth_core::{
    audit::AuditKind,
    ids::{SessionId, UserId},
    secret::Secret,
    services::Busy,
    session::Session,
    store::{Commit, RevocationReason, SessionRepository as _, StoreError},
    time::Timestamp,
};
use thiserror::Error;

use crate::{
    directory::{Directory, Limited},
    password::{PasswordRefused, PasswordService as _, PresentedPassword, Verification},
    services::DirectoryServices,
    store::{AccountRepository as _, PasswordChange, Replace},
};

/// Why a password was not changed.
#[derive(Debug, Error)]
pub enum ChangeRefused {
    /// The hash pool is full: 503.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The password was changed at the same time by somebody else.
    #[error("the password was changed at the same time")]
    Contended,
    /// The new password is not good enough.
    #[error(transparent)]
    Policy(#[from] PasswordRefused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many attempts: 429 with this `Retry-After`.
    #[error("too many attempts")]
    TooMany(Duration),
    /// The old password is wrong.
    #[error("the present password is wrong")]
    WrongPassword,
}

impl From<Limited> for ChangeRefused {
    fn from(limited: Limited) -> Self {
        Self::TooMany(limited.0)
    }
}

/// A change of password by its owner.
#[derive(Clone, Debug)]
pub struct PasswordChangeRequest {
    /// The present password, as typed.
    pub present: Secret<String>,
    /// The new password, as typed.
    pub new: Secret<String>,
    /// Where the request comes from.
    pub address: Option<String>,
}

impl<V: DirectoryServices> Directory<V> {
    /// Changes the password of the session's user. Sessions of other browsers end, with what was issued from them.
    pub async fn change_password(
        &self,
        session: &Session,
        request: &PasswordChangeRequest,
    ) -> Result<Timestamp, ChangeRefused> {
        self.change_password_of(session.subject.id, Some(session.id), request).await
    }

    /// Changes the password of a user who proves it, and tells when it was set; all sessions but one end.
    pub async fn change_password_of(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        request: &PasswordChangeRequest,
    ) -> Result<Timestamp, ChangeRefused> {
        let now = self.engine.now();
        // A stolen session must not become an oracle for the password.
        self.charge("change-password", user.uuid().as_bytes(), |limits| limits.password_change, now).await?;
        let accounts = self.services().accounts();
        let account = accounts.account(user).await?.filter(|(account, _)| account.may_sign_in());
        let (account, credential) = account.ok_or(ChangeRefused::WrongPassword)?;
        let present = PresentedPassword::parse(request.present.expose()).ok_or(ChangeRefused::WrongPassword)?;
        let stored = credential.hash.ok_or(ChangeRefused::WrongPassword)?;
        match self.services().passwords().verify(present, Some(stored.clone())).await? {
            Verification::Match { .. } => {}
            Verification::Mismatch | Verification::Unreadable => return Err(ChangeRefused::WrongPassword),
        }
        self.settings.password_policy.judge(request.new.expose(), &[&account.email, &account.username])?;
        let new = PresentedPassword::parse(request.new.expose());
        let new = new.ok_or(PasswordRefused::TooLong(self.settings.password_policy.max_bytes))?;
        let (hash, older_hash) = self.new_hashes::<ChangeRefused>(&new).await?;
        let mut audit = self.engine.audit(AuditKind::PasswordChanged, request.address.clone(), now);
        audit.user = Some(user);
        let write =
            PasswordChange { user, replaces: Replace::This(stored), hash, older_hash, at: now, audit: Some(audit) };
        match accounts.set_password(write).await? {
            Commit::Applied => {}
            Commit::Lost => return Err(ChangeRefused::Contended),
        }
        self.services().store().end_sessions_of(user, keep, now, RevocationReason::User).await?;
        Ok(now)
    }
}

#[cfg(test)]
#[path = "change_password_tests.rs"]
mod tests;
