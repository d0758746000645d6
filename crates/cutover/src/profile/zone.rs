//! Times of sources: with a zone, without one (C-21), as text, or as numbers since the epoch.

use std::fmt;

use oauth_core::time::Timestamp;
use serde::{Deserialize, Serialize, de};
use time::{Date, Month, PrimitiveDateTime, Time};

use crate::source::Value;

/// The zone of times that name none: a fixed distance from UTC, or a region with its own rules for summer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// So many minutes east of UTC.
    Fixed(i32),
    /// A region of the time zone database, which is part of this program.
    Region(Region),
}

/// The name of a region, as `Europe/Berlin`: at most 32 bytes, padded with zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Region([u8; 32]);

impl Region {
    fn parse(text: &str) -> Option<Self> {
        let zone = jiff::tz::db().get(text).ok()?;
        let known = zone.iana_name()?.as_bytes();
        let mut name = [0u8; 32];
        name.get_mut(..known.len())?.copy_from_slice(known);
        Some(Self(name))
    }

    fn name(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        self.0.get(..end).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    fn zone(self) -> Option<jiff::tz::TimeZone> {
        jiff::tz::db().get(self.name()).ok()
    }

    /// The instant at which clocks there show `micros` since 1970-01-01T00:00:00. In the hour that comes twice it is the first;
    /// in the one that is left out, as if the clock had not been put forward yet.
    fn instant(self, micros: i64) -> Option<Timestamp> {
        let shown = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(micros).ok()?);
        let at = self.zone()?.to_ambiguous_timestamp(shown).compatible().ok()?;
        Some(Timestamp::from_micros(at.as_microsecond()))
    }

    /// What clocks there show at that instant, as microseconds since 1970-01-01T00:00:00.
    fn shown(self, at: Timestamp) -> Option<i64> {
        let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
        let offset = self.zone()?.to_offset(at);
        Some(at.as_microsecond() + i64::from(offset.seconds()) * 1_000_000)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self::Fixed(0);

    /// Reads `UTC`, `Z`, `+02:00`, `-0530` or `Europe/Berlin`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::fixed(text).or_else(|| Region::parse(text).filter(|_| text.contains('/')).map(Self::Region))
    }

    /// Reads a fixed distance, as it stands behind times.
    fn fixed(text: &str) -> Option<Self> {
        if matches!(text, "UTC" | "Z" | "z") {
            return Some(Self::UTC);
        }
        let (sign, rest) = match text.strip_prefix('+') {
            Some(rest) => (1, rest),
            None => (-1, text.strip_prefix('-')?),
        };
        let digits: String = rest.chars().filter(|c| *c != ':').collect();
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let (hours, minutes) = match digits.len() {
            2 if plain => (digits.as_str(), "0"),
            4 if plain => digits.split_at_checked(2)?,
            _ => return None,
        };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours <= 15 && minutes < 60).then_some(Self::Fixed(sign * (hours * 60 + minutes)))
    }

    /// The instant at which clocks of this zone show `micros` since 1970-01-01T00:00:00.
    fn instant(self, micros: i64) -> Option<Timestamp> {
        match self {
            Self::Fixed(minutes) => micros.checked_sub(i64::from(minutes) * 60_000_000).map(Timestamp::from_micros),
            Self::Region(region) => region.instant(micros),
        }
    }

    /// What clocks of this zone show at that instant, as databases write it: `2024-01-31 12:00:00.123456`.
    pub fn local(self, at: Timestamp) -> String {
        let shown = match self {
            Self::Fixed(minutes) => at.micros().saturating_add(i64::from(minutes) * 60_000_000),
            Self::Region(region) => region.shown(at).unwrap_or(at.micros()),
        };
        Timestamp::from_micros(shown).to_rfc3339().replacen('T', " ", 1).trim_end_matches('Z').to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(0) => f.write_str("UTC"),
            Self::Fixed(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            Self::Region(region) => f.write_str(region.name()),
        }
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(
                "a time zone is \"UTC\", a fixed distance from it as \"+02:00\", or a region as \"Europe/Berlin\"",
            )
        })
    }
}

/// Why a time of a source cannot be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoInstant {
    /// It is no time.
    Unreadable,
    /// Infinity, or a year outside 1 to 9999.
    OutOfRange,
}

/// Reads a time; NULL and blank text are none.
pub fn read(value: &Value, zone: Zone) -> Result<Option<Timestamp>, NoInstant> {
    let at = match value {
        Value::Null => return Ok(None),
        Value::Text(text) if text.trim().is_empty() => return Ok(None),
        Value::Time(at) => Some(*at),
        Value::Integer(number) => since_the_epoch(*number),
        Value::Text(text) => return from_text(text.trim(), zone).and_then(in_range).map(Some),
        _ => return Err(NoInstant::Unreadable),
    };
    at.ok_or(NoInstant::OutOfRange).and_then(in_range).map(Some)
}

fn in_range(at: Timestamp) -> Result<Timestamp, NoInstant> {
    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
    const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
    if YEARS.contains(&at.micros()) { Ok(at) } else { Err(NoInstant::OutOfRange) }
}

/// Seconds, milliseconds, microseconds or nanoseconds: whichever lies before the year 5138.
fn since_the_epoch(number: i64) -> Option<Timestamp> {
    const SECONDS: u64 = 100_000_000_000;
    match number.unsigned_abs() {
        0..SECONDS => number.checked_mul(1_000_000),
        size if size < SECONDS * 1_000 => number.checked_mul(1_000),
        size if size < SECONDS * 1_000_000 => Some(number),
        _ => Some(number / 1_000),
    }
    .map(Timestamp::from_micros)
}

/// Seconds with a fraction, as `time.time()` writes them, or any of the whole numbers.
fn real(number: f64) -> Option<Timestamp> {
    const LIMIT: f64 = 9.0e18;
    if !number.is_finite() || number.abs() > LIMIT {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
    let whole = |number: f64| number.round() as i64;
    if number.abs() < 1.0e11 {
        Some(Timestamp::from_micros(whole(number * 1.0e6)))
    } else {
        since_the_epoch(whole(number))
    }
}

/// `2024-01-31`, `2024-01-31 12:00`, `2024-01-31T12:00:00.123456`, each with or without a zone.
fn from_text(text: &str, zone: Zone) -> Result<Timestamp, NoInstant> {
    if let Ok(number) = text.parse::<i64>() {
        return since_the_epoch(number).ok_or(NoInstant::OutOfRange);
    }
    if let Some(number) = text.contains('.').then(|| text.parse::<f64>().ok()).flatten() {
        return real(number).ok_or(NoInstant::OutOfRange);
    }
    if matches!(text.to_ascii_lowercase().as_str(), "infinity" | "-infinity") {
        return Err(NoInstant::OutOfRange);
    }
    let (date, rest) = text.split_at_checked(10).ok_or(NoInstant::Unreadable)?;
    let date = parse_date(date)?;
    let rest = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest).trim();
    let (clock, zone) = split_zone(rest, zone).ok_or(NoInstant::Unreadable)?;
    let clock = if clock.is_empty() { Time::MIDNIGHT } else { parse_clock(clock).ok_or(NoInstant::Unreadable)? };
    let nanos = PrimitiveDateTime::new(date, clock).assume_utc().unix_timestamp_nanos();
    let micros = i64::try_from(nanos.div_euclid(1_000)).map_err(|_| NoInstant::OutOfRange)?;
    zone.instant(micros).ok_or(NoInstant::OutOfRange)
}

fn parse_date(text: &str) -> Result<Date, NoInstant> {
    let mut parts = text.split('-');
    let mut number = || parts.next().and_then(digits).ok_or(NoInstant::Unreadable);
    let (year, month, day) = (number()?, number()?, number()?);
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok()).ok_or(NoInstant::Unreadable)?;
    let (Ok(year), Ok(day)) = (i32::try_from(year), u8::try_from(day)) else { return Err(NoInstant::Unreadable) };
    if parts.next().is_some() {
        return Err(NoInstant::Unreadable);
    }
    // Year 0 and days as 2024-02-30 are what broken programs write.
    Date::from_calendar_date(year, month, day).map_err(|_| NoInstant::OutOfRange)
}

/// Separates the clock from the zone behind it.
fn split_zone(text: &str, otherwise: Zone) -> Option<(&str, Zone)> {
    let at = text.find(['Z', 'z', '+', '-', 'U']);
    match at.and_then(|at| text.split_at_checked(at)) {
        Some((clock, zone)) => Zone::fixed(zone).map(|zone| (clock.trim_end(), zone)),
        None => Some((text, otherwise)),
    }
}

fn parse_clock(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut parts = whole.split(':').map(digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().map_or(Some(0), |second| second)?;
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    // A leap second is the end of its minute.
    let second = if second == 60 { 59 } else { second };
    let small = |number: u32| u8::try_from(number).ok();
    Time::from_hms_micro(small(hour)?, small(minute)?, small(second)?, micros.parse().ok()?).ok()
}

fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str, zone: &str) -> Result<Option<String>, NoInstant> {
        let read = read(&Value::Text(text.to_owned()), Zone::parse(zone).unwrap());
        read.map(|at| at.map(Timestamp::to_rfc3339))
    }

    #[test]
    fn a_time_without_zone_is_of_the_profiles_zone_and_one_with_a_zone_is_not() {
        let expect = |wanted: &str| Ok(Some(wanted.to_owned()));
        assert_eq!(text("2024-01-31 12:00:00", "UTC"), expect("2024-01-31T12:00:00Z"));
        assert_eq!(text("2024-01-31 12:00:00.123456", "+02:00"), expect("2024-01-31T10:00:00.123456Z"));
        assert_eq!(text("2024-01-31T12:00:00Z", "+02:00"), expect("2024-01-31T12:00:00Z"));
        assert_eq!(text("2024-01-31 12:00:00-05", "+02:00"), expect("2024-01-31T17:00:00Z"));
        assert_eq!(text("2024-01-31 12:00:00 +05:30", "UTC"), expect("2024-01-31T06:30:00Z"));
        assert_eq!(text("2024-01-31", "UTC"), expect("2024-01-31T00:00:00Z"));
        assert_eq!(text("1706702400", "UTC"), expect("2024-01-31T12:00:00Z"));
        assert_eq!(text("  ", "UTC"), Ok(None));
    }

    #[test]
    fn broken_times_are_told_apart_from_those_out_of_range() {
        for odd in ["0000-00-00 00:00:00", "2024-02-30", "infinity", "0000-01-01"] {
            assert!(text(odd, "UTC").is_err(), "{odd}");
        }
        for no_time in ["soon", "2024-1-31", "2024-01-31 noon", "2024-01-31 25:00:00", "2024-01-31 12:00:00+99:00"] {
            assert_eq!(text(no_time, "UTC"), Err(NoInstant::Unreadable), "{no_time}");
        }
        assert_eq!(read(&Value::Time(Timestamp::from_micros(i64::MAX)), Zone::UTC), Err(NoInstant::OutOfRange));
        assert_eq!(read(&Value::Bool(true), Zone::UTC), Err(NoInstant::Unreadable));
    }

    #[test]
    fn numbers_are_seconds_milliseconds_or_microseconds() {
        let at = Some(Timestamp::from_seconds(1_706_702_400));
        for number in [1_706_702_400, 1_706_702_400_000, 1_706_702_400_000_000, 1_706_702_400_000_000_000] {
            assert_eq!(read(&Value::Integer(number), Zone::UTC), Ok(at), "{number}");
        }
        assert_eq!(read(&Value::Text("1706702400.0".to_owned()), Zone::UTC), Ok(at));
    }

    #[test]
    fn a_region_keeps_its_own_summer() {
        let expect = |wanted: &str| Ok(Some(wanted.to_owned()));
        let berlin = "Europe/Berlin";
        assert_eq!(text("2024-01-31 12:00:00", berlin), expect("2024-01-31T11:00:00Z"));
        assert_eq!(text("2024-07-31 12:00:00.5", berlin), expect("2024-07-31T10:00:00.5Z"));
        // The hour that comes twice, and the one that never came.
        assert_eq!(text("2024-10-27 02:30:00", berlin), expect("2024-10-27T00:30:00Z"));
        assert_eq!(text("2024-03-31 02:30:00", berlin), expect("2024-03-31T01:30:00Z"));
        assert_eq!(text("2024-07-31 12:00:00Z", berlin), expect("2024-07-31T12:00:00Z"));
        let zone = Zone::parse("europe/berlin").unwrap();
        assert_eq!(zone.to_string(), berlin);
        let at = Timestamp::parse_rfc3339("2024-07-31T10:00:00.5Z").unwrap();
        assert_eq!(zone.local(at), "2024-07-31 12:00:00.5");
    }

    #[test]
    fn zones_are_fixed_distances() {
        for (zone, shown) in [("UTC", "UTC"), ("+02:00", "+02:00"), ("-0530", "-05:30"), ("+05", "+05:00")] {
            assert_eq!(Zone::parse(zone).unwrap().to_string(), shown);
        }
        for zone in ["Europe/Atlantis", "Berlin", "02:00", "+2", "+16:00", "+02:60", ""] {
            assert_eq!(Zone::parse(zone), None, "{zone}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(odd in "\\PC{0,40}") {
            let _ = read(&Value::Text(odd), Zone::UTC);
        }

        #[test]
        fn no_number_is_too_large(number: i64, fraction: f64) {
            let zone = Zone::parse("-15:00").unwrap();
            for value in [Value::Integer(number), Value::Text(fraction.to_string())] {
                let _ = read(&value, zone);
            }
        }

        #[test]
        fn what_rfc_3339_writes_is_read(micros in -62_135_596_800_000_000i64..=253_402_300_799_999_999) {
            let at = Timestamp::from_micros(micros);
            let read = read(&Value::Text(at.to_rfc3339()), Zone::parse("+03:00").unwrap());
            prop_assert_eq!(read, Ok(Some(at)));
        }
    }
}
