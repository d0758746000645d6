//! Text from outside: bounded, and without the characters that stores and headers refuse.

use std::borrow::Cow;

use thiserror::Error;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// A NUL or another control character.
    #[error("contains a control character")]
    Control,
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// More bytes than allowed.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
}

/// Checks a single-line text: not empty, at most `max` bytes, no control characters.
pub fn line(text: &str, max: usize) -> Result<&str, TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    opaque(text, max)
}

/// Checks an opaque value that may be empty: at most `max` bytes, no control characters.
pub fn opaque(text: &str, max: usize) -> Result<&str, TextError> {
    if text.len() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(text)
}

/// Whether a character ends a line or turns the direction of writing, and is no control character by its kind.
///
/// Behind one of them a text reads otherwise than it is, and so does what stands beside it.
pub const fn is_mark_of_layout(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a character could steer a terminal, or make a line read as another one.
pub fn steers(c: char) -> bool {
    c.is_control() || is_mark_of_layout(c)
}

/// Text as it may be printed: what came from outside may hold characters that steer a terminal, those that JSON leaves as they are among
/// them (DEL, C1, marks of direction). They are written as JSON writes others, so that JSON stays JSON and means the same. Ends of lines and
/// tabs stay.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| steers(c) && !matches!(c, '\n' | '\t');
    // Nearly all of what is printed is plain, and may be megabytes: many bytes are looked at at once.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().fold(true, |so_far, byte| so_far & is_plain(byte)) || !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let written = |c: char| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Cow::Owned(text.chars().map(written).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_steers_nothing_and_json_stays_json() {
        assert_eq!(harmless("a\u{1b}]0;x\u{7}\r\nb\tc"), "a\\u001b]0;x\\u0007\\u000d\nb\tc");
        assert!(matches!(harmless("plain \u{2588} text, שלום"), Cow::Borrowed(_)));
        let name = serde_json::json!({ "name": "a\u{9b}31mb\u{7f}c\u{202e}d\u{2028}e\u{2066}f\u{feff}" });
        let printed = harmless(&name.to_string()).into_owned();
        assert!(!printed.contains(steers), "{printed:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), name);
    }
}
