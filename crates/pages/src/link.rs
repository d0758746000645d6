//! Addresses that come from clients, accepted only in forms that cannot run anything in our origin.

use std::fmt;

/// An https address that a client brought: its policy, its terms, its home page.
///
/// `javascript:` and every other scheme, credentials in the address, white space and control characters are refused, so it may stand in an `href`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpsLink<'a>(&'a str);

impl<'a> HttpsLink<'a> {
    /// Accepts an absolute https address.
    #[must_use]
    pub fn parse(address: &'a str) -> Option<Self> {
        let scheme = address.get(..8)?;
        let rest = address.get(8..)?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let clean =
            !address.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '"' | '<' | '>'));
        (scheme.eq_ignore_ascii_case("https://") && !authority.is_empty() && !authority.contains('@') && clean)
            .then_some(Self(address))
    }
}

impl fmt::Display for HttpsLink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Where a `form_post` response goes: the redirect URI of the request.
///
/// The engine has already matched it against the client's registration; this is the second lock, against schemes that would run in our origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormTarget<'a>(&'a str);

impl<'a> FormTarget<'a> {
    /// Accepts an absolute address of a scheme that does not stand for content of its own.
    #[must_use]
    pub fn parse(address: &'a str) -> Option<Self> {
        const REFUSED: [&str; 8] =
            ["javascript", "data", "vbscript", "blob", "about", "file", "filesystem", "view-source"];
        let (scheme, rest) = address.split_once(':')?;
        let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let refused = REFUSED.iter().any(|refused| scheme.eq_ignore_ascii_case(refused));
        let clean = !rest.is_empty() && !address.contains(|c: char| c.is_control() || c.is_whitespace());
        (named && !refused && clean).then_some(Self(address))
    }
}

impl fmt::Display for FormTarget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_become_links() {
        for good in
            ["https://example.com", "https://example.com/policy?a=b#c", "HTTPS://EXAMPLE.com/", "https://例え.jp/"]
        {
            assert!(HttpsLink::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https:///path",
            "http://example.com",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)//https://example.com",
            "data:text/html,<script>1</script>",
            "//example.com",
            "/relative",
            " https://example.com",
            "https://example.com/\n",
            "https://user:pass@evil.example",
            "https://example.com\\@evil.example",
            "https://example.com/\"onmouseover=",
            "java\tscript:alert(1)",
            "ä",
        ] {
            assert!(HttpsLink::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_form_never_goes_to_a_scheme_that_runs_here() {
        for good in ["https://app.example/cb", "http://127.0.0.1:9/cb", "com.example.app:/cb"] {
            assert!(FormTarget::parse(good).is_some(), "{good}");
        }
        for bad in
            ["javascript:alert(1)", "JAVASCRIPT:1", "data:text/html,x", "java\nscript:1", "/relative", "https:", "1a:b"]
        {
            assert!(FormTarget::parse(bad).is_none(), "{bad}");
        }
    }
}
