//! Expired rows go in small batches, so that no request waits behind them.

use std::{sync::Arc, time::Duration};

use authly_config::Settings;
use oauth_core::{
    services::{Clock as _, Services as _},
    store::{PurgeOrder, Purged, StoreError},
};

use super::jitter;
use crate::{
    live::{AnyStore, Live},
    trouble,
};

/// Rows of each kind in one batch.
const BATCH: u32 = 500;
/// Between rounds, with half of it by chance.
const EVERY: Duration = Duration::from_secs(45);
const JITTER: Duration = Duration::from_secs(30);
/// Between batches, so that a long backlog leaves the store to requests.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn purge<S: AnyStore>(settings: Settings, live: Arc<Live<S>>) {
    loop {
        tokio::time::sleep(EVERY + jitter::below(JITTER)).await;
        let mut removed = 0;
        loop {
            match purge_once(&settings, &live).await {
                Ok(purged) => {
                    removed += total(purged);
                    if most(purged) < u64::from(BATCH) {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(error = trouble::causes(&error), "cannot remove expired rows");
                    break;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        if removed > 0 {
            tracing::debug!(removed, "expired rows are gone");
        }
    }
}

/// Removes one batch of each kind.
pub async fn purge_once<S: AnyStore>(settings: &Settings, live: &Live<S>) -> Result<Purged, StoreError> {
    let now = live.clock().now();
    let kept = now.minus(settings.store.keep_expired);
    let order = PurgeOrder {
        now,
        successors_before: now.minus(settings.tokens.refresh_retry_window),
        codes_before: kept,
        tokens_before: kept,
        limit: BATCH,
    };
    live.store().purge(order).await
}

fn counts(purged: Purged) -> [u64; 6] {
    [purged.codes, purged.refresh_tokens, purged.grants, purged.sessions, purged.legacy_tokens, purged.others]
}

fn total(purged: Purged) -> u64 {
    counts(purged).iter().sum()
}

fn most(purged: Purged) -> u64 {
    counts(purged).into_iter().max().unwrap_or_default()
}
