//! A row that becomes an account for the first time.

use super::{Context, Decision, names, people, rules::MappedTenant, status};
use crate::{
    account::{AuthMethod, CredentialState, TargetAccount},
    hash::HashJudge,
    outcome::{Outcome, Reason, ReasonCode},
    person::{Activity, Person},
    store::AccountWrite,
};

/// A new account.
pub(super) fn create<J: HashJudge>(
    person: &Person,
    tenant: Option<&MappedTenant>,
    context: &Context<'_, J>,
) -> Decision {
    let (rules, now) = (context.rules, context.now);
    let created_at = person.created_at.unwrap_or(now);
    let password = people::password(person, context);
    let subject = people::external_subject(person).map(str::to_owned);
    let by_oauth = subject.is_some() && (person.auth_method == Some(AuthMethod::Oauth) || password.hash.is_none());
    let auth_method = match (&subject, by_oauth) {
        (Some(_), true) => AuthMethod::Oauth,
        (Some(_), false) => AuthMethod::Dual,
        (None, _) => rules.auth_method(tenant, created_at, now),
    };
    let state = if by_oauth && password.hash.is_none() { CredentialState::Ok } else { password.state };
    let account = TargetAccount {
        user: rules.user(&person.id),
        tenant: tenant.map(|tenant| tenant.id),
        email: person.email.clone().unwrap_or_default(),
        username: names::username(person).unwrap_or_default().to_owned(),
        profile: person.profile.clone(),
        hash: password.hash,
        upgraded_hash: None,
        password_set_at: person.password_set_at,
        hash_upgraded_at: None,
        status: status(person.activity, rules.inactive),
        is_admin: person.is_admin,
        is_verified: names::is_verified(person, context.view.resolution(&person.id)),
        is_locked: person.is_locked,
        reset_required: state == CredentialState::ResetRequired,
        legacy_login: true,
        roles: person.roles.clone(),
        groups: rules.groups(tenant, &person.groups),
        failures: person.failures,
        locked_until: person.locked_until.filter(|until| *until > now),
        auth_method,
        credential_state: state,
        external_subject: subject.clone(),
        imported_at: Some(now),
        invited_at: person.invited_at,
        completed_at: person.completed_at.filter(|_| subject.is_some()),
        last_password_login_at: None,
        last_login_at: person.last_login_at,
        created_at,
        updated_at: now,
    };
    let (outcome, reason) = match (&subject, by_oauth) {
        (Some(_), true) => (Outcome::AlreadyMigrated, None),
        (Some(_), false) => (Outcome::AlreadyLinked, None),
        (None, _) => outcome(person, state, password.trouble),
    };
    Decision {
        reason,
        link: Some(people::link(person, &account, context)),
        write: Some(AccountWrite::Create(Box::new(account))),
        wrap: password.wrap,
        scheme: password.judged.map(|judged| judged.scheme),
        ..Decision::plain(outcome)
    }
}

/// An account that stands in the same table already: only what a migration adds is written.
pub(super) fn adopt<J: HashJudge>(person: &Person, account: &TargetAccount, context: &Context<'_, J>) -> Decision {
    if account.auth_method == AuthMethod::Oauth || account.completed_at.is_some() {
        let link = Some(people::link(person, account, context));
        return Decision { link, ..Decision::plain(Outcome::AlreadyMigrated) };
    }
    let password = people::password(person, context);
    let own = account.upgraded_hash.is_some();
    let state = if own { account.credential_state } else { password.state };
    let to = TargetAccount {
        auth_method: context.rules.auth_method(None, account.created_at, context.now),
        credential_state: state,
        reset_required: state == CredentialState::ResetRequired,
        imported_at: account.imported_at.or(Some(context.now)),
        ..account.clone()
    };
    let (outcome, reason) = outcome(person, state, password.trouble);
    Decision {
        link: Some(people::link(person, account, context)),
        // Its program's own columns stay exactly as they are, the time of the last change among them.
        write: (to != *account).then(|| AccountWrite::Change { from: Box::new(account.clone()), to: Box::new(to) }),
        reason,
        scheme: password.judged.map(|judged| judged.scheme),
        ..Decision::plain(outcome)
    }
}

fn outcome(person: &Person, state: CredentialState, trouble: Option<ReasonCode>) -> (Outcome, Option<Reason>) {
    match (person.activity, state) {
        (Activity::Inactive, _) => (Outcome::ImportDisabled, Some(Reason::plain(ReasonCode::Inactive))),
        (_, CredentialState::ResetRequired) => (Outcome::ImportResetRequired, trouble.map(Reason::plain)),
        _ => (Outcome::Import, None),
    }
}
