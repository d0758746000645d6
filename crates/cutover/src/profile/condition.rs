//! Conditions on a row as data: which account is active, deleted, verified or left out (C-09).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{names::Names, value};
use crate::source::Value;

/// A condition on the columns of one row. NULL equals nothing, so `not` of a comparison with NULL holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Condition {
    /// Each of these; none: always.
    All(Vec<Self>),
    /// At least one of these; none: never.
    Any(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// A column passes a test.
    Column {
        /// The column.
        column: Names,
        /// The test.
        test: Test,
    },
}

/// What a column must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// One of these.
    OneOf(Vec<Constant>),
    /// NULL, or not NULL.
    Null(bool),
    /// NULL or nothing but blanks, or not so.
    Blank(bool),
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Constant {
    /// A truth value; 1 and "t" in a source are true.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text, compared exactly.
    Text(String),
}

impl Constant {
    fn equals(&self, value: &Value) -> bool {
        match self {
            Self::Bool(truth) => value::truth(value) == Some(*truth),
            Self::Integer(number) => value::integer(value) == Some(*number),
            Self::Text(text) => match value {
                Value::Text(other) => other == text,
                Value::List(items) => items.contains(text),
                _ => value::text(value).is_some_and(|other| other == *text),
            },
        }
    }
}

impl Condition {
    /// A condition that always holds.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// A condition that never holds.
    pub const fn never() -> Self {
        Self::Any(Vec::new())
    }

    /// Whether it holds for a row, whose columns `value` looks up.
    pub fn holds<'a>(&self, value: &dyn Fn(&Names) -> &'a Value) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(value)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(value)),
            Self::Not(condition) => !condition.holds(value),
            Self::Column { column, test } => test.passes(value(column)),
        }
    }

    /// The columns that it looks at, to be looked up or resolved.
    pub fn columns_mut(&mut self) -> Vec<&mut Names> {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                conditions.iter_mut().flat_map(Self::columns_mut).collect()
            }
            Self::Not(condition) => condition.columns_mut(),
            Self::Column { column, .. } => vec![column],
        }
    }

    /// Whether it always holds, whatever the row.
    pub fn is_always(&self) -> bool {
        *self == Self::always()
    }
}

impl Test {
    fn passes(&self, value: &Value) -> bool {
        match self {
            Self::OneOf(constants) => constants.iter().any(|constant| constant.equals(value)),
            Self::Null(wanted) => matches!(value, Value::Null) == *wanted,
            Self::Blank(wanted) => value::is_blank(value) == *wanted,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, conditions: &[Self], word: &str, empty: &str| {
            if conditions.is_empty() {
                return f.write_str(empty);
            }
            conditions.iter().enumerate().try_for_each(|(place, condition)| {
                let word = if place == 0 { "" } else { word };
                write!(f, "{word}{condition}")
            })
        };
        match self {
            Self::All(conditions) => list(f, conditions, " and ", "always"),
            Self::Any(conditions) => list(f, conditions, " or ", "never"),
            Self::Not(condition) => write!(f, "not ({condition})"),
            Self::Column { column, test: Test::Null(wanted) } => {
                write!(f, "{column} is {}NULL", if *wanted { "" } else { "not " })
            }
            Self::Column { column, test: Test::Blank(wanted) } => {
                write!(f, "{column} is {}blank", if *wanted { "" } else { "not " })
            }
            Self::Column { column, test: Test::OneOf(constants) } => {
                let texts: Vec<String> = constants.iter().map(ToString::to_string).collect();
                write!(f, "{column} is {}", texts.join(" or "))
            }
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// A condition as files have it: exactly one of `all`, `any`, `not`, or `column` with exactly one test.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column: Option<Names>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    equals: Option<Constant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    one_of: Option<Vec<Constant>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    null: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blank: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Box<Condition>>,
}

impl TryFrom<Written> for Condition {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { column, equals, one_of, null, blank, all, any, not } = written;
        let mut tests = [
            equals.map(|constant| Test::OneOf(vec![constant])),
            one_of.map(Test::OneOf),
            null.map(Test::Null),
            blank.map(Test::Blank),
        ]
        .into_iter()
        .flatten();
        match (column, tests.next(), tests.next(), all, any, not) {
            (Some(column), Some(test), None, None, None, None) => Ok(Self::Column { column, test }),
            (None, None, None, Some(conditions), None, None) => Ok(Self::All(conditions)),
            (None, None, None, None, Some(conditions), None) => Ok(Self::Any(conditions)),
            (None, None, None, None, None, Some(condition)) => Ok(Self::Not(condition)),
            (Some(_), None, None, None, None, None) => {
                Err("a condition on a column says one of `equals`, `one_of`, `null`, `blank`")
            }
            _ => Err("a condition is one of `all`, `any`, `not`, or `column` with one test"),
        }
    }
}

impl From<Condition> for Written {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::All(conditions) => Self { all: Some(conditions), ..Self::default() },
            Condition::Any(conditions) => Self { any: Some(conditions), ..Self::default() },
            Condition::Not(condition) => Self { not: Some(condition), ..Self::default() },
            Condition::Column { column, test } => {
                let mut written = Self { column: Some(column), ..Self::default() };
                match test {
                    Test::OneOf(mut constants) if constants.len() == 1 => written.equals = constants.pop(),
                    Test::OneOf(constants) => written.one_of = Some(constants),
                    Test::Null(wanted) => written.null = Some(wanted),
                    Test::Blank(wanted) => written.blank = Some(wanted),
                }
                written
            }
        }
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
