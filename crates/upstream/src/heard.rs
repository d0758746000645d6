//! Logout tokens that were heard before (OpenID Connect Back-Channel Logout 2.6, on `jti`).
//!
//! A logout token counts for two minutes. Who sends it again in that time is the provider, which has lost our answer, or somebody who caught
//! it. Whoever has signed in anew meanwhile stays signed in: a token ends sessions once, and the second time it is answered like the first,
//! since what it says has been done.
//!
//! A token is noted before it ends anything, so that of two that come at once one alone does so; the note goes where ending fails.
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

/// How far what a token says has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    Done,
    UnderWay,
}

/// What one provider has said, until nobody could say it again.
#[derive(Debug, Default)]
pub struct Heard(Mutex<HashMap<TokenHash, (Progress, Timestamp)>>);

/// What is to be done about a token.
#[derive(Debug)]
pub enum Hearing<'a> {
    /// Nothing: what it says was done before.
    Done,
    /// It is news, and for whoever asked to do.
    News(Doing<'a>),
    /// It came before, and what it says is being done: whether that succeeds nobody can say yet.
    UnderWay,
}

/// What a token says is being done. Where this is dropped it has failed: the token is news again.
#[derive(Debug)]
#[must_use = "dropped, it says that nothing was done"]
pub struct Doing<'a> {
    heard: &'a Heard,
    id: TokenHash,
}

impl Heard {
    /// Notes a token, and tells whether it is news: in one step, so that it is to one of those who ask at once.
    pub fn hear(&self, said: &SignedOutThere, now: Timestamp) -> Hearing<'_> {
        let mut heard = self.lock();
        match heard.get(&said.id) {
            Some((Progress::Done, _)) => return Hearing::Done,
            Some((Progress::UnderWay, _)) => return Hearing::UnderWay,
            None => {}
        }
        heard.retain(|_, (progress, until)| *progress == Progress::UnderWay || *until >= now);
        if heard.len() >= MOST {
            let soonest = heard.iter().min_by_key(|(_, state)| **state).map(|(id, _)| *id);
            soonest.map(|id| heard.remove(&id));
        }
        heard.insert(said.id, (Progress::UnderWay, said.counts_until()));
        Hearing::News(Doing { heard: self, id: said.id })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, (Progress, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Doing<'_> {
    /// It is done.
    pub fn done(self) {
        if let Some((progress, _)) = self.heard.lock().get_mut(&self.id) {
            *progress = Progress::Done;
        }
    }
}

impl Drop for Doing<'_> {
    fn drop(&mut self) {
        let mut heard = self.heard.lock();
        if heard.get(&self.id).is_some_and(|(progress, _)| *progress == Progress::UnderWay) {
            heard.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;

    fn said(jti: &str, at: i64) -> SignedOutThere {
        let id = TokenHash::of(jti.as_bytes());
        SignedOutThere { id, subject: None, session: Some("s".to_owned()), at: Timestamp::from_seconds(at) }
    }

    /// Does what the token says, where it is news.
    fn obeyed(heard: &Heard, said: &SignedOutThere, seconds: i64) -> bool {
        match heard.hear(said, Timestamp::from_seconds(seconds)) {
            Hearing::News(doing) => {
                doing.done();
                true
            }
            Hearing::Done => false,
            Hearing::UnderWay => panic!("nobody else is at it"),
        }
    }

    #[test]
    fn what_was_done_is_known_as_long_as_the_token_counts() {
        let heard = Heard::default();
        assert!(obeyed(&heard, &said("a", 0), 1));
        assert!(!obeyed(&heard, &said("a", 0), 1));
        assert!(obeyed(&heard, &said("b", 60), 120));
        assert!(!obeyed(&heard, &said("a", 0), 120), "in its last second it counts");
        assert!(obeyed(&heard, &said("c", 60), 121));
        assert!(obeyed(&heard, &said("a", 0), 121) && !obeyed(&heard, &said("b", 60), 121));
    }

    #[test]
    fn what_failed_is_news_again_and_nobody_takes_what_is_under_way_for_done() {
        let (heard, now) = (Heard::default(), Timestamp::from_seconds(0));
        let Hearing::News(doing) = heard.hear(&said("a", 0), now) else { panic!("it is the first") };
        assert!(matches!(heard.hear(&said("a", 0), now), Hearing::UnderWay));
        // However long it takes.
        let later = Timestamp::from_seconds(121);
        assert!(matches!(heard.hear(&said("b", 60), later), Hearing::News(_)));
        assert!(matches!(heard.hear(&said("a", 0), later), Hearing::UnderWay));
        drop(doing);
        assert!(obeyed(&heard, &said("a", 0), 0) && !obeyed(&heard, &said("a", 0), 0));
    }

    #[test]
    fn of_several_at_once_one_alone_ends_sessions() {
        for round in 0..50 {
            let (heard, said, start) = (Heard::default(), said("a", round), Barrier::new(4));
            let ended: usize = thread::scope(|scope| {
                let one = || {
                    start.wait();
                    match heard.hear(&said, said.at) {
                        Hearing::News(doing) => {
                            doing.done();
                            1
                        }
                        Hearing::Done | Hearing::UnderWay => 0,
                    }
                };
                let all: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
                all.into_iter().map(|one| one.join().unwrap()).sum()
            });
            assert_eq!(ended, 1);
        }
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let heard = Heard::default();
        for number in 0..=MOST {
            assert!(obeyed(&heard, &said(&number.to_string(), i64::try_from(number).unwrap()), 0));
        }
        assert_eq!(heard.lock().len(), MOST);
        assert!(
            !obeyed(&heard, &said("1", 1), 0) && obeyed(&heard, &said("0", 0), 0),
            "the one that would end first makes room"
        );
    }
}
