//! Token buckets shared by several nodes through Redis: the arithmetic of [`oauth_core::limit`], in a script.
//!
//! A Redis that is down or slow neither blocks a request nor opens the gate: the buckets of this process take over at
//! once, [`RedisLimiter::metrics`] tells, and a task connects again in the background. Those buckets are filled while
//! Redis answers too, so that the change of hands gives nobody a fresh burst.
//!
//! Time is the callers': nodes whose clocks differ by a second judge a second apart.

mod bucket;
mod limiter;
mod link;

pub use limiter::{LimiterMetrics, LimiterSettings, RedisLimiter, RedisUrlInvalid};
