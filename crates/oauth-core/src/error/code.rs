//! The error codes that leave the server, each with the section that defines it.

use std::fmt;

macro_rules! error_codes {
    ($($name:ident = $text:literal, $section:literal, $doc:literal;)+) => {
        /// An error code of OAuth or OpenID Connect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $text, "` (", $section, "): ", $doc)] $name,)+
        }

        impl ErrorCode {
            /// All codes, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as clients read it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The specification and section that define it.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)+ }
            }

            /// When it is answered, for the reference.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }
        }
    };
}

error_codes! {
    AccessDenied = "access_denied", "RFC 6749 4.1.2.1", "The user, or the server on the user's behalf, refused the request.";
    AccountSelectionRequired = "account_selection_required", "OpenID Connect Core 3.1.2.6", "The user has to choose an account, and the request allows no page.";
    ConsentRequired = "consent_required", "OpenID Connect Core 3.1.2.6", "The user has to consent, and the request allows no page.";
    Gone = "gone", "legacy contract", "The door was closed at the end of the migration; Link names the metadata of its successor.";
    InsufficientAuthorization = "insufficient_authorization", "draft-ietf-oauth-first-party-apps 5.2.2", "The user has to prove who they are; auth_session continues the request.";
    InsufficientScope = "insufficient_scope", "RFC 6750 3.1", "The access token does not carry the scope that the resource demands.";
    InteractionRequired = "interaction_required", "OpenID Connect Core 3.1.2.6", "The user has to do something, and the request allows no page.";
    InvalidClient = "invalid_client", "RFC 6749 5.2", "The client is unknown, or did not prove who it is.";
    InvalidClientMetadata = "invalid_client_metadata", "RFC 7591 3.2.2", "A member of a client registration is refused.";
    InvalidGrant = "invalid_grant", "RFC 6749 5.2", "The code, refresh token or password is wrong, expired, revoked, used up or belongs to another client.";
    InvalidRedirectUri = "invalid_redirect_uri", "RFC 7591 3.2.2", "A redirect URI of a client registration is refused.";
    InvalidRequest = "invalid_request", "RFC 6749 4.1.2.1 and 5.2", "A parameter is missing, malformed or repeated.";
    InvalidScope = "invalid_scope", "RFC 6749 4.1.2.1 and 5.2", "The scope is unknown, malformed or more than what was granted.";
    InvalidSession = "invalid_session", "draft-ietf-oauth-first-party-apps 5.2.2", "The auth_session is over, unknown or another client's.";
    InvalidTarget = "invalid_target", "RFC 8707 2", "The resource is malformed or not one of the client's audiences.";
    InvalidToken = "invalid_token", "RFC 6750 3.1", "The access token is malformed, expired, revoked or meant for somebody else.";
    LoginRequired = "login_required", "OpenID Connect Core 3.1.2.6", "The user has to sign in, and the request allows no page.";
    MailUnavailable = "mail_unavailable", "legacy contract", "This installation sends no mail.";
    RedirectToWeb = "redirect_to_web", "draft-ietf-oauth-first-party-apps 5.2.2", "The request goes on in the browser only.";
    RegistrationDisabled = "registration_disabled", "legacy contract", "This installation does not let people create accounts.";
    RegistrationNotSupported = "registration_not_supported", "OpenID Connect Core 3.1.2.6", "The parameter registration is not supported.";
    RequestNotSupported = "request_not_supported", "OpenID Connect Core 3.1.2.6", "The parameter request is not supported.";
    RequestUriNotSupported = "request_uri_not_supported", "OpenID Connect Core 3.1.2.6", "The parameter request_uri is not supported.";
    ServerError = "server_error", "RFC 6749 4.1.2.1", "The server met a condition that it did not expect.";
    TemporarilyUnavailable = "temporarily_unavailable", "RFC 6749 4.1.2.1", "The server cannot answer for now; Retry-After says when to come back.";
    TooManyRequests = "too_many_requests", "legacy contract", "Too many attempts; Retry-After says when to come back.";
    UnauthorizedClient = "unauthorized_client", "RFC 6749 4.1.2.1 and 5.2", "The client may not use this grant or response type.";
    UnsupportedGrantType = "unsupported_grant_type", "RFC 6749 5.2", "The grant_type is not one of this server.";
    UnsupportedResponseType = "unsupported_response_type", "RFC 6749 4.1.2.1", "The response_type is not one of this server.";
    UnsupportedTokenType = "unsupported_token_type", "RFC 7009 2.2.1", "The server does not revoke tokens of this kind.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The rows of the error reference: code, section and meaning.
pub fn reference() -> Vec<(&'static str, &'static str, &'static str)> {
    ErrorCode::ALL.iter().map(|code| (code.as_str(), code.section(), code.doc())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 appendix A.7 and A.8: what an error and its description may hold.
    #[test]
    fn codes_are_sorted_and_hold_only_what_rfc_6749_allows() {
        let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(codes.is_sorted(), "{codes:?}");
        for (code, section, doc) in reference() {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            assert!(!section.is_empty() && doc.ends_with('.'), "{code}");
        }
    }
}
