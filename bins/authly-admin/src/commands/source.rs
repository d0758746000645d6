//! Opening the source that the command line names.

use std::{fs::File, io::Read as _};

use authly_config::{Database as Configured, Settings};
use authly_cutover::{
    profile::{BUILT_IN, Profile},
    source::SourceName,
};
use authly_runtime::trouble::{Trouble, causes};
use authly_sources::{OpenError, OpenSource, SourceAddress};

use crate::{args::SourceArgs, failure::Failure};

/// The text of a profile: a built-in one, or a file.
pub(crate) fn profile_text(name: &str) -> Result<String, Failure> {
    if let Some((_, text)) = BUILT_IN.into_iter().find(|(known, _)| *known == name) {
        return Ok(text.to_owned());
    }
    let mut text = String::new();
    let limit = Profile::MAX as u64 + 1;
    let read = File::open(name).and_then(|file| file.take(limit).read_to_string(&mut text));
    read.map_err(|error| {
        let remedy =
            "name authly, tenants, legacy-users, or a file; `migrate profile show tenants` prints one to begin with";
        Trouble::caused(format!("cannot read the profile {name:?}"), &error, remedy)
    })?;
    Ok(text)
}

/// A sound profile.
pub(crate) fn profile(name: &str) -> Result<Profile, Failure> {
    Profile::parse(&profile_text(name)?).map_err(|error| {
        let remedy = format!("correct it; `authly-admin migrate profile check {name}` tells whether anything is left");
        Trouble::new(format!("cannot use the profile {name:?}"), error, remedy).into()
    })
}

/// Where the source is; for the profile `authly` the configured database unless another one is named.
pub(crate) fn address(named: Option<&str>, profile: &Profile, settings: &Settings) -> Result<SourceAddress, Failure> {
    use authly_cutover::profile::rules::Target;
    let configured = match (&settings.store.database, profile.target) {
        (Configured::Postgres(url), Target::InPlace) => Some(url.expose()),
        _ => None,
    };
    let Some(named) = named.or(configured) else {
        if profile.target == Target::InPlace {
            let why = format!("the profile {} adopts the configured database, and that is SQLite", profile.name);
            let remedy = "set DATABASE_URL to the PostgreSQL database that holds the accounts";
            return Err(Failure::usage(Trouble::new("cannot read a source", why, remedy)));
        }
        let remedy = "add --source ADDRESS, or set AUTHLY_SOURCE, which no list of processes shows";
        return Err(Failure::usage(Trouble::new("cannot read a source", "none is named", remedy)));
    };
    SourceAddress::parse(named).map_err(|error| Failure::usage(told("cannot read the source", &error)))
}

/// Opens the source with its profile bound to it.
pub(crate) async fn open(arguments: &SourceArgs, settings: &Settings) -> Result<(OpenSource, SourceName), Failure> {
    let profile = profile(&arguments.profile)?;
    let name = name(arguments, &profile)?;
    let address = address(arguments.source.as_deref(), &profile, settings)?;
    let opened = authly_sources::open(&address, &profile).await;
    opened.map(|source| (source, name)).map_err(|error| told(&format!("cannot read {address}"), &error).into())
}

/// A source that need not be named. An address in the environment is for the commands that want one; one that was typed says nothing
/// without a profile.
pub(crate) fn optional(
    profile: Option<String>,
    source: Option<String>,
    source_name: Option<String>,
) -> Result<Option<SourceArgs>, Failure> {
    let variable = std::env::var_os("AUTHLY_SOURCE").unwrap_or_default();
    if profile.is_none() && source.as_ref().is_some_and(|source| variable != source.as_str()) {
        let why = "--source alone does not say how it looks";
        return Err(Failure::usage(Trouble::new("cannot read the source", why, "add --profile NAME|FILE")));
    }
    Ok(profile.map(|profile| SourceArgs { profile, source, source_name }))
}

/// What the source is called for ever.
pub(crate) fn name(arguments: &SourceArgs, profile: &Profile) -> Result<SourceName, Failure> {
    let name = arguments.source_name.as_deref().unwrap_or(&profile.name);
    SourceName::parse(name).ok_or_else(|| {
        let why = format!("{name:?} is no name of a source");
        Failure::usage(Trouble::new(
            "cannot read the source",
            why,
            "--source-name has a-z, 0-9, `_` and `-`, at most 64",
        ))
    })
}

/// An error about a source, and what to do.
pub(crate) fn told(what: &str, error: &OpenError) -> Trouble {
    let remedy = match error {
        OpenError::Absent(_) => "name the database that holds the accounts: `psql -l` lists those of a server",
        OpenError::Address(_) => {
            "correct the address in --source (or AUTHLY_SOURCE); the one to write to stands in --write-to (or AUTHLY_WRITE_BACK)"
        }
        OpenError::Denied(_) => "correct user and password in the address; percent-encode special characters",
        OpenError::Irreversible(_) => "nothing was changed; what cannot come back is the application's own to drop",
        OpenError::File { .. } => "correct the file",
        OpenError::Io { file, source } => {
            // A file that is named already is not named again.
            let why = if what.contains(file.as_str()) { source.to_string() } else { causes(error) };
            return Trouble::new(what, why, "check the path, and whether this user may read it");
        }
        OpenError::Key { .. } => "name another column in users.key (or tenants.key), or repair the table",
        OpenError::Misfit(_) => {
            "print the profile with `migrate profile show`, correct it, and use the file with --profile"
        }
        OpenError::Rights { statements, otherwise, .. } => {
            return Trouble::caused(what, error, rights(statements, otherwise));
        }
        OpenError::WriteBack(_) => "see `[write_back]` in `authly-admin migrate profile show tenants`",
        OpenError::Postgres(_) | OpenError::Sqlite(_) | OpenError::Tls(_) => {
            "check that the database answers, and that its user may read the tables"
        }
    };
    Trouble::caused(what, error, remedy)
}

/// How a user comes by rights.
fn rights(statements: &[String], otherwise: &[String]) -> String {
    let first = "name a user who may in --write-to (or AUTHLY_WRITE_BACK), or let the owner of the table or an administrator run";
    let mut lines = vec![first.to_owned()];
    lines.extend(statements.iter().map(|sql| format!("  {sql}")));
    if !otherwise.is_empty() {
        lines.push("or, as the owner and without giving the table away,".to_owned());
        lines.extend(otherwise.iter().map(|sql| format!("  {sql}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_help_stand_below_the_words_that_lead_to_them() {
        let one = |sql: &str| vec![sql.to_owned()];
        let told = Trouble::new("cannot write", "no rights", rights(&one("GRANT a TO b;"), &one("ALTER TABLE c;")))
            .to_string();
        let lines: Vec<&str> = told.lines().skip(2).collect();
        assert!(lines[0].starts_with("  do:  name a user who may in --write-to"), "{told}");
        let rest = [
            "         GRANT a TO b;",
            "       or, as the owner and without giving the table away,",
            "         ALTER TABLE c;",
        ];
        assert_eq!(lines[1..], rest, "{told}");
    }
}
