//! Waves: a tenant's accounts, split once and for good. Administrators go first, the others in an order that is the same for
//! everybody who asks and that nobody can choose.

use std::collections::BTreeMap;

use oauth_core::{ids::UserId, token::TokenHash};

/// How large a wave is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaveSize {
    /// So many accounts.
    Accounts(u32),
    /// So many per cent of the tenant's accounts, one at least.
    Percent(u32),
}

impl WaveSize {
    /// Reads `100` or `10%`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Self::Percent),
            None => text.parse().ok().filter(|size| *size > 0).map(Self::Accounts),
        }
    }

    fn of(self, total: usize) -> usize {
        match self {
            Self::Accounts(size) => usize::try_from(size).unwrap_or(usize::MAX),
            Self::Percent(percent) => {
                total.saturating_mul(usize::try_from(percent).unwrap_or(100)).div_ceil(100).max(1)
            }
        }
    }
}

/// An account as waves see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The account.
    pub user: UserId,
    /// Whether it is an administrator.
    pub is_admin: bool,
    /// Its wave, once it has one.
    pub wave: Option<u32>,
}

/// The waves of those of a tenant who have none: the last one is filled up before another begins.
pub fn split(seats: &[Seat], size: WaveSize) -> Vec<(UserId, u32)> {
    let size = size.of(seats.len()).max(1);
    let mut taken: BTreeMap<u32, usize> = BTreeMap::new();
    for wave in seats.iter().filter_map(|seat| seat.wave) {
        *taken.entry(wave).or_default() += 1;
    }
    let (mut wave, mut filled) = taken.last_key_value().map_or((1, 0), |(wave, count)| (*wave, *count));
    let mut free: Vec<&Seat> = seats.iter().filter(|seat| seat.wave.is_none()).collect();
    free.sort_by_cached_key(|seat| (!seat.is_admin, *TokenHash::of(seat.user.uuid().as_bytes()).bytes(), seat.user));
    let mut assigned = Vec::with_capacity(free.len());
    for seat in free {
        if filled >= size {
            (wave, filled) = (wave.saturating_add(1), 0);
        }
        filled += 1;
        assigned.push((seat.user, wave));
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(number: u128, is_admin: bool, wave: Option<u32>) -> Seat {
        Seat { user: UserId::from_uuid(uuid::Uuid::from_u128(number)), is_admin, wave }
    }

    fn sizes(assigned: &[(UserId, u32)]) -> BTreeMap<u32, usize> {
        let mut sizes = BTreeMap::new();
        for (_, wave) in assigned {
            *sizes.entry(*wave).or_default() += 1;
        }
        sizes
    }

    #[test]
    fn waves_have_their_size_and_do_not_depend_on_the_order_of_reading() {
        let seats: Vec<Seat> = (0..25).map(|number| seat(number, false, None)).collect();
        let assigned = split(&seats, WaveSize::Accounts(10));
        assert_eq!(sizes(&assigned), [(1, 10), (2, 10), (3, 5)].into());
        let backwards: Vec<Seat> = seats.iter().rev().copied().collect();
        assert_eq!(split(&backwards, WaveSize::Accounts(10)), assigned);
        let by_id: Vec<u32> = {
            let mut sorted = assigned.clone();
            sorted.sort_unstable();
            sorted.into_iter().map(|(_, wave)| wave).collect()
        };
        assert!(!by_id.is_sorted(), "ids must not decide who goes first");
        assert_eq!(sizes(&split(&seats, WaveSize::Percent(20))), [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)].into());
    }

    #[test]
    fn administrators_go_first() {
        let seats: Vec<Seat> = (0..30).map(|number| seat(number, number % 10 == 9, None)).collect();
        let first: Vec<UserId> = split(&seats, WaveSize::Accounts(3)).iter().take(3).map(|(user, _)| *user).collect();
        assert!(seats.iter().filter(|seat| seat.is_admin).all(|seat| first.contains(&seat.user)));
    }

    #[test]
    fn who_has_a_wave_keeps_it_and_newcomers_fill_the_last() {
        let mut seats: Vec<Seat> = (0..5).map(|number| seat(number, false, Some(1))).collect();
        seats.push(seat(5, false, Some(2)));
        seats.extend((6..10).map(|number| seat(number, false, None)));
        let assigned = split(&seats, WaveSize::Accounts(3));
        assert_eq!(assigned.len(), 4);
        assert_eq!(sizes(&assigned), [(2, 2), (3, 2)].into());
    }

    #[test]
    fn sizes_are_numbers_or_per_cent() {
        assert_eq!(WaveSize::parse("100"), Some(WaveSize::Accounts(100)));
        assert_eq!(WaveSize::parse("5%"), Some(WaveSize::Percent(5)));
        for bad in ["", "0", "-1", "0%", "101%", "%", "5 %", "many"] {
            assert_eq!(WaveSize::parse(bad), None, "{bad}");
        }
    }
}
