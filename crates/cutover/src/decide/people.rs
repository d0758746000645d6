//! What a row says, in the forms that the account and the link hold.

use std::collections::BTreeMap;

use oauth_core::subject::AccountStatus;
use serde_json::{Value, json};

use super::{Context, names, shared_name};
use crate::{
    account::{CredentialState, TargetAccount},
    digest::Digest,
    hash::{HashJudge, HashState, Judged},
    outcome::{FlawKind, ReasonCode},
    person::{Activity, Person},
    store::Link,
};

/// The id at the external provider, if it is a valid one.
pub(super) fn external_subject(person: &Person) -> Option<&str> {
    let invalid = person.flaws.iter().any(|flaw| flaw.kind == FlawKind::ExternalSubjectInvalid);
    person.external_subject.as_deref().filter(|_| !invalid)
}

/// The link of the row with that account, as of now.
pub(super) fn link<J: HashJudge>(person: &Person, account: &TargetAccount, context: &Context<'_, J>) -> Link {
    Link {
        source: context.rules.source.clone(),
        source_id: person.id.clone(),
        user: account.user,
        base: base(person, account.status),
        run: context.run,
        at: context.now,
    }
}

/// What the row says, by field; hashes as digests.
pub(super) fn base(person: &Person, status: AccountStatus) -> BTreeMap<String, Value> {
    let hash = person.hash.as_ref().map(|hash| Digest::of([hash.expose().as_bytes()]).to_string());
    let activity = match person.activity {
        Activity::Active => "active",
        Activity::Deleted => "deleted",
        Activity::Inactive => "inactive",
        Activity::Pending => "pending",
    };
    [
        ("activity", json!(activity)),
        ("email", json!(person.email)),
        ("external_subject", json!(external_subject(person))),
        ("hash", json!(hash)),
        ("is_admin", json!(person.is_admin)),
        ("is_locked", json!(person.is_locked)),
        ("is_verified", json!(person.is_verified)),
        ("name", json!(person.profile.name)),
        ("roles", json!(person.roles)),
        ("status", json!(status.as_str())),
        ("tenant", json!(person.tenant)),
        ("username", json!(names::username(person))),
    ]
    .into_iter()
    .chain(person.username_of_source.as_ref().map(|name| (shared_name::OF_SOURCE, json!(name))))
    .map(|(field, value)| (field.to_owned(), value))
    .collect()
}

/// What follows from the hash of a row.
pub(super) struct Password {
    pub(super) hash: Option<authly_directory::password::StoredHash>,
    pub(super) state: CredentialState,
    pub(super) wrap: bool,
    pub(super) judged: Option<Judged>,
    pub(super) trouble: Option<ReasonCode>,
}

/// Judges the hash of a row (C-13: without a usable one, none is invented).
pub(super) fn password<J: HashJudge>(person: &Person, context: &Context<'_, J>) -> Password {
    let none = |judged, trouble| Password {
        hash: None,
        state: CredentialState::ResetRequired,
        wrap: false,
        judged,
        trouble: Some(trouble),
    };
    let Some(hash) = &person.hash else { return none(None, ReasonCode::HashMissing) };
    let judged = context.judge.judge(hash);
    let wrap = context.rules.wrap_weak && !context.rules.in_place && judged.state == HashState::Weak && judged.wraps;
    let state = match judged.state {
        HashState::Hostile => return none(Some(judged), ReasonCode::HashHostile),
        HashState::Unsupported => return none(Some(judged), ReasonCode::HashUnsupported),
        HashState::Current => CredentialState::Ok,
        HashState::Weak if wrap => CredentialState::Wrapped,
        HashState::Foreign | HashState::Weak => CredentialState::LegacyScheme,
        HashState::Wrapped => CredentialState::Wrapped,
    };
    Password { hash: Some(hash.clone()), state, wrap, judged: Some(judged), trouble: None }
}
