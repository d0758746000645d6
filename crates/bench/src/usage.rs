//! What a process costs, from /proc.

use std::fs;
use std::process::Command;

/// What one process of this machine, or a family of them, is measured by.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    tick_ms: f64,
}

impl Gauge {
    /// Asks the system how long a tick is.
    pub fn new() -> Self {
        let asked = Command::new("getconf").arg("CLK_TCK").output().ok();
        let ticks = asked.and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().ok());
        // 100 a second on every Linux that we know of.
        Self { tick_ms: 1_000.0 / ticks.unwrap_or(100.0) }
    }

    /// The milliseconds that the process itself has used.
    pub fn process_ms(self, id: u32) -> f64 {
        self.ms(stat(id).map_or(0, |stat| stat.own))
    }

    /// The milliseconds that the process and its children have used, those that have ended included.
    pub fn family_ms(self, id: u32) -> f64 {
        let parent = stat(id).map_or(0, |stat| stat.own + stat.ended);
        let children: u64 = all().into_iter().filter(|stat| stat.parent == id).map(|stat| stat.own + stat.ended).sum();
        self.ms(parent + children)
    }

    #[expect(clippy::cast_precision_loss, reason = "a run has far fewer than 2^52 ticks")]
    fn ms(self, ticks: u64) -> f64 {
        ticks as f64 * self.tick_ms
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

struct Stat {
    parent: u32,
    own: u64,
    ended: u64,
}

fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| stat(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

fn stat(id: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// See proc(5): the name stands in parentheses and may hold anything.
fn parse(line: &str) -> Option<Stat> {
    let (_, rest) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |position: usize| fields.get(position)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}

/// The resident memory of a process in MiB: now and at its peak.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Now.
    pub now: f64,
    /// At its peak since [`forget_peak`].
    pub peak: f64,
}

/// Looks at a process's memory.
pub fn memory(id: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    Memory { now: field("VmRSS:").unwrap_or_default() / 1024.0, peak: field("VmHWM:").unwrap_or_default() / 1024.0 }
}

/// Lets the peak begin anew; see proc(5), clear_refs.
pub fn forget_peak(id: u32) {
    let _refused = fs::write(format!("/proc/{id}/clear_refs"), "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended), (7, 120, 7));
        assert!(parse("42 (a) S 7").is_none());
    }

    #[test]
    fn this_process_has_memory_and_uses_time() {
        let id = std::process::id();
        let gauge = Gauge::new();
        let before = gauge.process_ms(id);
        let mut sum = 0_u64;
        while gauge.process_ms(id) < before + 20.0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(gauge.family_ms(id) >= gauge.process_ms(id) - 20.0);
        let memory = memory(id);
        assert!(memory.now > 0.5 && memory.peak >= memory.now, "{memory:?}");
    }
}
