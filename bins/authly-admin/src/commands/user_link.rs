//! `authly-admin user link`.

use authly_admin_cases::{Admin, upstream_link::NamedProvider};
use authly_config::Settings;
use authly_directory::{services::DirectoryServices, upstream::LinkedSessions};
use authly_runtime::Trouble;
use oauth_core::ids::UserId;

use crate::{
    args::{LinkCommand, RemoveLink},
    console::{Column, Console},
    failure::{Failure, refused},
};

const COLUMNS: &[Column] = &[
    ("Account", "email"),
    ("Provider", "provider"),
    ("Issuer", "issuer"),
    ("Subject", "subject"),
    ("Linked", "linked_at"),
    ("Last used", "last_used_at"),
    ("Id", "user"),
];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    settings: &Settings,
    command: LinkCommand,
    console: Console,
) -> Result<(), Failure> {
    let known: Vec<NamedProvider> = settings
        .upstreams
        .iter()
        .map(|upstream| NamedProvider { name: upstream.name.clone(), issuer: upstream.issuer.clone() })
        .collect();
    match command {
        LinkCommand::List { user, provider, after, limit } => {
            let cannot = "cannot list the links";
            let links = match user {
                Some(user) => admin.links_of(&user, &known).await,
                None => {
                    let issuer = provider.map(|name| issuer(&known, &name)).transpose()?;
                    let after = after.map(|id| account_id(&id)).transpose()?;
                    admin.links(issuer.as_deref(), after, limit, &known).await
                }
            };
            let links = links.map_err(refused(cannot))?;
            console.list(&links, COLUMNS, "No account is linked. The first sign-in with a provider links one.")?;
            let mut accounts: Vec<&str> = links.iter().map(|link| link.user.as_str()).collect();
            accounts.dedup();
            if let Some(last) =
                accounts.last().filter(|_| u32::try_from(accounts.len()).is_ok_and(|count| count == limit))
            {
                console.note(&format!("There may be more: add --after {last}"));
            }
            Ok(())
        }
        LinkCommand::Add { user, provider, subject } => {
            let found = known.iter().find(|known| known.name == provider || known.issuer == provider);
            let provider = found.ok_or_else(|| unknown(&known, &provider))?;
            console.item(&admin.link(&user, provider, &subject).await.map_err(refused("cannot link the account"))?)
        }
        LinkCommand::Remove(RemoveLink { user, provider, keep_sessions }) => {
            let cannot = "cannot remove the link";
            let issuer = issuer(&known, &provider)?;
            let account = admin.user(&user).await.map_err(refused(cannot))?;
            console.confirm("unlink", &account.email)?;
            let sessions = if keep_sessions { LinkedSessions::Keep } else { LinkedSessions::End };
            console.item(&admin.unlink(&account.id, &issuer, sessions).await.map_err(refused(cannot))?)
        }
    }
}

/// The issuer that a word means: the short name of a provider, or the issuer of one that may not be in the settings any more.
fn issuer(known: &[NamedProvider], word: &str) -> Result<String, Failure> {
    match known.iter().find(|provider| provider.name == word) {
        Some(provider) => Ok(provider.issuer.clone()),
        None if word.starts_with("https://") || word.starts_with("http://") => Ok(word.to_owned()),
        None => Err(unknown(known, word)),
    }
}

fn unknown(known: &[NamedProvider], word: &str) -> Failure {
    let names: Vec<&str> = known.iter().map(|provider| provider.name.as_str()).collect();
    let why = match names.as_slice() {
        [] => format!("the settings name no provider, so {word:?} is none"),
        names => format!("{word:?} is none of {}", names.join(", ")),
    };
    Failure::usage(Trouble::new("no provider is chosen", why, "give its short name, or its issuer"))
}

fn account_id(text: &str) -> Result<UserId, Failure> {
    UserId::parse(text).ok_or_else(|| {
        let why = format!("--after: {text:?} is not an id");
        Failure::usage(Trouble::new("cannot list the links", why, "use an id of the list"))
    })
}
