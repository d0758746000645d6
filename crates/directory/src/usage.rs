//! Who still comes by which way: successful uses, counted by client (or by tenant, where a door names no client), way and day.
//!
//! A server notes a use in memory and writes what has gathered now and then, so that no request waits for a counter. Uses of the
//! last moments before a crash are lost; nothing is decided by these numbers alone.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use oauth_core::{
    ids::{ClientKey, TenantId},
    store::StoreError,
    subject::Subject,
    time::Timestamp,
};

/// A way to get tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A code was exchanged, wherever it came from.
    AuthorizationCode,
    /// A legacy door was tried by `authly-admin migrate validate`, whichever it was.
    Check,
    /// A client acted on its own behalf.
    ClientCredentials,
    /// A code was given to a first-party application's own form.
    FirstParty,
    /// A JSON login.
    JsonLogin,
    /// A refresh token of the legacy contract was used.
    LegacyRefresh,
    /// The password grant.
    PasswordGrant,
    /// A refresh token was used.
    RefreshToken,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 8] = [
        Self::AuthorizationCode,
        Self::Check,
        Self::ClientCredentials,
        Self::FirstParty,
        Self::JsonLogin,
        Self::LegacyRefresh,
        Self::PasswordGrant,
        Self::RefreshToken,
    ];

    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Check => "check",
            Self::ClientCredentials => "client_credentials",
            Self::FirstParty => "first_party",
            Self::JsonLogin => "json_login",
            Self::LegacyRefresh => "legacy_refresh",
            Self::PasswordGrant => "password_grant",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// This way, unless it was an administrator's check, which must not look like somebody who still comes by it.
    #[must_use]
    pub fn by(self, subject: &Subject) -> Self {
        if subject.is_check() { Self::Check } else { self }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// Who came how on which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UseKey {
    /// How.
    pub way: Way,
    /// The client; the doors of the legacy contract name none.
    pub client: Option<ClientKey>,
    /// The tenant, where no client is named.
    pub tenant: Option<TenantId>,
    /// The day: whole days since 1970-01-01, UTC.
    pub day: u32,
}

impl UseKey {
    /// A use at that instant.
    pub fn at(way: Way, client: Option<ClientKey>, tenant: Option<TenantId>, at: Timestamp) -> Self {
        let day = u32::try_from(at.seconds().div_euclid(86_400)).unwrap_or(0);
        Self { way, client, tenant, day }
    }
}

/// Uses of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// Who and how.
    pub key: UseKey,
    /// How often.
    pub count: u64,
    /// When last.
    pub last_at: Timestamp,
}

/// What has gathered and is not written yet.
#[derive(Debug, Default)]
pub struct UseBook(Mutex<HashMap<UseKey, (u64, Timestamp)>>);

impl UseBook {
    /// Notes a use.
    pub fn note(&self, way: Way, client: Option<ClientKey>, tenant: Option<TenantId>, at: Timestamp) {
        Self::add(&mut self.lock(), Uses { key: UseKey::at(way, client, tenant, at), count: 1, last_at: at });
    }

    /// Takes what has gathered.
    pub fn take(&self) -> Vec<Uses> {
        let taken = std::mem::take(&mut *self.lock());
        taken.into_iter().map(|(key, (count, last_at))| Uses { key, count, last_at }).collect()
    }

    /// Gives back what could not be written.
    pub fn give_back(&self, uses: Vec<Uses>) {
        let mut book = self.lock();
        uses.into_iter().for_each(|uses| Self::add(&mut book, uses));
    }

    fn add(book: &mut HashMap<UseKey, (u64, Timestamp)>, uses: Uses) {
        let row = book.entry(uses.key).or_insert((0, uses.last_at));
        row.0 = row.0.saturating_add(uses.count);
        row.1 = row.1.max(uses.last_at);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UseKey, (u64, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counted uses.
pub trait UseRepository: Send + Sync {
    /// Adds to what is counted, all of it in one step.
    fn add_uses(&self, uses: Vec<Uses>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The uses from that day on, by key.
    fn uses(&self, from_day: u32) -> impl Future<Output = Result<Vec<Uses>, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let book = UseBook::default();
        let at = |seconds| Timestamp::from_seconds(seconds);
        book.note(Way::JsonLogin, None, None, at(86_399));
        book.note(Way::JsonLogin, None, None, at(86_398));
        let taken = book.take();
        assert_eq!((taken.len(), taken[0].key.day, taken[0].count, taken[0].last_at), (1, 0, 2, at(86_399)));
        assert!(book.take().is_empty());
        book.note(Way::JsonLogin, None, None, at(5));
        book.note(Way::JsonLogin, None, None, at(86_400));
        book.give_back(taken);
        let mut all = book.take();
        all.sort_by_key(|uses| uses.key);
        assert_eq!(all.iter().map(|uses| (uses.key.day, uses.count)).collect::<Vec<_>>(), [(0, 3), (1, 1)]);
    }
}
