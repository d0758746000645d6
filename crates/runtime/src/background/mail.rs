//! Mails go as soon as they are queued here; what other nodes or an administrator queued is found within seconds.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::jitter;
use crate::{
    live::{AnyStore, Live},
    mail::Post,
    trouble,
};

/// How often an idle node looks, with some of it by chance.
const EVERY: Duration = Duration::from_secs(4);
const JITTER: Duration = Duration::from_secs(2);
/// The least time between two looks that found something.
const PAUSE: Duration = Duration::from_millis(50);
/// The wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Sends until it is stopped; a mail that is begun is finished first.
pub(super) async fn send<S: AnyStore>(post: Post, live: Arc<Live<S>>, mut stopped: watch::Receiver<bool>) {
    let Post { postman, mut courier } = post;
    let mut troubled = false;
    loop {
        let stop = stopped.clone();
        let wait = match postman.round(live.as_ref(), &mut courier, || *stop.borrow()).await {
            Ok(round) => {
                match &round.trouble {
                    // Told once and not at every attempt.
                    Some(error) if !troubled => {
                        tracing::error!(error = error.as_str(), "the mail server cannot be used")
                    }
                    None if troubled && round.sent > 0 => tracing::info!("the mail server can be used again"),
                    _ => {}
                }
                troubled = round.trouble.is_some() || (troubled && round.sent == 0);
                if round.sent > 0 {
                    tracing::debug!(sent = round.sent, "mails were sent");
                }
                if round.taken > 0 { PAUSE } else { EVERY + jitter::below(JITTER) }
            }
            Err(error) => {
                tracing::warn!(error = trouble::causes(&error), "cannot work on the outbox");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = live.queued_mail(), if wait != AFTER_FAILURE => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}
