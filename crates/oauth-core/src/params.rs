//! Request parameters in `application/x-www-form-urlencoded` (RFC 6749 3.1, 3.2 and appendix B), for bodies and queries alike.
//!
//! Read by hand and strictly: what cannot be decoded is an error and never replaced, so that no two parties can read one
//! request in two ways.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::text;

/// The most bytes that a query or body of parameters may have.
pub const MAX_BYTES: usize = 64 * 1024;
/// The most parameters in one request.
pub const MAX_PARAMETERS: usize = 64;
/// The longest name of a parameter, in bytes.
pub const MAX_NAME: usize = 128;
/// The longest value of a parameter, in bytes, decoded; a signed assertion fits.
pub const MAX_VALUE: usize = 8 * 1024;

/// Parameters that may come more than once: RFC 8707 2 says so for `resource`.
const REPEATABLE: &str = "resource";

/// Why a text cannot be read as parameters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParamError {
    /// A value with a NUL or another control character.
    #[error("a parameter holds a control character")]
    Control,
    /// A broken percent sequence, or bytes that are not UTF-8.
    #[error("the parameters are not encoded as application/x-www-form-urlencoded in UTF-8")]
    Encoding,
    /// A parameter came twice (RFC 6749 3.1, 3.2); the name is told where it is harmless.
    #[error("the parameter {0} is repeated")]
    Repeated(String),
    /// A name, a value or the whole is too long.
    #[error("a parameter is too long")]
    TooLong,
    /// More than [`MAX_PARAMETERS`].
    #[error("there are too many parameters")]
    TooMany,
}

/// The parameters of one request: bounded, decoded, wiped on drop.
#[derive(Clone, Default)]
pub struct Params {
    pairs: Vec<(String, Zeroizing<String>)>,
    repeated: Vec<String>,
}

impl Params {
    /// Reads a query or body; repeated parameters are kept in [`repeated`](Self::repeated) for the caller to judge.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParamError> {
        if bytes.len() > MAX_BYTES {
            return Err(ParamError::TooLong);
        }
        let mut params = Self::default();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default(), MAX_NAME)?;
            let value = decode(halves.next().unwrap_or_default(), MAX_VALUE)?;
            params.push(name, value)?;
        }
        Ok(params)
    }

    /// Reads a query or body in which nothing may be repeated (RFC 6749 3.2): the token, revocation and introspection endpoints.
    pub fn parse_unrepeated(bytes: &[u8]) -> Result<Self, ParamError> {
        let params = Self::parse(bytes)?;
        params.refuse_repeated()?;
        Ok(params)
    }

    /// Takes names and values that were decoded elsewhere (a JSON body), under the same bounds.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ParamError> {
        let mut params = Self::default();
        for (name, value) in pairs {
            if name.len() > MAX_NAME || value.len() > MAX_VALUE {
                return Err(ParamError::TooLong);
            }
            params.push(Zeroizing::new(name.to_owned()), Zeroizing::new(value.to_owned()))?;
        }
        Ok(params)
    }

    /// The value of that name; "parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 3.1, 3.2).
    ///
    /// Of a repeated parameter this is the first value: callers that go on must have looked at [`repeated`](Self::repeated).
    pub fn one(&self, name: &str) -> Option<&str> {
        self.many(name).next()
    }

    /// All values of that name that are not empty, in order.
    pub fn many<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The names that came more than once, `resource` excepted, each named once.
    pub fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// Refuses repeated parameters (RFC 6749 3.1 and 3.2: "MUST NOT be included more than once").
    pub fn refuse_repeated(&self) -> Result<(), ParamError> {
        match self.repeated.first() {
            Some(name) => Err(ParamError::Repeated(harmless(name))),
            None => Ok(()),
        }
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Names and values in order, empty values included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn push(&mut self, name: Zeroizing<String>, value: Zeroizing<String>) -> Result<(), ParamError> {
        if self.pairs.len() >= MAX_PARAMETERS {
            return Err(ParamError::TooMany);
        }
        if text::opaque(&name, MAX_NAME).is_err() || text::opaque(&value, MAX_VALUE).is_err() {
            return Err(ParamError::Control);
        }
        // An empty value counts too: which of the two a proxy in front would have taken is not known.
        let seen = self.pairs.iter().any(|(own, _)| *own == *name);
        if seen && *name != REPEATABLE && !self.repeated.contains(&*name) {
            self.repeated.push(name.to_string());
        }
        self.pairs.push((name.to_string(), value));
        Ok(())
    }
}

impl fmt::Debug for Params {
    /// Names only: values are secrets, codes and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// Decodes one name or value: `+` is a space, a percent sign starts exactly two hexadecimal digits, the result is UTF-8.
pub(crate) fn decode(bytes: &[u8], max: usize) -> Result<Zeroizing<String>, ParamError> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => high * 16 + low,
                _ => return Err(ParamError::Encoding),
            },
            byte => *byte,
        });
    }
    if decoded.len() > max {
        return Err(ParamError::TooLong);
    }
    String::from_utf8(std::mem::take(&mut *decoded)).map(Zeroizing::new).map_err(|_| ParamError::Encoding)
}

fn hex(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A name as it may stand in an answer: an unknown one could be anything.
fn harmless(name: &str) -> String {
    let plain = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { name.to_owned() } else { "of that name".to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_decoded_as_forms_are() {
        let params = Params::parse(b"a=1+2%2B3&b=%C3%A9&c&=x&&resource=https%3A%2F%2Fa&resource=b").unwrap();
        assert_eq!(params.one("a"), Some("1 2+3"));
        assert_eq!(params.one("b"), Some("é"));
        assert_eq!(params.many("resource").collect::<Vec<_>>(), ["https://a", "b"]);
        assert!(params.repeated().is_empty());
    }

    /// RFC 6749 3.1 and 3.2.
    #[test]
    fn a_parameter_without_a_value_counts_as_absent() {
        let params = Params::parse(b"state=&scope").unwrap();
        assert_eq!((params.one("state"), params.one("scope")), (None, None));
    }

    /// RFC 6749 3.1 and 3.2; SECURITY.md row 5.
    #[test]
    fn a_repeated_parameter_is_refused_by_name() {
        for text in ["client_id=a&client_id=a", "client_id=&client_id=a", "client%5Fid=a&client_id=b"] {
            let params = Params::parse(text.as_bytes()).unwrap();
            assert_eq!(params.repeated(), ["client_id"], "{text}");
            let refused = Params::parse_unrepeated(text.as_bytes()).unwrap_err();
            assert_eq!(refused.to_string(), "the parameter client_id is repeated", "{text}");
        }
        let strange = Params::parse_unrepeated(b"a%22b=1&a%22b=2").unwrap_err();
        assert_eq!(strange, ParamError::Repeated("of that name".into()));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused_and_not_replaced() {
        for text in ["a=%zz", "a=%f", "a=%", "%=a", "a=%ff", "a=%C3", "a=%+1"] {
            assert_eq!(Params::parse(text.as_bytes()).unwrap_err(), ParamError::Encoding, "{text}");
        }
        assert_eq!(Params::parse(b"a=\xff").unwrap_err(), ParamError::Encoding);
    }

    /// SECURITY.md row 51.
    #[test]
    fn control_characters_are_refused() {
        for text in ["a=%00", "a=x%0Ay", "a%00=x", "a=%7F", "a=%C2%80"] {
            assert_eq!(Params::parse(text.as_bytes()).unwrap_err(), ParamError::Control, "{text}");
        }
    }

    /// SECURITY.md row 52.
    #[test]
    fn counts_and_sizes_are_bounded() {
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Params::parse(many(MAX_PARAMETERS).as_bytes()).is_ok());
        assert_eq!(Params::parse(many(MAX_PARAMETERS + 1).as_bytes()).unwrap_err(), ParamError::TooMany);
        let long = |size: usize| format!("a={}", "x".repeat(size));
        assert!(Params::parse(long(MAX_VALUE).as_bytes()).is_ok());
        assert_eq!(Params::parse(long(MAX_VALUE + 1).as_bytes()).unwrap_err(), ParamError::TooLong);
        assert_eq!(Params::parse(&vec![b'&'; MAX_BYTES + 1]).unwrap_err(), ParamError::TooLong);
        assert_eq!(
            Params::parse(format!("{}=1", "n".repeat(MAX_NAME + 1)).as_bytes()).unwrap_err(),
            ParamError::TooLong
        );
    }

    #[test]
    fn debug_output_holds_no_values() {
        assert_eq!(format!("{:?}", Params::parse(b"client_secret=hunter2").unwrap()), "{\"client_secret\"}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(params) = Params::parse(&bytes) {
                prop_assert!(params.iter().all(|(name, value)| !name.contains('\0') && !value.contains('\0')));
            }
        }

        #[test]
        fn what_a_form_encoder_writes_is_read_back(pairs in proptest::collection::vec(("[a-z]{1,8}", "\\PC{0,40}"), 0..20)) {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let clean = pairs.iter().all(|(_, value)| !value.chars().any(char::is_control));
            prop_assume!(clean);
            let params = Params::parse(text.as_bytes()).unwrap();
            let read: Vec<_> = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(read, pairs);
        }
    }
}
