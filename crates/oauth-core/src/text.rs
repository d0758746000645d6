//! Text from outside: bounded, and without the characters that stores and headers refuse.

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
