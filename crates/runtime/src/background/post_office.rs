//! Looks now and then how many mails wait and how far invitations are, for those who read metrics: a scrape asks no store.

use std::{sync::Arc, time::Duration};

use oauth_core::{services::Services as _, store::StoreError};

use super::jitter;
use crate::{
    live::{AnyStore, Live},
    mail::MailGauges,
    trouble,
};

/// How often.
const EVERY: Duration = Duration::from_secs(15);
const JITTER: Duration = Duration::from_secs(5);

pub(super) async fn watch<S: AnyStore>(live: Arc<Live<S>>) {
    loop {
        match look(&live).await {
            Ok(gauges) => live.set_mail_gauges(gauges),
            Err(error) => tracing::debug!(error = trouble::causes(&error), "cannot count the mails"),
        }
        tokio::time::sleep(EVERY + jitter::below(JITTER)).await;
    }
}

async fn look<S: AnyStore>(live: &Live<S>) -> Result<MailGauges, StoreError> {
    let store = live.store();
    Ok(MailGauges {
        states: store.count_mails().await?,
        oldest: store.oldest_mail().await?,
        invitations: store.invitation_figures().await?,
    })
}
