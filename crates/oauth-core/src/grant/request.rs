//! Token requests (RFC 6749 4.1.3, 4.4.2 and 6): one form for each grant.

use super::{client_credentials::ClientCredentialsRequest, code::PresentedVerifier};
use crate::{
    error::{GrantError, TokenError},
    legacy,
    params::Params,
    scope::ScopeSet,
    secret::Secret,
    token::OpaqueToken,
};

/// A request for tokens, read but not believed.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// `authorization_code`.
    AuthorizationCode(AuthorizationCodeRequest),
    /// `client_credentials`.
    ClientCredentials(ClientCredentialsRequest),
    /// `refresh_token`.
    RefreshToken(RefreshTokenRequest),
}

/// A code to be redeemed.
#[derive(Clone, Debug)]
pub struct AuthorizationCodeRequest {
    /// The code.
    pub code: OpaqueToken,
    /// Where the code was sent, if the client repeats it.
    pub redirect_uri: Option<String>,
    /// The proof of RFC 7636.
    pub verifier: PresentedVerifier,
    /// For which resources (RFC 8707).
    pub resources: Vec<String>,
}

/// A refresh token to be used.
#[derive(Clone, Debug)]
pub struct RefreshTokenRequest {
    /// The token.
    pub token: PresentedRefreshToken,
    /// Less scope than was granted, if the client wants that.
    pub scope: Option<ScopeSet>,
    /// For which resources (RFC 8707).
    pub resources: Vec<String>,
}

/// A refresh token of either contract; their forms tell them apart, and neither is ever taken for the other (C-03).
#[derive(Clone, Debug)]
pub enum PresentedRefreshToken {
    /// A token of the legacy contract: a JWT.
    Legacy(Secret<String>),
    /// A token of this server: an opaque value.
    OAuth(OpaqueToken),
}

impl PresentedRefreshToken {
    /// Reads the parameter.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        if legacy::is_jwt(text) {
            return Ok(Self::Legacy(Secret::new(text.to_owned())));
        }
        OpaqueToken::presented(text).map(Self::OAuth).ok_or(GrantError::UnknownRefreshToken)
    }
}

impl TokenRequest {
    /// Reads the parameters of a token request; unknown ones are ignored (RFC 6749 3.2).
    pub fn parse(params: &Params) -> Result<Self, TokenError> {
        params.refuse_repeated()?;
        match required(params, "grant_type")? {
            "authorization_code" => Ok(Self::AuthorizationCode(AuthorizationCodeRequest {
                code: OpaqueToken::presented(required(params, "code")?).ok_or(GrantError::UnknownCode)?,
                redirect_uri: params.one("redirect_uri").map(str::to_owned),
                verifier: PresentedVerifier::parse(params.one("code_verifier")),
                resources: resources(params),
            })),
            "client_credentials" => Ok(Self::ClientCredentials(ClientCredentialsRequest {
                scope: scope(params)?,
                resources: resources(params),
            })),
            "refresh_token" => Ok(Self::RefreshToken(RefreshTokenRequest {
                token: PresentedRefreshToken::parse(required(params, "refresh_token")?)?,
                scope: scope(params)?,
                resources: resources(params),
            })),
            _ => Err(TokenError::UnsupportedGrantType),
        }
    }

    /// The `grant_type`, for logs and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AuthorizationCode(_) => "authorization_code",
            Self::ClientCredentials(_) => "client_credentials",
            Self::RefreshToken(_) => "refresh_token",
        }
    }

    /// The legacy refresh token, if it carries one: its rule is the legacy contract's, and no client belongs beside it.
    pub fn legacy_refresh(&self) -> Option<&Secret<String>> {
        match self {
            Self::RefreshToken(RefreshTokenRequest { token: PresentedRefreshToken::Legacy(token), .. }) => Some(token),
            _ => None,
        }
    }
}

fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, TokenError> {
    params.one(name).ok_or(TokenError::Missing(name))
}

fn scope(params: &Params) -> Result<Option<ScopeSet>, TokenError> {
    params.one("scope").map(ScopeSet::parse).transpose().map_err(|_| TokenError::Scope)
}

fn resources(params: &Params) -> Vec<String> {
    params.many("resource").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<TokenRequest, TokenError> {
        TokenRequest::parse(&Params::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn each_grant_has_its_form() {
        for (body, kind) in [
            ("grant_type=authorization_code&code=c&code_verifier=v&unknown=1", "authorization_code"),
            ("grant_type=client_credentials&scope=read+write", "client_credentials"),
            ("grant_type=refresh_token&refresh_token=r&resource=a&resource=b", "refresh_token"),
        ] {
            assert_eq!(parse(body).unwrap().kind(), kind);
        }
    }

    /// RFC 6749 5.2.
    #[test]
    fn missing_repeated_and_unknown_things_are_told_apart() {
        assert!(matches!(parse("code=c"), Err(TokenError::Missing("grant_type"))));
        assert!(matches!(parse("grant_type=authorization_code"), Err(TokenError::Missing("code"))));
        assert!(matches!(parse("grant_type=refresh_token&refresh_token="), Err(TokenError::Missing("refresh_token"))));
        assert!(matches!(
            parse("grant_type=refresh_token&refresh_token=a&refresh_token=a"),
            Err(TokenError::Params(_))
        ));
        for other in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "Refresh_Token"] {
            assert!(matches!(parse(&format!("grant_type={other}")), Err(TokenError::UnsupportedGrantType)), "{other}");
        }
        assert!(matches!(parse("grant_type=client_credentials&scope=%22"), Err(TokenError::Scope)));
    }

    /// C-03.
    #[test]
    fn a_refresh_token_that_is_a_jwt_belongs_to_the_legacy_contract() {
        assert!(parse("grant_type=refresh_token&refresh_token=a.b.c").unwrap().legacy_refresh().is_some());
        for opaque in ["abc", "a.b", "a.b.c.d"] {
            let request = parse(&format!("grant_type=refresh_token&refresh_token={opaque}")).unwrap();
            assert!(request.legacy_refresh().is_none(), "{opaque}");
        }
    }
}
