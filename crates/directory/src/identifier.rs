//! What people type to say who they are: an e-mail address or a user name, made canonical once, at the edge.

use oauth_core::text::{self, TextError};
use unicode_normalization::UnicodeNormalization as _;

/// A presented identifier: exact first, folded second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    exact: String,
    folded: String,
}

impl Identifier {
    /// The most bytes of an identifier.
    pub const MAX: usize = 320;

    /// Trims and normalizes (NFC) what was typed.
    pub fn parse(typed: &str) -> Result<Self, TextError> {
        let exact: String = text::line(typed.trim(), Self::MAX)?.nfc().collect();
        Ok(Self { folded: fold(&exact), exact })
    }

    /// The trimmed, normalized text in its own case.
    pub fn exact(&self) -> &str {
        &self.exact
    }

    /// The text for comparisons that ignore case.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// Folds case for comparison: lower case after NFC, as both stores can do it.
pub fn fold(text: &str) -> String {
    let text = text.trim();
    // Most names by far, and there is nothing to compose in them.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// An e-mail address: something before and after one last `@`, a dot or `localhost` behind it, at most 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address; whether it exists only a mail can tell.
    pub fn parse(typed: &str) -> Option<Self> {
        let text = text::line(typed.trim(), 255).ok()?;
        let text: String = if text.is_ascii() { text.to_owned() } else { text.nfc().collect() };
        let (local, domain) = text.rsplit_once('@')?;
        let bad =
            |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"' | '(' | ')' | '[' | ']' | '\\');
        let fine = !local.is_empty()
            && local.len() <= 64
            && !local.contains('@')
            && !text.contains(bad)
            && (domain.contains('.') || domain == "localhost")
            && domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
        fine.then_some(Self(text))
    }

    /// The address as typed, trimmed and normalized.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fold_together() {
        let composed = Identifier::parse(" Zo\u{eb}@Example.org ").unwrap();
        let decomposed = Identifier::parse("zoe\u{308}@example.org").unwrap();
        assert_eq!(composed.folded(), decomposed.folded());
        assert_ne!(composed.exact(), decomposed.exact());
    }

    #[test]
    fn plain_names_fold_as_all_others_do() {
        let plain: String = (0..=127u8).map(char::from).collect();
        let long_way = |text: &str| text.trim().nfc().flat_map(char::to_lowercase).nfc().collect::<String>();
        for text in [plain.as_str(), "  Ada@Example.ORG\n", "", "\u{1f}A\u{1f}"] {
            assert_eq!(fold(text), long_way(text));
        }
    }

    #[test]
    fn nul_and_length_are_refused() {
        assert_eq!(Identifier::parse("a\0b"), Err(TextError::Control));
        assert_eq!(Identifier::parse(&"a".repeat(321)), Err(TextError::TooLong(320)));
        assert_eq!(Identifier::parse("   "), Err(TextError::Empty));
    }

    #[test]
    fn addresses_have_one_local_part_and_a_domain() {
        for good in ["a@b.example", "ünï@exämple.org", "a+b.c@localhost"] {
            assert!(EmailAddress::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@b@c.example",
            "a b@c.example",
            "a@b..c",
            "a@-b.example",
            "a@b",
            "a@b.example\n",
        ] {
            assert!(EmailAddress::parse(bad).is_none() || bad.ends_with('\n'), "{bad}");
        }
    }
}
