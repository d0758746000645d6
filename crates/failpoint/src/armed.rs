//! What a test asked for, and what happens then.

use std::{
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// `place`, `place:count` or `place:count:int`.
const VARIABLE: &str = "AUTHLY_FAILPOINT";

/// What the process does to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// It ends.
    Kill,
    /// It hears Ctrl-C, and goes on.
    Interrupt,
}

/// Where the process ends, or hears a signal.
#[derive(Debug)]
struct Armed {
    place: String,
    /// How many visits are left until then.
    left: AtomicU64,
    deed: Deed,
}

impl Armed {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let place = parts.next()?.to_owned();
        let count = parts.next().unwrap_or("1").parse().ok().filter(|count| *count > 0)?;
        let deed = match parts.next() {
            None => Deed::Kill,
            Some("int") => Deed::Interrupt,
            Some(_) => return None,
        };
        parts.next().is_none().then(|| Self { place, left: AtomicU64::new(count), deed })
    }

    /// What is due at this visit.
    fn due(&self, place: &str) -> Option<Deed> {
        (self.place == place && self.left.fetch_sub(1, Ordering::SeqCst) == 1).then_some(self.deed)
    }
}

pub(crate) fn reached(place: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| Armed::read(std::env::var_os(VARIABLE)?.to_str()?));
    match armed.as_ref().and_then(|armed| armed.due(place)) {
        None => {}
        Some(Deed::Kill) => kill(),
        Some(Deed::Interrupt) => {
            send("-INT");
            // Who waits for a thread of the store that is held up here hears the signal meanwhile.
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// SIGKILL, as an operator or the kernel would; where there is no `kill`, the nearest thing to it.
fn kill() -> ! {
    if send("-KILL") {
        std::thread::sleep(Duration::from_secs(60));
    }
    std::process::abort()
}

/// Sends this process a signal; whether that worked.
fn send(signal: &str) -> bool {
    let sent = Command::new("kill").args([signal, &std::process::id().to_string()]).status();
    sent.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_due_at_its_visit_and_at_no_other() {
        let armed = Armed::read("batch.written:3").unwrap();
        let visits = ["batch.written", "index.begun", "batch.written", "batch.written", "batch.written"];
        assert_eq!(visits.map(|place| armed.due(place)), [None, None, None, Some(Deed::Kill), None]);
        assert_eq!(Armed::read("finalizing").unwrap().due("finalizing"), Some(Deed::Kill));
        let armed = Armed::read("finalizing:2:int").unwrap();
        assert_eq!(["finalizing"; 3].map(|place| armed.due(place)), [None, Some(Deed::Interrupt), None]);
    }

    #[test]
    fn what_cannot_be_read_is_no_place() {
        for text in ["a:0", "a:b", "a:1:term", "a:1:int:2", "a::int"] {
            assert!(Armed::read(text).is_none(), "{text}");
        }
    }
}
