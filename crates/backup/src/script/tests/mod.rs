//! Dumps as pg_dump writes them, and what somebody might make of one.

use super::{
    Script,
    reader::{Reader, Refusal},
    rules::Owners,
};

const DUMP: &str = "--
-- PostgreSQL database dump
--

\\restrict aB3

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

DROP DATABASE IF EXISTS authly;
CREATE DATABASE authly WITH TEMPLATE = template0 ENCODING = 'UTF8';
ALTER DATABASE authly OWNER TO authly;

\\unrestrict aB3
\\connect authly
\\restrict aB3

CREATE FUNCTION public.f(a integer) RETURNS text
    LANGUAGE sql
    AS $_$ SELECT '; \\! $1 $$' || $1::text; -- it's $_ $_$;
ALTER FUNCTION public.f(a integer) OWNER TO authly;
CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text DEFAULT E'it\\'s \\\\'::text, -- not ; the end
    \"odd;\"\"name\" text DEFAULT 'it''s; \\'
);
CREATE TABLE public.\"Orders\" (
    id integer
);
/* one /* in another */ ; */
COPY public.users (id, name) FROM stdin;
1\t'; \\\\! not a text
DROP DATABASE authly;
\\.

--
-- PostgreSQL database dump complete
--

\\unrestrict aB3
";

fn read(dump: &[u8], step: usize, owners: Owners) -> Result<(String, Script), Refusal> {
    let (mut reader, mut out) = (Reader::new(owners), Vec::new());
    for part in dump.chunks(step) {
        reader.take(part, &mut out)?;
    }
    reader.end(&mut out)?;
    Ok((String::from_utf8(out).unwrap(), reader.script))
}

fn passed(dump: &str) -> Result<String, Refusal> {
    read(dump.as_bytes(), 7, Owners::Keep).map(|(text, _)| text)
}

#[test]
fn a_dump_passes_but_for_what_is_about_the_database_itself() {
    let (text, script) = read(DUMP.as_bytes(), 4096, Owners::Keep).unwrap();
    let gone = ["\\restrict aB3", "\\unrestrict aB3", "\\connect authly", "SET transaction_timeout = 0;"];
    let kept: Vec<&str> = DUMP
        .lines()
        .map(|line| {
            if gone.contains(&line) || line.contains(" DATABASE ") && line != "DROP DATABASE authly;" {
                ""
            } else {
                line
            }
        })
        .collect();
    // The lines keep their numbers, so that psql's complaints name those of the file; comments go with the statement behind them.
    let told = |line: &&str| !line.starts_with("--");
    let lines: Vec<&str> = text.lines().filter(told).collect();
    let wanted: Vec<&str> = kept.iter().copied().filter(told).collect();
    assert_eq!(text.lines().count(), DUMP.lines().count());
    assert_eq!(
        lines.iter().filter(|line| !line.is_empty()).collect::<Vec<_>>(),
        wanted.iter().filter(|line| !line.is_empty()).collect::<Vec<_>>()
    );
    assert_eq!(
        script,
        Script {
            tables: vec!["public.users".to_owned(), "public.Orders".to_owned()],
            server_major: Some(15),
            is_whole: true,
            about_the_database: 3
        }
    );
    assert!(script.holds_accounts());
}

#[test]
fn it_is_the_same_however_it_is_cut_into_pieces() {
    let whole = read(DUMP.as_bytes(), usize::MAX, Owners::Keep);
    for step in [1, 2, 3, 5, 64] {
        assert_eq!(read(DUMP.as_bytes(), step, Owners::Keep), whole, "{step}");
    }
}

#[test]
fn owners_are_left_out_where_that_is_wanted() {
    let (text, _) = read(DUMP.as_bytes(), 64, Owners::LeaveOut).unwrap();
    assert!(!text.contains("OWNER TO") && text.contains("CREATE TABLE public.users"), "{text}");
}

#[test]
fn no_command_of_psql_gets_through() {
    for (smuggled, line) in [
        ("SELECT 1;\n\\! touch /tmp/x\n", 2),
        ("\\copy a from program 'id'\n", 1),
        ("\\o |id\n", 1),
        ("SELECT 1 \\g |id\n", 1),
        ("SELECT $a$ $b$ $a$ \\! id\n", 1),
        ("SELECT e'\\'' \\! id\n", 1),
        ("-- a\r\\! id\n", 1),
        ("SELECT E'a' -- b\n '\\' \\! id\n", 2),
        ("/* /* */ */ \\! id\n", 1),
        ("COPY a FROM stdin;\n1\n\\.\n\\! id\n", 4),
        ("COPY a FROM stdin; SELECT '\n\\.\n\\! id\n", 1),
        ("SELECT a$b$ \\! $b$", 1),
        ("SELECT 'a\u{0}\n\\! id\n", 1),
        ("\\connect one\n\\connect two\n", 2),
        ("COPY a FROM PROGRAM 'id';", 1),
        ("SET client_encoding = 'SJIS';", 1),
    ] {
        let refused = passed(smuggled).unwrap_err();
        assert_eq!(refused.0, line, "{smuggled:?}: {refused:?}");
    }
    // A long comment in front of it hides nothing, nor does a long statement.
    let padded = format!("/*{}*/ COPY a FROM PROGRAM 'id';", "x".repeat(40_000));
    assert!(passed(&padded).unwrap_err().1.contains("something else than the dump"));
    let padded = format!("SELECT '{}' \\! id\n", "x".repeat(40_000));
    assert!(passed(&padded).unwrap_err().1.contains("backslash"));
    let padded = format!("GRANT SELECT ON a TO {};", "x,".repeat(40_000));
    assert!(read(padded.as_bytes(), 9, Owners::LeaveOut).unwrap_err().1.contains("has no end"));
}

#[test]
fn what_stands_in_texts_rows_and_comments_is_not_touched() {
    for text in [
        "SELECT '\\! id';\n",
        "SELECT $$ \\! id $$;\n",
        "SELECT $a$ $$ \\! $a$;\n",
        "-- \\! id\n",
        "/* \\! id */\n",
        "COPY a FROM stdin;\n\\! id\n\\.x\n\\.\nSELECT 1;\n",
        "CREATE FUNCTION f(integer) RETURNS integer RETURN $1 + 1;\n",
        "SELECT a[1:2], B'01', X'ff', N'n', U&'\\0061', E'\\\\';\n",
    ] {
        assert_eq!(passed(text).as_deref(), Ok(text));
    }
    let long = format!("INSERT INTO a VALUES ('{}');\nSELECT 1;\n", "\\! ".repeat(40_000));
    assert_eq!(passed(&long).as_deref(), Ok(long.as_str()));
}

#[test]
fn a_dump_that_breaks_off_is_not_complete() {
    for cut in
        ["SELECT 1", "SELECT 'a", "COPY a FROM stdin;\n1\n", "COPY a FROM stdin;", "SELECT $$ a", "/* a", "SELECT \"a"]
    {
        assert!(passed(cut).unwrap_err().1.contains("not complete"), "{cut:?}");
    }
    let (_, script) = read(b"-- PostgreSQL database dump complet", 3, Owners::Keep).unwrap();
    assert!(!script.is_whole);
}
