//! The figures, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aim::{self, Aim};
use crate::measure::{Run, Samples};
use crate::{machine, usage::Memory};

/// The figures of one store.
#[derive(Clone, Debug)]
pub struct Report {
    /// The store's name.
    pub store: &'static str,
    /// From the start of the process to its first answer, on a migrated store.
    pub start: Duration,
    /// The server's memory before any load.
    pub idle: Memory,
    /// The runs in their order.
    pub runs: Vec<Run>,
}

/// One line of the table.
struct Line<'a> {
    name: &'a str,
    aim: Aim,
    samples: &'a Samples,
    per_second: f64,
    /// Of the server, of the database and together; unknown where several groups shared them.
    cpu: Option<(f64, Option<f64>, f64)>,
    generator_ms: f64,
    peak_mib: f64,
}

fn lines(run: &Run) -> Vec<Line<'_>> {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 operations")]
    let operations = (run.operations as f64).max(1.0);
    let each = |milliseconds: f64| milliseconds / operations;
    let alone = run.groups.len() == 1;
    let line = |(name, samples): &'_ (&'static str, Samples)| -> (f64, &'static str) {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 operations")]
        let per_second = samples.count() as f64 / run.duration.as_secs_f64();
        (per_second, *name)
    };
    run.groups
        .iter()
        .map(|group| {
            let (per_second, name) = line(group);
            let database = run.database_ms.map(each);
            let cpu = (each(run.server_ms), database, each(run.server_ms) + database.unwrap_or_default());
            Line {
                name,
                aim: aim::of(name),
                samples: &group.1,
                per_second,
                cpu: alone.then_some(cpu),
                generator_ms: each(run.generator_ms),
                peak_mib: run.peak_mib,
            }
        })
        .collect()
}

impl Report {
    /// The figures as a table with the aim beside each figure that has one.
    pub fn table(&self) -> String {
        let mut text = format!("\n{} on {}\n", self.store, machine::describe());
        let _infallible = writeln!(
            text,
            "{:<19} {:>9} {:>8} {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8} {:>8}  {:>7}  aims",
            "scenario", "ops/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "cpu srv", "cpu db", "cpu", "gen", "RSS MiB"
        );
        for line in self.runs.iter().flat_map(lines) {
            let percentiles = [50, 95, 99, 100].map(|percent| figure(Some(line.samples.percentile(percent)), 2));
            let [p50, p95, p99, max] = percentiles;
            let server = figure(line.cpu.map(|(server, _, _)| server), 4);
            let database = figure(line.cpu.and_then(|(_, database, _)| database), 4);
            let both = figure(line.cpu.map(|(_, _, both)| both), 4);
            let generator = figure(line.cpu.map(|_| line.generator_ms), 4);
            let _infallible = writeln!(
                text,
                "{:<19} {:>9.0} {p50:>8} {p95:>8} {p99:>8} {max:>8}  {server:>8} {database:>8} {both:>8} {generator:>8}  {:>7.1}  {}",
                line.name,
                line.per_second,
                line.peak_mib,
                verdicts(&line)
            );
        }
        let start = self.start.as_secs_f64() * 1_000.0;
        let _infallible = writeln!(text, "start to first answer {start:.0} ms ({})", verdict("", start, aim::START_MS));
        let _infallible =
            writeln!(text, "idle RSS {:.1} MiB ({})", self.idle.now, verdict("", self.idle.now, aim::IDLE_MIB));
        text
    }

    /// The figures for programs.
    pub fn json(&self) -> Value {
        let runs: Vec<Value> = self.runs.iter().flat_map(lines).map(|line| line.json()).collect();
        json!({
            "store": self.store,
            "machine": machine::describe(),
            "start_ms": self.start.as_secs_f64() * 1_000.0,
            "idle_rss_mib": self.idle.now,
            "scenarios": runs,
        })
    }
}

impl Line<'_> {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "operations": self.samples.count(),
            "per_second": self.per_second,
            "p50_ms": self.samples.percentile(50),
            "p95_ms": self.samples.percentile(95),
            "p99_ms": self.samples.percentile(99),
            "max_ms": self.samples.percentile(100),
            "server_cpu_ms": self.cpu.map(|(server, _, _)| server),
            "database_cpu_ms": self.cpu.and_then(|(_, database, _)| database),
            "cpu_ms": self.cpu.map(|(_, _, both)| both),
            "generator_cpu_ms": self.cpu.map(|_| self.generator_ms),
            "peak_rss_mib": self.peak_mib,
            "aims": {"cpu_ms": self.aim.cpu_ms, "p95_ms": self.aim.p95_ms, "p99_ms": self.aim.p99_ms},
        })
    }
}

fn figure(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn verdicts(line: &Line<'_>) -> String {
    let cpu = line.cpu.zip(line.aim.cpu_ms).map(|((_, _, both), aim)| verdict("cpu ", both, aim));
    let p95 = line.aim.p95_ms.map(|aim| verdict("p95 ", line.samples.percentile(95), aim));
    let p99 = line.aim.p99_ms.map(|aim| verdict("p99 ", line.samples.percentile(99), aim));
    [cpu, p95, p99].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn verdict(name: &str, value: f64, aim: f64) -> String {
    let word = if value <= aim { "ok" } else { "MISSED" };
    format!("{name}{aim} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(groups: Vec<(&'static str, Samples)>) -> Report {
        let run = Run {
            groups,
            operations: 1_000,
            server_ms: 100.0,
            database_ms: Some(50.0),
            generator_ms: 10.0,
            peak_mib: 30.0,
            duration: Duration::from_secs(5),
        };
        Report {
            store: "postgres",
            start: Duration::from_millis(150),
            idle: Memory { now: 12.5, peak: 13.0 },
            runs: vec![run],
        }
    }

    #[test]
    fn a_line_sums_server_and_database_and_compares_with_the_aim() {
        let report = report(vec![("refresh", Samples::new(vec![1_000; 1_000]))]);
        let table = report.table();
        let line = table.lines().find(|line| line.starts_with("refresh")).unwrap();
        for part in ["200 ", "1.00", "0.1000", "0.0500", "0.1500", "cpu 0.13 MISSED"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(table.contains("start to first answer 150 ms (100 MISSED)") && table.contains("(20 ok)"), "{table}");
        let cpu = report.json()["scenarios"][0]["cpu_ms"].as_f64().unwrap();
        assert!((cpu - 0.15).abs() < 1e-9, "{cpu}");
    }

    #[test]
    fn groups_that_share_the_server_have_no_cpu_of_their_own() {
        let samples = || Samples::new(vec![14_000; 10]);
        let table = report(vec![("refresh_beside", samples()), ("password_beside", samples())]).table();
        let line = table.lines().find(|line| line.starts_with("refresh_beside")).unwrap();
        assert!(line.contains(" - ") && line.contains("p99 15 ok"), "{line}");
    }
}
