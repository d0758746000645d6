//! Who still comes by which way, and since when (the stages of a migration: password, first-party form, browser).

use std::collections::{BTreeMap, HashMap};

use authly_directory::{
    services::DirectoryServices,
    usage::{UseRepository as _, Way},
};
use oauth_core::{
    ids::{ClientKey, TenantId},
    store::CatalogRepository as _,
    time::Timestamp,
};
use serde::Serialize;

use crate::{Admin, AdminError};

/// A day in seconds.
const DAY: i64 = 86_400;

/// Uses of one way by one client, or by the accounts of one tenant where the door names no client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageView {
    /// The client's identifier; nothing at the doors of the legacy contract.
    pub client: Option<String>,
    /// The tenant's short name, where no client is named.
    pub tenant: Option<String>,
    /// The way: `password_grant`, `json_login`, `legacy_refresh`, `first_party`, `authorization_code`, `refresh_token`,
    /// `client_credentials`, or `check` for what `migrate validate` tried.
    pub way: &'static str,
    /// How often in the days that were asked for.
    pub uses: u64,
    /// The first of these days.
    pub since: String,
    /// The last use, RFC 3339.
    pub last_at: String,
}

impl<V: DirectoryServices> Admin<V> {
    /// The uses of the last days, today among them; by client, then tenant, then way.
    pub async fn usage(&self, days: u32) -> Result<Vec<UsageView>, AdminError> {
        let today = u32::try_from(self.now().seconds().div_euclid(DAY)).unwrap_or(0);
        let from = today.saturating_sub(days.saturating_sub(1));
        let uses = self.services.accounts().uses(from).await?;
        let records = self.services.store().load_catalog().await?;
        let clients: HashMap<ClientKey, String> =
            records.clients.iter().map(|client| (client.key, client.id.to_string())).collect();
        let tenants: HashMap<TenantId, String> =
            records.tenants.iter().map(|tenant| (tenant.id, tenant.slug.clone())).collect();
        // What is gone from the catalog is still named, by its id.
        let client = |key: ClientKey| clients.get(&key).cloned().unwrap_or_else(|| key.to_string());
        let tenant = |id: TenantId| tenants.get(&id).cloned().unwrap_or_else(|| id.to_string());
        let mut rows: BTreeMap<Who, Sum> = BTreeMap::new();
        for one in uses {
            let who = Who { client: one.key.client.map(client), tenant: one.key.tenant.map(tenant), way: one.key.way };
            let sum = rows.entry(who).or_insert(Sum { uses: 0, first: one.key.day, last_at: one.last_at });
            sum.uses += one.count;
            sum.first = sum.first.min(one.key.day);
            sum.last_at = sum.last_at.max(one.last_at);
        }
        Ok(rows.into_iter().map(view).collect())
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    client: Option<String>,
    tenant: Option<String>,
    way: Way,
}

struct Sum {
    uses: u64,
    first: u32,
    last_at: Timestamp,
}

fn view((who, sum): (Who, Sum)) -> UsageView {
    let since = Timestamp::from_seconds(i64::from(sum.first) * DAY).to_rfc3339();
    let since = since.split('T').next().unwrap_or_default().to_owned();
    UsageView {
        client: who.client,
        tenant: who.tenant,
        way: who.way.as_str(),
        uses: sum.uses,
        since,
        last_at: sum.last_at.to_rfc3339(),
    }
}
