//! What profile and operator decided for all rows.

use std::collections::{BTreeMap, BTreeSet};

use authly_directory::uniqueness::EmailUniqueness;
use oauth_core::{
    ids::{GroupId, TenantId, UserId},
    time::Timestamp,
};
use serde_json::json;

use super::Decision;
use crate::{
    account::AuthMethod,
    digest::Digest,
    outcome::{FlawKind, Outcome, Reason, ReasonCode},
    policy::{Mode, Policy},
    profile::{
        rules::{Collision, Inactive, Profile, Target, Unique},
        shared_name::SharedName,
    },
    source::{SourceId, SourceName},
};

/// A tenant of the source, with the target's that it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedTenant {
    /// The tenant in the target.
    pub id: TenantId,
    /// Its short name.
    pub slug: String,
    /// Whether it is in operation in the source.
    pub active: bool,
    /// Its groups in the target, by name.
    pub groups: BTreeMap<String, GroupId>,
    /// Its policy.
    pub policy: Option<Policy>,
}

/// What profile and operator decided for all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The source.
    pub source: SourceName,
    /// Whether the source's table is the target's own (profile `authly`): accounts are adopted, not created.
    pub in_place: bool,
    /// Where names must be unique.
    pub unique: Unique,
    /// What an inactive account becomes.
    pub inactive: Inactive,
    /// Which of colliding rows is imported.
    pub collision: Collision,
    /// What a user name becomes that people of several tenants have.
    pub shared_name: SharedName,
    /// Whether weak digests are wrapped.
    pub wrap_weak: bool,
    /// Only rows of this tenant (its short name).
    pub only_tenant: Option<String>,
    /// The tenants of the source by their keys there.
    pub tenants: BTreeMap<String, MappedTenant>,
    /// Tenants of the source, by their keys there, whose short name another has, with that name.
    pub slugs_taken: BTreeMap<String, String>,
    /// Groups of no tenant, by name.
    pub groups: BTreeMap<String, GroupId>,
    /// The installation's policy.
    pub policy: Option<Policy>,
}

impl Rules {
    /// What a profile says; tenants and policies come from the target.
    pub fn of(profile: &Profile, source: SourceName) -> Self {
        Self {
            source,
            in_place: profile.target == Target::InPlace,
            unique: profile.users.unique,
            inactive: profile.users.inactive,
            collision: profile.users.collision,
            shared_name: profile.users.shared_name.clone(),
            wrap_weak: false,
            only_tenant: None,
            tenants: BTreeMap::new(),
            slugs_taken: BTreeMap::new(),
            groups: BTreeMap::new(),
            policy: None,
        }
    }

    /// The account that a row becomes: its key where that is a UUID, else a UUID made of source and key (RFC 9562 5.8), so that a
    /// dry run, a run and a second run after a rollback all agree.
    pub fn user(&self, id: &SourceId) -> UserId {
        id.user().unwrap_or_else(|| UserId::from_uuid(self.derived("account", id.as_str())))
    }

    /// The tenant that a tenant of the source becomes, where the target has none of that short name.
    pub fn tenant_id(&self, key: &str) -> TenantId {
        let kept = TenantId::parse(&key.to_ascii_lowercase()).filter(|id| !id.uuid().is_nil());
        kept.unwrap_or_else(|| TenantId::from_uuid(self.derived("tenant", key)))
    }

    /// The group of that name, where the target's tenant has none.
    pub fn group_id(&self, tenant: TenantId, name: &str) -> GroupId {
        GroupId::from_uuid(self.derived("group", &format!("{tenant} {name}")))
    }

    /// The same rules for a target that may want addresses to be unique everywhere.
    #[must_use]
    pub fn within(mut self, target: EmailUniqueness) -> Self {
        if target == EmailUniqueness::Global {
            self.unique = Unique::Global;
        }
        self
    }

    /// A UUID made of source, kind and key.
    fn derived(&self, kind: &str, key: &str) -> uuid::Uuid {
        let parts = [b"authly".as_slice(), kind.as_bytes(), self.source.as_str().as_bytes(), key.as_bytes()];
        let mut bytes = [0u8; 16];
        bytes.iter_mut().zip(Digest::of(parts).bytes()).for_each(|(to, from)| *to = *from);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Whether rows of that tenant are asked for; one of a tenant that nobody knows is looked at all the same.
    pub fn wants(&self, key: Option<&str>) -> bool {
        self.only_tenant.as_ref().is_none_or(|wanted| {
            let slug =
                |key: &str| self.tenants.get(key).map(|tenant| &tenant.slug).or_else(|| self.slugs_taken.get(key));
            key.is_some_and(|key| slug(key).is_none_or(|slug| slug == wanted))
        })
    }

    /// The tenant in the target that a tenant of the source is, if it is one.
    pub fn mapped(&self, key: Option<&str>) -> Option<TenantId> {
        self.tenants.get(key?).map(|tenant| tenant.id)
    }

    /// The tenant of a row, or what becomes of the row because of it.
    pub(super) fn tenant(&self, key: Option<&str>) -> Result<Option<&MappedTenant>, Box<Decision>> {
        let skip = |code| Err(Box::new(Decision::because(Outcome::SkipTenant, Reason::plain(code))));
        let tenant = match key {
            None => None,
            Some(key) => match self.tenants.get(key) {
                Some(tenant) => Some(tenant),
                None if self.tenants.is_empty() => None,
                None => {
                    let detail = match self.slugs_taken.get(key) {
                        Some(slug) => {
                            json!({ "flaws": [{ "kind": FlawKind::TenantSlugTaken, "column": "tenant" }], "tenant": slug })
                        }
                        None => json!({ "flaws": [{ "kind": FlawKind::TenantUnknown, "column": "tenant" }] }),
                    };
                    let reason = Reason::with(ReasonCode::Flawed, detail);
                    return Err(Box::new(Decision::because(Outcome::Quarantine, reason)));
                }
            },
        };
        if let Some(wanted) = &self.only_tenant
            && tenant.is_none_or(|tenant| tenant.slug != *wanted)
        {
            return skip(ReasonCode::TenantNotWanted);
        }
        match tenant {
            Some(tenant) if !tenant.active => skip(ReasonCode::TenantInactive),
            _ => Ok(tenant),
        }
    }

    /// How an account of that tenant and age signs in that comes in now: as the doors will judge it.
    pub(super) fn auth_method(
        &self,
        tenant: Option<&MappedTenant>,
        created_at: Timestamp,
        now: Timestamp,
    ) -> AuthMethod {
        let policies = [None, tenant.and_then(|tenant| tenant.policy.as_ref()), self.policy.as_ref()];
        match crate::policy::effective(policies, created_at, now) {
            Mode::Password => AuthMethod::Password,
            Mode::Dual | Mode::OauthOnly => AuthMethod::Dual,
        }
    }

    /// The groups with these names; those that the target does not have are left out.
    pub(super) fn groups(&self, tenant: Option<&MappedTenant>, names: &[String]) -> BTreeSet<GroupId> {
        let known = tenant.map_or(&self.groups, |tenant| &tenant.groups);
        names.iter().filter_map(|name| known.get(name)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_uuid_becomes_the_same_account_each_time_and_another_for_each_source() {
        let profile = Profile::built_in("legacy-users").unwrap();
        let rules = |name: &str| Rules::of(&profile, SourceName::parse(name).unwrap());
        let id = SourceId::parse("17").unwrap();
        assert_eq!(rules("a").user(&id), rules("a").user(&id));
        assert_ne!(rules("a").user(&id), rules("b").user(&id));
        assert_eq!(rules("a").user(&id).uuid().get_version_num(), 8);
        let uuid = SourceId::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8").unwrap();
        assert_eq!(rules("a").user(&uuid).to_string(), uuid.as_str());
        assert!(!rules("a").user(&id).uuid().is_nil());
    }

    /// S001-53.
    #[test]
    fn an_account_signs_in_as_the_policy_says_of_its_age() {
        let profile = Profile::built_in("legacy-users").unwrap();
        let at = Timestamp::from_seconds;
        let mut rules = Rules::of(&profile, SourceName::parse("a").unwrap());
        assert_eq!(rules.auth_method(None, at(0), at(50)), AuthMethod::Dual);
        let (mode, new_users, since) = (Mode::Password, Some(Mode::OauthOnly), Some(at(10)));
        rules.policy = Some(Policy { mode, new_users, since, ..Policy::default() });
        assert_eq!(rules.auth_method(None, at(9), at(50)), AuthMethod::Password);
        assert_eq!(rules.auth_method(None, at(10), at(50)), AuthMethod::Dual, "not by a password alone");
    }
}
