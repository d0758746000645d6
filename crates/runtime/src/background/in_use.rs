//! Tells the pool of password hashes which formats and costs the store holds, so that a refused password takes as long as the
//! slowest of them from the first sign-in on, and the log of those that a setting shuts out.

use std::{sync::Arc, time::Duration};

use authly_directory::store::AccountQuery;
use oauth_core::{services::Services as _, store::StoreError};

use crate::{
    live::{AnyStore, Live},
    trouble,
};

/// The oldest accounts: those whose hashes an earlier program or an earlier policy made.
const SAMPLE: u32 = 100;
/// Between two looks, so that the start leaves the store to requests.
const PAUSE: Duration = Duration::from_millis(5);

pub(super) async fn note<S: AnyStore>(live: Arc<Live<S>>) {
    if let Err(error) = look(&live).await {
        tracing::warn!(error = trouble::causes(&error), "cannot tell which password hashes are in use");
    }
}

async fn look<S: AnyStore>(live: &Live<S>) -> Result<(), StoreError> {
    let query = AccountQuery { limit: SAMPLE, ..AccountQuery::default() };
    let mut shut_out = 0_u32;
    for account in live.store().list_accounts(query).await? {
        let found = live.store().account(account.subject.id).await?;
        if let Some(hash) = found.and_then(|(_, credential)| credential.hash) {
            if live.hash_pool().shuts_out(&hash) {
                shut_out += 1;
            } else {
                live.hash_pool().note_in_use(&hash);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    if shut_out > 0 {
        tracing::warn!(
            accounts = shut_out,
            looked_at = SAMPLE,
            "passwords are refused whose hash another program made: AUTHLY_FOREIGN_HASHES_ENABLED is false"
        );
    }
    Ok(())
}
