//! Who somebody is, in the words of their provider.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::provider::{Provider, ProviderName, UpstreamIssuer};

/// The most groups of one person that are looked at.
const GROUPS: usize = 1_000;
/// The longest name of a group.
const GROUP: usize = 255;

/// A person at a provider, proven by an ID token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub provider: ProviderName,
    /// Its issuer; with the subject it names the person for good.
    pub issuer: UpstreamIssuer,
    /// The person there.
    pub subject: UpstreamSubject,
    /// The session there, if it is named.
    pub session: Option<String>,
    /// The address, and whether the provider says that it has verified it.
    pub email: Option<Email>,
    /// The full name.
    pub name: Option<String>,
    /// Groups: names or ids; none if the claim is absent.
    pub groups: Vec<String>,
}

/// An address as a provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The address.
    pub address: String,
    /// Whether the provider says that it is theirs.
    pub verified: bool,
}

/// A `sub`: 1 to 255 visible characters, and none of the words that stand for nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamSubject(String);

impl UpstreamSubject {
    /// Reads a subject, from a token or from a link that was stored. Programs that wrote `null` for "none" are known (S001-26).
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        let nothing = ["null", "undefined", "none", "nil", "nan", "00000000-0000-0000-0000-000000000000"];
        let fine =
            (1..=255).contains(&text.len()) && visible && !nothing.iter().any(|word| text.eq_ignore_ascii_case(word));
        fine.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The claims about a person, in an ID token or at the userinfo endpoint.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PersonClaims {
    email: Option<String>,
    email_verified: Option<Value>,
    name: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl PersonClaims {
    /// Whether what we want to know is all here.
    pub(crate) fn suffices(&self, provider: &Provider) -> bool {
        self.email.is_some() && self.others.contains_key(&provider.groups_claim)
    }

    /// The claims with those that `more` has besides. An address goes with its own verification, never with another's.
    pub(crate) fn with(mut self, more: Self) -> Self {
        if self.email.is_none() {
            (self.email, self.email_verified) = (more.email, more.email_verified);
        }
        self.name = self.name.or(more.name);
        for (name, value) in more.others {
            self.others.entry(name).or_insert(value);
        }
        self
    }

    /// The person.
    pub(crate) fn into_identity(
        self,
        provider: &Provider,
        subject: UpstreamSubject,
        session: Option<String>,
    ) -> Identity {
        // Some providers write the flag as text; nothing else than a clear yes is one.
        let verified = match &self.email_verified {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        let line = |text: &String| !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control);
        Identity {
            provider: provider.name.clone(),
            issuer: provider.issuer.clone(),
            subject,
            session,
            email: self.email.filter(line).map(|address| Email { address, verified }),
            name: self.name.filter(line),
            groups: groups(self.others.get(&provider.groups_claim)),
        }
    }
}

/// Names of groups: a list of texts, or one text.
fn groups(claim: Option<&Value>) -> Vec<String> {
    let listed = match claim {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::String(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let names = listed
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| !name.is_empty() && name.len() <= GROUP && !name.contains('\0'));
    names.take(GROUPS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::party::tests::provider;

    fn identity(claims: Value) -> Identity {
        let claims: PersonClaims = serde_json::from_value(claims).unwrap();
        claims.into_identity(&provider(), UpstreamSubject::parse("s").unwrap(), None)
    }

    #[test]
    fn only_a_clear_yes_verifies_an_address() {
        for (flag, verified) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("True"), false),
            (json!(1), false),
            (json!(["true"]), false),
            (Value::Null, false),
        ] {
            let email = identity(json!({ "email": "a@example.com", "email_verified": flag })).email.unwrap();
            assert_eq!(email.verified, verified, "{flag}");
        }
        assert!(!identity(json!({ "email": "a@example.com" })).email.unwrap().verified);
    }

    /// A verified address of one document must not lend its flag to another address.
    #[test]
    fn an_address_keeps_its_own_verification() {
        let of = |claims: Value| serde_json::from_value::<PersonClaims>(claims).unwrap();
        let token = of(json!({ "email": "victim@example.com" }));
        let more = of(json!({ "email": "own@example.com", "email_verified": true, "groups": ["a"] }));
        let both = token.with(more).into_identity(&provider(), UpstreamSubject::parse("s").unwrap(), None);
        assert_eq!(both.email, Some(Email { address: "victim@example.com".to_owned(), verified: false }));
        assert_eq!(both.groups, ["a"]);
    }

    #[test]
    fn groups_are_texts_and_bounded() {
        assert_eq!(identity(json!({ "groups": ["a", 1, "", { "b": 1 }, "c"] })).groups, ["a", "c"]);
        assert_eq!(identity(json!({ "groups": "a" })).groups, ["a"]);
        assert!(identity(json!({ "groups": { "a": 1 } })).groups.is_empty());
        let many: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
        assert_eq!(identity(json!({ "groups": many })).groups.len(), GROUPS);
    }

    #[test]
    fn a_word_for_nothing_is_no_subject() {
        for bad in [
            "",
            "null",
            "NULL",
            "undefined",
            "None",
            "a b",
            "a\n",
            "00000000-0000-0000-0000-000000000000",
            &"a".repeat(256),
        ] {
            assert!(UpstreamSubject::parse(bad).is_none(), "{bad:?}");
        }
        for good in ["a", "248289761001", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "auth0|x"] {
            assert!(UpstreamSubject::parse(good).is_some(), "{good}");
        }
    }
}
