//! Sign-ins by day and way, as they are counted.

use std::collections::HashMap;

use authly_cutover::board::{date_of, day_of};
use authly_directory::{
    services::DirectoryServices,
    usage::{UseRepository as _, Uses, Way},
};
use oauth_core::{
    ids::{ClientKey, TenantId},
    store::StoreError,
    subject::Reach,
};

use crate::app::App;

/// Days that are shown.
const DAYS: i64 = 30;

/// The ways by which people sign in, in the order of the page: tokens that a client gets for itself and refreshed ones are none.
const WAYS: [Way; 4] = [Way::JsonLogin, Way::PasswordGrant, Way::AuthorizationCode, Way::FirstParty];

/// The last days, oldest first, each with the sign-ins by way. A use names a client or a tenant: a tenant's own are those that name it
/// or one of its clients.
pub(super) async fn by_day<V: DirectoryServices>(
    app: &App<V>,
    reach: Reach,
) -> Result<Vec<(String, [u64; 4])>, StoreError> {
    let today = day_of(app.engine.now());
    let from = today - DAYS + 1;
    let uses = app.engine.services().accounts().uses(u32::try_from(from).unwrap_or(0)).await?;
    let catalog = app.engine.catalog();
    let tenant_of_client = |key: ClientKey| -> Option<TenantId> { catalog.client_by_key(key)?.tenant };
    let within = |one: &&Uses| reach.covers(one.key.tenant.or_else(|| one.key.client.and_then(tenant_of_client)));
    let days = gathered(uses.iter().filter(within));
    Ok((from..=today).map(|day| (date_of(day), days.get(&day).copied().unwrap_or_default())).collect())
}

/// The sign-ins of each day by way. All codes are counted when they are exchanged, and those that an application's own form got are
/// counted as such too: what remains of a client's codes came by the browser.
fn gathered<'u>(uses: impl Iterator<Item = &'u Uses> + Clone) -> HashMap<i64, [u64; 4]> {
    let by_form = uses.clone().filter(|one| one.key.way == Way::FirstParty);
    let by_form: HashMap<_, u64> = by_form.map(|one| ((one.key.day, one.key.client), one.count)).collect();
    let mut days: HashMap<i64, [u64; 4]> = HashMap::new();
    for one in uses {
        let count = match one.key.way {
            Way::AuthorizationCode => {
                let by_form = by_form.get(&(one.key.day, one.key.client)).copied().unwrap_or_default();
                one.count.saturating_sub(by_form)
            }
            _ => one.count,
        };
        let place = WAYS.iter().position(|way| *way == one.key.way);
        if let Some(part) = place.and_then(|place| days.entry(i64::from(one.key.day)).or_default().get_mut(place)) {
            *part += count;
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use authly_directory::usage::UseKey;
    use oauth_core::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_sign_in_by_an_applications_own_form_is_counted_once() {
        let client = |number| Some(ClientKey::from_uuid(Uuid::from_u128(number)));
        let uses = |way, client, day, count| {
            let key = UseKey { way, client, tenant: None, day };
            Uses { key, count, last_at: Timestamp::from_seconds(0) }
        };
        let all = [
            uses(Way::AuthorizationCode, client(1), 7, 10),
            uses(Way::FirstParty, client(1), 7, 4),
            uses(Way::AuthorizationCode, client(2), 7, 3),
            uses(Way::JsonLogin, None, 7, 2),
            uses(Way::RefreshToken, client(1), 7, 50),
            // The code was exchanged on the next day, or never.
            uses(Way::FirstParty, client(2), 8, 1),
            uses(Way::PasswordGrant, None, 8, 5),
        ];
        let days = gathered(all.iter());
        assert_eq!(days.get(&7), Some(&[2, 0, 9, 4]), "{days:?}");
        assert_eq!(days.get(&8), Some(&[0, 5, 0, 1]), "{days:?}");
    }
}
