//! Authenticated encryption, randomness and the clock behind the ports of oauth-core.
//!
//! [`XChaChaSealer`] seals under the installation's key (`SECRET_ENCRYPTION_KEY`), or under a secret that only its bearer
//! holds; [`SystemRandom`] and [`SystemClock`] are the only places that ask the system for randomness and for the time.

mod clock;
mod key;
mod random;
mod sealer;

pub use clock::SystemClock;
pub use key::{EncryptionKey, KeyInvalid};
pub use random::SystemRandom;
pub use sealer::XChaChaSealer;
