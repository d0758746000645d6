//! A row read from left to right; each value says which column it is, so that a corrupt one can be named.

use oauth_core::{scope::ScopeSet, session::AuthenticationMethod, time::Timestamp, token::TokenHash};
use rusqlite::{Row, types::FromSql, types::ValueRef};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{Fault, Outcome};

/// A place in a row.
pub(crate) struct Cursor<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Cursor<'r> {
    pub(crate) const fn new(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    /// The text in a column of the row, wherever the cursor stands.
    pub(crate) fn text_at(&self, place: usize) -> Option<String> {
        self.row.get(place).ok()
    }

    /// The next value as it is.
    pub(crate) fn value<T: FromSql>(&mut self, column: &'static str) -> Outcome<T> {
        let value = self.row.get(self.next).map_err(|_| self.corrupt(column));
        self.next += 1;
        value
    }

    /// The next value by a reader of its text.
    pub(crate) fn parse<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Outcome<T> {
        let text = self.row.get_ref(self.next).ok().and_then(|value| value.as_str().ok());
        let value = text.and_then(read).ok_or_else(|| self.corrupt(column));
        self.next += 1;
        value
    }

    /// The next value by a reader of its text, or nothing.
    pub(crate) fn parse_opt<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Outcome<Option<T>> {
        if self.is_null() {
            self.next += 1;
            return Ok(None);
        }
        self.parse(column, read).map(Some)
    }

    /// Whether the next value is NULL; does not move on.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.row.get_ref(self.next), Ok(ValueRef::Null))
    }

    /// Passes over values.
    pub(crate) const fn skip(&mut self, values: usize) {
        self.next += values;
    }

    pub(crate) fn id<T>(&mut self, column: &'static str, make: fn(Uuid) -> T) -> Outcome<T> {
        self.value(column).map(make)
    }

    pub(crate) fn id_opt<T>(&mut self, column: &'static str, make: fn(Uuid) -> T) -> Outcome<Option<T>> {
        self.value::<Option<Uuid>>(column).map(|id| id.map(make))
    }

    pub(crate) fn hash(&mut self, column: &'static str) -> Outcome<TokenHash> {
        self.value(column).map(TokenHash::from_bytes)
    }

    pub(crate) fn time(&mut self, column: &'static str) -> Outcome<Timestamp> {
        self.value(column).map(Timestamp::from_micros)
    }

    pub(crate) fn time_opt(&mut self, column: &'static str) -> Outcome<Option<Timestamp>> {
        self.value::<Option<i64>>(column).map(|at| at.map(Timestamp::from_micros))
    }

    /// When somebody proved who they are, if that is known.
    pub(crate) fn proven(&mut self, column: &'static str) -> Outcome<Option<Timestamp>> {
        Ok(Some(self.time(column)?).filter(|at| *at > UNTOLD))
    }

    pub(crate) fn scopes(&mut self, column: &'static str) -> Outcome<ScopeSet> {
        self.parse(column, |text| ScopeSet::parse(text).ok())
    }

    pub(crate) fn methods(&mut self, column: &'static str) -> Outcome<Vec<AuthenticationMethod>> {
        self.parse(column, |text| text.split_terminator(' ').map(AuthenticationMethod::parse).collect())
    }

    /// The next value as JSON; the empty list, which is by far the most common, costs nothing.
    pub(crate) fn json<T: DeserializeOwned + Default>(&mut self, column: &'static str) -> Outcome<T> {
        self.parse(column, |text| match text {
            "[]" | "{}" => Some(T::default()),
            text => serde_json::from_str(text).ok(),
        })
    }

    /// Names the row by its first column.
    fn corrupt(&self, column: &'static str) -> Fault {
        let key = match self.row.get_ref(0) {
            Ok(ValueRef::Blob(bytes)) => {
                Uuid::from_slice(bytes).map_or_else(|_| "(a hash)".to_owned(), |id| id.to_string())
            }
            Ok(ValueRef::Integer(number)) => number.to_string(),
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        Fault::corrupt(column, key)
    }
}

/// Stands in columns, which are never NULL, where nobody has said when somebody proved who they are.
const UNTOLD: Timestamp = Timestamp::from_micros(0);

/// When somebody proved who they are, as a column keeps it.
pub(crate) fn proven(instant: Option<Timestamp>) -> i64 {
    instant.unwrap_or(UNTOLD).micros()
}

/// Methods as text: names between spaces.
pub(crate) fn methods_text(methods: &[AuthenticationMethod]) -> String {
    methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(" ")
}

/// A list as JSON text.
pub(crate) fn json_text<T: serde::Serialize>(list: &[T]) -> Outcome<String> {
    if list.is_empty() {
        return Ok("[]".to_owned());
    }
    serde_json::to_string(list).map_err(unwritable)
}

/// A value that does not become JSON; none of ours is like that.
pub(crate) fn unwritable(error: serde_json::Error) -> Fault {
    use oauth_core::store::{StoreError, StoreErrorKind};
    Fault(StoreError::caused(StoreErrorKind::Unavailable, error))
}
