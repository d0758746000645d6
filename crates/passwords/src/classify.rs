//! What a stored hash is, without verifying anything: for the count of formats before a migration.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use crate::{
    Objection,
    schemes::{MAX_LENGTH, Schemes},
};

/// What a stored hash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Classification {
    /// The name of its scheme as metrics have it, `unknown` where no scheme knows it.
    pub scheme: &'static str,
    /// What can be done with it.
    pub state: State,
}

/// What can be done with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It verifies, and guessing its password costs something.
    Ok,
    /// It verifies, but a guess costs less than two milliseconds: to be wrapped where that is possible.
    Weak,
    /// No scheme knows it, or it is malformed: its owner needs a new password.
    Unsupported,
    /// It would take too much time or memory: never verified, and its owner needs a new password.
    Hostile,
}

/// Guesses that cost an ordinary core less are weak.
const WEAK: Duration = Duration::from_millis(2);

/// Says what a stored hash is.
pub fn classify(stored: &str) -> Classification {
    static SCHEMES: LazyLock<Schemes> = LazyLock::new(|| Schemes::with(Arc::default(), Vec::new()));
    if stored.len() > MAX_LENGTH {
        return Classification { scheme: "unknown", state: State::Hostile };
    }
    let Some(read) = SCHEMES.read(stored) else {
        return Classification { scheme: "unknown", state: State::Unsupported };
    };
    let state = match read.recipe {
        Ok(recipe) if recipe.cost().nominal < WEAK => State::Weak,
        Ok(_) => State::Ok,
        Err(Objection::Malformed) => State::Unsupported,
        Err(Objection::TooCostly) => State::Hostile,
    };
    Classification { scheme: SCHEMES.name(read.scheme).unwrap_or("unknown"), state }
}
