//! Access tokens: the JWT profile of RFC 9068, with nothing personal beyond `sub`.
//!
//! Roles, groups and tenant stand in the token only with the scope `groups`. The private claim `gid` names the grant, so that
//! introspection, userinfo and administration can ask the store whether it still stands.

use serde::{Deserialize, Serialize};

use super::{TokenFault, audience::Audience, compact, compact::Compact, date::NumericDate};
use crate::{
    crypto::{CryptoError, Signer, VerifierSet},
    ids::{AccessTokenId, ClientId, GrantId, KeyId, UserId},
    scope::ScopeSet,
    settings::Issuer,
    subject::Subject,
    time::Timestamp,
};

/// The `typ` of access tokens (RFC 9068 2.1).
const KIND: &str = "at+jwt";

/// The claims of RFC 9068 2.2, in the order in which they are written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The account, or the client itself where no user is involved (RFC 9068 2.2).
    pub sub: String,
    /// The resources that may accept it.
    pub aud: Audience,
    /// To whom it was issued.
    pub client_id: ClientId,
    /// When it was issued.
    pub iat: NumericDate,
    /// When it ends.
    pub exp: NumericDate,
    /// Its own id.
    pub jti: AccessTokenId,
    /// What it allows; absent where it allows nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// When the user signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<NumericDate>,
    /// The grant that it hangs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<GrantId>,
    /// Claims of the scope `groups`.
    #[serde(flatten)]
    pub membership: Membership,
}

/// What the scope `groups` adds (RFC 9068 2.2.3.1 for roles and groups).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The account's roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The account's groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// The short name of the account's tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl Membership {
    /// What a token of this scope tells of the account.
    pub fn of(subject: &Subject, scope: &ScopeSet) -> Self {
        if !scope.contains(ScopeSet::GROUPS) {
            return Self::default();
        }
        Self {
            roles: Some(subject.roles.clone()),
            groups: Some(subject.groups.clone()),
            tenant: subject.tenant.as_ref().map(|tenant| tenant.slug.clone()),
        }
    }
}

impl AccessClaims {
    /// Signs the claims.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, CryptoError> {
        compact::sign(signer, KIND, self)
    }
}

/// On whose behalf an access token acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// On the client's own: client_credentials.
    Client,
    /// On a user's, by a grant.
    User {
        /// The account.
        user: UserId,
        /// The grant.
        grant: GrantId,
    },
}

/// One of our own access tokens, verified but for its expiry and for what the store knows of it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// Its id.
    pub jti: AccessTokenId,
    /// To whom it was issued.
    pub client: ClientId,
    /// Its `sub`.
    pub subject: String,
    /// On whose behalf it acts.
    pub holder: Holder,
    /// What it allows.
    pub scope: ScopeSet,
    /// Who may accept it.
    pub audience: Audience,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When the user signed in.
    pub authenticated_at: Option<Timestamp>,
    /// The key that signed it.
    pub key: KeyId,
}

impl AccessToken {
    /// Verifies a token of our own (RFC 9068 4): kind, key, signature, issuer and claims. Expiry is [`is_current`](Self::is_current),
    /// asked at every use.
    pub fn verify(text: &str, keys: &VerifierSet, issuer: &Issuer) -> Result<Self, TokenFault> {
        let compact = Compact::parse(text)?;
        // RFC 9068 4: "The resource server MUST verify that the 'typ' header value is 'at+jwt'"; RFC 8725 3.11.
        if !compact.is_kind(&[KIND]) {
            return Err(TokenFault::Kind);
        }
        // Our own tokens always name their key.
        let key = compact.key_id().map(|id| KeyId(id.to_owned())).ok_or(TokenFault::Malformed)?;
        compact.verify(keys)?;
        let claims: AccessClaims = compact.claims()?;
        if claims.iss != issuer.as_str() {
            return Err(TokenFault::Issuer);
        }
        let holder = match claims.gid {
            Some(grant) => Holder::User { user: UserId::parse(&claims.sub).ok_or(TokenFault::Claim("sub"))?, grant },
            None if claims.sub == claims.client_id.as_str() => Holder::Client,
            None => return Err(TokenFault::Claim("gid")),
        };
        Ok(Self {
            jti: claims.jti,
            client: claims.client_id,
            subject: claims.sub,
            holder,
            scope: ScopeSet::parse(&claims.scope).map_err(|_| TokenFault::Claim("scope"))?,
            audience: claims.aud,
            issued_at: claims.iat.timestamp(),
            expires_at: claims.exp.timestamp(),
            authenticated_at: claims.auth_time.map(NumericDate::timestamp),
            key,
        })
    }

    /// RFC 7519 4.1.4: "on or after" the `exp` it is not accepted.
    pub fn is_current(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        crypto::Algorithm,
        testing::{FakeKey, issuer, keys_of},
    };

    const USER: &str = "018f4c1e-0000-7000-8000-000000000001";
    const GRANT: &str = "018f4c1e-0000-7000-8000-000000000002";

    fn claims() -> Value {
        json!({
            "iss": "https://auth.example.com", "sub": USER, "aud": "https://api.example.com", "client_id": "app",
            "iat": 1_700_000_000, "exp": 1_700_001_800, "jti": "018f4c1e-0000-7000-8000-000000000003",
            "scope": "read openid", "auth_time": 1_699_999_000, "gid": GRANT
        })
    }

    fn verify(typ: &str, claims: &Value) -> Result<AccessToken, TokenFault> {
        let key = FakeKey::new("k1", Algorithm::ES256);
        AccessToken::verify(&compact::sign(&key, typ, claims).unwrap(), &keys_of(&[&key]), &issuer())
    }

    #[test]
    fn our_own_token_verifies() {
        let token = verify("at+jwt", &claims()).unwrap();
        assert_eq!(
            token.holder,
            Holder::User { user: UserId::parse(USER).unwrap(), grant: GrantId::parse(GRANT).unwrap() }
        );
        assert_eq!(token.scope.to_string(), "read openid");
        assert!(token.is_current(Timestamp::from_seconds(1_700_001_799)));
        assert!(!token.is_current(Timestamp::from_seconds(1_700_001_800)), "RFC 7519 4.1.4: on the exp it is over");
    }

    /// RFC 9068 4, RFC 8725 3.11; SECURITY.md row 23.
    #[test]
    fn other_kinds_of_our_tokens_are_no_access_tokens() {
        for typ in ["JWT", "logout+jwt", "client-authentication+jwt", ""] {
            assert_eq!(verify(typ, &claims()).unwrap_err(), TokenFault::Kind, "{typ}");
        }
    }

    /// RFC 9068 2.2: the required claims.
    #[test]
    fn a_missing_claim_makes_it_invalid() {
        for name in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "gid"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(name);
            assert!(verify("at+jwt", &claims).is_err(), "{name}");
        }
    }

    #[test]
    fn another_issuer_is_refused() {
        let mut claims = claims();
        claims["iss"] = json!("https://evil.example.com");
        assert_eq!(verify("at+jwt", &claims).unwrap_err(), TokenFault::Issuer);
    }

    #[test]
    fn a_token_without_a_user_is_its_clients_own() {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove("gid");
        claims["sub"] = json!("app");
        assert_eq!(verify("at+jwt", &claims).unwrap().holder, Holder::Client);
    }
}
