//! What the client gets (RFC 6749 4.1.2, RFC 9207): by redirect, or by a form that the browser posts.

use form_urlencoded::Serializer;
use serde::{Deserialize, Serialize};

use super::error::RedirectError;
use crate::{redirect::TrustedRedirect, settings::Issuer, token::OpaqueToken};

/// `response_mode` (OAuth 2.0 Multiple Response Type Encoding Practices 2.1, OAuth 2.0 Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    /// A page of ours posts the fields.
    #[serde(rename = "f")]
    FormPost,
    /// The fields follow the redirect URI as its query.
    #[default]
    #[serde(rename = "q")]
    Query,
}

impl ResponseMode {
    /// All modes, as advertised.
    pub const ALL: [Self; 2] = [Self::Query, Self::FormPost];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FormPost => "form_post",
            Self::Query => "query",
        }
    }

    /// Reads the registered name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// An answer for the client, ready to go.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    /// Where it goes.
    pub to: TrustedRedirect,
    /// How it goes there.
    pub mode: ResponseMode,
    /// The fields, in order.
    pub fields: Vec<(&'static str, String)>,
}

impl AuthorizationResponse {
    /// The code for the client (RFC 6749 4.1.2).
    pub fn code(
        to: TrustedRedirect,
        mode: ResponseMode,
        state: Option<&str>,
        code: &OpaqueToken,
        issuer: &Issuer,
    ) -> Self {
        Self { to, mode, fields: vec![("code", code.expose().to_owned())] }.finish(state, issuer)
    }

    /// An error for the client (RFC 6749 4.1.2.1).
    pub fn error(error: &RedirectError, issuer: &Issuer) -> Self {
        let fields =
            vec![("error", error.problem.code().as_str().to_owned()), ("error_description", error.problem.to_string())];
        Self { to: error.to.clone(), mode: error.mode, fields }.finish(error.state.as_deref(), issuer)
    }

    /// `state` "REQUIRED if present in the request" (RFC 6749 4.1.2); `iss` in success and error responses (RFC 9207 2).
    fn finish(mut self, state: Option<&str>, issuer: &Issuer) -> Self {
        self.fields.extend(state.map(|state| ("state", state.to_owned())));
        self.fields.push(("iss", issuer.as_str().to_owned()));
        self
    }

    /// The URL to redirect to with 303 (RFC 9700 4.12: never 307) in mode query.
    pub fn location(&self) -> String {
        with_query(self.to.as_str(), &self.fields)
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for AuthorizationResponse {
    /// Names only: the code is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("AuthorizationResponse")
            .field("mode", &self.mode)
            .field("fields", &names)
            .finish_non_exhaustive()
    }
}

/// Adds fields to a redirect URI: its own query "MUST be retained when adding additional query parameters" (RFC 6749 3.1.2).
pub fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    if fields.is_empty() {
        return uri.to_owned();
    }
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let query = Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{uri}{separator}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorize::error::{Problem, Release},
        ids::ClientId,
    };

    #[test]
    fn a_query_of_the_redirect_uri_is_kept() {
        let fields = [("code", "a b".to_owned()), ("state", "x&y=z#".to_owned())];
        for (uri, sent) in [
            ("https://app.example/cb", "https://app.example/cb?code=a+b&state=x%26y%3Dz%23"),
            ("https://app.example/cb?a=1", "https://app.example/cb?a=1&code=a+b&state=x%26y%3Dz%23"),
            ("https://app.example/cb?", "https://app.example/cb?code=a+b&state=x%26y%3Dz%23"),
            ("https://app.example/cb?a=1&", "https://app.example/cb?a=1&code=a+b&state=x%26y%3Dz%23"),
            ("com.example.app:/cb", "com.example.app:/cb?code=a+b&state=x%26y%3Dz%23"),
        ] {
            assert_eq!(with_query(uri, &fields), sent);
        }
        assert_eq!(with_query("https://app.example/cb", &[]), "https://app.example/cb");
    }

    /// RFC 9207 2; SECURITY.md row 11.
    #[test]
    fn iss_and_state_come_with_codes_and_errors() {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let to = TrustedRedirect::new("https://app.example/cb".into());
        let code = OpaqueToken::presented("c0de").unwrap();
        let success = AuthorizationResponse::code(to.clone(), ResponseMode::FormPost, Some("s t"), &code, &issuer);
        let error = RedirectError {
            client: ClientId::parse("app").unwrap(),
            to,
            mode: ResponseMode::Query,
            state: Some("s t".into()),
            problem: Problem::Denied,
            release: Release::AfterSignIn,
        };
        let error = AuthorizationResponse::error(&error, &issuer);
        for response in [&success, &error] {
            assert_eq!(response.field("iss"), Some("https://auth.example.com"));
            assert_eq!(response.field("state"), Some("s t"));
        }
        assert_eq!(success.field("code"), Some("c0de"));
        assert_eq!(error.field("error"), Some("access_denied"));
        assert!(!format!("{success:?}").contains("c0de"));
    }
}
