//! Who wants the processors of this machine at this moment.
//!
//! Linux tells how many threads run or want to, those of other programs and of a database beside this one included. That is all
//! that work which can wait has to know, and costs some microseconds.

use authly_admin_cases::migrate::Processors;

/// Where the kernel counts the threads that run.
const LOAD: &str = "/proc/loadavg";

/// Where it has a line for each processor.
const STAT: &str = "/proc/stat";

/// Reads how busy the processors are.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    /// How many there are; `None` where this program may not use all of them, so that what is true of all says little.
    count: Option<u32>,
}

impl Gauge {
    /// A gauge of this machine.
    pub fn new() -> Self {
        let mine = std::thread::available_parallelism().ok().and_then(|mine| u32::try_from(mine.get()).ok());
        let all = std::fs::read_to_string(STAT).ok().map(|text| processors(&text));
        Self { count: mine.filter(|mine| all == Some(*mine)) }
    }

    /// The processors, and how many threads besides the calling one want them.
    pub fn read(&self) -> Option<Processors> {
        let count = self.count?;
        let running = running(&std::fs::read_to_string(LOAD).ok()?)?;
        Some(Processors { count, wanted: running.saturating_sub(1) })
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

/// How many processors have a line of their own: `cpu0 ..`, below one for all.
fn processors(stat: &str) -> u32 {
    let of_one =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    u32::try_from(stat.lines().filter(of_one).count()).unwrap_or(u32::MAX)
}

/// How many threads run or want to: the fourth word is `running/existing`.
fn running(load: &str) -> Option<u32> {
    load.split_ascii_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        assert_eq!(running("0.14 1.17 1.64 3/79 3175\n"), Some(3));
        assert_eq!([running(""), running("0.14 1.17 1.64"), running("a b c d/e f")], [None; 3]);
        assert_eq!(processors("cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 7\nctxt 9\ncpufreq 1\n"), 2);
        assert_eq!(processors(""), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_works_is_seen_by_another() {
        let gauge = Gauge { count: Some(2) };
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let busy = std::thread::spawn(move || while stopped.try_recv().is_err() {});
        let looks = (0..10_000).map(|_| {
            std::thread::yield_now();
            gauge.read().unwrap().wanted
        });
        let seen = looks.filter(|wanted| *wanted > 0).take(10).count();
        stop.send(()).unwrap();
        busy.join().unwrap();
        assert_eq!(seen, 10);
        assert_eq!(Gauge { count: None }.read(), None);
    }
}
