//! Wrapping weak digests of a batch, several at a time.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use authly_cutover::{
    account::{CredentialState, TargetAccount},
    batch::Decided,
    store::AccountWrite,
};
use authly_directory::password::StoredHash;
use oauth_core::services::Busy;

use super::{MigrateError, Tools, Wrap as _, pace::Rests, walk::Beat};

/// Hashes under way at a time: enough for every thread of a pool, and far below its queue.
const AT_ONCE: usize = 16;

/// How long a full pool is left alone.
const REST: Duration = Duration::from_millis(50);

/// Wraps the hashes of the decided rows that want it.
pub(super) async fn wrap<T: Tools>(
    tools: &T,
    rows: &mut [Decided],
    beat: &mut Beat,
    rests: &mut Rests,
) -> Result<(), MigrateError> {
    let mut waiting: Vec<&mut TargetAccount> = rows
        .iter_mut()
        .filter(|row| row.decision.wrap)
        .filter_map(|row| match &mut row.decision.write {
            Some(AccountWrite::Create(account)) => Some(&mut **account),
            Some(AccountWrite::Change { to, .. }) => Some(&mut **to),
            _ => None,
        })
        .collect();
    let mut waiting = waiting.as_mut_slice();
    while !waiting.is_empty() {
        let at_once = if rests.works_little() { 1 } else { AT_ONCE };
        let (chunk, behind) = waiting.split_at_mut(at_once.min(waiting.len()));
        waiting = behind;
        let work = chunk.iter().filter_map(|account| account.hash.clone()).map(|hash| one(tools, hash)).collect();
        let wrapped = All::new(work).await;
        // Hashes of a batch may take longer than a run is thought alive without a sign of it.
        beat.beat(tools).await?;
        for (account, wrapped) in chunk.iter_mut().filter(|account| account.hash.is_some()).zip(wrapped) {
            match wrapped? {
                Some(wrapped) => account.hash = Some(wrapped),
                // It stays as it is, and is replaced at the next sign-in.
                None => account.credential_state = CredentialState::LegacyScheme,
            }
        }
        rests.rest(tools, Duration::ZERO).await;
    }
    Ok(())
}

/// One hash; a full pool is asked again.
async fn one<T: Tools>(tools: &T, stored: StoredHash) -> Result<Option<StoredHash>, MigrateError> {
    loop {
        match tools.hashes().wrap(stored.clone()).await {
            Ok(wrapped) => return Ok(wrapped),
            Err(Busy) => tools.pause(REST).await,
        }
    }
}

/// Futures that run together; results in order.
struct All<F: Future>(Vec<Part<F>>);

/// A future with its result, once it has one.
type Part<F> = (Pin<Box<F>>, Option<<F as Future>::Output>);

impl<F: Future> All<F> {
    fn new(futures: Vec<F>) -> Self {
        Self(futures.into_iter().map(|future| (Box::pin(future), None)).collect())
    }
}

impl<F: Future> Future for All<F>
where
    F::Output: Unpin,
{
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut pending = false;
        for (future, result) in self.0.iter_mut().filter(|(_, result)| result.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *result = Some(value),
                Poll::Pending => pending = true,
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(self.0.iter_mut().filter_map(|(_, result)| result.take()).collect())
        }
    }
}
