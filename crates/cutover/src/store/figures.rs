//! Figures that the store counts.

use oauth_core::{
    ids::{TenantId, UserId},
    time::Timestamp,
};

/// Counts of one tenant's accounts that are not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFigures {
    /// The tenant; `None` for accounts without one.
    pub tenant: Option<TenantId>,
    /// Its short name.
    pub slug: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// All accounts.
    pub total: u64,
    /// Of them with `auth_method` password.
    pub password: u64,
    /// With `dual`.
    pub dual: u64,
    /// With `oauth`.
    pub oauth: u64,
    /// With `imported_at`.
    pub imported: u64,
    /// With `invited_at`.
    pub invited: u64,
    /// With `completed_at`.
    pub completed: u64,
    /// With `hash_upgraded_at`.
    pub hash_upgraded: u64,
    /// Whose password must be set anew.
    pub reset_required: u64,
    /// Switched off.
    pub disabled: u64,
    /// Whose hash is of another program.
    pub legacy_scheme: u64,
    /// Whose hash is wrapped.
    pub wrapped: u64,
    /// Open rows in conflict, quarantine or failed.
    pub waiting: u64,
    /// The newest `last_password_login_at`.
    pub last_password_login_at: Option<Timestamp>,
    /// Hashes of other programs and wrapped ones that are left: places of samples, and how many accounts have one that looks like
    /// it. Told only where it was asked for, each place once.
    pub old_hashes: Vec<(usize, u64)>,
}

/// Accounts of one tenant that are alike in everything that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The tenant; `None` for accounts without one.
    pub tenant: Option<TenantId>,
    /// A bit for each thing that is counted, the least first, in the order of [`TenantFigures`] from `password` to `wrapped`. It is
    /// how a database says of an account at once what it counts for.
    pub traits: u32,
    /// How many they are.
    pub accounts: u64,
    /// The newest `last_password_login_at`.
    pub last_password_login_at: Option<Timestamp>,
}

impl TenantFigures {
    /// Counts accounts of this tenant along.
    pub fn count(&mut self, alike: &Alike) {
        let has = |place: u32| alike.accounts * u64::from(alike.traits >> place & 1);
        self.total += alike.accounts;
        self.password += has(0);
        self.dual += has(1);
        self.oauth += has(2);
        self.imported += has(3);
        self.invited += has(4);
        self.completed += has(5);
        self.hash_upgraded += has(6);
        self.reset_required += has(7);
        self.disabled += has(8);
        self.legacy_scheme += has(9);
        self.wrapped += has(10);
        self.last_password_login_at = self.last_password_login_at.max(alike.last_password_login_at);
    }

    /// Counts others along, but for their old hashes.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.password += other.password;
        self.dual += other.dual;
        self.oauth += other.oauth;
        self.imported += other.imported;
        self.invited += other.invited;
        self.completed += other.completed;
        self.hash_upgraded += other.hash_upgraded;
        self.reset_required += other.reset_required;
        self.disabled += other.disabled;
        self.legacy_scheme += other.legacy_scheme;
        self.wrapped += other.wrapped;
        self.waiting += other.waiting;
        self.last_password_login_at = self.last_password_login_at.max(other.last_password_login_at);
    }
}

/// How many accounts completed on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyCount {
    /// Days since 1970-01-01 (UTC).
    pub day: i64,
    /// Accounts.
    pub completed: u64,
}

/// What an account still lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lacks {
    /// It has not signed in by OAuth (S001-16), as the first condition of the end asks.
    #[default]
    Completion,
    /// It is active, and its password has the hash of another program, alone or wrapped, as the sixth condition counts them.
    OwnHash,
}

/// Which page of pending accounts is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingAsk {
    /// Only those that lack this.
    pub lacks: Lacks,
    /// Only those of this tenant.
    pub tenant: Option<TenantId>,
    /// Only those behind this one: its last sign-in and id.
    pub after: Option<(Option<Timestamp>, UserId)>,
    /// At most so many.
    pub limit: u32,
}

/// An account that lacks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAccount {
    /// The account.
    pub user: UserId,
    /// Its tenant's short name.
    pub tenant: Option<String>,
    /// Its address.
    pub email: String,
    /// Its full name.
    pub name: Option<String>,
    /// When somebody last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When it was invited.
    pub invited_at: Option<Timestamp>,
}

/// Successful uses of a legacy door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyUse {
    /// The tenant; `None` for accounts without one.
    pub tenant: Option<TenantId>,
    /// The newest use.
    pub last_at: Timestamp,
}
