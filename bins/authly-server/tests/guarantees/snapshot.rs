//! Everything that a database holds, so that two of them can be compared: instants of the test itself, ids of runs and sealed
//! values, which differ each time, are replaced by marks.

use std::{collections::BTreeMap, time::UNIX_EPOCH};

use rusqlite::types::ValueRef;

use crate::world::{Kind, World, client};

/// Rows as text, sorted, by table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(pub(crate) BTreeMap<String, Vec<String>>);

/// What differs between two installations in which the same happened: keys and their ids, and the log of who did what when.
const OWN: [&str; 7] =
    ["audit_events", "migration_facts", "migration_runs", "oauth_keys", "signing_keys", "revision", "revisions"];

/// The day in which everything happens that is new.
const WINDOW: i64 = 2 * 86_400;

impl Snapshot {
    /// All tables of a world's store.
    pub(crate) async fn of(world: &World) -> Self {
        match world.kind {
            Kind::Postgres => Self::of_postgres(world.url()).await,
            Kind::Sqlite => Self::of_sqlite(&world.file()),
        }
    }

    /// All tables of a source.
    pub(crate) async fn of_source(world: &World) -> Self {
        match world.source.strip_prefix("sqlite:") {
            Some(file) => Self::of_sqlite(std::path::Path::new(file)),
            None => Self::of_postgres(&world.source).await,
        }
    }

    async fn of_postgres(url: &str) -> Self {
        let client = client(url).await;
        client.batch_execute("SET TimeZone = 'UTC'").await.unwrap();
        let names = "SELECT table_name::text FROM information_schema.tables
                      WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
        let mut tables = BTreeMap::new();
        for row in client.query(names, &[]).await.unwrap() {
            let name: String = row.get(0);
            let rows = client.query(&format!("SELECT to_jsonb(t)::text FROM \"{name}\" t"), &[]).await.unwrap();
            tables.insert(name, sorted(rows.iter().map(|row| row.get::<_, String>(0))));
        }
        let sequences = "SELECT sequencename || ' ' || COALESCE(last_value, 0) FROM pg_sequences";
        let rows = client.query(sequences, &[]).await.unwrap();
        tables.insert("(sequences)".to_owned(), sorted(rows.iter().map(|row| row.get::<_, String>(0))));
        Self(tables)
    }

    fn of_sqlite(file: &std::path::Path) -> Self {
        let connection = rusqlite::Connection::open(file).unwrap();
        let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut statement = connection.prepare(names).unwrap();
        let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut tables = BTreeMap::new();
        for name in names {
            let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([]).unwrap();
            let mut texts = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                let values = columns.iter().enumerate().map(|(place, column)| {
                    let value = match row.get_ref(place).unwrap() {
                        ValueRef::Null => "null".to_owned(),
                        ValueRef::Integer(number) => number.to_string(),
                        ValueRef::Real(number) => number.to_string(),
                        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                        ValueRef::Blob(bytes) => blob(bytes),
                    };
                    format!("{column}={value}")
                });
                texts.push(values.collect::<Vec<_>>().join(" "));
            }
            tables.insert(name, sorted(texts.into_iter()));
        }
        Self(tables)
    }

    /// Without what two installations do not have in common.
    pub(crate) fn comparable(mut self) -> Self {
        self.0.retain(|name, _| !OWN.contains(&name.as_str()));
        self
    }

    /// Without these tables.
    pub(crate) fn without(mut self, tables: &[&str]) -> Self {
        self.0.retain(|name, _| !tables.contains(&name.as_str()));
        self
    }

    /// Only the rows that hold this text.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.0.values_mut().for_each(|rows| rows.retain(|row| row.contains(text)));
        self
    }

    /// Fails with the first rows that differ.
    #[track_caller]
    pub(crate) fn must_equal(&self, other: &Self, what: &str) {
        let names = |one: &Self| one.0.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(self), names(other), "{what}: the tables");
        for (name, rows) in &self.0 {
            let others = &other.0[name];
            let only = |these: &[String], those: &[String]| {
                these.iter().filter(|row| those.binary_search(row).is_err()).take(3).cloned().collect::<Vec<_>>()
            };
            let (left, right) = (only(rows, others), only(others, rows));
            assert!(
                rows == others,
                "{what}: the table {name} has {} rows and {}; only in the first:\n{}\nonly in the second:\n{}",
                rows.len(),
                others.len(),
                left.join("\n"),
                right.join("\n")
            );
        }
    }
}

fn sorted(rows: impl Iterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<String> = rows.map(|row| masked(&row)).collect();
    rows.sort_unstable();
    rows
}

/// Ids in their text form, everything else in hexadecimal digits.
fn blob(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match (hex.get(..8), hex.get(8..12), hex.get(12..16), hex.get(16..20), hex.get(20..)) {
        (Some(a), Some(b), Some(c), Some(d), Some(e)) if bytes.len() == 16 => format!("{a}-{b}-{c}-{d}-{e}"),
        _ => hex,
    }
}

/// The text with marks for what differs each time.
fn masked(row: &str) -> String {
    let bytes = row.as_bytes();
    let digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    // A colon belongs to a word between the digits of a time only.
    let part = |place: usize| match bytes[place] {
        b':' => place > 0 && digit(place - 1) && digit(place + 1),
        byte => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+' | b'_'),
    };
    let mut text = String::with_capacity(row.len());
    let (mut from, mut before) = (0, "");
    while from < row.len() {
        let is_word = part(from);
        let to = (from..row.len()).find(|place| part(*place) != is_word).unwrap_or(row.len());
        let word = &row[from..to];
        match is_word {
            true if before == "sealed" => text.push_str("(sealed)"),
            true => text.push_str(mark(word)),
            false => text.push_str(word),
        }
        if is_word {
            before = word;
        }
        from = to;
    }
    text
}

fn mark(word: &str) -> &str {
    let bytes = word.as_bytes();
    // Ids of version 7 hold the instant at which they were made.
    if bytes.len() == 36 && bytes[14] == b'7' && bytes[8] == b'-' && bytes[23] == b'-' {
        return "(new id)";
    }
    if bytes.len() == 16 && word.parse::<i64>().is_ok_and(|micros| is_new(micros / 1_000_000)) {
        return "(now)";
    }
    let digits = bytes.len() >= 19 && bytes[4] == b'-' && bytes[10] == b'T' && bytes[13] == b':';
    if digits && seconds(word).is_some_and(is_new) { "(now)" } else { word }
}

fn is_new(seconds: i64) -> bool {
    let now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    (seconds - now).abs() < WINDOW
}

/// The seconds of an instant in UTC (days by Howard Hinnant's formula).
fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?)
}

#[test]
fn marks_hide_what_differs_and_nothing_else() {
    assert_eq!(seconds("1970-01-02T00:00:01"), Some(86_401));
    assert_eq!(seconds("2026-11-21T06:02:41"), Some(1_795_240_961));
    let old = "{\"a\": \"2015-01-01T00:00:00+00:00\", \"b\": 1516316370000000, \"c\": \"000095f1-6c13-4f3e-ab09-36b8b55b231b\"}";
    assert_eq!(masked(old), old);
    let now = UNIX_EPOCH.elapsed().unwrap().as_micros();
    assert_eq!(masked(&format!("{{\"at\":{now},\"b\":1}}")), "{\"at\":(now),\"b\":1}");
    let new = format!("at={now} \"sealed:{}\" run=01a1fcbc-9c67-7f48-9b53-adc3f7a243cb", "9-_Z".repeat(40));
    assert_eq!(masked(&new), "at=(now) \"sealed:(sealed)\" run=(new id)");
}
