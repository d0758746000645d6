//! Keys rotate by age: the next one is published first, signs once resource servers can know it, and the one before stays
//! published until the last token that it signed has expired.

use std::{sync::Arc, time::Duration};

use authly_admin_cases::{
    AdminError,
    key::{self, Rotation},
};
use authly_config::Settings;
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    catalog::{KeyState, SigningKeyRecord},
    crypto::Algorithm,
    ids::AuditId,
    services::{Clock as _, Services as _},
    time::Timestamp,
};

use super::jitter;
use crate::{
    live::{self, AnyStore, Live},
    trouble,
};

const EVERY: Duration = Duration::from_secs(1_800);
/// How long a key is published before it signs: longer than anybody caches the key set.
const LEAD: Duration = Duration::from_secs(24 * 3_600);

pub(super) async fn rotate<S: AnyStore>(settings: Settings, live: Arc<Live<S>>) {
    loop {
        tokio::time::sleep(EVERY + jitter::below(EVERY)).await;
        match rotate_once(&settings, &live).await {
            Ok(0) => {}
            Ok(changes) => tracing::info!(changes, "signing keys have been published, rotated or removed"),
            Err(error) => tracing::error!(error = trouble::causes(&error), "cannot rotate the signing keys"),
        }
    }
}

/// Does what is due now; returns how much that was.
pub async fn rotate_once<S: AnyStore>(settings: &Settings, live: &Arc<Live<S>>) -> Result<usize, AdminError> {
    let now = live.clock().now();
    let admin = live::admin(settings, live);
    let keys = live.store().load_without_tenants().await?.keys;
    let mut changes = remove_expired(live, &keys, now).await?;
    let Some(age) = settings.keys.rotate_after else { return Ok(changes) };
    for algorithm in Algorithm::ALL {
        match due(&keys, algorithm, age, now) {
            Due::Nothing => continue,
            Due::Publish => admin.create_key(algorithm, KeyState::Next).await.map(drop)?,
            Due::Rotate => admin.rotate_key(algorithm, Rotation::WhenPublished).await.map(drop)?,
        }
        changes += 1;
    }
    if changes > 0 {
        // The node that rotates signs with the new key at once, as the others will within a second.
        live.refresh_catalog().await.map_err(|error| match error {
            crate::catalog::CatalogFailure::Crypto(error) => AdminError::Crypto(error),
            crate::catalog::CatalogFailure::Store(error) => AdminError::Store(error),
        })?;
    }
    Ok(changes)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Publish,
    Rotate,
}

/// What an algorithm needs now. A key younger than the lead time, or half of a short rotation age, does not sign yet.
fn due(keys: &[SigningKeyRecord], algorithm: Algorithm, age: Duration, now: Timestamp) -> Due {
    let lead = LEAD.min(age / 2);
    let ours: Vec<_> = keys.iter().filter(|key| key.algorithm == algorithm.name()).cloned().collect();
    let Some(current) = ours.iter().find(|key| key.state == KeyState::Current) else { return Due::Nothing };
    let since = now.since(current.activated_at.unwrap_or(current.created_at));
    match key::waiting(&ours) {
        None if since + lead >= age => Due::Publish,
        Some(next) if since >= age && now.since(next.created_at) >= lead => Due::Rotate,
        _ => Due::Nothing,
    }
}

async fn remove_expired<S: AnyStore>(
    live: &Live<S>,
    keys: &[SigningKeyRecord],
    now: Timestamp,
) -> Result<usize, AdminError> {
    let over = keys.iter().filter(|key| key.state == KeyState::Retired && key.remove_at.is_some_and(|at| at <= now));
    let mut removed = 0;
    for key in over {
        let detail = [("kid".to_owned(), key.id.0.clone().into()), ("state".to_owned(), "removed".into())];
        let audit = AuditEvent {
            id: AuditId::generate(now, live.random()),
            at: now,
            kind: AuditKind::KeyChanged,
            user: None,
            client: None,
            address: None,
            detail: serde_json::Value::Object(detail.into_iter().collect()),
        };
        let _removed_by_us_or_another_node = live.store().delete_key(&key.id, audit).await?;
        removed += 1;
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use oauth_core::ids::KeyId;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn key(state: KeyState, days_ago: u32, now: Timestamp) -> SigningKeyRecord {
        let at = now.minus(DAY * days_ago);
        SigningKeyRecord {
            id: KeyId(format!("{state:?}")),
            algorithm: "ES256".to_owned(),
            public_jwk: String::new(),
            sealed_private_jwk: Vec::new(),
            state,
            created_at: at,
            activated_at: (state == KeyState::Current).then_some(at),
            retired_at: None,
            remove_at: None,
        }
    }

    #[test]
    fn a_key_is_published_a_day_before_it_signs() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let look = |keys: &[SigningKeyRecord]| due(keys, Algorithm::ES256, DAY * 90, now);
        let current = |days| key(KeyState::Current, days, now);
        let next = |days| key(KeyState::Next, days, now);
        assert_eq!(look(&[current(88)]), Due::Nothing);
        assert_eq!(look(&[current(89)]), Due::Publish);
        assert_eq!(look(&[current(90), next(0)]), Due::Nothing, "nobody knows the next key yet");
        assert_eq!(look(&[current(89), next(80)]), Due::Nothing);
        assert_eq!(look(&[current(90), next(1)]), Due::Rotate);
        assert_eq!(look(&[]), Due::Nothing);
    }

    #[test]
    fn a_short_rotation_age_leaves_room_for_publication() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let keys = [key(KeyState::Current, 1, now)];
        assert_eq!(due(&keys, Algorithm::ES256, DAY * 2, now), Due::Publish);
        assert_eq!(due(&keys, Algorithm::ES256, DAY * 3, now), Due::Nothing);
        assert_eq!(due(&keys, Algorithm::RS256, DAY, now), Due::Nothing);
    }
}
