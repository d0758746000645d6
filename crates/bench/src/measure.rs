//! A run of load: warm up, measure, count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;
use crate::usage::{self, Gauge};

/// Something that repeats one operation on a connection of its own.
pub trait Actor: Send + 'static {
    /// One operation, from its first request to its last answer.
    fn operate(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Actors that do the same thing and are reported together.
#[derive(Debug)]
pub struct Group<A> {
    /// What they do.
    pub name: &'static str,
    /// Who does it.
    pub actors: Vec<A>,
}

/// How long a run lasts.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Before anything is counted.
    pub warmup: Duration,
    /// While it is.
    pub duration: Duration,
}

/// The processes that are watched.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The server.
    pub server: u32,
    /// The first process of the database server.
    pub database: Option<u32>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// For each group its name and how long its operations took, in order of length.
    pub groups: Vec<(&'static str, Samples)>,
    /// All operations of all groups.
    pub operations: u64,
    /// The processor time of the server, in milliseconds.
    pub server_ms: f64,
    /// That of the database, where it is a process of its own.
    pub database_ms: Option<f64>,
    /// Our own.
    pub generator_ms: f64,
    /// The server's memory at its peak, in MiB.
    pub peak_mib: f64,
    /// How long it was measured.
    pub duration: Duration,
}

/// Durations in microseconds, in order.
#[derive(Clone, Debug)]
pub struct Samples(Vec<u32>);

impl Samples {
    /// Puts durations into order.
    pub fn new(mut durations: Vec<u32>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration in milliseconds that this share (0 to 100) of the operations did not exceed: the nearest rank.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(rank).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
    }
}

/// When to count.
#[derive(Clone, Copy)]
struct Window {
    start: Instant,
    end: Instant,
}

/// Lets all groups run at once; the first failure of any actor is the run's.
pub async fn run<A: Actor>(groups: Vec<Group<A>>, load: Load, watched: Watched) -> Result<Run, Failure> {
    let gauge = Gauge::new();
    let start = Instant::now() + load.warmup;
    let window = Window { start, end: start + load.duration };
    let done = Arc::new(AtomicU64::new(0));
    let names: Vec<&'static str> = groups.iter().map(|group| group.name).collect();
    let mut tasks = JoinSet::new();
    for (position, group) in groups.into_iter().enumerate() {
        for actor in group.actors {
            let done = done.clone();
            tasks.spawn(async move { drive(actor, window, &done).await.map(|samples| (position, samples)) });
        }
    }
    let reading = || Reading::take(gauge, watched, &done);
    sleep_until(window.start).await;
    usage::forget_peak(watched.server);
    let before = reading();
    sleep_until(window.end).await;
    let (after, peak_mib) = (reading(), usage::memory(watched.server).peak);
    let mut samples: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
    while let Some(result) = tasks.join_next().await {
        let (position, more) = result.map_err(|error| Failure::of("an actor broke", error))??;
        samples.get_mut(position).into_iter().for_each(|all| all.extend(&more));
    }
    Ok(Run {
        groups: names.into_iter().zip(samples.into_iter().map(Samples::new)).collect(),
        operations: after.operations - before.operations,
        server_ms: after.server_ms - before.server_ms,
        database_ms: after.database_ms.zip(before.database_ms).map(|(after, before)| after - before),
        generator_ms: after.generator_ms - before.generator_ms,
        peak_mib,
        duration: load.duration,
    })
}

struct Reading {
    operations: u64,
    server_ms: f64,
    database_ms: Option<f64>,
    generator_ms: f64,
}

impl Reading {
    fn take(gauge: Gauge, watched: Watched, done: &AtomicU64) -> Self {
        Self {
            operations: done.load(Ordering::Relaxed),
            server_ms: gauge.process_ms(watched.server),
            database_ms: watched.database.map(|id| gauge.family_ms(id)),
            generator_ms: gauge.process_ms(std::process::id()),
        }
    }
}

async fn drive<A: Actor>(mut actor: A, window: Window, done: &AtomicU64) -> Result<Vec<u32>, Failure> {
    let mut samples = Vec::with_capacity(1 << 16);
    loop {
        let begin = Instant::now();
        if begin >= window.end {
            return Ok(samples);
        }
        actor.operate().await?;
        done.fetch_add(1, Ordering::Relaxed);
        if begin >= window.start {
            samples.push(u32::try_from(begin.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sleeper {
        left: u32,
    }

    impl Actor for Sleeper {
        async fn operate(&mut self) -> Result<(), Failure> {
            self.left = self.left.checked_sub(1).ok_or_else(|| Failure::new("tired"))?;
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(())
        }
    }

    fn watched() -> Watched {
        Watched { server: std::process::id(), database: None }
    }

    #[tokio::test(start_paused = true)]
    async fn operations_count_after_the_warmup_only() {
        let group = |name, count| Group { name, actors: (0..count).map(|_| Sleeper { left: 1_000 }).collect() };
        let load = Load { warmup: Duration::from_millis(95), duration: Duration::from_secs(1) };
        let run = run(vec![group("one", 1), group("three", 3)], load, watched()).await.unwrap();
        let counts: Vec<_> = run.groups.iter().map(|(name, samples)| (*name, samples.count())).collect();
        assert_eq!(counts, [("one", 100), ("three", 300)]);
        assert!((399..=401).contains(&run.operations), "{}", run.operations);
        assert!((10.0..12.0).contains(&run.groups[0].1.percentile(99)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_failed_operation_fails_the_run() {
        let actors = vec![Sleeper { left: 1_000 }, Sleeper { left: 5 }];
        let load = Load { warmup: Duration::ZERO, duration: Duration::from_secs(1) };
        let failure = run(vec![Group { name: "mixed", actors }], load, watched()).await.unwrap_err();
        assert_eq!(failure.to_string(), "tired");
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let samples = Samples::new((1..=200).rev().map(|milliseconds| milliseconds * 1_000).collect());
        let all = [0, 50, 95, 99, 100].map(|percent| samples.percentile(percent));
        assert_eq!(all, [1.0, 100.0, 190.0, 198.0, 200.0]);
        assert_eq!(Samples::new(Vec::new()).percentile(99), 0.0);
    }
}
