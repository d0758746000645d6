//! The snapshot of the target, indexed, with what earlier rows of the run have changed of names.

use std::collections::HashMap;

use oauth_core::ids::{TenantId, UserId};
use serde_json::json;

use super::{
    Decision,
    names::{Names, fold},
    rules::Rules,
};
use crate::{
    account::TargetAccount,
    outcome::{Reason, ReasonCode},
    profile::rules::Unique,
    source::{SourceId, SourceName},
    store::{AccountWrite, Link, PenEntry, Resolution, TargetSnapshot},
};

/// Names that rows of the run gave accounts, folded: a dry run has to know what a run would have written.
#[derive(Clone, Debug, Default)]
pub struct Renamed(HashMap<UserId, Names>);

/// What stands in the target, for one batch.
#[derive(Debug)]
pub struct View {
    accounts: HashMap<UserId, TargetAccount>,
    links: HashMap<SourceId, Link>,
    rows: HashMap<UserId, Vec<(SourceName, SourceId)>>,
    subjects: HashMap<String, UserId>,
    pen: HashMap<SourceId, PenEntry>,
    names: HashMap<String, Vec<(UserId, Names)>>,
    source: SourceName,
}

impl View {
    /// Indexes a snapshot.
    pub fn new(snapshot: TargetSnapshot, source: SourceName, renamed: &Renamed) -> Self {
        let mut names: HashMap<String, Vec<(UserId, Names)>> = HashMap::new();
        for account in &snapshot.accounts {
            let of = renamed.0.get(&account.user).cloned().unwrap_or_else(|| names_of(account));
            for name in of.folded() {
                names.entry(name.to_owned()).or_default().push((account.user, of.clone()));
            }
        }
        let mut rows: HashMap<UserId, Vec<(SourceName, SourceId)>> = HashMap::new();
        for link in &snapshot.links {
            rows.entry(link.user).or_default().push((link.source.clone(), link.source_id.clone()));
        }
        let subject = |account: &TargetAccount| account.external_subject.clone().map(|subject| (subject, account.user));
        Self {
            subjects: snapshot.accounts.iter().filter_map(subject).collect(),
            accounts: snapshot.accounts.into_iter().map(|account| (account.user, account)).collect(),
            links: snapshot
                .links
                .into_iter()
                .filter(|link| link.source == source)
                .map(|link| (link.source_id.clone(), link))
                .collect(),
            pen: snapshot.pen.into_iter().map(|entry| (entry.source_id.clone(), entry)).collect(),
            rows,
            names,
            source,
        }
    }

    /// Notes what a row of this batch does to names, for the rows behind it and, through `renamed`, for later batches.
    pub fn note(&mut self, decision: &Decision, renamed: &mut Renamed) {
        let Some(AccountWrite::Change { from, to }) = &decision.write else { return };
        let (had, has) = (names_of(from), names_of(to));
        if had == has {
            return;
        }
        for name in had.folded() {
            if let Some(holders) = self.names.get_mut(name) {
                holders.retain(|(user, _)| *user != to.user);
            }
        }
        for name in has.folded() {
            self.names.entry(name.to_owned()).or_default().push((to.user, has.clone()));
        }
        renamed.0.insert(to.user, has);
    }

    /// The account with that id.
    pub fn account(&self, user: UserId) -> Option<&TargetAccount> {
        self.accounts.get(&user)
    }

    /// The link of that row.
    pub fn link(&self, id: &SourceId) -> Option<&Link> {
        self.links.get(id)
    }

    /// The row as it waits, or did until it was resolved.
    pub fn pen_entry(&self, id: &SourceId) -> Option<&PenEntry> {
        self.pen.get(id)
    }

    /// The source.
    pub const fn source(&self) -> &SourceName {
        &self.source
    }

    pub(super) fn resolution(&self, id: &SourceId) -> Option<&Resolution> {
        self.pen.get(id).and_then(|entry| entry.resolution.as_ref())
    }

    /// The account that is known by that id at the external provider; where Authly is that provider, by its own.
    pub(super) fn external(&self, subject: &str) -> Option<&TargetAccount> {
        let user = self.subjects.get(subject).copied().or_else(|| UserId::parse(&subject.to_ascii_lowercase()));
        user.and_then(|user| self.accounts.get(&user))
    }

    /// Another row of the same source that is that account.
    pub(super) fn other_row(&self, user: UserId, id: &SourceId) -> Option<&SourceId> {
        let rows = self.rows.get(&user)?;
        rows.iter().find(|(source, other)| *source == self.source && other != id).map(|(_, other)| other)
    }

    /// Whether an account of another tenant has that user name.
    pub(super) fn is_named_elsewhere(&self, username: &str, own: UserId, tenant: TenantId) -> bool {
        let elsewhere = |user: &UserId| self.accounts.get(user).is_some_and(|account| account.tenant != Some(tenant));
        let holders = self.names.get(username).map(Vec::as_slice).unwrap_or_default();
        holders.iter().any(|(user, has)| *user != own && has.username == username && elsewhere(user))
    }

    /// Why an account cannot have these names, if another has them.
    pub(super) fn taken(
        &self,
        wanted: &Names,
        own: Option<UserId>,
        rules: &Rules,
        tenant: Option<TenantId>,
    ) -> Option<Reason> {
        // An address may be unique in its tenant only; a user name is so everywhere.
        let counts = |user: UserId, has: &Names| {
            Some(user) != own
                && (rules.unique == Unique::Global
                    || has.username == wanted.username
                    || self.accounts.get(&user).is_some_and(|account| account.tenant == tenant))
        };
        wanted.folded().find_map(|name| {
            let (user, has) = self.names.get(name)?.iter().find(|(user, has)| counts(*user, has))?;
            let elsewhere = rules.unique == Unique::Tenant
                && self.accounts.get(user).is_some_and(|account| account.tenant != tenant);
            let code = if elsewhere { ReasonCode::UsernameTaken } else { collision(wanted, has) };
            let row = self.rows.get(user).and_then(|rows| rows.iter().find(|(source, _)| *source == self.source));
            let detail = match row {
                Some((_, source_id)) => json!({ "source_id": source_id, "user": user }),
                None => json!({ "user": user }),
            };
            Some(Reason::with(code, detail))
        })
    }
}

pub(super) fn names_of(account: &TargetAccount) -> Names {
    Names { email: fold(&account.email), username: fold(&account.username) }
}

/// In what way names collide.
pub(super) fn collision(wanted: &Names, has: &Names) -> ReasonCode {
    if wanted.email == has.email {
        ReasonCode::EmailTaken
    } else if wanted.username == has.username && wanted.username != wanted.email && has.username != has.email {
        ReasonCode::UsernameTaken
    } else {
        ReasonCode::UsernameIsEmail
    }
}
