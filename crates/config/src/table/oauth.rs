//! The protocol: issuer, keys, tokens, switches, and the legacy contract.

use std::time::Duration;

use super::Section;
use crate::setting::{Kind, Setting, days, minutes, plain, seconds};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const TEN_YEARS: Duration = Duration::from_secs(315_360_000);

pub(super) const ISSUER: Section = Section {
    name: "issuer",
    doc: "The name of this server in every token, link and document.",
    settings: &[Setting::new(
        "issuer.url",
        Kind::Issuer,
        "The issuer, which is the address by which people and programs reach the server: scheme and host only. Once tokens \
         are out it should never change.",
    )
    .env(&[plain("AUTHLY_ISSUER")])
    .derived("http://localhost: with the listener's port")
    .from("issue 2")],
};

pub(super) const KEYS: Section = Section {
    name: "keys",
    doc: "Signing keys, and the key that they are encrypted under.",
    settings: &[
        Setting::new(
            "keys.encryption_key",
            Kind::Key,
            "The key under which signing keys and other secrets are encrypted in the store. Without it they cannot be read, \
             so keep a copy.",
        )
        .env(&[plain("SECRET_ENCRYPTION_KEY")])
        .derived("a file in the data folder that only the server's user can read; never in production")
        .from("S004-14"),
        Setting::new(
            "keys.previous_encryption_key",
            Kind::Key,
            "The encryption key of before, while `authly-admin keys rewrap` moves everything to the new one.",
        )
        .env(&[plain("SECRET_ENCRYPTION_KEY_PREVIOUS")])
        .from("issue 2"),
        Setting::new("keys.rsa_private_key", Kind::Pem, "A private RSA key that is imported as a signing key at the first start.")
            .env(&[plain("RSA_PRIVATE_KEY_PEM")])
            .from("S004-14"),
        Setting::new(
            "keys.fernet_key",
            Kind::Key,
            "The Fernet key of the program that came before. It is only needed to read what that program encrypted.",
        )
        .env(&[plain("OAUTH2_ENCRYPTION_KEY")])
        .from("S004-14"),
        Setting::new(
            "keys.access_token_algorithm",
            Kind::Choice(&["ES256", "RS256", "EdDSA"]),
            "The algorithm that signs access tokens.",
        )
        .env(&[plain("AUTHLY_ACCESS_TOKEN_ALGORITHM")])
        .or("ES256")
        .from("C-14"),
        Setting::new(
            "keys.id_token_algorithm",
            Kind::Choice(&["RS256", "ES256", "EdDSA"]),
            "The algorithm that signs ID tokens of clients that ask for none by name.",
        )
        .env(&[plain("AUTHLY_ID_TOKEN_ALGORITHM")])
        .or("RS256")
        .from("C-14"),
        Setting::new(
            "keys.rotate_after",
            Kind::Lifetime { min: Duration::ZERO, max: TEN_YEARS },
            "The age at which a signing key is replaced by itself; 0 leaves it to `authly-admin keys rotate`.",
        )
        .env(&[days("AUTHLY_KEY_ROTATION_DAYS")])
        .or("90d")
        .from("issue 2"),
    ],
};

pub(super) const TOKENS: Section = Section {
    name: "tokens",
    doc: "How long codes and tokens live.",
    settings: &[
        Setting::new(
            "tokens.access_lifetime",
            Kind::Lifetime { min: MINUTE, max: DAY },
            "How long an access token lives.",
        )
        .env(&[minutes("ACCESS_TOKEN_EXPIRE_MINUTES"), minutes("JWT_ACCESS_TOKEN_EXPIRE_MINUTES")])
        .or("30m")
        .from("S003-13, S002-23, C-15"),
        Setting::new(
            "tokens.refresh_lifetime",
            Kind::Lifetime { min: MINUTE, max: TEN_YEARS },
            "How long a refresh token lives when it is not used; each use starts anew.",
        )
        .env(&[days("REFRESH_TOKEN_EXPIRE_DAYS"), days("JWT_REFRESH_TOKEN_EXPIRE_DAYS")])
        .or("7d")
        .from("S003-14, S002-24, C-15"),
        Setting::new(
            "tokens.refresh_absolute_lifetime",
            Kind::Lifetime { min: Duration::ZERO, max: TEN_YEARS },
            "How long a grant can be refreshed in all; 0 sets no limit.",
        )
        .env(&[days("AUTHLY_REFRESH_ABSOLUTE_LIFETIME_DAYS")])
        .or("90d")
        .from("issue 2"),
        Setting::new(
            "tokens.refresh_retry_window",
            Kind::Lifetime { min: Duration::ZERO, max: Duration::from_secs(300) },
            "How long a client whose answer got lost may repeat a refresh and receive the same successor; 0 switches it off.",
        )
        .env(&[seconds("AUTHLY_REFRESH_RETRY_WINDOW_SECONDS")])
        .or("10s")
        .from("issue 2"),
        Setting::new("tokens.id_lifetime", Kind::Lifetime { min: MINUTE, max: DAY }, "How long an ID token lives.")
            .env(&[minutes("AUTHLY_ID_TOKEN_LIFETIME_MINUTES")])
            .or("10m")
            .from("issue 2"),
        Setting::new(
            "tokens.code_lifetime",
            Kind::Lifetime { min: Duration::from_secs(5), max: HOUR },
            "How long an authorization code can be redeemed. RFC 6749 recommends ten minutes at most.",
        )
        .env(&[minutes("AUTHORIZATION_CODE_EXPIRE_MINUTES"), seconds("AUTHORIZATION_CODE_EXPIRE_SECONDS")])
        .or("10m")
        .from("S000-44, S003-15, issue 2"),
    ],
};

pub(super) const OAUTH: Section = Section {
    name: "oauth",
    doc: "Switches of the OAuth and OpenID Connect endpoints.",
    settings: &[
        Setting::new(
            "oauth.enabled",
            Kind::Flag,
            "Whether the OAuth and OpenID Connect endpoints exist. Once set here, the switch that `authly-admin migrate oauth` \
             turns has no effect.",
        )
        .env(&[plain("OAUTH_ENABLED")])
        .derived("the switch in the store: on in a new store, off in an adopted one")
        .from("S000-43, C-42")
        .followed(),
        Setting::new(
            "oauth.pkce_required",
            Kind::Flag,
            "Whether new confidential clients must use PKCE. Public clients always must.",
        )
        .env(&[plain("PKCE_REQUIRED")])
        .or("true")
        .from("S000-45"),
        Setting::new(
            "oauth.consent_required",
            Kind::Flag,
            "Whether people are asked before a client that is not first-party gets access.",
        )
        .env(&[plain("REQUIRE_USER_CONSENT")])
        .or("true")
        .from("S000-46"),
        Setting::new(
            "oauth.first_party_challenge",
            Kind::Flag,
            "Whether first-party clients that have the switch for it (`authly-admin client create --first-party-challenge`) may show \
             their own sign-in form and ask `/authorize-challenge` for a code, without a browser.",
        )
        .env(&[plain("AUTHLY_FIRST_PARTY_CHALLENGE_ENABLED")])
        .or("false")
        .from("issue 3"),
    ],
};

pub(super) const LEGACY: Section = Section {
    name: "legacy",
    doc: "The JSON password login of before, which works beside OAuth until it is finalized.",
    settings: &[
        Setting::new(
            "legacy.password_grant",
            Kind::Flag,
            "Whether the password grant and the JSON logins are served. Tenants and accounts have switches of their own.",
        )
        .env(&[plain("AUTHLY_PASSWORD_GRANT_ENABLED")])
        .or("true")
        .from("C-02")
        .followed(),
        Setting::new(
            "legacy.routes",
            Kind::Flag,
            "Whether the paths of earlier programs (`/api/auth/login`, `/api/v1/auth/register` and the like) are served.",
        )
        .env(&[plain("AUTHLY_LEGACY_ROUTES_ENABLED")])
        .or("true")
        .from("C-06"),
        Setting::new(
            "legacy.algorithm",
            Kind::Choice(&["HS256", "HS384", "HS512"]),
            "The algorithm of legacy tokens.",
        )
        .env(&[plain("JWT_ALGORITHM")])
        .or("HS256")
        .from("S002-25, S003-12"),
        Setting::new(
            "legacy.access_secret",
            Kind::Secret,
            "The secret that signs legacy access tokens: the one that existing resource servers verify with.",
        )
        .env(&[plain("JWT_SECRET_KEY")])
        .derived("made and stored by the server, except in production")
        .from("S000-52, S000-55, S002-22, S003-11"),
        Setting::new("legacy.refresh_secret", Kind::Secret, "The secret that signs legacy refresh tokens.")
            .env(&[plain("JWT_REFRESH_SECRET_KEY")])
            .derived("made and stored by the server, except in production")
            .from("S000-52, S000-55, S003-11"),
    ],
};
