//! The letters that hashes are written in: numbers, hexadecimal, the kinds of base64, and the letters of crypt(3).
//!
//! Base64 is read with and without padding, and with bits in the last letter that mean nothing: the programs differ.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::Objection::{self, Malformed, TooCostly};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// A decimal number: no sign, no leading zero. What does not fit is too much of whatever it counts.
pub(crate) fn number(text: &str) -> Result<u64, Objection> {
    let plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !plain {
        return Err(Malformed);
    }
    text.parse().map_err(|_| TooCostly)
}

/// Base64 (RFC 4648 4).
pub(crate) fn base64(text: &str) -> Result<Vec<u8>, Objection> {
    STANDARD.decode(text).map_err(|_| Malformed)
}

/// Base64 without padding and with a dot in place of the plus sign, as Python's passlib writes it.
pub(crate) fn dotted_base64(text: &str) -> Result<Vec<u8>, Objection> {
    base64(&text.replace('.', "+"))
}

/// Hexadecimal in either case.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>, Objection> {
    if !text.len().is_multiple_of(2) {
        return Err(Malformed);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect::<Option<_>>().ok_or(Malformed)
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The value of a letter of crypt(3).
pub(crate) fn crypt_value(letter: u8) -> Option<u32> {
    CRYPT.iter().position(|candidate| *candidate == letter).and_then(|place| u32::try_from(place).ok())
}

/// The letter of crypt(3) for the lowest six bits.
pub(crate) fn crypt_letter(value: u32) -> char {
    let place = usize::try_from(value & 63).unwrap_or_default();
    CRYPT.get(place).copied().map(char::from).unwrap_or_default()
}

/// Whether the text consists of letters of crypt(3).
pub(crate) fn is_crypt(text: &str) -> bool {
    text.bytes().all(|byte| crypt_value(byte).is_some())
}

/// Bytes in letters of crypt(3): groups of three bytes, the lowest bits first.
pub(crate) fn to_crypt(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let value = group.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        (0..=group.len()).map(move |place| crypt_letter(value >> (6 * place))).collect::<Vec<_>>()
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// The bytes behind letters of crypt(3).
pub(crate) fn crypt(text: &str) -> Result<Vec<u8>, Objection> {
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let value = group.iter().rev().try_fold(0, |value, letter| Some(value << 6 | crypt_value(*letter)?));
        let value: u32 = value.ok_or(Malformed)?;
        if group.len() == 1 {
            return Err(Malformed);
        }
        bytes.extend(value.to_le_bytes().into_iter().take(group.len() - 1));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_crypt_read_back() {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37)).collect();
            assert_eq!(crypt(&to_crypt(&bytes)), Ok(bytes));
        }
        assert_eq!(crypt("a"), Err(Malformed));
        assert_eq!(crypt("ab!d"), Err(Malformed));
    }

    #[test]
    fn hexadecimal_is_read_in_either_case_and_in_pairs() {
        assert_eq!(hex("00fFA9"), Ok(vec![0, 255, 169]));
        assert_eq!(to_hex(&[0, 255, 169]), "00ffa9");
        for wrong in ["0", "0g", "+1", " 1", "0x"] {
            assert_eq!(hex(wrong), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("4096"), Ok(4096));
        for wrong in ["", "+1", "-1", "01", " 1", "1 ", "0x1"] {
            assert_eq!(number(wrong), Err(Malformed), "{wrong}");
        }
        assert_eq!(number("99999999999999999999999"), Err(TooCostly));
    }
}
