//! Forms and queries (RFC 6749 3.1, 3.2, appendix B): what is read is what another reader reads, once.

use oauth_core::params::{MAX_BYTES, MAX_NAME, MAX_PARAMETERS, MAX_VALUE, Params};

/// The body of a token request.
pub fn token_form(data: &[u8]) {
    let Ok(params) = Params::parse_unrepeated(data) else { return };
    assert!(data.len() <= MAX_BYTES);
    let read: Vec<(&str, &str)> = params.iter().collect();
    let other: Vec<_> = form_urlencoded::parse(data).collect();
    assert_eq!(read.len(), other.len(), "as many parameters as another reader sees");
    assert!(read.len() <= MAX_PARAMETERS);
    for ((name, value), (other_name, other_value)) in read.iter().zip(&other) {
        assert_eq!((*name, *value), (other_name.as_ref(), other_value.as_ref()));
        assert!(name.len() <= MAX_NAME && value.len() <= MAX_VALUE);
        assert!(!value.contains('\0'), "a NUL would fail in a database");
        if *name != "resource" {
            assert_eq!(read.iter().filter(|(again, _)| again == name).count(), 1, "{name:?} came twice");
            assert_eq!(params.one(name), Some(*value).filter(|value| !value.is_empty()));
        }
    }
}
