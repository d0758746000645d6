//! How long the old and the new requests take (S000-76, S000-84, S000-86).

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::{Expected, Part, Person, Target, Unreachable, target::Answer};

/// Requests of each kind.
const REQUESTS: usize = 100;
/// Over this many milliseconds for a password grant the sources consider going back.
const LIMIT_MS: f64 = 500.0;
/// The longest that refused requests are waited for in all.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Password grants, one after the other.
    pub password_grant: Option<Spread>,
    /// Discovery requests, one after the other.
    pub discovery: Option<Spread>,
    /// How often the rate limit asked to wait.
    pub waited: u32,
}

/// How durations are spread, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many there were.
    pub count: usize,
    /// Their mean.
    pub mean_ms: f64,
    /// Their median.
    pub median_ms: f64,
    /// What 95 of a hundred do not exceed.
    pub p95_ms: f64,
}

impl Spread {
    /// The spread of durations; none where there are none.
    pub fn of(durations: &[Duration]) -> Option<Self> {
        let mut ms: Vec<f64> = durations.iter().map(|took| took.as_secs_f64() * 1_000.0).collect();
        ms.sort_by(f64::total_cmp);
        let count = ms.len();
        let nearest = |percent: usize| ms.get((count * percent).div_ceil(100).saturating_sub(1)).copied();
        let middle = (ms.get(count.checked_sub(1)? / 2)?, ms.get(count / 2)?);
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        Some(Self {
            count,
            mean_ms: rounded(ms.iter().sum::<f64>() / f64::from(u32::try_from(count).ok()?)),
            median_ms: rounded(f64::midpoint(*middle.0, *middle.1)),
            p95_ms: rounded(nearest(95)?),
        })
    }

    fn words(&self) -> String {
        format!(
            "{} requests: mean {} ms, median {} ms, p95 {} ms",
            self.count, self.mean_ms, self.median_ms, self.p95_ms
        )
    }
}

/// Measures password grants of these people in turn, and discovery. People share the load, because each account has a limit.
pub async fn performance(
    target: &Target,
    expected: Expected,
    people: &[Person],
) -> Result<(Part, Figures), Unreachable> {
    let mut part = Part::new("performance");
    let mut figures = Figures::default();
    if expected.legacy {
        let mut took = Vec::with_capacity(REQUESTS);
        let begun = Instant::now();
        for person in people.iter().cycle().take(REQUESTS) {
            took.extend(measured(target, person, begun, &mut figures.waited).await?);
        }
        figures.password_grant = Spread::of(&took);
        let right = took.len() == REQUESTS && figures.password_grant.is_some_and(|spread| spread.p95_ms <= LIMIT_MS);
        let seen = figures.password_grant.map_or_else(|| "no answers".to_owned(), |spread| spread.words());
        part.expect(format!("password grants take at most {LIMIT_MS} ms (p95)"), right, seen);
    } else {
        part.skip("password grants", expected.why_not());
    }
    if expected.oauth {
        let mut took = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let begun = Instant::now();
            let answer = target.get("/.well-known/oauth-authorization-server").await?;
            if answer.status == 200 {
                took.push(begun.elapsed());
            }
        }
        figures.discovery = Spread::of(&took);
        let seen = figures.discovery.map_or_else(|| "no answers".to_owned(), |spread| spread.words());
        part.expect("discovery answers each time", took.len() == REQUESTS, seen);
    } else {
        part.skip("discovery", "OAuth is off");
    }
    Ok((part, figures))
}

/// One grant that was answered with 200 or 400; after a 429 it is asked again, when the server says so.
async fn measured(
    target: &Target,
    person: &Person,
    begun: Instant,
    waited: &mut u32,
) -> Result<Option<Duration>, Unreachable> {
    loop {
        let asked = Instant::now();
        let answer = target.password_grant(person).await?;
        match answer.status {
            200 | 400 => return Ok(Some(asked.elapsed())),
            429 | 503 if begun.elapsed() < PATIENCE => {
                *waited += 1;
                tokio::time::sleep(pause(&answer)).await;
            }
            _ => return Ok(None),
        }
    }
}

fn pause(answer: &Answer) -> Duration {
    let seconds = answer.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or(1);
    Duration::from_secs(seconds).clamp(Duration::from_secs(1), Duration::from_secs(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_sorted_durations() {
        let ms = |all: &[u64]| Spread::of(&all.iter().copied().map(Duration::from_millis).collect::<Vec<_>>());
        assert_eq!(ms(&[]), None);
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let expected = Spread { count: 100, mean_ms: 50.5, median_ms: 50.5, p95_ms: 95.0 };
        assert_eq!(ms(&hundred), Some(expected));
        assert_eq!(ms(&[7]), Some(Spread { count: 1, mean_ms: 7.0, median_ms: 7.0, p95_ms: 7.0 }));
        assert_eq!(ms(&[1, 2, 9]).unwrap().median_ms, 2.0);
    }
}
