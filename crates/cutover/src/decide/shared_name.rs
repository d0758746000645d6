//! One user name in several tenants: each of its people gets one with the tenant's short name.
//!
//! Which names are shared is known from the census of the whole source and from the accounts that are here, so the same comes out of
//! a dry run, a run and a second run. A name that an account got once stays, whoever joins or leaves later: its link remembers of
//! which name of the source it was made.

use oauth_core::ids::UserId;
use serde_json::Value;

use super::{Context, Rules, names};
use crate::{
    person::Person,
    profile::rules::Unique,
    store::{Link, Resolution},
};

/// What the link remembers the source's own name as, where the account has another.
pub(super) const OF_SOURCE: &str = "username_of_source";

/// The user name that the row would get, were its own shared.
pub(super) fn given(person: &Person, resolution: Option<&Resolution>, rules: &Rules) -> Option<String> {
    if rules.in_place || rules.unique != Unique::Tenant {
        return None;
    }
    // Whoever names a name means it.
    if matches!(resolution, Some(Resolution::Rename { username: Some(_), .. })) {
        return None;
    }
    let tenant = rules.tenants.get(person.tenant.as_deref()?)?;
    rules.shared_name.of(names::username(person)?, &tenant.slug)
}

/// The user name that the row gets instead of its own, if it does.
pub(super) fn instead<J>(
    person: &Person,
    resolution: Option<&Resolution>,
    link: Option<&Link>,
    context: &Context<'_, J>,
) -> Option<String> {
    let own = names::username(person)?;
    if let Some(kept) = link.and_then(|link| kept(own, link)) {
        return (kept != own).then(|| kept.to_owned());
    }
    let given = given(person, resolution, context.rules)?;
    let user: UserId = link.map_or_else(|| context.rules.user(&person.id), |link| link.user);
    let tenant = context.rules.tenants.get(person.tenant.as_deref()?)?.id;
    let shared = context.collisions.is_shared(person, context.rules)
        || context.view.is_named_elsewhere(&names::fold(own), user, tenant);
    shared.then_some(given)
}

/// The name that was given for the same name of the source before.
fn kept<'a>(own: &str, link: &'a Link) -> Option<&'a str> {
    let given = link.base.get("username").and_then(Value::as_str)?;
    let of = link.base.get(OF_SOURCE).and_then(Value::as_str).unwrap_or(given);
    (of == own).then_some(given)
}
