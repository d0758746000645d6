//! The steps of an account, and how many had taken which by the end of each day.

use oauth_core::time::Timestamp;

use super::day_of;
use crate::account::AuthMethod;

/// A step of an account; nobody takes one before the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It exists, here or in the old system.
    Exists,
    /// It may sign in both ways.
    Both,
    /// It has signed in by OAuth.
    Completed,
    /// OAuth alone is left.
    OauthOnly,
}

/// How many accounts took a step on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepCount {
    /// The step.
    pub step: Step,
    /// The day.
    pub day: i64,
    /// Accounts.
    pub accounts: u64,
}

/// What an account remembers of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instants {
    /// How it signs in.
    pub method: AuthMethod,
    /// When it was created, which may be long before it came here.
    pub created_at: Timestamp,
    /// When it was brought here.
    pub imported_at: Option<Timestamp>,
    /// When it first signed in by OAuth.
    pub completed_at: Option<Timestamp>,
    /// When it changed the way it signs in, since it was brought.
    pub moves: Moves,
}

/// When an account changed the way it signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// When it went from a password alone to both ways; `None` if it was so from the beginning.
    pub dual_at: Option<Timestamp>,
    /// When it went to OAuth alone.
    pub oauth_at: Option<Timestamp>,
}

/// What a change does to a remembered instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It stays.
    Keep,
    /// There is none any more.
    Never,
    /// It is the instant of the change.
    Now,
}

impl Mark {
    /// The text in statements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Never => "never",
            Self::Now => "now",
        }
    }

    fn applied(self, known: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Keep => known,
            Self::Never => None,
            Self::Now => Some(at),
        }
    }
}

/// What a change of the way to sign in does to `dual_at` and `oauth_at`; nothing, if it is none.
pub const fn marks(from: AuthMethod, to: AuthMethod) -> Option<(Mark, Mark)> {
    match (from, to) {
        (AuthMethod::Password, AuthMethod::Dual) => Some((Mark::Now, Mark::Never)),
        (AuthMethod::Password, AuthMethod::Oauth) => Some((Mark::Now, Mark::Now)),
        (AuthMethod::Dual, AuthMethod::Oauth) => Some((Mark::Keep, Mark::Now)),
        (AuthMethod::Oauth, AuthMethod::Dual) => Some((Mark::Keep, Mark::Never)),
        (AuthMethod::Dual | AuthMethod::Oauth, AuthMethod::Password) => Some((Mark::Never, Mark::Never)),
        (AuthMethod::Password, AuthMethod::Password)
        | (AuthMethod::Dual, AuthMethod::Dual)
        | (AuthMethod::Oauth, AuthMethod::Oauth) => None,
    }
}

impl Moves {
    /// What is remembered after a change at `at`.
    #[must_use]
    pub fn after(self, from: AuthMethod, to: AuthMethod, at: Timestamp) -> Self {
        marks(from, to).map_or(self, |(dual, oauth)| Self {
            dual_at: dual.applied(self.dual_at, at),
            oauth_at: oauth.applied(self.oauth_at, at),
        })
    }
}

impl Instants {
    /// The steps that were taken, each with its day. None is before the one above it, whatever the source says of its times.
    pub fn steps(&self) -> impl Iterator<Item = (Step, i64)> + use<> {
        let exists = self.created_at;
        let both = (self.method != AuthMethod::Password).then(|| {
            let at = self.moves.dual_at.or(self.imported_at).or(self.completed_at).unwrap_or(exists);
            at.max(exists)
        });
        let alone = both.filter(|_| self.method == AuthMethod::Oauth);
        let alone = alone.map(|both| self.moves.oauth_at.unwrap_or(both).max(both));
        let completed = both.and_then(|both| {
            let at = self.completed_at.or(alone)?.max(both);
            Some(alone.map_or(at, |alone| alone.min(at)))
        });
        let all = [Some(exists), both, completed, alone];
        [Step::Exists, Step::Both, Step::Completed, Step::OauthOnly]
            .into_iter()
            .zip(all)
            .filter_map(|(step, at)| Some((step, day_of(at?))))
    }
}

/// How accounts could sign in at the end of a day; the parts add up to all that existed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// The day.
    pub day: i64,
    /// By a password alone.
    pub password: u64,
    /// Both ways, and not yet signed in by OAuth.
    pub dual: u64,
    /// Both ways, and signed in by OAuth.
    pub completed: u64,
    /// By OAuth alone.
    pub oauth: u64,
}

impl Band {
    /// All accounts.
    pub const fn total(&self) -> u64 {
        self.password + self.dual + self.completed + self.oauth
    }
}

/// The days from `from` to `to`, both included, oldest first.
pub fn bands(steps: &[StepCount], from: i64, to: i64) -> Vec<Band> {
    let of = |step: Step, day: i64| -> u64 {
        steps.iter().filter(|count| count.step == step && count.day == day).map(|count| count.accounts).sum()
    };
    let before = |step: Step| -> u64 {
        steps.iter().filter(|count| count.step == step && count.day < from).map(|count| count.accounts).sum()
    };
    let all = [Step::Exists, Step::Both, Step::Completed, Step::OauthOnly];
    let mut sums = all.map(before);
    (from..=to)
        .map(|day| {
            sums.iter_mut().zip(all).for_each(|(sum, step)| *sum += of(step, day));
            let [exists, both, completed, oauth] = sums;
            Band {
                day,
                password: exists.saturating_sub(both),
                dual: both.saturating_sub(completed),
                completed: completed.saturating_sub(oauth),
                oauth,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * super::super::DAY + 5)
    }

    fn account(method: AuthMethod) -> Instants {
        Instants { method, created_at: at(1), imported_at: None, completed_at: None, moves: Moves::default() }
    }

    fn days(instants: Instants) -> Vec<i64> {
        instants.steps().map(|(_, day)| day).collect()
    }

    #[test]
    fn each_step_has_the_day_on_which_it_was_taken() {
        assert_eq!(days(account(AuthMethod::Password)), [1]);
        let brought = Instants { imported_at: Some(at(3)), ..account(AuthMethod::Dual) };
        assert_eq!(days(brought), [1, 3]);
        assert_eq!(days(Instants { completed_at: Some(at(5)), ..brought }), [1, 3, 5]);
        // Brought with a password alone, both ways since its first sign-in by OAuth.
        let moves = Moves::default().after(AuthMethod::Password, AuthMethod::Dual, at(5));
        let later = Instants { moves, completed_at: Some(at(5)), ..brought };
        assert_eq!(days(later), [1, 5, 5]);
        let moves = moves.after(AuthMethod::Dual, AuthMethod::Oauth, at(8));
        let ended = Instants { method: AuthMethod::Oauth, moves, ..later };
        assert_eq!(days(ended), [1, 5, 5, 8]);
        assert_eq!(moves.after(AuthMethod::Oauth, AuthMethod::Dual, at(9)), later.moves);
    }

    #[test]
    fn no_step_comes_before_the_one_above_it() {
        let odd = Instants {
            created_at: at(9),
            imported_at: Some(at(2)),
            completed_at: Some(at(20)),
            moves: Moves { oauth_at: Some(at(12)), dual_at: None },
            ..account(AuthMethod::Oauth)
        };
        assert_eq!(days(odd), [9, 9, 12, 12]);
        let waived = Instants { completed_at: None, created_at: at(1), ..odd };
        assert_eq!(days(waived), [1, 2, 12, 12]);
    }

    #[test]
    fn the_parts_of_a_day_add_up_to_the_accounts_that_existed() {
        let count = |step, day, accounts| StepCount { step, day, accounts };
        let steps = [
            count(Step::Exists, 1, 10),
            count(Step::Exists, 4, 2),
            count(Step::Both, 2, 6),
            count(Step::Completed, 4, 3),
            count(Step::OauthOnly, 5, 1),
        ];
        let found: Vec<[u64; 5]> = bands(&steps, 3, 5)
            .iter()
            .map(|band| [band.password, band.dual, band.completed, band.oauth, band.total()])
            .collect();
        assert_eq!(found, [[4, 6, 0, 0, 10], [6, 3, 3, 0, 12], [6, 3, 2, 1, 12]]);
    }
}
