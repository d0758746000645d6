//! From the settings to the upstream providers that people may sign in with.

use authly_config::{Problem, Settings, UpstreamLinking, UpstreamProof};
use authly_federation::{UpstreamCarrier, UpstreamReach};
use authly_jose::JoseCrypto;
use authly_upstream::{
    breaker::Health,
    party::Upstream,
    provider::{
        ClientProof, LinkRule, NewPeople, PeopleRule, Provider, ProviderName, SignOut, TenantRule, UpstreamIssuer,
        rivals,
    },
};
use oauth_core::{
    crypto::{Algorithm, Crypto as _},
    ids::KeyId,
    secret::Secret,
};

use crate::trouble::Trouble;

/// The providers that the settings name; none is asked anything.
pub fn upstreams(settings: &Settings) -> Result<Vec<Upstream>, Trouble> {
    if let Some(problem) = objections(settings).into_iter().next() {
        return Err(Trouble::new("the providers cannot be used together", problem, ""));
    }
    settings.upstreams.iter().map(upstream).collect()
}

/// What the rules about providers object to those that the settings name, for whoever checks a configuration.
pub fn objections(settings: &Settings) -> Vec<Problem> {
    let Some((first, others)) = rivals(settings.upstreams.iter().map(|one| (one, link_rule(one.link)))) else {
        return Vec::new();
    };
    let what = "believes imported ids, as another provider does, and they do not say at which of the two they are ids";
    let hint = "set link to address or none for every provider but the one that the imported ids are from";
    let key = |one: &authly_config::Upstream| format!("{}.link", one.section);
    others.into_iter().map(|other| Problem::error(key(other), what, hint).and(key(first))).collect()
}

/// A provider in a line, with what is decided about its people and nothing that is secret.
pub fn describe(provider: &Provider) -> String {
    let rule = &provider.people;
    let link = match rule.link {
        LinkRule::Address => "linked by verified address",
        LinkRule::Email => "linked by imported id or verified address",
        LinkRule::Imported => "linked by imported id",
        LinkRule::Nothing => "linked by administrators",
    };
    let new = match rule.new_people {
        NewPeople::Create => "new people get an account",
        NewPeople::Refuse => "new people are refused",
    };
    let tenants = match rule.tenants {
        TenantRule::Ignore => "",
        TenantRule::Required => ", only with a group of their tenant",
    };
    format!(
        "{} ({}), not asked; \"{}\", client {} by {}; {link}, {new}{tenants}",
        provider.name.as_str(),
        provider.issuer.as_str(),
        provider.label,
        provider.client_id,
        provider.proof.name()
    )
}

fn upstream(settings: &authly_config::Upstream) -> Result<Upstream, Trouble> {
    let section = &settings.section;
    let refused = |key: &str, why: &str, remedy: &str| {
        Trouble::new(format!("the provider of the section {section} cannot be used"), format!("{key} {why}"), remedy)
    };
    let name = ProviderName::parse(&settings.name).ok_or_else(|| {
        refused("name", "is not of lower-case letters, digits and hyphens, or it is authly", "choose another one")
    })?;
    let issuer = UpstreamIssuer::parse(&settings.issuer).ok_or_else(|| {
        let why = "is not an https address (or http on this machine) without query and fragment";
        refused("issuer", why, "write it as the provider's metadata have it")
    })?;
    let is_plain = settings.issuer.starts_with("http:");
    if is_plain && !settings.private_network {
        return Err(refused("issuer", "is not https", "set private_network for a provider on this machine"));
    }
    let algorithms: Option<Vec<Algorithm>> = settings.algorithms.iter().map(|name| Algorithm::parse(name)).collect();
    let algorithms = algorithms.filter(|algorithms| !algorithms.is_empty());
    let algorithms = algorithms.ok_or_else(|| {
        refused("algorithms", "are not of RS256, ES256 and EdDSA", "name those that the provider signs with")
    })?;
    let certificates = match &settings.ca_certificate {
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            refused("ca_certificate", &format!("cannot be read: {error}"), "name a readable file in PEM")
        })?),
        None => None,
    };
    let reach = if settings.private_network { UpstreamReach::Intranet } else { UpstreamReach::Internet };
    let carrier = UpstreamCarrier::new(&issuer, reach, certificates.as_deref())
        .map_err(|error| refused("ca_certificate", &error.to_string(), "name a file with certificates in PEM"))?;
    let host = settings.issuer.split('/').nth(2).unwrap_or(&settings.issuer);
    let provider = Provider {
        label: settings.label.clone().unwrap_or_else(|| host.to_owned()),
        client_id: settings.client_id.clone(),
        proof: proof(&settings.proof).map_err(|why| refused("client_key", &why, "give a private key in PEM"))?,
        scope: settings.scope.clone(),
        algorithms,
        groups_claim: settings.groups_claim.clone(),
        sign_out: if settings.signs_out { SignOut::There } else { SignOut::Here },
        people: people(settings),
        name,
        issuer,
    };
    let told = provider.name.as_str().to_owned();
    let watch = move |health| match health {
        Health::Down => tracing::error!(
            provider = told,
            "the upstream provider does not answer; whoever has a password here can use it meanwhile"
        ),
        Health::Up => tracing::info!(provider = told, "the upstream provider answers again"),
    };
    Ok(Upstream::new(provider, Box::new(carrier), Box::new(watch)))
}

fn people(settings: &authly_config::Upstream) -> PeopleRule {
    PeopleRule {
        link: link_rule(settings.link),
        new_people: if settings.creates_accounts { NewPeople::Create } else { NewPeople::Refuse },
        tenants: if settings.requires_tenant { TenantRule::Required } else { TenantRule::Ignore },
        session: settings.session_lifetime,
        grants: settings.grant_lifetime,
    }
}

const fn link_rule(link: UpstreamLinking) -> LinkRule {
    match link {
        UpstreamLinking::Address => LinkRule::Address,
        UpstreamLinking::Email => LinkRule::Email,
        UpstreamLinking::Imported => LinkRule::Imported,
        UpstreamLinking::Nothing => LinkRule::Nothing,
    }
}

fn proof(proof: &UpstreamProof) -> Result<ClientProof, String> {
    let secret = |text: &authly_config::SecretText| Secret::new(text.expose().to_owned());
    Ok(match proof {
        UpstreamProof::Basic(text) => ClientProof::Basic(secret(text)),
        UpstreamProof::Key(pem, id) => {
            let key = JoseCrypto.import_pem(&secret(pem)).map_err(|error| error.to_string())?;
            let signer = JoseCrypto.signer(key.algorithm, &KeyId(id.clone()), &key.private_jwk);
            ClientProof::PrivateKey(signer.map_err(|error| error.to_string())?)
        }
        UpstreamProof::Nothing => ClientProof::Nothing,
        UpstreamProof::Post(text) => ClientProof::Post(secret(text)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Vec<Upstream>, Trouble> {
        let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let own = [("AUTHLY_UPSTREAM_CLIENT_ID", "authly"), ("AUTHLY_UPSTREAM_CLIENT_AUTH", "none")];
        let variables = own.into_iter().chain(variables.iter().copied());
        upstreams(&authly_config::load(variables, no_files).into_result().unwrap().0)
    }

    #[test]
    fn a_provider_is_called_by_its_host_unless_it_has_a_name_for_people() {
        let all = read(&[("AUTHLY_UPSTREAM_ISSUER", "https://login.example/tenant")]).unwrap();
        assert_eq!(all[0].provider().label, "login.example");
        assert_eq!(all[0].health(), Health::Up);
        assert_eq!(all[0].provider().algorithms.len(), 3);
    }

    const BESIDE: &str = "[upstream.corp]\nissuer = \"https://b.example\"\nclient_id = \"b\"\nclient_auth = \"none\"\n";

    fn beside(link: &str) -> authly_config::Report {
        let file = format!("{BESIDE}{link}");
        let files = |_: &std::path::Path| Ok(file.clone());
        let one = [("AUTHLY_UPSTREAM_ISSUER", "https://idp.example"), ("AUTHLY_UPSTREAM_CLIENT_ID", "authly")];
        let one = one.into_iter().chain([("AUTHLY_UPSTREAM_CLIENT_AUTH", "none"), ("AUTHLY_CONFIG", "authly.toml")]);
        authly_config::load(one, files)
    }

    /// An imported id does not say at which provider it is one.
    #[test]
    fn a_second_provider_whose_imported_ids_are_believed_stops_the_start_by_name() {
        for link in ["", "link = \"email\"\n", "link = \"imported\"\n"] {
            let report = beside(link);
            let trouble = upstreams(report.settings().unwrap()).map(|_| ()).unwrap_err();
            assert!(trouble.why.contains("upstream.corp.link, upstream.link"), "{link}: {trouble}");
            let report = report.judged(objections);
            assert!(report.settings().is_none(), "{link}");
            assert_eq!(report.problems()[0].names, ["upstream.corp.link", "upstream.link"], "{link}");
        }
        for link in ["address", "none"] {
            let report = beside(&format!("link = \"{link}\"\n")).judged(objections);
            assert_eq!(upstreams(report.settings().unwrap()).unwrap().len(), 2, "{link}");
            assert!(report.problems().is_empty(), "{link}");
        }
    }

    #[test]
    fn what_cannot_be_used_stops_the_start() {
        let good = ("AUTHLY_UPSTREAM_ISSUER", "https://idp.example");
        for (bad, key) in [
            (vec![("AUTHLY_UPSTREAM_ISSUER", "http://idp.example")], "issuer"),
            (vec![("AUTHLY_UPSTREAM_ISSUER", "http://localhost:9000")], "issuer"),
            (vec![("AUTHLY_UPSTREAM_ISSUER", "https://idp.example?a=b")], "issuer"),
            (vec![good, ("AUTHLY_UPSTREAM_NAME", "authly")], "name"),
            (vec![good, ("AUTHLY_UPSTREAM_ALGORITHMS", "HS256")], "algorithms"),
            (vec![good, ("AUTHLY_UPSTREAM_ALGORITHMS", "RS256 none")], "algorithms"),
            (vec![good, ("AUTHLY_UPSTREAM_CA_CERTIFICATE", "/no/such/file")], "ca_certificate"),
            (
                vec![
                    good,
                    ("AUTHLY_UPSTREAM_CLIENT_AUTH", "private_key_jwt"),
                    ("AUTHLY_UPSTREAM_CLIENT_KEY", "no key"),
                ],
                "client_key",
            ),
        ] {
            let trouble = read(&bad).map(|_| ()).unwrap_err();
            assert!(trouble.why.starts_with(key), "{trouble}");
        }
        let here = [("AUTHLY_UPSTREAM_ISSUER", "http://localhost:9000"), ("AUTHLY_UPSTREAM_PRIVATE_NETWORK", "true")];
        assert!(read(&here).is_ok());
    }
}
