//! The wish to stop, which somebody at the terminal expresses while files are read and programs work.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use authly_runtime::Trouble;

/// Asks what is under way to stop and to tidy up behind itself; clones are the same wish.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks; may be called from another thread.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Refuses to begin what would have to be stopped at once.
    pub(crate) fn check(&self) -> Result<(), Trouble> {
        if self.is_asked() { Err(stopped()) } else { Ok(()) }
    }
}

/// What is told of it.
pub(crate) fn stopped() -> Trouble {
    Trouble::new("stopped before the end", "somebody asked for it", "nothing was changed; begin anew when you like")
}
