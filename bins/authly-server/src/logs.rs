//! The log: where lines go, and which are written; the level can change while the server runs.

use authly_config::{LogLevel, Settings};
use authly_runtime::Trouble;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, Registry, filter::Targets, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::log_line::Line;

/// The handle by which the level changes.
pub(crate) struct Logs(reload::Handle<Targets, Registry>);

/// Starts the log on standard output.
pub(crate) fn start(settings: &Settings) -> Result<Logs, Trouble> {
    let (filter, handle) = reload::Layer::new(targets(settings));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .event_format(Line(settings.logging.format))
        .with_writer(std::io::stdout);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| Trouble::caused("cannot start the log", &error, ""))?;
    Ok(Logs(handle))
}

impl Logs {
    /// Writes what these settings ask for from now on.
    pub(crate) fn follow(&self, settings: &Settings) {
        if let Err(error) = self.0.reload(targets(settings)) {
            tracing::error!(%error, "the level of the log cannot be changed");
        }
    }
}

/// Our own crates at the level that is set, others at warnings; one line a request in development only (S003-57).
fn targets(settings: &Settings) -> Targets {
    let level = match settings.logging.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let others = if settings.server.debug { level } else { LevelFilter::WARN };
    let access = if settings.server.environment.is_development() { level } else { level.min(LevelFilter::WARN) };
    Targets::new()
        .with_default(others.min(level))
        .with_target("authly", level)
        .with_target("oauth_core", level)
        .with_target("authly::access", access)
}
