//! Long work on one thread that lets others go on in between.

use std::{future::poll_fn, task::Poll};

/// How much work is done in one go, in rows.
pub(super) const AT_ONCE: usize = 16;

/// Lets everything else on this thread go on that can: answers of a store are taken, and the next question is asked.
pub(super) async fn take_turns() {
    let mut waited = false;
    poll_fn(|context| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
