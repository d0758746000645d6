//! A row that was imported before: what changed in the source since is carried over, unless it changed here, too.
//!
//! Three-way, field by field: the link remembers what the row said last. What did not change there stays as it is here; what
//! did is taken over where it is still as it was; where both changed to different values, the change here stays and the row
//! waits for a decision (G16: the last action of the user wins).

use oauth_core::{subject::AccountStatus, time::Timestamp};
use serde_json::{Value, json};

use super::{
    Context, Decision, changed,
    names::{self, Names},
    people,
    rules::MappedTenant,
    status,
};
use crate::{
    account::{CredentialState, TargetAccount},
    hash::HashJudge,
    outcome::{Outcome, Reason, ReasonCode},
    person::Person,
    store::Link,
};

/// The row is there and linked.
pub(super) fn linked<J: HashJudge>(
    person: &Person,
    tenant: Option<&MappedTenant>,
    link: &Link,
    context: &Context<'_, J>,
) -> Decision {
    let account = context.view.account(link.user).filter(|account| account.status != AccountStatus::Deleted);
    let Some(account) = account else {
        return Decision::because(Outcome::Unchanged, Reason::plain(ReasonCode::DeletedHere));
    };
    let now = people::base(person, mapped(person, link, context));
    let mut merge = Merge { link, now: &now, to: account.clone(), clashes: Vec::new() };
    merge.texts(person, names::is_verified(person, context.view.resolution(&person.id)));
    merge.flags(person);
    merge.status(mapped(person, link, context));
    if context.rules.in_place {
        // One table: the row is the account, and there is nothing to carry over.
        merge = Merge { link, now: &now, to: account.clone(), clashes: Vec::new() };
    }
    let password = merge.password(person, context);
    if merge.differs("tenant") {
        merge.to.tenant = tenant.map(|tenant| tenant.id);
        merge.to.groups = context.rules.groups(tenant, &person.groups);
    }
    if !merge.clashes.is_empty() {
        let detail = json!({ "user": account.user, "fields": merge.clashes });
        return Decision::conflict(ReasonCode::ChangedHere, detail);
    }
    let to = merge.to;
    let wanted = Names { email: names::fold(&to.email), username: names::fold(&to.username) };
    let had = Names { email: names::fold(&account.email), username: names::fold(&account.username) };
    if wanted != had {
        let taken = context.collisions.verdict(person, context.rules);
        let taken = taken.or_else(|| context.view.taken(&wanted, Some(account.user), context.rules, to.tenant));
        if let Some(reason) = taken {
            return Decision::because(Outcome::Conflict, reason);
        }
    }
    let write = changed(account, to, context.now);
    let rebase = now != link.base;
    let link = rebase.then(|| Link { base: now, run: context.run, at: context.now, ..link.clone() });
    match write {
        Some(write) => {
            let (wrap, scheme) = password.map_or((false, None), |(wrap, scheme)| (wrap, Some(scheme)));
            Decision { write: Some(write), link, wrap, scheme, ..Decision::plain(Outcome::Updated) }
        }
        None => Decision { link, ..Decision::plain(Outcome::Unchanged) },
    }
}

/// The row was deleted in the source after it was imported: the account is switched off, not removed.
pub(super) fn deleted<J: HashJudge>(person: &Person, link: &Link, context: &Context<'_, J>) -> Decision {
    let reason = || Some(Reason::plain(ReasonCode::DeletedInSource));
    let known = link.base.get("activity") == Some(&json!("deleted"));
    let account = context.view.account(link.user).filter(|_| !known);
    let off =
        |account: &&TargetAccount| matches!(account.status, AccountStatus::Active | AccountStatus::PendingVerification);
    let Some(account) = account.filter(off) else {
        return Decision { reason: reason(), ..Decision::plain(Outcome::Unchanged) };
    };
    let to = TargetAccount { status: AccountStatus::Disabled, ..account.clone() };
    let base = people::base(person, AccountStatus::Disabled);
    Decision {
        reason: reason(),
        write: changed(account, to, context.now),
        link: Some(Link { base, run: context.run, at: context.now, ..link.clone() }),
        ..Decision::plain(Outcome::Updated)
    }
}

/// The state that the row's activity means; where the activity is the same as before, so is its meaning.
fn mapped<J>(person: &Person, link: &Link, context: &Context<'_, J>) -> AccountStatus {
    let fresh = status(person.activity, context.rules.inactive);
    let same = people::base(person, fresh).get("activity") == link.base.get("activity");
    let before = link.base.get("status").and_then(Value::as_str).and_then(AccountStatus::parse);
    before.filter(|_| same).unwrap_or(fresh)
}

struct Merge<'a> {
    link: &'a Link,
    now: &'a std::collections::BTreeMap<String, Value>,
    to: TargetAccount,
    clashes: Vec<&'static str>,
}

impl Merge<'_> {
    /// Whether the source says something else than when the row was carried over last. Of a link made by hand nothing is known
    /// yet: the account stays as it is, and what the row says now is what later runs compare with.
    fn differs(&self, field: &str) -> bool {
        self.link.base.get(field).is_some_and(|before| self.now.get(field) != Some(before))
    }

    /// Whether `theirs` is to be taken; both changed to different values is noted.
    fn takes(&mut self, field: &'static str, ours: &Value, theirs: &Value) -> bool {
        if !self.differs(field) || ours == theirs {
            return false;
        }
        let untouched = self.link.base.get(field) == Some(ours);
        if !untouched {
            self.clashes.push(field);
        }
        untouched
    }

    /// `shown` is whether the source has verified the address that the row has now.
    fn texts(&mut self, person: &Person, shown: bool) {
        let email = person.email.clone().unwrap_or_default();
        if self.takes("email", &json!(self.to.email), &json!(email)) {
            // What was shown here is whose the former address is.
            if names::fold(&email) != names::fold(&self.to.email) {
                self.to.is_verified &= shown;
            }
            self.to.email = email;
        }
        let username = names::username(person).unwrap_or_default().to_owned();
        if self.takes("username", &json!(self.to.username), &json!(username)) {
            self.to.username = username;
        }
        if self.takes("name", &json!(self.to.profile.name), &json!(person.profile.name)) {
            self.to.profile.name.clone_from(&person.profile.name);
        }
        if self.takes("roles", &json!(self.to.roles), &json!(person.roles)) {
            self.to.roles.clone_from(&person.roles);
        }
        let subject = people::external_subject(person);
        if self.takes("external_subject", &json!(self.to.external_subject), &json!(subject)) {
            self.to.external_subject = subject.map(str::to_owned);
        }
    }

    fn flags(&mut self, person: &Person) {
        if self.takes("is_admin", &json!(self.to.is_admin), &json!(person.is_admin)) {
            self.to.is_admin = person.is_admin;
        }
        if self.takes("is_locked", &json!(self.to.is_locked), &json!(person.is_locked)) {
            self.to.is_locked = person.is_locked;
        }
        if self.takes("is_verified", &json!(self.to.is_verified), &json!(person.is_verified)) {
            self.to.is_verified = person.is_verified;
        }
    }

    fn status(&mut self, theirs: AccountStatus) {
        if self.takes("status", &json!(self.to.status.as_str()), &json!(theirs.as_str())) {
            self.to.status = theirs;
        }
    }

    /// A changed hash is taken unless the password was set here since; whether it is to be wrapped, and its scheme.
    fn password<J: HashJudge>(&mut self, person: &Person, context: &Context<'_, J>) -> Option<(bool, &'static str)> {
        if !self.differs("hash") || context.rules.in_place {
            return None;
        }
        let set_here = |at: Timestamp| at > self.link.at;
        if self.to.password_set_at.is_some_and(set_here) {
            self.clashes.push("password");
            return None;
        }
        let password = people::password(person, context);
        // A hash that vanished from the source takes nobody's password away here.
        let hash = password.hash?;
        self.to.hash = Some(hash);
        self.to.upgraded_hash = None;
        self.to.hash_upgraded_at = None;
        self.to.credential_state = password.state;
        self.to.reset_required = password.state == CredentialState::ResetRequired;
        self.to.password_set_at = person.password_set_at.filter(|at| *at <= context.now);
        Some((password.wrap, password.judged.map_or("unknown", |judged| judged.scheme)))
    }
}
