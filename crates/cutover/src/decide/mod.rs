//! The decision on a row: pure, the same for a dry run and a run (G4), and exactly one outcome for each.
//!
//! Before the first row is decided, a [census] of all rows has found which names collide within the source. Then each
//! row is decided against a snapshot of the target, in this order: what an operator resolved, whether it is to be looked at
//! at all, whether it can be read, whether it was imported before, and last whom it would contradict.

#[cfg(test)]
mod address_tests;
pub mod census;
mod fresh;
#[cfg(test)]
mod link_tests;
mod merge;
mod names;
#[cfg(test)]
mod old_lines_tests;
mod people;
#[cfg(test)]
mod property_tests;
mod rules;
mod shared_name;
#[cfg(test)]
mod shared_name_tests;
#[cfg(test)]
mod tenant_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;

use std::borrow::Cow;

use oauth_core::{subject::AccountStatus, text, time::Timestamp};
use serde_json::{Value, json};

use self::{census::Collisions, names::Names};
pub use self::{
    names::{left_unmended, resolve},
    rules::{MappedTenant, Rules},
    view::{Renamed, View},
};
use crate::{
    account::{AuthMethod, TargetAccount},
    hash::HashJudge,
    outcome::{Flaw, FlawKind, Outcome, Reason, ReasonCode},
    person::{Activity, Person},
    profile::rules::Inactive,
    store::{AccountWrite, Link, PenKind, Resolution, RowKeys},
};

/// What is to be done about a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why, where the outcome alone does not say.
    pub reason: Option<Reason>,
    /// The account to write.
    pub write: Option<AccountWrite>,
    /// The link as it is to be; `None` leaves it.
    pub link: Option<Link>,
    /// Whether the account's hash is to be wrapped before it is written.
    pub wrap: bool,
    /// The scheme of the hash that is imported.
    pub scheme: Option<&'static str>,
    /// The user name that the account gets because several tenants have its own.
    pub username: Option<String>,
}

impl Decision {
    fn plain(outcome: Outcome) -> Self {
        Self { outcome, reason: None, write: None, link: None, wrap: false, scheme: None, username: None }
    }

    fn because(outcome: Outcome, reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::plain(outcome) }
    }

    fn conflict(code: ReasonCode, detail: Value) -> Self {
        Self::because(Outcome::Conflict, Reason::with(code, detail))
    }

    /// How the row waits, if it does.
    pub const fn pen(&self) -> Option<PenKind> {
        match self.outcome {
            Outcome::Conflict => Some(PenKind::Conflict),
            Outcome::Quarantine => Some(PenKind::Quarantine),
            Outcome::Failed => Some(PenKind::Failed),
            _ => None,
        }
    }
}

/// Everything that decisions of one batch are made from.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a, J> {
    /// What profile and operator decided for all rows.
    pub rules: &'a Rules,
    /// Which names collide within the source.
    pub collisions: &'a Collisions,
    /// What stands in the target.
    pub view: &'a View,
    /// Knows hashes.
    pub judge: &'a J,
    /// The time of the batch.
    pub now: Timestamp,
    /// The run, for the link.
    pub run: crate::run::RunId,
}

/// The names of an account in the form in which they must be unique, each once.
pub fn folded_names(account: &TargetAccount) -> Vec<String> {
    view::names_of(account).folded().map(str::to_owned).collect()
}

/// What of a row the snapshot must be asked for.
pub fn keys(person: &Person, resolution: Option<&Resolution>, rules: &Rules) -> RowKeys {
    let person = resolve(person, resolution);
    let names = Names::of(&person);
    let given = shared_name::given(&person, resolution, rules).map(|given| names::fold(&given));
    let merge = match resolution {
        Some(Resolution::Merge { user }) => Some(*user),
        _ => None,
    };
    RowKeys {
        source_id: person.id.clone(),
        user: merge.or_else(|| Some(rules.user(&person.id))),
        names: names.folded().map(str::to_owned).chain(given).collect(),
        external_subject: people::external_subject(&person).map(str::to_owned),
    }
}

/// Decides a row.
pub fn decide<J: HashJudge>(person: &Person, context: &Context<'_, J>) -> Decision {
    let resolution = context.view.resolution(&person.id);
    let person = resolve(person, resolution);
    let link = context.view.link(&person.id);
    if resolution == Some(&Resolution::Drop) {
        return Decision::because(Outcome::SkipDeleted, Reason::plain(ReasonCode::Resolved));
    }
    if !context.rules.wants(person.tenant.as_deref()) {
        return Decision::because(Outcome::SkipTenant, Reason::plain(ReasonCode::TenantNotWanted));
    }
    if person.activity == Activity::Deleted {
        return link
            .map_or_else(|| Decision::plain(Outcome::SkipDeleted), |link| merge::deleted(&person, link, context));
    }
    let tenant = match context.rules.tenant(person.tenant.as_deref()) {
        Ok(tenant) => tenant,
        Err(refused) => return *refused,
    };
    if let Some(reason) = flawed(&person) {
        return Decision::because(Outcome::Quarantine, reason);
    }
    let given = shared_name::instead(&person, resolution, link, context);
    let person = match given.clone() {
        None => person,
        given => {
            let username_of_source = names::username(&person).map(str::to_owned);
            Cow::Owned(Person { username: given, username_of_source, ..person.into_owned() })
        }
    };
    let person = person.as_ref();
    let decision = match (link, resolution) {
        (Some(link), _) => merge::linked(person, tenant, link, context),
        (None, Some(Resolution::Merge { user })) => match context.view.account(*user) {
            Some(account) => relink(person, account, context),
            None => {
                Decision::conflict(ReasonCode::IdTaken, json!({ "merge": user, "why": "there is no such account" }))
            }
        },
        (None, _) => unlinked(person, tenant, context),
    };
    let username = given.filter(|given| names_anew(decision.write.as_ref(), given));
    Decision { username, ..decision }
}

/// Whether an account gets that user name.
fn names_anew(write: Option<&AccountWrite>, username: &str) -> bool {
    match write {
        Some(AccountWrite::Create(account)) => account.username == username,
        Some(AccountWrite::Change { from, to }) => from.username != to.username && to.username == username,
        Some(AccountWrite::Remove(_)) | None => false,
    }
}

/// A row that was never imported.
fn unlinked<J: HashJudge>(person: &Person, tenant: Option<&MappedTenant>, context: &Context<'_, J>) -> Decision {
    if let Some(reason) = context.collisions.link_verdict(person, context.rules) {
        return Decision::because(Outcome::Conflict, reason);
    }
    if let Some(account) = people::external_subject(person).and_then(|subject| context.view.external(subject)) {
        return already(person, account, context);
    }
    if let Some(account) = context.view.account(context.rules.user(&person.id)) {
        let same = names::fold(&account.email) == Names::of(person).email;
        return match (context.rules.in_place, same) {
            (true, _) => fresh::adopt(person, account, context),
            (false, true) => relink(person, account, context),
            (false, false) => Decision::conflict(ReasonCode::IdTaken, json!({ "user": account.user })),
        };
    }
    if let Some(reason) = context.collisions.verdict(person, context.rules) {
        return Decision::because(Outcome::Conflict, reason);
    }
    let names = Names::of(person);
    if let Some(reason) = context.view.taken(&names, None, context.rules, tenant.map(|tenant| tenant.id)) {
        return Decision::because(Outcome::Conflict, reason);
    }
    fresh::create(person, tenant, context)
}

/// The row is that account: it gets the link and stays as it is otherwise.
fn relink<J: HashJudge>(person: &Person, account: &TargetAccount, context: &Context<'_, J>) -> Decision {
    if let Some(other) = context.view.other_row(account.user, &person.id) {
        return Decision::conflict(ReasonCode::IdTaken, json!({ "user": account.user, "source_id": other }));
    }
    let to = TargetAccount {
        imported_at: account.imported_at.or(Some(context.now)),
        external_subject: account
            .external_subject
            .clone()
            .or_else(|| people::external_subject(person).map(str::to_owned)),
        ..account.clone()
    };
    Decision {
        write: changed(account, to, context.now),
        link: Some(people::link(person, account, context)),
        ..Decision::plain(Outcome::ImportRelink)
    }
}

/// The account was linked by the source itself before the first run.
fn already<J: HashJudge>(person: &Person, account: &TargetAccount, context: &Context<'_, J>) -> Decision {
    if let Some(other) = context.view.other_row(account.user, &person.id) {
        let detail = json!({ "user": account.user, "source_id": other });
        return Decision::conflict(ReasonCode::ExternalSubjectTaken, detail);
    }
    let outcome =
        if account.auth_method == AuthMethod::Oauth { Outcome::AlreadyMigrated } else { Outcome::AlreadyLinked };
    Decision { link: Some(people::link(person, account, context)), ..Decision::plain(outcome) }
}

/// The write that makes `to` of `from`, if they differ.
fn changed(from: &TargetAccount, to: TargetAccount, now: Timestamp) -> Option<AccountWrite> {
    (to != *from).then(|| AccountWrite::Change {
        from: Box::new(from.clone()),
        to: Box::new(TargetAccount { updated_at: now.max(from.updated_at), ..to }),
    })
}

/// Why the row cannot become an account, if it cannot.
fn flawed(person: &Person) -> Option<Reason> {
    let flaws = flaws(person);
    (!flaws.is_empty()).then(|| Reason::flawed(&flaws))
}

/// What of a row keeps it from becoming an account: flaws that were found when it was read, and names that are none.
pub fn flaws(person: &Person) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> = person.flaws.iter().filter(|flaw| flaw.kind.quarantines()).cloned().collect();
    let mut add = |kind: FlawKind, column: &str| {
        if !flaws.iter().any(|flaw| flaw.kind == kind) {
            flaws.push(Flaw { kind, column: column.to_owned() });
        }
    };
    match person.email.as_deref() {
        None => add(FlawKind::EmailMissing, "email"),
        Some(email) if email.len() > names::MAX => add(FlawKind::EmailTooLong, "email"),
        Some(email) if !names::is_email(email) => add(FlawKind::EmailInvalid, "email"),
        Some(_) => {}
    }
    match person.username.as_deref() {
        Some(username) if username.len() > names::MAX => add(FlawKind::UsernameTooLong, "username"),
        Some(username) if text::line(username, names::MAX).is_err() => add(FlawKind::UsernameInvalid, "username"),
        _ => {}
    }
    flaws
}

/// The state of a new account.
const fn status(activity: Activity, inactive: Inactive) -> AccountStatus {
    match (activity, inactive) {
        (Activity::Active, _) => AccountStatus::Active,
        (Activity::Pending, _) | (Activity::Inactive, Inactive::PendingVerification) => {
            AccountStatus::PendingVerification
        }
        (Activity::Inactive | Activity::Deleted, _) => AccountStatus::Disabled,
    }
}
