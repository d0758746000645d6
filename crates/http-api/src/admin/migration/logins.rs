//! Sign-ins by day and way, as they are counted.

use std::collections::HashMap;

use authly_cutover::board::{date_of, day_of};
use authly_directory::{
    services::DirectoryServices,
    usage::{UseRepository as _, Way},
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
    let mut days: HashMap<i64, [u64; 4]> = HashMap::new();
    for one in uses {
        let own = one.key.tenant.or_else(|| one.key.client.and_then(tenant_of_client));
        let Some(place) = WAYS.iter().position(|way| *way == one.key.way).filter(|_| reach.covers(own)) else {
            continue;
        };
        if let Some(part) = days.entry(i64::from(one.key.day)).or_default().get_mut(place) {
            *part += one.count;
        }
    }
    Ok((from..=today).map(|day| (date_of(day), days.get(&day).copied().unwrap_or_default())).collect())
}
