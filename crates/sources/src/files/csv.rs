//! Comma-separated values (RFC 4180) with a line of names; an empty field and `\N` are NULL.

use std::{fs::File, io::BufReader};

use super::{
    bounded::{Bounded, Budget},
    stage::Stage,
};
use crate::error::OpenError;

pub(super) fn load(file: File, stage: &mut Stage<'_>) -> Result<(), OpenError> {
    let budget = Budget::new();
    let bounded = Bounded { inner: BufReader::new(file), budget: budget.clone() };
    let mut reader = ::csv::ReaderBuilder::new().has_headers(true).from_reader(bounded);
    let header = reader.byte_headers().map_err(|error| wrong(stage, error))?.clone();
    let mut places = Vec::new();
    for (place, name) in header.iter().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| stage.wrong("line 1", "a column's name is no UTF-8"))?;
        let name = if place == 0 { name.trim_start_matches('\u{feff}') } else { name };
        let at = stage.column(name, "line 1")?;
        if at != place {
            return Err(stage.wrong("line 1", format!("names the column {name:?} twice")));
        }
        places.push(at);
    }
    if places.is_empty() {
        return Err(stage.wrong("line 1", "names no column"));
    }
    let mut record = ::csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| wrong(stage, error))? {
        let values: Vec<Option<&[u8]>> =
            record.iter().map(|field| Some(field).filter(|field| !field.is_empty() && *field != b"\\N")).collect();
        stage.add(&values)?;
        budget.renew();
    }
    Ok(())
}

fn wrong(stage: &Stage<'_>, error: ::csv::Error) -> OpenError {
    let place = error.position().map_or_else(|| "the file".to_owned(), |at| format!("line {}", at.line()));
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) if error.kind() != std::io::ErrorKind::Other => stage.broken(error),
        ::csv::ErrorKind::Io(error) => stage.wrong(place, error.to_string()),
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            stage.wrong(place, format!("has {len} fields where the first line names {expected_len}"))
        }
        _ => stage.wrong(place, "is not comma-separated values"),
    }
}
