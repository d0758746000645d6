//! How an import rests.

use super::*;

/// How long an import of nine rows in batches of four rests each time.
fn rests(options: &ImportOptions) -> Vec<Duration> {
    let bench = Bench::default();
    assert_eq!(run(&bench, &people(9), options).reconciles, Some(true));
    bench.pauses.into_inner().unwrap()
}

#[test]
fn a_gentle_import_rests_after_reading_and_after_each_batch() {
    let gentle = rests(&ImportOptions { pace: Pace::Gentle, ..execute() });
    assert_eq!(gentle.len(), 1 + 3, "{gentle:?}");
    assert!(gentle.iter().all(|rest| !rest.is_zero()), "{gentle:?}");
    let dry = rests(&ImportOptions { execute: false, pace: Pace::Gentle, ..execute() });
    assert_eq!(dry.len(), gentle.len(), "a dry run is felt as much while it lasts: {dry:?}");
}

#[test]
fn an_import_at_full_pace_never_rests() {
    assert!(rests(&ImportOptions { pace: Pace::Full, ..execute() }).is_empty());
    assert_eq!(ImportOptions::default().pace, Pace::Gentle);
}

#[test]
fn wrapping_is_paced_by_the_hash_and_not_by_the_batch() {
    let bench = Bench::default();
    let rows: Vec<_> = (1..=40).map(|id| row(id, &format!("user{id}@example.com"), "weak")).collect();
    let options = ImportOptions { wrap_weak: true, batch: 40, pace: Pace::Gentle, ..execute() };
    run(&bench, &rows, &options);
    let rests = bench.pauses.into_inner().unwrap().len();
    assert_eq!(rests, 1 + 3 + 1, "after reading, after each part of forty hashes, and after the batch");
}

#[test]
fn a_slow_rate_is_waited_for_in_short_rests() {
    let options = ImportOptions { max_rate: Some(2), pace: Pace::Full, batch: 500, ..execute() };
    let bench = Bench::default();
    assert_eq!(run(&bench, &people(60), &options).reconciles, Some(true));
    let rests = bench.pauses.into_inner().unwrap();
    assert!(rests.iter().all(|rest| *rest <= Duration::from_secs(1)), "{rests:?}");
    assert!(rests.iter().sum::<Duration>() > Duration::from_secs(29), "sixty rows, two a second: {rests:?}");
    // Each write says that the run is alive, so nobody takes the lease meanwhile.
    let mut written: Vec<_> = bench.target.lines().iter().map(|line| line.at).collect();
    written.dedup();
    assert_eq!(written.len(), 30, "two rows at a time");
}
