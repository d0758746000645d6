//! Logout tokens that were heard before (OpenID Connect Back-Channel Logout 2.6, on `jti`).
//!
//! A logout token counts for two minutes. Who sends it again in that time is the provider, which has lost our answer, or somebody who caught
//! it. Whoever has signed in anew meanwhile stays signed in: a token ends sessions once, and the second time it is answered like the first,
//! since what it says has been done.
//!
//! This process alone remembers. Beside another one of the same installation a token could end, once more and within those two minutes, the
//! new session of somebody who has just signed out: they sign in again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use oauth_core::{time::Timestamp, token::TokenHash};

use crate::logout_token::SignedOutThere;

/// The most that are remembered. Only the provider makes new ones: it would have to sign out as many people in two minutes.
const MOST: usize = 10_000;

/// What one provider has said, until nobody could say it again.
#[derive(Debug, Default)]
pub struct Heard(Mutex<HashMap<TokenHash, Timestamp>>);

impl Heard {
    /// Whether this was heard, and done, before.
    pub fn knows(&self, said: &SignedOutThere) -> bool {
        self.lock().contains_key(&said.id)
    }

    /// Remembers what was done.
    pub fn note(&self, said: &SignedOutThere, now: Timestamp) {
        let mut heard = self.lock();
        heard.retain(|_, until| *until >= now);
        if heard.len() >= MOST {
            let soonest = heard.iter().min_by_key(|(_, until)| **until).map(|(id, _)| *id);
            soonest.map(|id| heard.remove(&id));
        }
        heard.insert(said.id, said.counts_until());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(jti: &str, at: i64) -> SignedOutThere {
        let id = TokenHash::of(jti.as_bytes());
        SignedOutThere { id, subject: None, session: Some("s".to_owned()), at: Timestamp::from_seconds(at) }
    }

    #[test]
    fn what_was_done_is_known_as_long_as_the_token_counts() {
        let heard = Heard::default();
        heard.note(&said("a", 0), Timestamp::from_seconds(1));
        assert!(heard.knows(&said("a", 0)) && !heard.knows(&said("b", 0)));
        heard.note(&said("b", 60), Timestamp::from_seconds(120));
        assert!(heard.knows(&said("a", 0)), "in its last second it counts");
        heard.note(&said("c", 60), Timestamp::from_seconds(121));
        assert!(!heard.knows(&said("a", 0)) && heard.knows(&said("b", 60)));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let heard = Heard::default();
        let now = Timestamp::from_seconds(0);
        for number in 0..=MOST {
            let at = i64::try_from(number).unwrap();
            heard.note(&said(&number.to_string(), at), now);
        }
        assert_eq!(heard.lock().len(), MOST);
        assert!(!heard.knows(&said("0", 0)) && heard.knows(&said("1", 1)), "the one that would end first makes room");
    }
}
