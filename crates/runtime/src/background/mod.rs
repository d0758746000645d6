//! Work beside the requests: the catalog follows the store, expired rows go, keys rotate, mails are sent, and the pool of password hashes
//! learns which formats are in use.

mod follow;
mod in_use;
mod jitter;
mod mail;
mod post_office;
mod purge;
mod rotate;

use std::{future::Future, sync::Arc, time::Duration};

use authly_config::Settings;
use tokio::{sync::watch, task::JoinSet};

pub use self::{purge::purge_once, rotate::rotate_once};
use crate::{
    live::{AnyStore, Live},
    mail::Post,
};

/// The tasks; they end when this is stopped or dropped.
#[derive(Debug)]
pub struct Background {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts the tasks on the current tokio runtime.
    pub fn start<S: AnyStore>(settings: &Settings, live: &Arc<Live<S>>, post: Option<Post>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(until(stopped.clone(), follow::follow(live.clone())));
        tasks.spawn(until(stopped.clone(), in_use::note(live.clone())));
        tasks.spawn(until(stopped.clone(), purge::purge(settings.clone(), live.clone())));
        // Invitations that went into files are counted as those that a mail server took.
        tasks.spawn(until(stopped.clone(), post_office::watch(live.clone())));
        if let Some(post) = post {
            tasks.spawn(mail::send(post, live.clone(), stopped.clone()));
        }
        tasks.spawn(until(stopped, rotate::rotate(settings.clone(), live.clone())));
        Self { stop, tasks }
    }

    /// Ends the tasks; each finishes the statement that it has begun, within `patience`.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("work in the background did not end in time");
            self.tasks.shutdown().await;
        }
    }
}

/// Runs `work` until it is told to stop. Work is cut only where it waits, never inside a store's atomic step.
async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}
