//! What a stored hash is worth here, in the words of a migration.

use authly_cutover::hash::{HashState, Judged};
use authly_directory::password::StoredHash;
use authly_passwords::{State, classify};

/// What a hash is worth here; `policy` is the scheme of new hashes, where that matters.
pub fn judged(stored: &StoredHash, policy: Option<&str>) -> Judged {
    let found = classify(stored.expose());
    let state = match found.state {
        State::Ok | State::Weak if found.scheme == "wrapped" => HashState::Wrapped,
        State::Ok if policy == Some(found.scheme) => HashState::Current,
        State::Ok => HashState::Foreign,
        State::Weak => HashState::Weak,
        State::Unsupported => HashState::Unsupported,
        State::Hostile => HashState::Hostile,
    };
    Judged { scheme: found.scheme, state, wraps: found.state == State::Weak }
}
