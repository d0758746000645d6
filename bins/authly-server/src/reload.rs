//! SIGHUP: the settings are read again, and what can change in a running server changes.

use std::{sync::Arc, time::Duration};

use authly_config::Report;
use authly_runtime::{AnyStore, Live, convert, trouble};
use tokio::signal::unix::Signal;

use crate::{args::Source, logs::Logs, tls::Certificate};

/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(15);

/// What can change without a restart.
const CHANGEABLE: [&str; 4] = ["oauth.enabled", "legacy.password_grant", "logging.level", "server.debug"];

/// Follows SIGHUP and changed certificates, for ever.
pub(crate) async fn follow<S: AnyStore>(
    source: Source,
    mut before: Report,
    live: Arc<Live<S>>,
    logs: Logs,
    certificate: Option<Certificate>,
    mut hang_up: Signal,
) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = hang_up.recv() => before = again(&source, before, &live, &logs).await,
            _ = look.tick() => {}
        }
        if let Some(certificate) = &certificate {
            certificate.reload_if_changed();
        }
    }
}

async fn again<S: AnyStore>(source: &Source, before: Report, live: &Live<S>, logs: &Logs) -> Report {
    let report = source.report();
    let Some(settings) = report.settings() else {
        for problem in report.problems() {
            tracing::error!("{problem}");
        }
        tracing::error!("the settings cannot be used; those before stay in force");
        return before;
    };
    logs.follow(settings);
    if let Err(error) = live.set_overrides(convert::switches(settings)).await {
        tracing::error!(error = trouble::chain(&error), "the switches cannot be read");
    }
    for (row, old) in report.rows().iter().zip(before.rows()) {
        if row.value != old.value && !CHANGEABLE.contains(&row.key) {
            tracing::warn!(setting = row.key, "has changed, which only a restart can follow");
        }
    }
    tracing::info!("the settings have been read again");
    report
}
