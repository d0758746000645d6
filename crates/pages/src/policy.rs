//! The Content Security Policy under which every page works (Content Security Policy Level 3).

use crate::link::FormTarget;

/// The value of the `Content-Security-Policy` header of a page.
///
/// `target` is the redirect URI of the request under way, if there is one: some browsers apply `form-action` also to the redirect that answers a
/// form, so the pages that end in a redirect to the application must name where it goes.
#[must_use]
pub fn content_security_policy(target: Option<FormTarget<'_>>) -> String {
    let target = target.map(source).map_or_else(String::new, |source| format!(" {source}"));
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'{target}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// The narrowest source that matches an address: its origin, or its scheme where the grammar of sources has no word for the host (private-use
/// schemes, IPv6 literals, names that are not ASCII).
fn source(target: FormTarget<'_>) -> String {
    let address = target.to_string();
    let (scheme, rest) = address.split_once(':').unwrap_or((&address, ""));
    let scheme = scheme.to_ascii_lowercase();
    let authority =
        rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#', '\\']).next()).unwrap_or_default();
    let plain = !authority.is_empty()
        && authority.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
    if matches!(scheme.as_str(), "http" | "https") && plain {
        format!("{scheme}://{authority}")
    } else {
        format!("{scheme}:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_becomes_its_origin_or_its_scheme_and_nothing_else() {
        for (address, expected) in [
            ("https://app.example/cb?x=1#y", "https://app.example"),
            ("HTTPS://app.example:8443", "https://app.example:8443"),
            ("http://127.0.0.1:51004/cb", "http://127.0.0.1:51004"),
            ("http://[::1]:51004/cb", "http:"),
            ("https://bücher.example/cb", "https:"),
            ("https://a.example;script-src/cb", "https:"),
            ("https://a.example,b/cb", "https:"),
            ("com.example.app:/cb", "com.example.app:"),
            ("com.example.app://host/cb", "com.example.app:"),
        ] {
            assert_eq!(source(FormTarget::parse(address).unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn nothing_inline_nothing_foreign_and_no_frame_is_allowed() {
        let policy = content_security_policy(FormTarget::parse("https://app.example/cb"));
        assert!(policy.contains("form-action 'self' https://app.example; "));
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
    }
}
