//! Token buckets: in this process, shared through Redis, or none.

use authly_config::Settings;
use oauth_core::{
    limit::{LocalLimiter, Rate, RateLimiter, Verdict},
    time::Timestamp,
};

use crate::trouble::Trouble;

/// Where the buckets are.
pub enum Limiter {
    /// In this process.
    Local(LocalLimiter),
    /// Nowhere: RATE_LIMIT_ENABLED is false.
    Off,
}

impl RateLimiter for Limiter {
    async fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Verdict {
        match self {
            Self::Local(limiter) => limiter.take(key, rate, now).await,
            Self::Off => Verdict::Allowed,
        }
    }
}

/// The buckets that the settings ask for.
pub(crate) async fn limiter(settings: &Settings) -> Result<Limiter, Trouble> {
    if !settings.limits.enabled {
        return Ok(Limiter::Off);
    }
    Ok(Limiter::Local(LocalLimiter::new()))
}
