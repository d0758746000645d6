//! A provider's metadata (OpenID Connect Discovery 3 and 4.3): what of it is used, and what it has to be.

use serde::Deserialize;
use thiserror::Error;
use url::Url;

use crate::provider::{ClientProof, UpstreamIssuer, is_safe};

/// Why metadata are not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentFault {
    /// An address that is missing, not https, or not one to send requests to.
    #[error("its {0} is missing or not an https address")]
    Address(&'static str),
    /// Another issuer (Discovery 4.3: "MUST exactly match").
    #[error("it calls itself another issuer than the one that is configured")]
    Issuer,
    /// Not a JSON object with these members.
    #[error("it is not a metadata document")]
    Malformed,
    /// It says that it does not do what we need.
    #[error("it does not support {0}")]
    Unsupported(&'static str),
}

/// The metadata that are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where codes are exchanged.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where more claims are.
    pub userinfo_endpoint: Option<String>,
    /// Where browsers are sent to sign out (OpenID Connect RP-Initiated Logout 2.1).
    pub end_session_endpoint: Option<String>,
    /// Whether every answer to a browser names the issuer (RFC 9207 3).
    pub names_issuer: bool,
}

#[derive(Deserialize)]
struct Wire {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    jwks_uri: Option<String>,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    response_types_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads metadata of `issuer`.
    pub fn parse(text: &str, issuer: &UpstreamIssuer, proof: &ClientProof) -> Result<Self, DocumentFault> {
        let wire: Wire = serde_json::from_str(text).map_err(|_| DocumentFault::Malformed)?;
        if wire.issuer != issuer.as_str() {
            return Err(DocumentFault::Issuer);
        }
        let lacks = |list: &Option<Vec<String>>, word: &str| {
            list.as_ref().is_some_and(|list| !list.iter().any(|own| own == word))
        };
        if lacks(&wire.response_types_supported, "code") {
            return Err(DocumentFault::Unsupported("the response type code"));
        }
        // Those who say nothing about PKCE mostly do it or ignore it; those who say something must say S256.
        if lacks(&wire.code_challenge_methods_supported, "S256") {
            return Err(DocumentFault::Unsupported("the code challenge method S256"));
        }
        if lacks(&wire.token_endpoint_auth_methods_supported, proof.name()) {
            return Err(DocumentFault::Unsupported(proof.name()));
        }
        Ok(Self {
            authorization_endpoint: address("authorization_endpoint", wire.authorization_endpoint)?,
            token_endpoint: address("token_endpoint", wire.token_endpoint)?,
            jwks_uri: address("jwks_uri", wire.jwks_uri)?,
            userinfo_endpoint: wire.userinfo_endpoint.map(|url| address("userinfo_endpoint", Some(url))).transpose()?,
            // Signing in does not hang on it: one that is no use is as good as none.
            end_session_endpoint: address("end_session_endpoint", wire.end_session_endpoint).ok(),
            names_issuer: wire.authorization_response_iss_parameter_supported,
        })
    }

    /// The origin to which pages may send a browser.
    pub fn authorization_origin(&self) -> Option<String> {
        Url::parse(&self.authorization_endpoint).ok().map(|url| url.origin().ascii_serialization())
    }
}

fn address(name: &'static str, text: Option<String>) -> Result<String, DocumentFault> {
    let text = text.filter(|text| text.len() <= 2_000).ok_or(DocumentFault::Address(name))?;
    let url = Url::parse(&text).map_err(|_| DocumentFault::Address(name))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // The parsed form, so that no two readers see different hosts in it.
    if plain && is_safe(&url) { Ok(url.into()) } else { Err(DocumentFault::Address(name)) }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn document() -> Value {
        json!({
            "issuer": "https://idp.example",
            "authorization_endpoint": "https://idp.example/authorize?v=2",
            "token_endpoint": "https://idp.example/token",
            "jwks_uri": "https://keys.example/jwks",
            "userinfo_endpoint": "https://idp.example/me",
            "end_session_endpoint": "https://idp.example/end?v=2",
            "response_types_supported": ["code"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn parse(change: impl FnOnce(&mut Value)) -> Result<Metadata, DocumentFault> {
        let mut document = document();
        change(&mut document);
        let issuer = UpstreamIssuer::parse("https://idp.example").unwrap();
        Metadata::parse(&document.to_string(), &issuer, &ClientProof::Nothing)
    }

    #[test]
    fn a_proper_document_is_read() {
        let metadata = parse(|_| ()).unwrap();
        assert_eq!(metadata.authorization_endpoint, "https://idp.example/authorize?v=2");
        assert_eq!(metadata.authorization_origin().as_deref(), Some("https://idp.example"));
        assert!(metadata.names_issuer);
    }

    /// Nobody is sent anywhere else than where it is safe, and nobody is kept from signing in by it.
    #[test]
    fn an_address_to_sign_out_at_that_is_no_use_is_none() {
        let end = |change: Value| parse(|it| it["end_session_endpoint"] = change).unwrap().end_session_endpoint;
        assert_eq!(end(json!("https://idp.example/end")).as_deref(), Some("https://idp.example/end"));
        for bad in [Value::Null, json!("http://idp.example/end"), json!("javascript:1"), json!("/end")] {
            assert_eq!(end(bad.clone()), None, "{bad}");
        }
    }

    /// OpenID Connect Discovery 4.3.
    #[test]
    fn the_issuer_must_match_to_the_letter() {
        for other in ["https://idp.example/", "https://IDP.example", "https://evil.example", ""] {
            assert_eq!(parse(|it| it["issuer"] = json!(other)).unwrap_err(), DocumentFault::Issuer, "{other}");
        }
    }

    /// SECURITY.md row 28: a document does not lead anywhere else than to the internet, by TLS.
    #[test]
    fn addresses_are_https() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for bad in [
                "http://idp.example/x",
                "file:///etc/passwd",
                "https://u:p@idp.example/x",
                "//idp.example",
                "javascript:1",
                "https://idp.example/#f",
            ] {
                assert_eq!(
                    parse(|it| it[name] = json!(bad)).unwrap_err(),
                    DocumentFault::Address(name),
                    "{name} {bad}"
                );
            }
        }
        assert!(parse(|it| it["token_endpoint"] = Value::Null).is_err());
        assert_eq!(parse(|it| it["userinfo_endpoint"] = Value::Null).unwrap().userinfo_endpoint, None);
    }

    #[test]
    fn what_it_says_it_cannot_do_is_not_asked_of_it() {
        for (name, list) in [
            ("response_types_supported", json!(["id_token"])),
            ("code_challenge_methods_supported", json!(["plain"])),
            ("token_endpoint_auth_methods_supported", json!(["client_secret_basic"])),
        ] {
            assert!(matches!(parse(|it| it[name] = list.clone()), Err(DocumentFault::Unsupported(_))), "{name}");
        }
        for text in ["", "[]", "null", "{}"] {
            let issuer = UpstreamIssuer::parse("https://idp.example").unwrap();
            assert_eq!(Metadata::parse(text, &issuer, &ClientProof::Nothing), Err(DocumentFault::Malformed));
        }
    }
}
