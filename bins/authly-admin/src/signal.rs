//! Ctrl-C and SIGTERM: the wish to stop, and what it does to a command that would not wait for it.

use std::thread;

use authly_backup::Interrupt;

use crate::console::Console;

/// A wish that the first signal expresses, heard by a thread of its own: who copies files does not look for signals meanwhile. The second
/// signal ends the process.
pub(crate) fn interrupt(console: Console) -> Interrupt {
    let interrupt = Interrupt::default();
    let wish = interrupt.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // Without it a signal ends the process, as it does everywhere else.
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            wait().await;
            wish.ask();
            console.stopping("stopping and tidying up; once more ends at once");
            wait().await;
            std::process::exit(1);
        });
    });
    interrupt
}

/// Waits for a signal.
#[cfg(unix)]
pub(crate) async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _unheard = tokio::signal::ctrl_c().await;
        }
    }
}

/// Waits for a signal.
#[cfg(not(unix))]
pub(crate) async fn wait() {
    let _unheard = tokio::signal::ctrl_c().await;
}
