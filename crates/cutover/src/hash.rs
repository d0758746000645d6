//! What a stored hash is worth: asked of those who know the schemes, through a port.

use authly_directory::password::StoredHash;

/// What can be done with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashState {
    /// Made by the policy for new passwords: nothing is to be done.
    Current,
    /// It verifies; another scheme or a lower cost than the policy's.
    Foreign,
    /// It would take too much time or memory to verify.
    Hostile,
    /// No scheme verifies it.
    Unsupported,
    /// It verifies, but guessing costs next to nothing: to be wrapped where that is asked for.
    Weak,
    /// A weak digest that was wrapped.
    Wrapped,
}

impl HashState {
    /// Whether its owner can sign in with it.
    pub const fn verifies(self) -> bool {
        !matches!(self, Self::Hostile | Self::Unsupported)
    }
}

/// What is known of a stored hash without verifying anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The name of its scheme, as metrics have it; `unknown` where no scheme knows it.
    pub scheme: &'static str,
    /// What can be done with it.
    pub state: HashState,
    /// Whether it can be wrapped.
    pub wraps: bool,
}

/// Knows the schemes.
pub trait HashJudge: Send + Sync {
    /// Says what a stored hash is; cheap, never verifies.
    fn judge(&self, stored: &StoredHash) -> Judged;
}
