//! JSON (RFC 8259): one array of objects, or an object in each line; both are read record by record.

use std::{
    fmt,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
};

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    bounded::{Bounded, Budget, LONGEST_RECORD},
    stage::Stage,
};
use crate::error::OpenError;

type Record = Map<String, Value>;

/// One array of objects.
pub(super) fn load_array(file: File, stage: &mut Stage<'_>) -> Result<(), OpenError> {
    let budget = Budget::new();
    let bounded = Bounded { inner: file, budget: budget.clone() };
    let mut reader = serde_json::Deserializer::from_reader(BufReader::new(bounded));
    let mut failure = None;
    let records = Records { stage, budget: &budget, failure: &mut failure };
    let read = records.deserialize(&mut reader).and_then(|()| reader.end());
    match (read, failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(()), None) => Ok(()),
        (Err(error), None) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            Err(stage.wrong(place, reason(&error)))
        }
    }
}

/// An object in each line; empty lines are none.
pub(super) fn load_lines(file: File, stage: &mut Stage<'_>) -> Result<(), OpenError> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1u64.. {
        line.clear();
        let read =
            (&mut reader).take(LONGEST_RECORD).read_until(b'\n', &mut line).map_err(|error| stage.broken(error))?;
        if read == 0 {
            break;
        }
        let place = format!("line {number}");
        if read as u64 == LONGEST_RECORD {
            return Err(stage.wrong(place, "a record of more than 16 MiB"));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record: Record = serde_json::from_slice(&line).map_err(|error| stage.wrong(&place, reason(&error)))?;
        add(stage, &record, &place)?;
    }
    Ok(())
}

/// What is wrong, without the place, which is told apart, and without any of the file's own text.
fn reason(error: &serde_json::Error) -> String {
    if error.is_data() {
        return "is not what is wanted: JSON objects, in one array or in a line each".to_owned();
    }
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn add(stage: &mut Stage<'_>, record: &Record, place: &str) -> Result<(), OpenError> {
    let mut texts: Vec<Option<String>> = Vec::new();
    for (name, value) in record {
        let at = stage.column(name, place)?;
        if texts.len() <= at {
            texts.resize(at + 1, None);
        }
        if let Some(text) = texts.get_mut(at) {
            *text = match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
        }
    }
    let values: Vec<Option<&[u8]>> = texts.iter().map(|text| text.as_deref().map(str::as_bytes)).collect();
    if values.is_empty() { Err(stage.wrong(place, "an object without members")) } else { stage.add(&values) }
}

/// The elements of the array, taken one by one.
struct Records<'a, 'b, 'c> {
    stage: &'a mut Stage<'c>,
    budget: &'b Budget,
    failure: &'b mut Option<OpenError>,
}

impl<'de> DeserializeSeed<'de> for Records<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        let mut number = 0u64;
        while let Some(record) = records.next_element::<Record>()? {
            number += 1;
            if let Err(failure) = add(self.stage, &record, &format!("record {number}")) {
                *self.failure = Some(failure);
                return Err(serde::de::Error::custom("stopped"));
            }
            self.budget.renew();
        }
        Ok(())
    }
}
