//! The provider's answer that a browser brings along (RFC 6749 4.1.2, RFC 9207).

use oauth_core::{params::Params, secret::Secret, token::OpaqueToken};
use thiserror::Error;

use crate::{document::Metadata, provider::Provider};

/// What the browser brings.
#[derive(Debug)]
pub struct UpstreamResponse {
    /// Which sign-in it belongs to.
    pub state: OpaqueToken,
    /// Who says that it answers.
    issuer: Option<String>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Code(Secret<String>),
    Error(String),
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ResponseFault {
    /// The user or the provider said no.
    #[error("the sign-in was cancelled at the provider")]
    Cancelled,
    /// Another provider answered (RFC 9207 2.4), or none says who it is although it should.
    #[error("the answer does not come from the provider that was asked")]
    Issuer,
    /// No state, neither code nor error, or something twice.
    #[error("the answer is malformed")]
    Malformed,
    /// The provider says that something is wrong.
    #[error("the provider answered with an error")]
    Refused,
}

impl UpstreamResponse {
    /// Reads the parameters of the answer.
    pub fn read(params: &Params) -> Result<Self, ResponseFault> {
        if !params.repeated().is_empty() {
            return Err(ResponseFault::Malformed);
        }
        let state = params.one("state").and_then(OpaqueToken::presented).ok_or(ResponseFault::Malformed)?;
        let outcome = match (params.one("code"), params.one("error")) {
            (Some(code), None) if code.len() <= 4_096 => Outcome::Code(Secret::new(code.to_owned())),
            (None, Some(error)) => Outcome::Error(error.to_owned()),
            _ => return Err(ResponseFault::Malformed),
        };
        Ok(Self { state, issuer: params.one("iss").map(str::to_owned), outcome })
    }

    /// The code, if it comes from the provider that was asked. The issuer is judged first, for errors too: an answer from elsewhere says nothing.
    pub fn code(&self, provider: &Provider, metadata: &Metadata) -> Result<&Secret<String>, ResponseFault> {
        match &self.issuer {
            // RFC 9207 2.4: compared by simple string comparison, whether or not the metadata promise it.
            Some(issuer) if issuer != provider.issuer.as_str() => return Err(ResponseFault::Issuer),
            None if metadata.names_issuer => return Err(ResponseFault::Issuer),
            Some(_) | None => {}
        }
        match &self.outcome {
            Outcome::Code(code) => Ok(code),
            Outcome::Error(error) if is_a_no(error) => Err(ResponseFault::Cancelled),
            Outcome::Error(_) => Err(ResponseFault::Refused),
        }
    }

    /// The provider's error code, for the log: only what is harmless there.
    pub fn error(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Error(error) => {
                Some(error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect())
            }
            Outcome::Code(_) => None,
        }
    }
}

/// Errors that say no more than that nobody signed in (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6).
fn is_a_no(error: &str) -> bool {
    matches!(
        error,
        "access_denied" | "login_required" | "consent_required" | "interaction_required" | "account_selection_required"
    )
}

#[cfg(test)]
mod tests {
    use oauth_core::params::Params;

    use super::*;
    use crate::{party::tests::provider, provider::ClientProof};

    fn metadata(names_issuer: bool) -> Metadata {
        let document = crate::document::tests::document().to_string();
        let metadata = Metadata::parse(&document, &provider().issuer, &ClientProof::Nothing).unwrap();
        Metadata { names_issuer, ..metadata }
    }

    fn judge(query: &str, names_issuer: bool) -> Result<String, ResponseFault> {
        let response = UpstreamResponse::read(&Params::parse(query.as_bytes()).unwrap())?;
        response.code(&provider(), &metadata(names_issuer)).map(|code| code.expose().to_owned())
    }

    #[test]
    fn a_code_with_its_issuer_is_taken() {
        assert_eq!(judge("state=s&code=c&iss=https%3A%2F%2Fidp.example", true).unwrap(), "c");
        assert_eq!(judge("state=s&code=c", false).unwrap(), "c");
    }

    /// RFC 9207 2.4; SECURITY.md row 11.
    #[test]
    fn an_answer_of_another_provider_is_refused_even_if_it_is_an_error() {
        for names_issuer in [true, false] {
            for query in ["code=c", "error=access_denied"] {
                let query = format!("state=s&{query}&iss=https%3A%2F%2Fevil.example");
                assert_eq!(judge(&query, names_issuer), Err(ResponseFault::Issuer), "{query}");
            }
        }
        assert_eq!(judge("state=s&code=c", true), Err(ResponseFault::Issuer), "it promised to say who it is");
    }

    #[test]
    fn odd_answers_are_malformed() {
        for query in
            ["", "code=c", "state=s", "state=s&code=c&error=x", "state=s&state=t&code=c", "state=s&code=c&code=d"]
        {
            assert_eq!(judge(query, false), Err(ResponseFault::Malformed), "{query}");
        }
        let long = format!("state=s&code={}", "c".repeat(4_097));
        assert_eq!(judge(&long, false), Err(ResponseFault::Malformed));
    }

    #[test]
    fn a_no_is_told_from_an_error() {
        assert_eq!(judge("state=s&error=access_denied", false), Err(ResponseFault::Cancelled));
        assert_eq!(judge("state=s&error=server_error", false), Err(ResponseFault::Refused));
    }
}
