//! Password hashes, and the bounded pool of threads that computes them, behind the ports of directory and oauth-core.
//!
//! [`HashPool`] answers both [`PasswordService`](authly_directory::password::PasswordService) and
//! [`SlowHashes`](oauth_core::services::SlowHashes). A burst of sign-ins fills its queue and nothing else; a full queue is
//! [`Busy`](oauth_core::services::Busy).
//!
//! Formats are [schemes](Scheme), one family in a file; all of those that real systems hold verify, and all but the policy's
//! own are made anew at the next sign-in. [`classify`] names the format of a stored hash. Every parameter that costs time or memory is bounded before a hash
//! function sees it. Stored hashes are untrusted input: a scheme that panics costs its caller an unreadable hash, no thread.
//!
//! Equal cost: an unknown account, or one without a password, costs a hash of the policy, and every failure is answered
//! only after the time of the slowest format that is [in use](HashPool::note_in_use); that wait is a timer, not work.
//! Callers that refuse a sign-in for another reason (a locked account) verify against no hash at all instead of asking
//! whether the password was right, and take just as long.

mod classify;
mod courtesy;
mod floor;
mod memory;
mod metrics;
mod policy;
mod pool;
mod queue;
mod scheme;
mod schemes;

pub use classify::{Classification, State, classify};
pub use courtesy::Others;
pub use memory::Memory;
pub use metrics::{BOUNDS, Outcome, PoolMetrics, SchemeCount, SchemeDurations};
pub use policy::{Policy, PolicyInvalid};
pub use pool::{Foreign, HashPool, PoolSettings, PoolUnavailable};
pub use scheme::{Cost, Objection, Reading, Recipe, Scheme};
