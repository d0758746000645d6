//! Progress while it happens: a bar on a terminal, a line each five seconds otherwise, for programs an object; and Ctrl-C.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use authly_admin_cases::migrate::{Observer, Stop};
use authly_cutover::{batch::RowReport, outcome::Counters};
use serde_json::{Value, json};

use crate::{
    aside::{self, Kind},
    console::Console,
    journal::{self, Level},
    signal,
};

/// How often a terminal is written to.
const BLINK: Duration = Duration::from_millis(200);

/// How often a log is written to.
const LINE: Duration = Duration::from_secs(5);

/// Tells about progress on standard error.
pub(super) struct Ticker {
    terminal: bool,
    /// Whether programs read along.
    programs: bool,
    phase: &'static str,
    unit: &'static str,
    began: Instant,
    first: Option<u64>,
    told: Option<Instant>,
    logged: Option<Instant>,
    open_line: bool,
    /// The reports of all rows, where somebody wants them.
    pub(super) rows: Option<Vec<RowReport>>,
}

impl Ticker {
    /// A ticker that begins now.
    pub(super) fn new(console: Console) -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            programs: console.tells_programs(),
            phase: "",
            unit: "rows",
            began: Instant::now(),
            first: None,
            told: None,
            logged: None,
            open_line: false,
            rows: None,
        }
    }

    /// One that keeps the reports of all rows.
    pub(super) fn keeping_rows(console: Console) -> Self {
        Self { rows: Some(Vec::new()), ..Self::new(console) }
    }

    /// What is counted from here on, if not rows.
    pub(super) fn counts(&mut self, unit: &'static str) {
        self.unit = unit;
    }

    /// Ends the line of the bar.
    pub(super) fn end(&mut self) {
        if self.open_line {
            let _unheard = writeln!(io::stderr().lock());
            self.open_line = false;
        }
    }

    fn tell(&mut self, done: u64, of: u64) {
        let first = *self.first.get_or_insert(done);
        let pause = if self.terminal { BLINK } else { LINE };
        let complete = done >= of;
        // The first line of a log comes when there is a rate to tell.
        let since = self.told.unwrap_or(self.began).elapsed();
        if since < pause && !(complete && self.terminal) {
            return;
        }
        self.told = Some(Instant::now());
        let speed = Speed::of(done, of, done - first.min(done), self.began.elapsed());
        let text = line((self.phase, self.unit), done, of, speed);
        if complete || self.logged.is_none_or(|at| at.elapsed() >= LINE) {
            self.logged = Some(Instant::now());
            journal::write(Level::Info, &text);
        }
        if self.programs {
            return aside::tell(Kind::Progress, self.phase, members(self.unit, done, of, speed));
        }
        let mut out = io::stderr().lock();
        let _unheard = if self.terminal {
            write!(out, "\r\u{1b}[2K{}", fitted(&text, self.unit, done, of, columns()))
        } else {
            writeln!(out, "{text}")
        };
        let _unheard = out.flush();
        self.open_line = self.terminal;
    }
}

impl Observer for Ticker {
    fn unit(&mut self, unit: &'static str) {
        self.counts(unit);
    }

    fn phase(&mut self, name: &'static str) {
        (self.phase, self.began, self.first, self.told) = (name, Instant::now(), None, None);
    }

    fn reading(&mut self, rows: u64, of: u64) {
        self.tell(rows, of);
    }

    fn done(&mut self, counters: &Counters, of: u64) {
        self.tell(counters.rows(), of);
    }

    fn rows(&mut self, rows: &[RowReport]) {
        if let Some(kept) = &mut self.rows {
            kept.extend_from_slice(rows);
        }
    }
}

/// How fast it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Speed {
    /// So many a second.
    rate: u64,
    /// Seconds to the end, where that can be told.
    left: Option<u64>,
}

impl Speed {
    /// Of what was done `here`, which took so long.
    fn of(done: u64, of: u64, here: u64, took: Duration) -> Self {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let rate = (here * 1_000).checked_div(millis).unwrap_or(0);
        Self { rate, left: of.saturating_sub(done).checked_div(rate).filter(|_| done < of) }
    }
}

fn line((phase, unit): (&str, &str), done: u64, of: u64, Speed { rate, left }: Speed) -> String {
    let percent = (done * 100).checked_div(of).unwrap_or(100).min(100);
    let left = left.map(|seconds| format!(", {} left", clock(seconds))).unwrap_or_default();
    format!("{phase}: {percent} %, {done} of {of} {unit}, {rate} {unit}/s{left}")
}

/// The same for programs.
fn members(unit: &str, done: u64, of: u64, Speed { rate, left }: Speed) -> [(&'static str, Value); 5] {
    [
        ("done", json!(done)),
        ("of", json!(of)),
        ("unit", json!(unit)),
        ("per_second", json!(rate)),
        ("seconds_left", json!(left)),
    ]
}

fn clock(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// How wide the terminal is that standard error goes to.
fn columns() -> usize {
    comfy_table::Table::new().use_stderr().width().filter(|width| *width > 0).map_or(80, usize::from)
}

/// Bar and text in one line of the terminal: a line that wraps could not be drawn over. The bar gives way to the text.
fn fitted(text: &str, unit: &str, done: u64, of: u64, columns: usize) -> String {
    const WIDEST: usize = 24;
    const NARROWEST: usize = 4;
    // Some terminals go to the next line already when the last column is written.
    let room = columns.saturating_sub(1);
    // How many there are gives way first: the share stands before it.
    let counts = format!(", {done} of {of} {unit}");
    let text = if text.chars().count() > room { text.replacen(&counts, "", 1) } else { text.to_owned() };
    let width = room.saturating_sub(text.chars().count() + "[] ".len()).min(WIDEST);
    if width < NARROWEST {
        return text.chars().take(room).collect();
    }
    format!("{} {text}", bar(done, of, width))
}

fn bar(done: u64, of: u64, width: usize) -> String {
    let whole = u64::try_from(width).unwrap_or(u64::MAX);
    let full = done.saturating_mul(whole).checked_div(of).unwrap_or(whole).min(whole);
    let full = usize::try_from(full).unwrap_or(width);
    format!("[{}{}]", "#".repeat(full), "-".repeat(width - full))
}

/// A wish to stop that the first Ctrl-C (or SIGTERM) expresses; the second ends the process, which is safe, too.
pub(super) fn stop_on_signal(console: Console) -> Stop {
    let stop = Stop::default();
    let wish = stop.clone();
    tokio::spawn(async move {
        signal::wait().await;
        wish.ask();
        console.stopping("stopping after the batch under way; once more ends at once");
        signal::wait().await;
        std::process::exit(1);
    });
    stop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rate_and_time_left() {
        let speed = Speed::of(2_000, 10_000, 1_000, Duration::from_secs(2));
        let text = line(("importing", "rows"), 2_000, 10_000, speed);
        assert_eq!(text, "importing: 20 %, 2000 of 10000 rows, 500 rows/s, 16 s left");
        let told = aside::object(Kind::Progress, "importing", members("rows", 2_000, 10_000, speed));
        assert_eq!(
            told,
            json!({
                "progress": "importing", "done": 2_000, "of": 10_000, "unit": "rows", "per_second": 500, "seconds_left": 16
            })
        );
        let nothing = Speed::of(0, 0, 0, Duration::ZERO);
        assert_eq!(line(("sending", "letters"), 0, 0, nothing), "sending: 100 %, 0 of 0 letters, 0 letters/s");
        assert!(members("letters", 0, 0, nothing).contains(&("seconds_left", Value::Null)), "nobody can tell");
        assert_eq!(clock(3_725), "1 h 2 min");
    }

    #[test]
    fn the_bar_is_never_longer_than_it_is() {
        assert_eq!(bar(0, 10, 24), format!("[{}]", "-".repeat(24)));
        assert_eq!(bar(20, 10, 24), format!("[{}]", "#".repeat(24)));
        assert_eq!(bar(0, 0, 24), bar(10, 10, 24));
    }

    #[test]
    fn a_line_with_its_bar_stays_within_the_terminal() {
        let speed = Speed::of(10_000, 20_000, 10_000, Duration::from_secs(1));
        let text = line(("looking for names that collide", "rows"), 10_000, 20_000, speed);
        for columns in 1..200 {
            assert!(fitted(&text, "rows", 10_000, 20_000, columns).chars().count() < columns, "{columns}");
        }
        assert!(fitted(&text, "rows", 10_000, 20_000, 200).starts_with("[############------------] looking"));
        assert!(fitted(&text, "rows", 10_000, 20_000, 90).contains("[#"), "the bar gives way before the text does");
        let narrow = fitted(&text, "rows", 10_000, 20_000, 70);
        assert!(narrow.ends_with("looking for names that collide: 50 %, 10000 rows/s, 1 s left"), "{narrow}");
        assert_eq!(fitted(&text, "rows", 10_000, 20_000, 21), "looking for names th");
    }
}
