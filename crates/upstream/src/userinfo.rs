//! Claims from the userinfo endpoint (OpenID Connect Core 5.3), for providers that put none about people into ID tokens.

use oauth_core::secret::Secret;
use serde::Deserialize;

use crate::{
    carrier::Call,
    identity::{PersonClaims, UpstreamSubject},
};

/// The request.
pub fn request(url: &str, access_token: &Secret<String>) -> Call {
    let bearer = Secret::new(format!("Bearer {}", access_token.expose()));
    Call { authorization: Some(bearer), ..Call::get(url) }
}

/// Reads the answer. 5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token; if they
/// do not match, the UserInfo Response values MUST NOT be used."
pub(crate) fn parse(text: &str, subject: &UpstreamSubject) -> Option<PersonClaims> {
    #[derive(Deserialize)]
    struct Wire {
        sub: String,
        #[serde(flatten)]
        person: PersonClaims,
    }
    let wire: Wire = serde_json::from_str(text).ok()?;
    (wire.sub == subject.as_str()).then_some(wire.person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_about_somebody_else_are_not_used() {
        let alice = UpstreamSubject::parse("alice").unwrap();
        assert!(parse(r#"{"sub":"alice","email":"a@example.com"}"#, &alice).is_some());
        for other in [r#"{"sub":"mallory","email":"a@example.com"}"#, r#"{"email":"a@example.com"}"#, "eyJ.a.b", "[]"] {
            assert!(parse(other, &alice).is_none(), "{other}");
        }
    }
}
