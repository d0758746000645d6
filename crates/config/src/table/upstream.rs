//! An upstream provider that people may sign in with.

use std::time::Duration;

use super::Section;
use crate::setting::{Kind, Setting, minutes, plain};

pub(super) const UPSTREAM: Section = Section {
    name: "upstream",
    doc: "An OpenID provider that people may sign in with. More of them stand in sections `[upstream.NAME]` of the file, with the same keys \
          but `name`.",
    settings: &[
        Setting::new(
            "upstream.issuer",
            Kind::Text { max: 255 },
            "The issuer of the provider, to the letter as its metadata have it; with it the provider is on.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_ISSUER")])
        .from("C-22"),
        Setting::new(
            "upstream.name",
            Kind::Text { max: 32 },
            "Its short name, in the address that it sends people back to (`/sign-in/upstream/NAME/callback`), in mappings of groups and in \
             metrics: lower-case letters, digits and hyphens.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_NAME")])
        .or("upstream")
        .from("C-22"),
        Setting::new("upstream.label", Kind::Text { max: 60 }, "What people call it: \"Continue with ...\".")
            .env(&[plain("AUTHLY_UPSTREAM_LABEL")])
            .derived("the host of the issuer")
            .from("C-22"),
        Setting::new("upstream.client_id", Kind::Text { max: 255 }, "The identifier of our client there.")
            .env(&[plain("AUTHLY_UPSTREAM_CLIENT_ID")])
            .from("C-22"),
        Setting::new("upstream.client_secret", Kind::Secret, "The secret of our client there.")
            .env(&[plain("AUTHLY_UPSTREAM_CLIENT_SECRET")])
            .from("C-22"),
        Setting::new(
            "upstream.client_key",
            Kind::Secret,
            "A private key in PEM (RSA, P-256 or Ed25519) that our client proves itself with instead of a secret.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_CLIENT_KEY")])
        .from("C-22"),
        Setting::new("upstream.client_key_id", Kind::Text { max: 255 }, "The `kid` under which the provider knows that key.")
            .env(&[plain("AUTHLY_UPSTREAM_CLIENT_KEY_ID")])
            .or("authly")
            .from("C-22"),
        Setting::new(
            "upstream.client_auth",
            Kind::Choice(&["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]),
            "How our client proves itself at the token endpoint.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_CLIENT_AUTH")])
        .derived("private_key_jwt with a key, client_secret_basic with a secret, else none")
        .from("C-22"),
        Setting::new("upstream.scope", Kind::Text { max: 1_000 }, "The scopes that are asked for; `openid` is added if it lacks.")
            .env(&[plain("AUTHLY_UPSTREAM_SCOPE")])
            .or("openid email profile")
            .from("C-22"),
        Setting::new(
            "upstream.algorithms",
            Kind::Text { max: 60 },
            "The signature algorithms of its ID tokens that are believed: of RS256, ES256 and EdDSA, between blanks.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_ALGORITHMS")])
        .or("RS256 ES256 EdDSA")
        .from("C-22"),
        Setting::new("upstream.groups_claim", Kind::Text { max: 255 }, "The claim that holds groups, by name or id.")
            .env(&[plain("AUTHLY_UPSTREAM_GROUPS_CLAIM")])
            .or("groups")
            .from("S001-41"),
        Setting::new(
            "upstream.link",
            Kind::Choice(&["email", "address", "imported", "none"]),
            "How somebody who comes for the first time finds their account: by the id that an import brought along, or by an address that is \
             verified on both sides; by such an address alone; by that id alone; or not at all. Of several providers one at most may believe \
             imported ids.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_LINK")])
        .or("email")
        .from("S001-14, C-22"),
        Setting::new(
            "upstream.new_accounts",
            Kind::Choice(&["refuse", "create"]),
            "Whether somebody without an account gets one.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_NEW_ACCOUNTS")])
        .or("refuse")
        .from("S001-35"),
        Setting::new(
            "upstream.tenants",
            Kind::Choice(&["ignore", "required"]),
            "Whether groups decide about tenants: then whoever is in no group of the account's tenant does not get in.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_TENANTS")])
        .or("ignore")
        .from("S001-43"),
        Setting::new(
            "upstream.session_lifetime",
            Kind::Lifetime { min: Duration::from_secs(60), max: Duration::from_secs(31_536_000) },
            "How long a session that began there lasts at most before the provider is asked again.",
        )
        .env(&[minutes("AUTHLY_UPSTREAM_SESSION_LIFETIME_MINUTES")])
        .derived("as long as any session")
        .from("S001-48, S001-65"),
        Setting::new(
            "upstream.grant_lifetime",
            Kind::Lifetime { min: Duration::from_secs(60), max: Duration::from_secs(31_536_000) },
            "How long applications stay connected at most, `offline_access` included, without a new sign-in at the provider. Counts from the \
             sign-in, for those that begin after it is set.",
        )
        .env(&[minutes("AUTHLY_UPSTREAM_GRANT_LIFETIME_MINUTES")])
        .derived("as long as any grant")
        .from("S001-65"),
        Setting::new(
            "upstream.sign_out",
            Kind::Flag,
            "Whether signing out here signs out at the provider too, if its metadata say where.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_SIGN_OUT")])
        .or("true")
        .from("S001-65"),
        Setting::new(
            "upstream.private_network",
            Kind::Flag,
            "Whether the provider may be in a network of your own, or by plain http on this machine.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_PRIVATE_NETWORK")])
        .or("false")
        .from("C-22"),
        Setting::new(
            "upstream.ca_certificate",
            Kind::Path,
            "A file with certificates in PEM that are trusted for the provider beside the system's.",
        )
        .env(&[plain("AUTHLY_UPSTREAM_CA_CERTIFICATE")])
        .from("C-22"),
    ],
};
