//! Passwords: how a new one is judged, how a stored one is verified, and what follows from it.

use oauth_core::{secret::Secret, services::Busy};
use std::future::Future;
use thiserror::Error;

/// Why a new password is refused. Policies are for new passwords only, never at sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordRefused {
    /// A NUL character, which several hashes end at.
    #[error("The password must not contain a NUL character.")]
    Nul,
    /// The e-mail address or user name.
    #[error("The password must not be your e-mail address or user name.")]
    Personal,
    /// Fewer characters than the policy wants.
    #[error("The password must have at least {0} characters.")]
    TooShort(usize),
    /// More bytes than the hash takes.
    #[error("The password must have at most {0} bytes.")]
    TooLong(usize),
}

/// What a new password must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Characters at least (PASSWORD_MIN_LENGTH).
    pub min_characters: usize,
    /// Bytes at most: 1024, or 72 where new hashes are bcrypt, which would silently cut.
    pub max_bytes: usize,
}

/// The most bytes of a password that is verified at all.
pub const MAX_PRESENTED: usize = 1024;

impl PasswordPolicy {
    /// Judges a new password of an account with these names.
    pub fn judge(&self, password: &str, names: &[&str]) -> Result<(), PasswordRefused> {
        if password.contains('\0') {
            return Err(PasswordRefused::Nul);
        }
        if password.chars().count() < self.min_characters {
            return Err(PasswordRefused::TooShort(self.min_characters));
        }
        if password.len() > self.max_bytes {
            return Err(PasswordRefused::TooLong(self.max_bytes));
        }
        let folded = crate::identifier::fold(password);
        if names.iter().any(|name| !name.is_empty() && crate::identifier::fold(name) == folded) {
            return Err(PasswordRefused::Personal);
        }
        Ok(())
    }
}

/// A password that somebody presented: not longer than [`MAX_PRESENTED`], without NUL; anything else verifies nothing.
#[derive(Clone, Debug)]
pub struct PresentedPassword(Secret<String>);

impl PresentedPassword {
    /// Takes what was typed.
    pub fn parse(typed: &str) -> Option<Self> {
        (!typed.is_empty() && typed.len() <= MAX_PRESENTED && !typed.contains('\0'))
            .then(|| Self(Secret::new(typed.to_owned())))
    }

    /// The clear text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// A stored hash in self-describing form.
#[derive(Clone, Debug)]
pub struct StoredHash(Secret<String>);

impl StoredHash {
    /// Takes the text of a store.
    pub const fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text for the store or a verifier.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for StoredHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.matches(other.expose().as_bytes())
    }
}

impl Eq for StoredHash {}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The right password.
    Match {
        /// Whether the stored hash is below the policy and should be made anew.
        outdated: bool,
    },
    /// The wrong password, or no hash to verify against.
    Mismatch,
    /// The stored hash cannot be read or would cost too much; counted apart, answered like a mismatch.
    Unreadable,
}

/// Verifies and makes password hashes in a bounded pool of its own.
///
/// Every verification costs the same whether the account exists or not: without a stored hash a dummy of the policy is
/// computed, and a failure is answered only after the time that the slowest scheme in use takes.
pub trait PasswordService: Send + Sync {
    /// Verifies `password` against `stored`.
    fn verify(
        &self,
        password: PresentedPassword,
        stored: Option<StoredHash>,
    ) -> impl Future<Output = Result<Verification, Busy>> + Send;

    /// Hashes a new password by the policy.
    fn hash(&self, password: PresentedPassword) -> impl Future<Output = Result<StoredHash, Busy>> + Send;

    /// Hashes a new password so that the program that came before can verify it too (bcrypt), for adopted databases.
    fn hash_for_older_program(
        &self,
        password: PresentedPassword,
    ) -> impl Future<Output = Result<StoredHash, Busy>> + Send;
}
