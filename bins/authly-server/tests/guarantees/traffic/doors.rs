//! What a door of the older program answers at each moment: a migration opens it to some and closes it to others, and every answer has
//! to be one that is right while it is asked for.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// How many answers show that a door answers so now.
const ENOUGH: u64 = 3;
/// A server takes notice within a second; on a busy machine people who come once in a while need longer to show it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The JSON login, to one person or to several for whom it is the same door.
#[derive(Default)]
pub(super) struct Door(Mutex<State>);

#[derive(Default)]
struct State {
    /// The statuses that are right; none while nobody comes.
    right: Vec<u16>,
    /// How often that has changed.
    turn: u64,
    /// Who waits for an answer.
    under_way: u64,
    /// Answers to requests that began since the last change.
    seen: BTreeMap<u16, u64>,
}

/// Somebody who waits for an answer.
pub(super) struct Knock {
    right: Vec<u16>,
    turn: u64,
}

impl Door {
    /// A door that answers so.
    pub(super) fn answering(status: u16) -> Self {
        Self(Mutex::new(State { right: vec![status], ..State::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Somebody asks now, if anybody does.
    pub(super) fn knock(&self) -> Option<Knock> {
        let mut state = self.state();
        if state.right.is_empty() {
            return None;
        }
        state.under_way += 1;
        Some(Knock { right: state.right.clone(), turn: state.turn })
    }

    /// Judges an answer: it is right if it was at some moment while it was waited for. No answer at all never is.
    pub(super) fn answered(&self, knock: &Knock, status: Option<u16>) -> Result<(), String> {
        let mut state = self.state();
        state.under_way -= 1;
        let right = [&knock.right[..], &state.right].concat();
        let Some(status) = status.filter(|status| right.contains(status)) else {
            return Err(format!("{status:?} and not one of {right:?}"));
        };
        if knock.turn == state.turn {
            *state.seen.entry(status).or_default() += 1;
        }
        Ok(())
    }

    /// From now on these answers are right.
    pub(super) fn turns_to(&self, right: &[u16]) {
        let mut state = self.state();
        (state.right, state.seen) = (right.to_vec(), BTreeMap::new());
        state.turn += 1;
    }

    /// From now on this answer is right as well.
    pub(super) fn may_turn_to(&self, status: u16) {
        let right = [&self.state().right[..], &[status]].concat();
        self.turns_to(&right);
    }

    /// From now on no other answer is right, and several come.
    pub(super) async fn settles(&self, status: u16) {
        self.turns_to(&[status]);
        self.until(|state| state.seen.get(&status).is_some_and(|count| *count >= ENOUGH)).await;
    }

    /// From now on nobody comes; ends when whoever came before has an answer.
    pub(super) async fn falls_silent(&self) {
        self.turns_to(&[]);
        self.until(|state| state.under_way == 0).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let begin = Instant::now();
        loop {
            {
                let state = self.state();
                if holds(&state) {
                    return;
                }
                let State { right, seen, under_way, .. } = &*state;
                assert!(begin.elapsed() < PATIENCE, "{right:?} was to come, came {seen:?}, {under_way} wait");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
