//! `authly-admin migrate link` and `unlink`.

use authly_admin_cases::migrate::{self, Subject, Tools as _};
use authly_config::Settings;
use authly_cutover::{
    inspect::Inspect as _,
    source::{SourceId, SourceName},
    store::CutoverStore,
};
use authly_directory::identifier::Identifier;
use authly_runtime::{AnyStore, Trouble};
use oauth_core::{ids::UserId, services::Services as _};

use serde_json::json;

use super::{Bench, rollback::find, stopped};
use crate::{
    args::{LinkArgs, SourceArgs},
    commands::source,
    console::Console,
    failure::{Failure, refused},
};

/// What could not be done.
const WHAT: &str = "cannot link the row";

/// What is known of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Found,
    NotLookedFor,
}

/// Refuses a row that the source does not have.
pub(super) async fn must_be_there(of: &SourceArgs, row: &LinkArgs, settings: &Settings) -> Result<(), Failure> {
    let (_, id) = read(row)?;
    let (mut opened, name) = source::open(of, settings).await?;
    let found = opened.row(&id).await.map_err(|error| stopped(WHAT)(error.into()))?;
    if found.is_some() {
        return Ok(());
    }
    let why = format!("the source {name} has no row with the key {:?}", id.as_str());
    let remedy = "check --source-id: it is what the column `users.key` of the profile holds";
    Err(Trouble::new(WHAT, why, remedy).into())
}

pub(super) async fn link<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    row: &LinkArgs,
    subject: &str,
    there: Row,
    console: Console,
) -> Result<(), Failure> {
    let (source, id) = read(row)?;
    let subject = self::subject(bench, subject).await?;
    let known = bench.target().runs(Some(&source), 1).await;
    let unknown = known.map_err(|error| stopped(WHAT)(error.into()))?.is_empty();
    let linked = migrate::link(bench, &source, &id, &subject).await.map_err(stopped(WHAT))?;
    let seen = match there {
        Row::Found => "found",
        Row::NotLookedFor if linked.was_linked => "linked before",
        Row::NotLookedFor => "not checked",
    };
    let mut shown = json!(linked);
    if let Some(members) = shown.as_object_mut() {
        members.insert("row_in_source".to_owned(), seen.into());
    }
    console.item(&shown)?;
    if there == Row::NotLookedFor && !linked.was_linked {
        console.note(&format!(
            "Nobody looked whether the source has a row {:?}: with --profile and --source it must. `migrate unlink` takes a link back.",
            id.as_str()
        ));
    }
    if unknown {
        console.note(&format!(
            "No import of a source called {source} was ever here: check the name, or `unlink` the row again."
        ));
    }
    if let Subject::External(external) = &subject {
        // A mistyped name of an account looks like an id elsewhere.
        console.note(&format!(
            "No account here is called {external:?}, so it was noted as the id of the row's account at the external provider. \
             `migrate link` with the right one replaces it."
        ));
    }
    Ok(())
}

pub(super) async fn unlink<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    row: &LinkArgs,
    console: Console,
) -> Result<(), Failure> {
    let (source, id) = read(row)?;
    let unlinked = migrate::unlink(bench, &source, &id).await;
    console.item(&unlinked.map_err(stopped("cannot unlink the row"))?)?;
    console.note("The account stays. The next import judges the row anew.");
    Ok(())
}

/// An account that is here, else an id at the external provider.
async fn subject<S: AnyStore + CutoverStore>(bench: &Bench<S>, text: &str) -> Result<Subject, Failure> {
    if let Some(user) = UserId::parse(text) {
        let found = bench.target().target_accounts(&[user]).await;
        let there = !found.map_err(|error| stopped("cannot find the account")(error.into()))?.is_empty();
        return Ok(if there { Subject::Account(user) } else { Subject::External(text.to_owned()) });
    }
    let Ok(identifier) = Identifier::parse(text) else { return Ok(Subject::External(text.to_owned())) };
    let found = bench.live().store().find_accounts(&identifier).await;
    let found = found.map_err(|error| refused("cannot find the account")(error.into()))?;
    match (found.is_empty(), text.split_once('@')) {
        (true, None) => Ok(Subject::External(text.to_owned())),
        (true, Some((name, _))) => {
            let why = format!("no account here has the e-mail address or user name {text:?}");
            let remedy = format!(
                "`authly-admin user list --contains {}` shows what is like it; an account may be named by its id, too",
                if name.is_empty() { "TEXT" } else { name }
            );
            Err(Trouble::new(WHAT, why, remedy).into())
        }
        (false, _) => Ok(Subject::Account(find(bench, text).await?)),
    }
}

fn read(row: &LinkArgs) -> Result<(SourceName, SourceId), Failure> {
    let wrong = |option: &str, text: &str, remedy: String| {
        Failure::usage(Trouble::new(format!("cannot read {option}"), format!("{text:?} is none"), remedy))
    };
    let source = SourceName::parse(&row.source_name).ok_or_else(|| {
        let remedy = "write the name that it was imported under: a-z, 0-9, `_` and `-`, at most 64";
        wrong("--source-name", &row.source_name, remedy.to_owned())
    })?;
    let id = SourceId::parse(&row.source_id).ok_or_else(|| {
        let remedy = format!("write the row's key as the source does, in {} bytes at most", SourceId::MAX);
        wrong("--source-id", &row.source_id, remedy)
    })?;
    Ok((source, id))
}
