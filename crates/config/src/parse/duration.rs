//! Spans of time: `90s`, `30m`, `12h`, `7d`, or several of them together, as in `1h30m`.

use std::time::Duration;

use crate::problem::Fault;
use crate::setting::written;

/// Reads a span of time and keeps it to its bounds. A bare number other than zero needs a unit.
pub(crate) fn parse(text: &str, min: Duration, max: Duration) -> Result<Duration, Fault> {
    let hint = format!("from {} to {}, written as in 30s, 15m, 12h or 7d", written(min), written(max));
    let span = if text == "0" {
        Duration::ZERO
    } else {
        read(text).ok_or_else(|| Fault::new("is not a duration", hint.clone()))?
    };
    if (min..=max).contains(&span) { Ok(span) } else { Err(Fault::new("is out of range", hint)) }
}

fn read(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let unit = match tail.chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        seconds = number.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        rest = tail.get(1..)?;
    }
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = Duration::from_secs(31_536_000);

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, seconds) in
            [("0", 0), ("0s", 0), ("45s", 45), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800), ("1h30m", 5_400)]
        {
            assert_eq!(parse(text, Duration::ZERO, YEAR), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "30", "m", "-1m", "1.5h", "1 h", "30min", "99999999999999999999d", "9999999999999999999d", "1µ"]
        {
            assert!(parse(text, Duration::ZERO, Duration::MAX).is_err(), "{text}");
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        let bounds = (Duration::from_secs(10), Duration::from_secs(20));
        assert!(parse("10s", bounds.0, bounds.1).is_ok());
        assert!(parse("20s", bounds.0, bounds.1).is_ok());
        assert!(parse("9s", bounds.0, bounds.1).is_err());
        assert!(parse("21s", bounds.0, bounds.1).is_err());
    }
}
