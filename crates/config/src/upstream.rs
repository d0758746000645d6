//! Upstream providers: one from the section `[upstream]` or the environment, more from sections `[upstream.NAME]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::file::printable;
use crate::problem::Problem;
use crate::secret::SecretText;
use crate::setting::{Fallback, Setting};
use crate::show::{self, Row};
use crate::table;
use crate::value::{self, Raw, Values};

/// An OpenID provider that people may sign in with. Issuer, name, algorithms and key are read by who uses them.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Where it stands in the configuration: `upstream`, or `upstream.NAME`.
    pub section: String,
    /// Its issuer.
    pub issuer: String,
    /// Its short name.
    pub name: String,
    /// What people call it; `None` is the host of the issuer.
    pub label: Option<String>,
    /// Our client there.
    pub client_id: String,
    /// How it proves itself.
    pub proof: UpstreamProof,
    /// What is asked for.
    pub scope: String,
    /// The algorithms that are believed.
    pub algorithms: Vec<String>,
    /// The claim that holds groups.
    pub groups_claim: String,
    /// How people find their accounts.
    pub link: UpstreamLinking,
    /// Whether somebody without an account gets one.
    pub creates_accounts: bool,
    /// Whether groups decide about tenants.
    pub requires_tenant: bool,
    /// How long a session lasts at most.
    pub session_lifetime: Option<Duration>,
    /// How long what hangs on a session lasts at most.
    pub grant_lifetime: Option<Duration>,
    /// Whether signing out here signs out there too.
    pub signs_out: bool,
    /// Whether it may be in a network of one's own.
    pub private_network: bool,
    /// Certificates that are trusted too.
    pub ca_certificate: Option<PathBuf>,
}

/// How our client proves itself at a provider.
#[derive(Debug, Clone)]
pub enum UpstreamProof {
    /// `client_secret_basic`.
    Basic(SecretText),
    /// `private_key_jwt`, with the `kid`.
    Key(SecretText, String),
    /// Not at all.
    Nothing,
    /// `client_secret_post`.
    Post(SecretText),
}

/// How people who come for the first time find their accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamLinking {
    /// By address alone.
    Address,
    /// By imported id or by address.
    Email,
    /// By imported id.
    Imported,
    /// Not at all.
    Nothing,
}

/// The values of sections `[upstream.NAME]`, by name.
pub(crate) type Sections = BTreeMap<String, BTreeMap<&'static str, Raw>>;

/// The section of the one provider that the environment may name.
const SECTION: &str = "upstream";

/// All providers, in the order of their names behind the first, and what is shown of those of the sections.
pub(crate) fn all(values: &Values, sections: &Sections, problems: &mut Vec<Problem>) -> (Vec<Upstream>, Vec<Row>) {
    let mut found: Vec<Upstream> = one(values, SECTION, None, problems).into_iter().collect();
    let mut rows = Vec::new();
    for (name, raw) in sections {
        let section = format!("{SECTION}.{name}");
        let values = read(&section, raw, problems);
        rows.extend(settings_of_sections().map(|setting| {
            show::row_of_section(key_in(name, setting), setting, &values, raw.contains_key(setting.key))
        }));
        if values.text("upstream.issuer").is_none() {
            problems.push(missing(&section, "issuer", "name the issuer of the provider"));
        }
        found.extend(one(&values, &section, Some(name.clone()), problems));
    }
    for (position, upstream) in found.iter().enumerate() {
        for earlier in found.iter().take(position) {
            if earlier.name == upstream.name || earlier.issuer == upstream.issuer {
                let what = "is the same provider as another one, by name or by issuer";
                problems.push(Problem::error(&upstream.section, what, "give each its own").and(&earlier.section));
            }
        }
    }
    (found, rows)
}

/// The key of a setting in the section of this provider, fit to be shown.
pub(crate) fn key_in(name: &str, setting: &Setting) -> String {
    printable(&format!("{SECTION}.{name}.{}", setting.leaf()))
}

/// What a section `[upstream.NAME]` may hold.
pub(crate) fn settings_of_sections() -> impl Iterator<Item = &'static Setting> {
    settings().filter(|setting| setting.key != "upstream.name")
}

/// Reads the values of a section, with the defaults of the table.
fn read(section: &str, raw: &BTreeMap<&'static str, Raw>, problems: &mut Vec<Problem>) -> Values {
    let mut values = Values::default();
    for setting in settings() {
        let default = match setting.fallback {
            Fallback::Value(default) => Some(Raw::Text(default.to_owned())),
            Fallback::Absent | Fallback::Derived(_) => None,
        };
        let Some(given) = raw.get(setting.key).cloned().or(default) else { continue };
        match value::parse(setting.kind, &given) {
            Ok(value) => values.insert(setting.key, value),
            Err(fault) => {
                values.fail(setting.key);
                problems.push(Problem::error(format!("{section}.{}", setting.leaf()), fault.what, fault.hint));
            }
        }
    }
    values
}

fn settings() -> impl Iterator<Item = &'static Setting> {
    table::settings().filter(|setting| setting.section() == SECTION)
}

fn missing(section: &str, leaf: &str, hint: &str) -> Problem {
    Problem::error(format!("{section}.{leaf}"), "is not set", hint)
}

/// One provider, if its issuer is named.
fn one(values: &Values, section: &str, own_name: Option<String>, problems: &mut Vec<Problem>) -> Option<Upstream> {
    let (secret, key) = (values.secret("upstream.client_secret"), values.secret("upstream.client_key"));
    let key_id = values.text("upstream.client_key_id").unwrap_or_default();
    let way = values.word("upstream.client_auth").unwrap_or(match (&key, &secret) {
        (Some(_), _) => "private_key_jwt",
        (None, Some(_)) => "client_secret_basic",
        (None, None) => "none",
    });
    let configured_name = values.text("upstream.name").unwrap_or_default();
    let words = |text: Option<String>| -> Vec<String> {
        text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let mut scope = words(values.text("upstream.scope"));
    if !scope.iter().any(|word| word == "openid") {
        scope.insert(0, "openid".to_owned());
    }
    let client_id = values.text("upstream.client_id");
    let upstream = Upstream {
        section: section.to_owned(),
        issuer: values.text("upstream.issuer").unwrap_or_default(),
        name: own_name.unwrap_or(configured_name),
        label: values.text("upstream.label"),
        client_id: client_id.clone().unwrap_or_default(),
        proof: UpstreamProof::Nothing,
        scope: scope.join(" "),
        algorithms: words(values.text("upstream.algorithms")),
        groups_claim: values.text("upstream.groups_claim").unwrap_or_default(),
        link: match values.word("upstream.link") {
            Some("address") => UpstreamLinking::Address,
            Some("imported") => UpstreamLinking::Imported,
            Some("none") => UpstreamLinking::Nothing,
            _ => UpstreamLinking::Email,
        },
        creates_accounts: values.word("upstream.new_accounts") == Some("create"),
        requires_tenant: values.word("upstream.tenants") == Some("required"),
        session_lifetime: values.span("upstream.session_lifetime"),
        grant_lifetime: values.span("upstream.grant_lifetime"),
        signs_out: values.flag("upstream.sign_out").unwrap_or_default(),
        private_network: values.flag("upstream.private_network").unwrap_or_default(),
        ca_certificate: values.path("upstream.ca_certificate"),
    };
    if upstream.issuer.is_empty() {
        if section == SECTION && (client_id.is_some() || secret.is_some() || key.is_some()) {
            problems.push(missing(
                section,
                "issuer",
                "set AUTHLY_UPSTREAM_ISSUER, without which the others have no effect",
            ));
        }
        return None;
    }
    if client_id.is_none() {
        problems.push(missing(section, "client_id", "register a client at the provider and name it here"));
    }
    let needs = |leaf: &str| {
        let what = format!("is not set, but client_auth is {way}");
        Problem::error(format!("{section}.{leaf}"), what, "set it, or choose another client_auth")
    };
    let proof = match (way, secret, key) {
        ("client_secret_basic", Some(secret), _) => UpstreamProof::Basic(secret),
        ("client_secret_post", Some(secret), _) => UpstreamProof::Post(secret),
        ("private_key_jwt", _, Some(key)) => UpstreamProof::Key(key, key_id),
        ("none", ..) => UpstreamProof::Nothing,
        ("private_key_jwt", _, None) => {
            problems.push(needs("client_key"));
            UpstreamProof::Nothing
        }
        _ => {
            problems.push(needs("client_secret"));
            UpstreamProof::Nothing
        }
    };
    Some(Upstream { proof, ..upstream })
}
