//! The catalog follows the store: one cheap question a second.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    catalog::Refreshed,
    live::{AnyStore, Live},
    trouble,
};

/// A change by `authly-admin` is seen within a second; the store is not asked more often.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn follow<S: AnyStore>(live: Arc<Live<S>>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = live.catalog_change() => {}
        }
        match live.refresh_catalog().await {
            Ok(found) => {
                if failing {
                    tracing::info!("clients, scopes and keys can be read again");
                } else if found == Refreshed::Changed {
                    tracing::info!("clients, scopes, keys or switches have changed");
                }
                failing = false;
            }
            // Told once and not every second; the catalog before stays in force.
            Err(error) if !failing => {
                failing = true;
                tracing::error!(error = trouble::causes(&error), "cannot read clients, scopes and keys");
            }
            Err(_) => {}
        }
    }
}
