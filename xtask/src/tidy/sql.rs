//! SQL lives in the storage crates and the migrations.

use super::{Source, before_tests};

/// Where SQL is at home. The benchmark and the test tools create databases.
const HOMES: [&str; 7] = [
    "crates/storage-pg/",
    "crates/storage-sqlite/",
    "crates/sources/",
    "crates/legacy-source/",
    "crates/testkit/",
    "crates/pg-fixture/",
    "xtask/",
];

const STATEMENTS: [&str; 9] = [
    "SELECT ",
    "INSERT INTO ",
    "DELETE FROM ",
    "UPDATE ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "PRAGMA ",
];

/// Looks at product code; tests of other crates may look into a database.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    let product = |source: &&Source| {
        source.is_rust() && !source.path.contains("/tests/") && !HOMES.iter().any(|home| source.path.starts_with(home))
    };
    for source in sources.iter().filter(product) {
        for (number, line) in before_tests(&source.text).enumerate() {
            if holds_sql(line) {
                problems.push(format!("{}:{}: SQL outside the storage crates", source.path, number + 1));
            }
        }
    }
    problems
}

/// A statement at the start of a string or of a line; comments may speak about SQL.
fn holds_sql(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with("//") {
        return false;
    }
    STATEMENTS.iter().any(|statement| line.starts_with(statement) || line.contains(&format!("\"{statement}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        check(&[Source { path: path.into(), text: text.into() }]).len()
    }

    #[test]
    fn a_statement_outside_the_storage_crates_is_reported() {
        let text = "const FIND: &str = \"SELECT id FROM users\";\n";
        assert_eq!(problems("crates/http-api/src/users.rs", text), 1);
        assert_eq!(problems("crates/storage-pg/src/users.rs", text), 0);
        assert_eq!(problems("bins/authly-server/tests/crash.rs", text), 0);
        assert_eq!(problems("crates/admin/src/a.rs", "const A: &str = r\"\n    DELETE FROM users\n\";\n"), 1);
    }

    #[test]
    fn speaking_about_sql_is_no_sql() {
        assert_eq!(problems("crates/admin/src/a.rs", "// \"SELECT 1\" would do\nlet word = \"Select a user\";\n"), 0);
    }
}
