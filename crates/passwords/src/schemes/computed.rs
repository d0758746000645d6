//! What most formats come down to: bytes computed from the password and compared with stored ones.

use std::time::Duration;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{
    Cost, Memory,
    Objection::{self, Malformed, TooCostly},
    Reading, Recipe, Scheme,
};

/// No stored hash may take longer on an ordinary core.
const LONGEST: Duration = Duration::from_secs(1);
/// A shorter stored value would let too many passwords in, an empty one all.
const SHORTEST: usize = 10;

/// A format: its name in metrics and its reader.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&str) -> Reading,
}

impl Scheme for Format {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&self, stored: &str) -> Reading {
        (self.read)(stored)
    }
}

/// Asks readers in order.
pub(crate) fn first_of(stored: &str, readers: &[fn(&str) -> Reading]) -> Reading {
    let foreign = |reading: &Reading| matches!(reading, Reading::Foreign);
    readers.iter().map(|read| read(stored)).find(|reading| !foreign(reading)).unwrap_or(Reading::Foreign)
}

/// A format inside of another's prefix: what no reader knows is malformed.
pub(crate) fn inside(reading: Reading) -> Reading {
    match reading {
        Reading::Foreign => Reading::Unreadable(Malformed),
        known => known,
    }
}

/// Bytes that were made from a password.
pub(crate) type Digest = Zeroizing<Vec<u8>>;

/// A recipe that computes bytes, `None` where that would take too long for this password, and compares them.
pub(crate) fn computed(
    cost: Cost,
    expected: Vec<u8>,
    compute: impl Fn(&[u8]) -> Option<Digest> + Send + 'static,
) -> Result<Box<dyn Recipe>, Objection> {
    if expected.len() < SHORTEST {
        return Err(Malformed);
    }
    is_affordable(cost.nominal)?;
    Ok(Box::new(Computed { cost, expected, compute }))
}

/// Whether a hash may take so long.
pub(crate) fn is_affordable(nominal: Duration) -> Result<(), Objection> {
    if nominal <= LONGEST { Ok(()) } else { Err(TooCostly) }
}

/// The password, or eight bytes of it where all of it would take too long: formats that hash it in every round are as slow
/// as it is long. What is cut is refused, after the time that the others take.
pub(crate) fn shortened(password: &[u8], time: impl Fn(usize) -> Duration) -> &[u8] {
    if time(password.len()) <= LONGEST { password } else { password.get(..8).unwrap_or_default() }
}

struct Computed<F> {
    cost: Cost,
    expected: Vec<u8>,
    compute: F,
}

impl<F: Fn(&[u8]) -> Option<Digest> + Send> Recipe for Computed<F> {
    fn cost(&self) -> Cost {
        self.cost
    }

    fn verify(&self, password: &[u8], _: &mut Memory) -> bool {
        (self.compute)(password).is_some_and(|computed| computed.ct_eq(&self.expected).into())
    }
}

/// A recipe over something that was made from the password first.
pub(crate) fn prepared(reading: Reading, prepare: impl Fn(&[u8]) -> Option<Digest> + Send + 'static) -> Reading {
    match reading {
        Reading::Readable(recipe) => Reading::Readable(Box::new(Prepared { recipe, prepare })),
        other => other,
    }
}

struct Prepared<F> {
    recipe: Box<dyn Recipe>,
    prepare: F,
}

impl<F: Fn(&[u8]) -> Option<Digest> + Send> Recipe for Prepared<F> {
    fn cost(&self) -> Cost {
        self.recipe.cost()
    }

    fn verify(&self, password: &[u8], memory: &mut Memory) -> bool {
        (self.prepare)(password).is_some_and(|prepared| self.recipe.verify(&prepared, memory))
    }
}

/// Another format's recipe under the name of the format that wraps it, which no policy makes.
pub(crate) fn foreign(reading: Reading) -> Reading {
    prepared(reading, |password| Some(Digest::new(password.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shortened_only_where_it_would_take_too_long() {
        let time = |length| Duration::from_millis(u64::try_from(length).unwrap_or_default());
        assert_eq!(shortened(&[7; 1000], time).len(), 1000);
        assert_eq!(shortened(&[7; 1001], time).len(), 8);
    }

    #[test]
    fn a_recipe_over_a_short_value_is_refused() {
        let cost = Cost { scheme: "test", nominal: Duration::ZERO };
        for length in 0..SHORTEST {
            assert_eq!(computed(cost, vec![0; length], |_| None).err(), Some(Malformed));
        }
        assert!(computed(cost, vec![0; SHORTEST], |_| None).is_ok());
        let hour = Cost { scheme: "test", nominal: Duration::from_secs(3600) };
        assert_eq!(computed(hour, vec![0; SHORTEST], |_| None).err(), Some(TooCostly));
    }
}
