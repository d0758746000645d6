//! NumericDate (RFC 7519 2): seconds since the epoch, whole or fractional, within the years that a calendar can write.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Timestamp;

/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

/// An instant in a claim; written as whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate(Timestamp);

impl NumericDate {
    /// The instant as a claim.
    pub const fn new(at: Timestamp) -> Self {
        Self(at)
    }

    /// The instant.
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.seconds())
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl de::Visitor<'_> for Reader {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds since 1970")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
        if !(0..=LAST).contains(&seconds) {
            return Err(E::custom("out of range"));
        }
        Ok(NumericDate(Timestamp::from_seconds(seconds)))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
        self.visit_i64(i64::try_from(seconds).map_err(|_| E::custom("out of range"))?)
    }

    // The range is checked before the casts, so neither of them loses anything that matters.
    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
        if !(0.0..=LAST as f64).contains(&seconds) {
            return Err(E::custom("out of range"));
        }
        Ok(NumericDate(Timestamp::from_micros((seconds * 1e6) as i64)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<i64> {
        serde_json::from_str::<NumericDate>(text).ok().map(|date| date.timestamp().micros())
    }

    /// RFC 7519 2: "non-integer values can be represented".
    #[test]
    fn whole_and_fractional_seconds_are_read() {
        assert_eq!(read("1700000000"), Some(1_700_000_000_000_000));
        assert_eq!(read("1700000000.5"), Some(1_700_000_000_500_000));
        assert_eq!(read("1.7e9"), Some(1_700_000_000_000_000));
        assert_eq!(read("253402300799"), Some(253_402_300_799_000_000));
    }

    #[test]
    fn numbers_out_of_range_and_other_types_are_refused() {
        for text in [
            "-1",
            "-0.5",
            "253402300800",
            "18446744073709551615",
            "1e300",
            "1e400",
            "\"1700000000\"",
            "null",
            "true",
            "[1]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn claims_are_written_as_whole_seconds() {
        let date = NumericDate::new(Timestamp::from_micros(1_700_000_000_999_999));
        assert_eq!(serde_json::to_string(&date).unwrap(), "1700000000");
    }

    proptest! {
        #[test]
        fn any_number_is_read_or_refused_without_panic(number in any::<f64>()) {
            let _ = read(&number.to_string());
        }
    }
}
