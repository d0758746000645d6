//! Which statements of a dump go to psql.

/// Whether owners and privileges are restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owners {
    Keep,
    LeaveOut,
}

/// What becomes of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict<'w> {
    /// It goes to psql.
    Pass,
    /// It goes to psql, and makes this table.
    Table(&'w str),
    /// It goes to psql, and rows follow until a line that ends them.
    Rows,
    /// It is about the database as a whole.
    AboutTheDatabase,
    /// It is about owners or privileges that are not wanted, or about a setting that only some servers know.
    LeaveOut,
    /// No dump has it.
    Refuse(&'static str),
}

/// Encodings in which a byte of a letter may look like a backslash, so that nobody can tell where a text ends without knowing them.
/// No server keeps text in one of them.
const AMBIGUOUS: [&str; 7] = ["sjis", "big5", "gbk", "uhc", "gb18030", "johab", "shift_jis_2004"];

/// What becomes of a statement of these words, as far as they were kept.
pub(super) fn judge<'w>(words: &[&'w str], owners: Owners) -> Verdict<'w> {
    let folded: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
    let has = |pair: [&str; 2]| folded.windows(2).any(|two| two == pair);
    match folded.as_slice() {
        ["copy", ..] if folded.ends_with(&["from", "stdin"]) => Verdict::Rows,
        ["copy", ..] => Verdict::Refuse("copies from or to something else than the dump itself"),
        ["drop" | "create" | "alter", "database", ..] | ["comment", "on", "database", ..] => Verdict::AboutTheDatabase,
        ["grant" | "revoke", ..] | ["security", "label", ..] if has(["on", "database"]) => Verdict::AboutTheDatabase,
        ["set", "standard_conforming_strings", "=" | "to", value] if value.trim_matches('\'') != "on" => {
            Verdict::Refuse(
                "has texts in the manner of before PostgreSQL 9.1: dump it with standard_conforming_strings on",
            )
        }
        ["set", "client_encoding", "=" | "to", value] if AMBIGUOUS.contains(&value.trim_matches('\'')) => {
            Verdict::Refuse("has an encoding that cannot be read safely: dump it with --encoding=UTF8")
        }
        // A session without a time limit is what it is anyway, and servers before PostgreSQL 17 do not know the word.
        ["set", "transaction_timeout", ..] => Verdict::LeaveOut,
        ["grant" | "revoke", ..]
        | ["security", "label", ..]
        | ["comment", "on", ..]
        | ["alter", "default", "privileges", ..]
            if owners == Owners::LeaveOut =>
        {
            Verdict::LeaveOut
        }
        ["set", "session", "authorization", ..] if owners == Owners::LeaveOut => Verdict::LeaveOut,
        ["alter", ..] if owners == Owners::LeaveOut && has(["owner", "to"]) => Verdict::LeaveOut,
        ["create", "table", ..] => words.get(2).map_or(Verdict::Pass, |name| Verdict::Table(name)),
        ["create", "unlogged", "table", ..] => words.get(3).map_or(Verdict::Pass, |name| Verdict::Table(name)),
        _ => Verdict::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(statement: &str, owners: Owners) -> Verdict<'_> {
        judge(&statement.split(' ').collect::<Vec<_>>(), owners)
    }

    #[test]
    fn what_is_about_the_database_itself_does_not_go_into_another() {
        for statement in [
            "DROP DATABASE IF EXISTS authly",
            "CREATE DATABASE authly WITH TEMPLATE = template0 ENCODING = 'UTF8'",
            "ALTER DATABASE authly OWNER TO authly",
            "ALTER DATABASE authly SET work_mem TO '64MB'",
            "COMMENT ON DATABASE authly IS 'ours'",
            "GRANT CONNECT ON DATABASE authly TO app",
            "REVOKE ALL ON DATABASE authly FROM PUBLIC",
        ] {
            assert_eq!(judged(statement, Owners::Keep), Verdict::AboutTheDatabase, "{statement}");
        }
    }

    #[test]
    fn owners_and_privileges_are_left_out_where_that_is_wanted() {
        for statement in [
            "ALTER TABLE public.users OWNER TO authly",
            "GRANT SELECT ON TABLE public.users TO app",
            "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b",
            "COMMENT ON EXTENSION plpgsql IS 'x'",
            "SET SESSION AUTHORIZATION 'authly'",
        ] {
            assert_eq!(judged(statement, Owners::Keep), Verdict::Pass, "{statement}");
            assert_eq!(judged(statement, Owners::LeaveOut), Verdict::LeaveOut, "{statement}");
        }
        assert_eq!(judged("ALTER TABLE ONLY public.users ADD CONSTRAINT owner", Owners::LeaveOut), Verdict::Pass);
    }

    #[test]
    fn rows_come_from_the_dump_itself_alone() {
        assert_eq!(judged("COPY public.users (id, email) FROM stdin", Owners::Keep), Verdict::Rows);
        for statement in ["COPY public.users FROM '/etc/passwd'", "COPY a FROM PROGRAM 'id'", "copy a to stdout"] {
            assert!(matches!(judged(statement, Owners::Keep), Verdict::Refuse(_)), "{statement}");
        }
    }

    #[test]
    fn a_dump_whose_texts_cannot_be_told_apart_is_refused() {
        for statement in ["SET standard_conforming_strings = off", "SET client_encoding = 'SJIS'"] {
            assert!(matches!(judged(statement, Owners::Keep), Verdict::Refuse(_)), "{statement}");
        }
        for statement in ["SET standard_conforming_strings = on", "SET client_encoding = 'UTF8'"] {
            assert_eq!(judged(statement, Owners::Keep), Verdict::Pass, "{statement}");
        }
    }

    #[test]
    fn tables_are_counted_by_their_names() {
        assert_eq!(judged("CREATE TABLE public.users ( id uuid )", Owners::Keep), Verdict::Table("public.users"));
        assert_eq!(judged("CREATE UNLOGGED TABLE public.a (", Owners::Keep), Verdict::Table("public.a"));
        assert_eq!(judged("CREATE TABLE", Owners::Keep), Verdict::Pass);
    }
}
