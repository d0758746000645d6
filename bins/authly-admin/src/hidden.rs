//! A terminal that does not show what is typed, and shows it again whatever ends that: a shell must not stay mute after Ctrl-C.

use std::{
    io::{self, Write as _},
    process::exit,
    sync::mpsc,
    thread,
};

use authly_runtime::Trouble;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    args::Format,
    failure::{Code, Failure},
};

/// While this lives, the terminal shows nothing of what is typed.
pub(crate) struct Hidden {
    before: Termios,
}

impl Hidden {
    /// Begins; none where the terminal cannot.
    pub(crate) fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        restore_when_interrupted(before.clone())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent).ok()?;
        Some(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        restore(&self.before);
    }
}

fn restore(before: &Termios) {
    let _as_it_is = tcsetattr(io::stdin(), OptionalActions::Now, before);
}

/// Ends the process when it is asked to, as it would end by itself, but with the terminal as it was. Returns once that is sure.
fn restore_when_interrupted(before: Termios) -> Option<()> {
    let (sure, made_sure) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok();
        if runtime.and_then(|runtime| runtime.block_on(interrupted(&sure))).is_some() {
            restore(&before);
            let _unheard = writeln!(io::stderr());
            let format = Format::asked_for(std::env::args_os());
            let _code = Failure::from(Trouble::new("did not go on", "interrupted", "")).tell(format);
            exit(Code::Failed as i32);
        }
    });
    made_sure.recv().ok()
}

/// Listens, says so, and waits.
async fn interrupted(sure: &mpsc::Sender<()>) -> Option<()> {
    let on = |kind| signal(kind).ok();
    let (mut interrupt, mut quit) = (on(SignalKind::interrupt())?, on(SignalKind::quit())?);
    let (mut terminate, mut hang_up) = (on(SignalKind::terminate())?, on(SignalKind::hangup())?);
    sure.send(()).ok()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = quit.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Some(())
}
