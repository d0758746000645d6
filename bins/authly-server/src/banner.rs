//! What people at a terminal read at the start; a password that was made is shown here, once.

use std::io::{self, IsTerminal as _, Write as _};

use authly_config::{LogFormat, Settings};
use authly_runtime::{AnyStore, development::Mode, start::Started};

/// Prints the banner where somebody reads it, and always a password that nobody will see again.
pub(crate) fn print<S: AnyStore>(settings: &Settings, started: &Started<S>) {
    let made = started.first_administrator.as_ref().and_then(|first| Some((first, first.password.as_ref()?)));
    let people = settings.logging.format == LogFormat::Text || io::stdout().is_terminal();
    if !people && made.is_none() {
        return;
    }
    let issuer = settings.issuer.url.as_str();
    let mode = match started.mode {
        Mode::Development => "development mode".to_owned(),
        Mode::Declared => settings.server.environment.to_string(),
    };
    let mut text = format!("\n  Authly {} ({mode})\n\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<10} {value}\n"));
    line("Issuer", issuer);
    line("Listens on", &settings.listener.address.to_string());
    line("Store", &settings.store.database.to_string());
    if started.mode == Mode::Development {
        line("Try it", &format!("{issuer}/demo"));
    }
    if let Some((first, password)) = made {
        line("Sign in as", &first.user.email);
        line("Password", &format!("{}   (shown only now)", password.expose()));
    }
    text.push_str("\n  Ctrl-C stops the server.\n");
    let mut out = io::stdout().lock();
    let _unheard = writeln!(out, "{text}").and_then(|()| out.flush());
}
