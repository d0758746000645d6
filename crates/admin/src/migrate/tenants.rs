//! The tenants of a source become tenants of the target, found by their short names or created, with their groups.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use authly_cutover::{
    decide::{MappedTenant, Rules},
    person::TenantOfSource,
    policy::{Policy, PolicyScope},
    profile::bind::BoundProfile,
    source::Source,
    store::{CutoverStore as _, NewGroup, NewTenant},
};
use oauth_core::ids::{GroupId, TenantId};

use super::{MigrateError, Tools};

/// What a source's tenants come to.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    /// The tenants of the source by their keys there.
    pub(super) of_source: BTreeMap<String, TenantOfSource>,
    /// What is to be created.
    pub(super) new_tenants: Vec<NewTenant>,
    pub(super) new_groups: Vec<NewGroup>,
    /// Those whose short name another has.
    pub(super) collisions: Vec<String>,
}

/// Maps the tenants of a source, and puts them and the policies into the rules.
pub(super) async fn map<T: Tools>(
    tools: &T,
    source: &mut impl Source,
    profile: &BoundProfile,
    rules: &mut Rules,
) -> Result<Mapped, MigrateError> {
    let (known, groups) = tools.target().tenants().await?;
    let policies = tools.target().policies().await?;
    rules.policy = policies.get(&PolicyScope::Installation).cloned();
    let groups: BTreeMap<(Option<TenantId>, &str), GroupId> =
        groups.iter().map(|group| ((group.tenant, group.name.as_str()), group.id)).collect();
    rules.groups =
        groups.iter().filter(|((of, _), _)| of.is_none()).map(|((_, name), id)| ((*name).to_owned(), *id)).collect();
    let mut mapped = Mapped::default();
    let mut slugs = BTreeSet::new();
    for tenant in source.tenants().await? {
        let tenant = profile.tenant(&tenant);
        if !slugs.insert(tenant.slug.clone()) {
            mapped.collisions.push(format!("{} ({})", tenant.slug, tenant.id));
            rules.slugs_taken.insert(tenant.id.clone(), tenant.slug.clone());
            mapped.of_source.insert(tenant.id.clone(), tenant);
            continue;
        }
        let there = known.iter().find(|known| known.slug == tenant.slug).map(|known| known.id);
        let id = there.unwrap_or_else(|| rules.tenant_id(&tenant.id));
        let wanted = tenant.active && rules.only_tenant.as_ref().is_none_or(|only| *only == tenant.slug);
        if wanted && there.is_none() {
            let (slug, name) = (tenant.slug.clone(), tenant.name.clone());
            mapped.new_tenants.push(NewTenant { id, slug, name, active: true });
        }
        let mut own = BTreeMap::new();
        for name in groups_of(profile, &tenant) {
            let group = groups.get(&(Some(id), name.as_str())).copied();
            let group = group.unwrap_or_else(|| {
                let group = rules.group_id(id, &name);
                if wanted {
                    let description = String::new();
                    mapped.new_groups.push(NewGroup { id: group, tenant: Some(id), name: name.clone(), description });
                }
                group
            });
            own.insert(name, group);
        }
        let policy: Option<Policy> = policies.get(&PolicyScope::Tenant(id)).cloned();
        let (slug, active) = (tenant.slug.clone(), tenant.active);
        rules.tenants.insert(tenant.id.clone(), MappedTenant { id, slug, active, groups: own, policy });
        mapped.of_source.insert(tenant.id.clone(), tenant);
    }
    if let Some(only) = &rules.only_tenant
        && !slugs.contains(only)
    {
        return Err(unknown(only, slugs.iter().map(String::as_str)));
    }
    Ok(mapped)
}

/// Tenants that are named where the one that was asked for is not there.
const MOST_NAMED: usize = 5;

/// That the source has no such tenant, and which it has: those first that begin like it.
pub(super) fn unknown<'a>(name: &str, there: impl Iterator<Item = &'a str>) -> MigrateError {
    let in_common = |slug: &str| slug.chars().zip(name.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let mut alike: Vec<&str> = there.collect();
    alike.sort_unstable_by_key(|slug| (Reverse(in_common(slug)), *slug));
    alike.dedup();
    let more = alike.len().saturating_sub(MOST_NAMED);
    alike.truncate(MOST_NAMED);
    MigrateError::NoTenant { name: name.to_owned(), alike: alike.into_iter().map(str::to_owned).collect(), more }
}

/// The groups that the profile makes for a tenant.
fn groups_of(profile: &BoundProfile, tenant: &TenantOfSource) -> Vec<String> {
    let Some(rules) = &profile.profile.tenants else { return Vec::new() };
    let patterns = rules.members_group.iter().chain(&rules.administrators_group);
    patterns.map(|pattern| pattern.replace("{slug}", &tenant.slug)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_is_not_there_is_told_with_those_that_are_most_like_it() {
        let told = |name: &str, there: &[&str]| unknown(name, there.iter().copied()).to_string();
        let there = ["zeta", "beta", "acme-two", "acme", "gamma", "delta", "acme"];
        assert_eq!(
            told("Acme-tow", &there),
            "there is no tenant \"Acme-tow\" in the source: it has acme-two, acme, beta, delta, gamma, and 1 more"
        );
        assert_eq!(told("x", &["acme"]), "there is no tenant \"x\" in the source: it has acme");
        assert_eq!(told("x", &[]), "there is no tenant \"x\" in the source: it has no tenants");
    }
}
