//! A person as a source tells of them, read through the profile: typed where that was possible, and what was not is named.

use authly_directory::password::StoredHash;
use oauth_core::{claims::Profile, time::Timestamp};

use crate::{account::AuthMethod, outcome::Flaw, source::SourceId};

/// Whether the source would let that person in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Yes.
    Active,
    /// Removed there; the row is still there.
    Deleted,
    /// Switched off, or never switched on.
    Inactive,
    /// Waits for the verification of the address.
    Pending,
}

/// A person of the source.
///
/// Made by the profile of a [`SourceRow`](crate::source::SourceRow); nothing in it is judged against the target yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The row's key.
    pub id: SourceId,
    /// The e-mail address as it stands there, trimmed; `None` if NULL or blank.
    pub email: Option<String>,
    /// The user name, trimmed; `None` if NULL, blank, or the source has none.
    pub username: Option<String>,
    /// The user name that the source says, where the decision gave another because several tenants have it.
    pub username_of_source: Option<String>,
    /// Standard claims; its `email` and `email_verified` are not used.
    pub profile: Profile,
    /// The stored hash in the form that the passwords crate reads (declared schemes already carry their prefix); `None` if there is none.
    pub hash: Option<StoredHash>,
    /// Whether the source would let them in.
    pub activity: Activity,
    /// Whether the address counts as verified, by the profile's rule.
    pub is_verified: bool,
    /// Whether they are an administrator, by the profile's mapping.
    pub is_admin: bool,
    /// Whether an administrator locked them there.
    pub is_locked: bool,
    /// Roles after the profile's mapping, in order.
    pub roles: Vec<String>,
    /// Roles of the source that the mapping knows nothing for: reported, never lost in silence.
    pub unmapped_roles: Vec<String>,
    /// The key of their tenant in the source.
    pub tenant: Option<String>,
    /// Names of their groups after the profile's mapping, within the tenant.
    pub groups: Vec<String>,
    /// Their id at the external provider (C-37), trimmed; whether it is a valid one is judged later.
    pub external_subject: Option<String>,
    /// How they sign in already, where the source tracks it (S001-06).
    pub auth_method: Option<AuthMethod>,
    /// When they were invited.
    pub invited_at: Option<Timestamp>,
    /// When they first signed in by OAuth.
    pub completed_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
    /// When the row was last changed; the watermark of later runs.
    pub updated_at: Option<Timestamp>,
    /// When somebody last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When the password was last set.
    pub password_set_at: Option<Timestamp>,
    /// Wrong passwords in a row.
    pub failures: u32,
    /// Until when wrong passwords lock the account.
    pub locked_until: Option<Timestamp>,
    /// What of the row could not be read, worst first; a row with one that matters goes to quarantine.
    pub flaws: Vec<Flaw>,
}

impl Person {
    /// Somebody of whom nothing is known but the key: for profiles to fill in.
    pub fn unknown(id: SourceId) -> Self {
        Self {
            id,
            email: None,
            username: None,
            username_of_source: None,
            profile: Profile::default(),
            hash: None,
            activity: Activity::Active,
            is_verified: false,
            is_admin: false,
            is_locked: false,
            roles: Vec::new(),
            unmapped_roles: Vec::new(),
            tenant: None,
            groups: Vec::new(),
            external_subject: None,
            auth_method: None,
            invited_at: None,
            completed_at: None,
            created_at: None,
            updated_at: None,
            last_login_at: None,
            password_set_at: None,
            failures: 0,
            locked_until: None,
            flaws: Vec::new(),
        }
    }
}

/// A tenant as a source tells of it, read through the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantOfSource {
    /// Its key in the source.
    pub id: String,
    /// Its short name, normalized: lower case letters, digits and hyphens.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in operation there; people of one that is not get outcome `skip_tenant`.
    pub active: bool,
}
