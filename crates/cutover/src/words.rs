//! Numbers of things as people read them.

use std::fmt::Display;

/// So many of them: `1 tenant`, `2 tenants`.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let word = if number == N::from(1) { one } else { many };
    format!("{number} {word}")
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
