//! What the operator calls the environment that is migrated, where `MIGRATION_ENV` says it (S002-03): reports, log and questions show
//! it, and in production what writes asks first. Any name will do.

use std::sync::OnceLock;

/// The name for this process; there is none but where it was given.
static NAME: OnceLock<String> = OnceLock::new();

/// The longest name that is shown as a whole.
const LONGEST: usize = 64;

/// Takes the name of the environment; nothing and blanks are none.
pub(crate) fn enter(name: Option<&str>) {
    if let Some(name) = name.and_then(shown) {
        let _first = NAME.set(name);
    }
}

/// Its name.
pub(crate) fn name() -> Option<&'static str> {
    NAME.get().map(String::as_str)
}

/// Whether it is the one that counts.
pub(crate) fn is_production() -> bool {
    name().is_some_and(counts)
}

fn shown(name: &str) -> Option<String> {
    let line: String = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!line.is_empty()).then_some(line)
}

fn counts(name: &str) -> bool {
    ["production", "prod"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_will_do_and_production_is_known_however_it_is_written() {
        assert_eq!(shown(" rehearsal\n3 ").as_deref(), Some("rehearsal3"));
        assert_eq!(shown(&"x".repeat(500)).map(|name| name.len()), Some(LONGEST));
        assert_eq!([shown(""), shown(" \t")], [None, None]);
        for name in ["production", "Production", "PROD"] {
            assert!(counts(name), "{name}");
        }
        for name in ["staging", "pre-production", "production-copy", "test"] {
            assert!(!counts(name), "{name}");
        }
    }
}
