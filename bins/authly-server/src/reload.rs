//! SIGHUP: the settings are read again, and what can change in a running server changes.

use std::{sync::Arc, time::Duration};

use authly_config::{Change, Report};
use authly_runtime::{AnyStore, Live, convert, trouble};
use tokio::signal::unix::Signal;

use crate::{args::Source, logos::Folder, logs::Logs, tls::Certificate};

/// How often the files that are followed are looked at.
const LOOK: Duration = Duration::from_secs(15);

/// Files that may change while the server runs.
pub(crate) struct Files {
    /// The certificate with its key.
    pub(crate) certificate: Option<Certificate>,
    /// The logos of clients.
    pub(crate) logos: Option<Folder>,
}

/// Follows SIGHUP and changed files, for ever.
pub(crate) async fn follow<S: AnyStore>(
    source: Source,
    mut before: Report,
    live: Arc<Live<S>>,
    logs: Logs,
    mut files: Files,
    mut hang_up: Signal,
) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = hang_up.recv() => {
                before = again(&source, before, &live, &logs).await;
                if let Some(logos) = &mut files.logos {
                    logos.read_again();
                }
            }
            _ = look.tick() => {}
        }
        if let Some(certificate) = &files.certificate {
            certificate.reload_if_changed();
        }
        if let Some(logos) = &mut files.logos {
            logos.read_if_changed();
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
        tracing::error!(error = trouble::causes(&error), "the switches cannot be read");
    }
    for setting in report.changes_since(&before).into_iter().filter(|setting| setting.change == Change::Restart) {
        tracing::warn!(setting = setting.key, "has changed, which only a restart can follow");
    }
    tracing::info!("the settings have been read again");
    report
}

#[cfg(test)]
mod tests {
    use authly_config::Change;

    #[test]
    fn the_guide_names_exactly_the_settings_that_are_followed() {
        let guide = include_str!("../../../docs/guide/operating.md");
        let told = guide.lines().find(|line| line.starts_with("SIGHUP changes")).unwrap_or_default();
        for setting in authly_config::settings() {
            let named = told.contains(&format!("`{}`", setting.name()));
            assert_eq!(named, setting.change == Change::Followed, "{}", setting.name());
        }
    }
}
