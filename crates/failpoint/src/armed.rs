//! What a test asked for, and the end.

use std::{
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// `place`, or `place:count`.
const VARIABLE: &str = "AUTHLY_FAILPOINT";

/// Where the process ends.
#[derive(Debug)]
struct Armed {
    place: String,
    /// How many visits are left until then.
    left: AtomicU64,
}

impl Armed {
    fn read(text: &str) -> Option<Self> {
        let (place, count) = text.split_once(':').unwrap_or((text, "1"));
        let left = AtomicU64::new(count.parse().ok().filter(|count| *count > 0)?);
        Some(Self { place: place.to_owned(), left })
    }

    /// Whether this visit is the one.
    fn is_due(&self, place: &str) -> bool {
        self.place == place && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

pub(crate) fn reached(place: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| Armed::read(std::env::var_os(VARIABLE)?.to_str()?));
    if armed.as_ref().is_some_and(|armed| armed.is_due(place)) {
        kill();
    }
}

/// SIGKILL, as an operator or the kernel would; where there is no `kill`, the nearest thing to it.
fn kill() -> ! {
    let sent = Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    if sent.is_ok_and(|status| status.success()) {
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_due_at_its_visit_and_at_no_other() {
        let armed = Armed::read("batch.written:3").unwrap();
        assert!(!armed.is_due("batch.written") && !armed.is_due("index.begun") && !armed.is_due("batch.written"));
        assert!(armed.is_due("batch.written"));
        assert!(!armed.is_due("batch.written"));
        assert!(Armed::read("finalizing").unwrap().is_due("finalizing"));
    }

    #[test]
    fn what_cannot_be_read_is_no_place() {
        assert!(Armed::read("a:0").is_none() && Armed::read("a:b").is_none());
    }
}
