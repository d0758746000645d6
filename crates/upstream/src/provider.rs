//! A provider as the operator names it, and what is decided about its people.

use std::{sync::Arc, time::Duration};

use oauth_core::{
    crypto::{Algorithm, Signer},
    secret::Secret,
};
use url::{Host, Url};

/// The short name of a provider, in addresses, mappings and metrics: 1 to 32 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

impl ProviderName {
    /// Reads a name. `authly` is taken: it is what groups of this installation stand under.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fine = (1..=32).contains(&text.len())
            && text.bytes().all(plain)
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text != "authly";
        fine.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The issuer of a provider: https, or http on this machine; no query, no fragment, no user name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UpstreamIssuer(String);

impl UpstreamIssuer {
    /// Reads an issuer. The text is kept as it is: it is compared character by character (OpenID Connect Discovery 4.3).
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        (plain && text.len() <= 255 && is_safe(&url)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its metadata are (OpenID Connect Discovery 4.1).
    pub fn metadata_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0.trim_end_matches('/'))
    }
}

/// Whether requests to this URL are safe on their way: TLS, or this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

/// How we prove at the provider's token endpoint who we are (OpenID Connect Core 9).
#[derive(Clone)]
pub enum ClientProof {
    /// `client_secret_basic`.
    Basic(Secret<String>),
    /// `none`: a public client, protected by PKCE alone.
    Nothing,
    /// `client_secret_post`.
    Post(Secret<String>),
    /// `private_key_jwt`.
    PrivateKey(Arc<dyn Signer>),
}

impl ClientProof {
    /// The registered name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Basic(_) => "client_secret_basic",
            Self::Nothing => "none",
            Self::Post(_) => "client_secret_post",
            Self::PrivateKey(_) => "private_key_jwt",
        }
    }
}

impl std::fmt::Debug for ClientProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How somebody who comes for the first time finds the account that is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRule {
    /// By an address that is verified on both sides, and nothing else: the ids that an import brought along are another provider's.
    Address,
    /// By the id that an import brought along, or by an address that is verified on both sides.
    Email,
    /// By the id that an import brought along, and nothing else.
    Imported,
    /// Not at all: an administrator links.
    Nothing,
}

impl LinkRule {
    /// Whether the id that an import brought along says whose account it is.
    pub const fn believes_imported(self) -> bool {
        matches!(self, Self::Email | Self::Imported)
    }
}

/// The ids that an import brought along do not say at which provider they are ids: believed of two, whoever has such an id at the one
/// takes the account that is somebody's at the other. Of all providers with their rules, the first that believes them, and those that
/// may not besides.
pub fn rivals<P>(providers: impl IntoIterator<Item = (P, LinkRule)>) -> Option<(P, Vec<P>)> {
    let mut believing =
        providers.into_iter().filter(|(_, rule)| rule.believes_imported()).map(|(provider, _)| provider);
    let first = believing.next()?;
    let others: Vec<P> = believing.collect();
    (!others.is_empty()).then_some((first, others))
}

/// What becomes of somebody who has no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPeople {
    /// They get one.
    Create,
    /// They are turned away.
    Refuse,
}

/// What is decided about tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantRule {
    /// Groups say nothing about tenants.
    Ignore,
    /// Whoever is in no group of the account's tenant does not get in (S001-43).
    Required,
}

/// What is decided about a provider's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleRule {
    /// How they find their account.
    pub link: LinkRule,
    /// What becomes of those without one.
    pub new_people: NewPeople,
    /// Whether groups decide about tenants.
    pub tenants: TenantRule,
    /// How long a sign-in here lasts at most before the provider is asked again; `None` is as long as any session.
    pub session: Option<Duration>,
    /// How long applications stay connected at most without a new sign-in there; `None` is as long as any.
    pub grants: Option<Duration>,
}

/// What signing out here does at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOut {
    /// Nothing.
    Here,
    /// Signs out there too, where the provider knows how.
    There,
}

/// A provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its short name.
    pub name: ProviderName,
    /// What people call it: "Continue with ...".
    pub label: String,
    /// Its issuer.
    pub issuer: UpstreamIssuer,
    /// Our client there.
    pub client_id: String,
    /// How we prove it.
    pub proof: ClientProof,
    /// What we ask for; `openid` is always among it.
    pub scope: String,
    /// The signature algorithms that are believed.
    pub algorithms: Vec<Algorithm>,
    /// The claim that holds groups.
    pub groups_claim: String,
    /// What signing out here does there.
    pub sign_out: SignOut,
    /// What is decided about its people.
    pub people: PeopleRule,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_never_our_own() {
        for good in ["a", "corp", "entra-id-2"] {
            assert!(ProviderName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a b", "a/b", "authly", &"a".repeat(33)] {
            assert!(ProviderName::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn imported_ids_are_believed_of_one_provider_only() {
        use LinkRule::{Address, Email, Imported, Nothing};
        for rule in [Address, Email, Imported, Nothing] {
            for lone in [vec![rule], vec![rule, Address], vec![Nothing, rule, Address, Nothing]] {
                assert_eq!(rivals(lone.iter().copied().enumerate()), None, "{lone:?}");
            }
        }
        for (one, other) in [(Email, Email), (Email, Imported), (Imported, Email), (Imported, Imported)] {
            let rules = [Address, one, Nothing, other, Email];
            assert_eq!(rivals(rules.into_iter().enumerate()), Some((1, vec![3, 4])), "{rules:?}");
        }
        assert_eq!(rivals(std::iter::empty::<(usize, LinkRule)>()), None);
    }

    #[test]
    fn an_issuer_is_safe_on_its_way_and_plain() {
        for good in
            ["https://idp.example", "https://idp.example/tenant/", "http://localhost:9000", "http://127.0.0.1:1"]
        {
            assert!(UpstreamIssuer::parse(good).is_some(), "{good}");
        }
        for bad in [
            "http://idp.example",
            "ftp://idp.example",
            "https://u@idp.example",
            "https://idp.example?x",
            "https://idp.example#x",
            "x",
            "http://localhost.evil.example",
        ] {
            assert!(UpstreamIssuer::parse(bad).is_none(), "{bad}");
        }
        let issuer = UpstreamIssuer::parse("https://idp.example/t/").unwrap();
        assert_eq!(issuer.metadata_url(), "https://idp.example/t/.well-known/openid-configuration");
    }
}
