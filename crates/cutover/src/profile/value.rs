//! What a value of a source may mean: truth, a number, a text.

use crate::source::Value;

/// Readers give this as the type of a text that is longer than any that means something, and do not read it.
pub const TOO_LONG: &str = "text of more than 40960 bytes";

/// Readers give this as the type of bytes that are no text.
pub const NOT_UTF8: &str = "bytes that are no UTF-8";

/// Longer texts are not read: 10,000 characters of four bytes fit.
pub const LONGEST: usize = 40 * 1024;

/// The bytes of a text column as a value: bounded, and UTF-8 or unreadable.
pub fn from_bytes(bytes: &[u8]) -> Value {
    if bytes.len() > LONGEST {
        return Value::Unreadable(TOO_LONG.to_owned());
    }
    std::str::from_utf8(bytes)
        .map_or_else(|_| Value::Unreadable(NOT_UTF8.to_owned()), |text| Value::Text(text.to_owned()))
}

/// The bytes of a column that holds bytes: text where they are printable ASCII, as hashes are, otherwise `\x` and hexadecimal
/// digits, as PostgreSQL writes them.
pub fn from_binary(bytes: &[u8]) -> Value {
    if bytes.len() > LONGEST / 2 {
        return Value::Unreadable(TOO_LONG.to_owned());
    }
    if bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return from_bytes(bytes);
    }
    Value::Text(bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}")))
}

/// The value as text, where it has one: what a key or a reference is compared by.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Time(at) => Some(at.to_rfc3339()),
        Value::List(_) | Value::Null | Value::Unreadable(_) => None,
    }
}

/// The value as a truth value, in the spellings of databases and exports.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "t" | "true" | "1" | "yes" | "y" | "on" => Some(true),
            "f" | "false" | "0" | "no" | "n" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The value as a whole number.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether nothing stands there: NULL, or text of blanks.
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hashes_in_columns_of_bytes_are_text_and_digests_are_not() {
        assert_eq!(from_binary(b"$2b$12$abc"), Value::Text("$2b$12$abc".to_owned()));
        assert_eq!(from_binary(&[0xff, 0x00]), Value::Text("\\xff00".to_owned()));
    }

    #[test]
    fn a_long_text_is_not_read() {
        assert!(matches!(from_bytes(&vec![b'a'; LONGEST]), Value::Text(_)));
        assert_eq!(from_bytes(&vec![b'a'; LONGEST + 1]), Value::Unreadable(TOO_LONG.to_owned()));
    }

    proptest! {
        #[test]
        fn bytes_are_text_or_unreadable(bytes: Vec<u8>) {
            match from_bytes(&bytes) {
                Value::Text(text) => prop_assert_eq!(text.as_bytes(), bytes.as_slice()),
                other => prop_assert_eq!(other, Value::Unreadable(NOT_UTF8.to_owned())),
            }
        }
    }
}
