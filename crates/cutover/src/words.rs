//! Numbers of things and moments as people read them.

use std::fmt::Display;

use oauth_core::time::Timestamp;

/// So many of them: `1 tenant`, `2 tenants`.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let word = if number == N::from(1) { one } else { many };
    format!("{number} {word}")
}

/// A time for people: to the second.
pub fn moment(at: Timestamp) -> String {
    Timestamp::from_seconds(at.seconds()).to_rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            [0_u64, 1, 2].map(|number| count(number, "policy", "policies")),
            ["0 policies", "1 policy", "2 policies"]
        );
    }
}
