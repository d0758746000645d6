//! Values between rows and domain types: instants, and a reader that names what it could not read.

use std::{error::Error, fmt::Display};

use bytes::BytesMut;
use oauth_core::{
    scope::{Scope, ScopeSet},
    store::{StoreError, StoreErrorKind},
    time::Timestamp,
    token::TokenHash,
};
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

/// Microseconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH: i64 = 946_684_800_000_000;
/// The first and last instants that a `timestamptz` holds; outside are the two infinities.
const FIRST: i64 = -211_813_488_000_000_000;
const LAST: i64 = 9_223_371_331_199_999_999;

/// An instant on its way to or from a `timestamptz`; clamped, never wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(pub(crate) Timestamp);

impl ToSql for At {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.micros().saturating_sub(EPOCH).clamp(FIRST, LAST).to_sql(&Type::INT8, out)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let micros = i64::from_sql(&Type::INT8, raw)?;
        Ok(Self(Timestamp::from_micros(micros.saturating_add(EPOCH))))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TIMESTAMPTZ
    }
}

/// An optional instant for a parameter.
pub(crate) fn at(instant: Option<Timestamp>) -> Option<At> {
    instant.map(At)
}

/// Stands in columns, which are never NULL, where nobody has said when somebody proved who they are.
const UNTOLD: Timestamp = Timestamp::from_micros(0);

/// When somebody proved who they are, for a parameter.
pub(crate) fn proven(instant: Option<Timestamp>) -> At {
    At(instant.unwrap_or(UNTOLD))
}

/// Names of a set for a `text[]`.
pub(crate) fn names(scopes: &ScopeSet) -> Vec<&str> {
    scopes.iter().map(Scope::as_str).collect()
}

/// The text of a `text[]`, for an array of arrays whose rows differ in length.
pub(crate) fn array_text<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("{");
    for value in values {
        text.push_str(if text.len() > 1 { ",\"" } else { "\"" });
        for character in value.chars() {
            if matches!(character, '"' | '\\') {
                text.push('\\');
            }
            text.push(character);
        }
        text.push('"');
    }
    text.push('}');
    text
}

/// Reads the columns of a row one after the other.
pub(crate) struct Reader<'a> {
    row: &'a Row,
    next: usize,
    table: &'static str,
    key: &'a dyn Display,
}

impl<'a> Reader<'a> {
    /// Begins at the first column; `key` is how the row was found.
    pub(crate) fn new(row: &'a Row, table: &'static str, key: &'a dyn Display) -> Self {
        Self { row, next: 0, table, key }
    }

    /// Begins behind the ordinal of an answer to many.
    pub(crate) fn answer(row: &'a Row, table: &'static str, key: &'a dyn Display) -> Self {
        Self { next: 1, ..Self::new(row, table, key) }
    }

    /// Names the table that the following columns belong to.
    pub(crate) fn of(&mut self, table: &'static str) -> &mut Self {
        self.table = table;
        self
    }

    /// The next column.
    pub(crate) fn take<T: FromSql<'a>>(&mut self, column: &'static str) -> Result<T, StoreError> {
        let value = self.row.try_get(self.next).map_err(|error| {
            let kind = StoreErrorKind::Corrupt { table: self.table, column, key: self.key.to_string() };
            StoreError::caused(kind, error.to_string())
        });
        self.next += 1;
        value
    }

    /// The next column, read by `parse`.
    pub(crate) fn parse<T: FromSql<'a>, V>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(T) -> Option<V>,
    ) -> Result<V, StoreError> {
        let value = self.take(column)?;
        parse(value).ok_or_else(|| self.corrupt(column))
    }

    /// The next column, an instant.
    pub(crate) fn at(&mut self, column: &'static str) -> Result<Timestamp, StoreError> {
        Ok(self.take::<At>(column)?.0)
    }

    /// The next column, an instant or nothing.
    pub(crate) fn maybe_at(&mut self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.take::<Option<At>>(column)?.map(|at| at.0))
    }

    /// The next column, when somebody proved who they are, if that is known.
    pub(crate) fn proven(&mut self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(Some(self.at(column)?).filter(|at| *at > UNTOLD))
    }

    /// The next column, the names of scopes.
    pub(crate) fn scopes(&mut self, column: &'static str) -> Result<ScopeSet, StoreError> {
        self.parse(column, |names: Vec<&str>| names.into_iter().map(|name| Scope::parse(name).ok()).collect())
    }

    /// The next column, 32 bytes.
    pub(crate) fn hash(&mut self, column: &'static str) -> Result<TokenHash, StoreError> {
        self.parse(column, TokenHash::from_slice)
    }

    /// The error that says that a value makes no sense.
    pub(crate) fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::new(StoreErrorKind::Corrupt { table: self.table, column, key: self.key.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(micros: i64) -> i64 {
        let mut out = BytesMut::new();
        At(Timestamp::from_micros(micros)).to_sql(&Type::TIMESTAMPTZ, &mut out).unwrap();
        At::from_sql(&Type::TIMESTAMPTZ, &out).unwrap().0.micros()
    }

    #[test]
    fn the_text_of_an_array_quotes_every_value() {
        assert_eq!(array_text([]), "{}");
        assert_eq!(array_text(["a", "", "NULL", "b c,{}"]), r#"{"a","","NULL","b c,{}"}"#);
        assert_eq!(array_text([r#"a"b\c"#]), r#"{"a\"b\\c"}"#);
    }

    #[test]
    fn instants_survive_to_the_microsecond() {
        for micros in [0, -1, 1_700_000_000_123_456, EPOCH] {
            assert_eq!(there_and_back(micros), micros);
        }
    }

    #[test]
    fn instants_beyond_the_type_are_clamped_and_never_infinite() {
        assert_eq!(there_and_back(i64::MAX), i64::MAX);
        assert_eq!(there_and_back(i64::MIN), FIRST + EPOCH);
    }
}
