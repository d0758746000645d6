//! Counted uses.

use authly_directory::usage::{UseKey, Uses, Way};

use crate::{WholeStore, World};

/// Servers add what each has counted; the newest instant stands.
pub async fn uses_add_up_by_client_tenant_way_and_day<S: WholeStore>(w: World<S>) {
    let (client, tenant) = (Some(w.client_key()), Some(w.tenant_id()));
    let key = |way, client, tenant, day| UseKey { way, client, tenant, day };
    let keys = [
        key(Way::AuthorizationCode, client, None, 20_000),
        key(Way::JsonLogin, None, None, 20_001),
        key(Way::JsonLogin, None, tenant, 20_000),
        key(Way::JsonLogin, None, tenant, 20_001),
    ];
    for (count, last_at) in [(2, w.later(9)), (3, w.later(4))] {
        let uses = keys.iter().rev().map(|key| Uses { key: *key, count, last_at }).collect();
        w.store.add_uses(uses).await.unwrap();
    }
    w.store.add_uses(Vec::new()).await.unwrap();
    let expected: Vec<Uses> = keys.iter().map(|key| Uses { key: *key, count: 5, last_at: w.later(9) }).collect();
    assert_eq!(w.store.uses(20_000).await.unwrap(), expected);
    let recent: Vec<UseKey> = w.store.uses(20_001).await.unwrap().iter().map(|uses| uses.key).collect();
    assert_eq!(recent, [keys[1], keys[3]]);
}
