//! What the checks of a part found.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Otherwise than it must be.
    Failed,
    /// As it must be.
    Passed,
    /// Not asked, because of how the installation is set up.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was asked.
    pub check: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub seen: String,
}

/// A part with its checks, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name.
    pub part: &'static str,
    /// Its checks.
    pub checks: Vec<Check>,
}

impl Part {
    /// A part without checks.
    pub const fn new(part: &'static str) -> Self {
        Self { part, checks: Vec::new() }
    }

    /// Adds a check that passes if `right`.
    pub fn expect(&mut self, check: impl Into<String>, right: bool, seen: impl Into<String>) {
        let outcome = if right { Outcome::Passed } else { Outcome::Failed };
        self.checks.push(Check { check: check.into(), outcome, seen: seen.into() });
    }

    /// Adds a check that is not asked.
    pub fn skip(&mut self, check: impl Into<String>, why: impl Into<String>) {
        self.checks.push(Check { check: check.into(), outcome: Outcome::Skipped, seen: why.into() });
    }

    /// How the whole part ended: failed as soon as one check did, skipped if none was asked.
    pub fn outcome(&self) -> Outcome {
        let any = |outcome| self.checks.iter().any(|check| check.outcome == outcome);
        if any(Outcome::Failed) {
            Outcome::Failed
        } else if any(Outcome::Passed) {
            Outcome::Passed
        } else {
            Outcome::Skipped
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_part() {
        let mut part = Part::new("a");
        assert_eq!(part.outcome(), Outcome::Skipped);
        part.skip("x", "off");
        part.expect("y", true, "200");
        assert_eq!(part.outcome(), Outcome::Passed);
        part.expect("z", false, "500");
        assert_eq!(part.outcome(), Outcome::Failed);
    }
}
