//! Whom `migrate tenants sync --idp external` asks, and with what: it says so before anything is done, without a secret.
//!
//! The names of the script that came before are read too (S001-23): SELF_AUTH_URL and SELF_AUTH_ADMIN_TOKEN, where this program's own are
//! not set. DATABASE_URL names the store, as everywhere here.

use std::path::PathBuf;

use authly_admin_cases::tenant::{People, ProvisionOrder, SyncMode};
use authly_config::Settings;
use oauth_core::secret::Secret;
use serde_json::{Value, json};
use url::Url;

use crate::{console::Console, environment};

/// Where an address may stand, the program's own name first.
const ADDRESSES: [&str; 2] = ["AUTHLY_PROVISIONER_URL", "SELF_AUTH_URL"];

/// Where the token may stand.
const TOKENS: [&str; 2] = ["AUTHLY_PROVISIONER_TOKEN", "SELF_AUTH_ADMIN_TOKEN"];

/// A provisioner that is named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    Address(String),
    Program(PathBuf),
}

/// Whom it asks, and with what.
pub(super) struct Configuration {
    pub(super) provisioner: Option<Named>,
    /// The variable that named the provisioner.
    by: Option<&'static str>,
    token: Option<(&'static str, Secret<String>)>,
    /// What else there is to say.
    rest: Value,
}

impl Configuration {
    /// What options and environment say; an option goes before the environment.
    pub(super) fn of(
        program: Option<PathBuf>,
        url: Option<String>,
        order: &ProvisionOrder,
        settings: &Settings,
    ) -> Self {
        #[expect(clippy::disallowed_methods, reason = "they are of this command alone; no settings of the server")]
        let read = |name: &str| std::env::var(name).ok();
        let (provisioner, by) = named(program, url, read);
        let token = first_of(TOKENS, read).map(|(name, token)| (name, Secret::new(token)));
        let rest = json!({
            "provider": order.provider.as_str(),
            "issuer": order.issuer.as_str(),
            "store": settings.store.database.to_string(),
            "tenant": order.tenant,
            "people": order.people == People::Yes,
            "dry_run": order.mode == SyncMode::DryRun,
            "environment": environment::name(),
        });
        Self { provisioner, by, token, rest }
    }

    /// The token that an address is shown.
    pub(super) fn token(&self) -> Option<&Secret<String>> {
        self.token.as_ref().map(|(_, token)| token)
    }

    /// All of it, without a secret.
    pub(super) fn shown(&self) -> Value {
        let provisioner = match &self.provisioner {
            Some(Named::Address(url)) => json!(masked(url)),
            Some(Named::Program(program)) => json!(program.display().to_string()),
            None => Value::Null,
        };
        let token = self.token.as_ref().map_or("NOT SET".to_owned(), |(name, _)| format!("SET by {name}"));
        let mut shown = json!({ "provisioner": provisioner, "token": token });
        if let (Some(shown), Some(rest)) = (shown.as_object_mut(), self.rest.as_object()) {
            if let Some(by) = self.by {
                shown.insert("provisioner_set_by".to_owned(), json!(by));
            }
            shown.extend(rest.clone());
        }
        shown
    }

    /// Says it to people.
    pub(super) fn tell(&self, console: Console) {
        for (name, value) in self.shown().as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            console.note(&format!("  {}: {value}", name.replace('_', " ")));
        }
    }
}

fn named(
    program: Option<PathBuf>,
    url: Option<String>,
    read: impl Fn(&str) -> Option<String>,
) -> (Option<Named>, Option<&'static str>) {
    match (program, url) {
        (Some(program), _) => (Some(Named::Program(program)), None),
        (None, Some(url)) => (Some(Named::Address(url)), None),
        (None, None) => match first_of(ADDRESSES, read) {
            Some((name, url)) => (Some(Named::Address(url)), Some(name)),
            None => (None, None),
        },
    }
}

/// The first variable that is set, and not to nothing.
fn first_of<const N: usize>(
    names: [&'static str; N],
    read: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, String)> {
    let set = |name: &'static str| Some((name, read(name)?.trim().to_owned()));
    names.into_iter().filter_map(set).find(|(_, value)| !value.is_empty())
}

/// Whether an address holds a user or a password.
pub(super) fn names_somebody(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

/// An address without what may be secret in it: user, password and what is asked behind the path.
fn masked(url: &str) -> String {
    let has_secret = names_somebody(url);
    let Ok(mut url) = Url::parse(url) else { return "not an address".to_owned() };
    if has_secret {
        let _fails_where_there_is_none = url.set_username("***").and_then(|()| url.set_password(None));
    }
    if url.query().is_some() {
        url.set_query(Some("***"));
    }
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_go_before_those_of_the_script_and_options_before_both() {
        let set = |names: &'static [(&str, &str)]| {
            move |name: &str| names.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let both = set(&[("SELF_AUTH_URL", "https://a.example"), ("AUTHLY_PROVISIONER_URL", "https://b.example")]);
        let address = |url: &str| Some(Named::Address(url.to_owned()));
        assert_eq!(named(None, None, both), (address("https://b.example"), Some("AUTHLY_PROVISIONER_URL")));
        let old = set(&[("SELF_AUTH_URL", " https://a.example "), ("AUTHLY_PROVISIONER_URL", "")]);
        assert_eq!(named(None, None, old), (address("https://a.example"), Some("SELF_AUTH_URL")));
        assert_eq!(named(None, Some("https://c.example".to_owned()), old), (address("https://c.example"), None));
        let program = || Some(PathBuf::from("./provision.sh"));
        assert_eq!(named(program(), None, old), (program().map(Named::Program), None));
        assert_eq!(named(None, None, set(&[])), (None, None));
        assert_eq!(
            first_of(TOKENS, set(&[("SELF_AUTH_ADMIN_TOKEN", "t")])),
            Some(("SELF_AUTH_ADMIN_TOKEN", "t".to_owned()))
        );
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        assert_eq!(masked("https://idm.example.com/provision"), "https://idm.example.com/provision");
        let shown = masked("https://admin:hunter2@idm.example.com/provision?key=hunter2#hunter2");
        assert!(shown.starts_with("https://***@idm.example.com/provision?***"), "{shown}");
        assert!(!masked("hunter2").contains("hunter2"));
        assert!(!shown.contains("hunter2") && !shown.contains("admin"), "{shown}");
    }
}
