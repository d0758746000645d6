//! One log line: JSON with the members that log collectors of earlier installations read (S003-57), or text for people.

use std::fmt;

use authly_config::LogFormat;
use authly_seal::SystemClock;
use oauth_core::{
    services::Clock as _,
    text::{harmless, steers},
};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Writes lines in the form that the settings ask for.
pub(crate) struct Line(pub(crate) LogFormat);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, name) = (*event.metadata().level(), event.metadata().target());
        // RFC 3339 in UTC, cut to whole seconds: `2026-01-31T12:00:00`.
        let now = SystemClock.now().to_rfc3339();
        let (date, time) = now.split_once('T').unwrap_or((&now, ""));
        let time = time.get(..8).unwrap_or(time);
        match self.0 {
            LogFormat::Json => {
                let mut line = Map::new();
                line.insert("asctime".into(), format!("{date} {time}").into());
                line.insert("name".into(), name.into());
                line.insert("levelname".into(), level_name(level).into());
                line.insert("message".into(), fields.message.into());
                fields.others.into_iter().for_each(|(name, value)| {
                    line.entry(name).or_insert(value);
                });
                // JSON leaves some characters as they are that a terminal obeys, and lines may end at.
                writeln!(writer, "{}", harmless(&Value::Object(line).to_string()))
            }
            LogFormat::Text => {
                write!(writer, "{time} {:<7} {}", level_name(level), plain(&fields.message))?;
                for (name, value) in &fields.others {
                    match value {
                        Value::String(text) => write!(writer, " {name}={}", plain(text))?,
                        other => write!(writer, " {name}={other}")?,
                    }
                }
                writer.write_char('\n')
            }
        }
    }
}

/// The names that log collectors know.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

/// Some characters could forge a line or steer a terminal.
fn plain(text: &str) -> String {
    text.chars().flat_map(|c| if steers(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(String, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => self.others.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}
