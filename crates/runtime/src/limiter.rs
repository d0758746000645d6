//! Token buckets: in this process, shared through Redis, or none.

use authly_config::Settings;
use authly_limits_redis::{LimiterMetrics, LimiterSettings, RedisLimiter};
use oauth_core::{
    limit::{LocalLimiter, Rate, RateLimiter, Verdict},
    secret::Secret,
    time::Timestamp,
};

use crate::trouble::Trouble;

/// Where the buckets are.
pub enum Limiter {
    /// In this process.
    Local(LocalLimiter),
    /// Nowhere: RATE_LIMIT_ENABLED is false.
    Off,
    /// In a Redis that nodes share, and in this process while it is down.
    Redis(RedisLimiter),
}

impl Limiter {
    /// The limiter that the settings ask for; called on the runtime that a connection shall live on.
    pub(crate) fn start(settings: &Settings) -> Result<Self, Trouble> {
        let limits = &settings.limits;
        match &limits.redis_url {
            _ if !limits.enabled => Ok(Self::Off),
            None => Ok(Self::Local(LocalLimiter::new())),
            Some(url) => {
                let started = RedisLimiter::start(&Secret::new(url.expose().to_owned()), LimiterSettings::default());
                started.map(Self::Redis).map_err(|error| {
                    Trouble::caused("cannot use REDIS_URL", &error, "correct it, or remove it: limits are local then")
                })
            }
        }
    }

    /// The counters of the shared buckets, where there are any.
    pub fn redis_metrics(&self) -> Option<LimiterMetrics> {
        match self {
            Self::Redis(limiter) => Some(limiter.metrics()),
            Self::Local(_) | Self::Off => None,
        }
    }
}

impl RateLimiter for Limiter {
    async fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Verdict {
        match self {
            Self::Local(limiter) => limiter.take(key, rate, now).await,
            Self::Off => Verdict::Allowed,
            Self::Redis(limiter) => limiter.take(key, rate, now).await,
        }
    }
}
