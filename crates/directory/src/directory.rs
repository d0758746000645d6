//! The use cases of the directory: sign in, register, change a password. Each is in a file of its own.

use std::{net::IpAddr, sync::Arc, time::Duration};

use oauth_core::{
    engine::Engine,
    limit::{Rate, RateLimiter as _, Verdict},
    time::Timestamp,
    token::TokenHash,
};

use crate::{
    candidates::Padding,
    services::DirectoryServices,
    settings::{DirectorySettings, Limits},
};

/// The directory over one set of services; cheap to clone.
pub struct Directory<V: DirectoryServices> {
    pub(crate) engine: Engine<V>,
    pub(crate) settings: Arc<DirectorySettings>,
    pub(crate) padding: Arc<Padding>,
}

/// Too many requests: try again after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limited(pub(crate) Duration);

impl<V: DirectoryServices> Directory<V> {
    /// A directory beside `engine`.
    pub fn new(engine: Engine<V>, settings: Arc<DirectorySettings>) -> Self {
        Self { engine, settings, padding: Arc::default() }
    }

    /// The protocol's engine.
    pub fn engine(&self) -> &Engine<V> {
        &self.engine
    }

    /// The settings.
    pub fn settings(&self) -> &DirectorySettings {
        &self.settings
    }

    pub(crate) fn services(&self) -> &V {
        self.engine.services()
    }

    /// Takes one request from a bucket of what `key` stands for; the key itself is not kept.
    pub(crate) async fn charge(
        &self,
        bucket: &str,
        key: &[u8],
        rate: impl Fn(&Limits) -> Rate,
        now: Timestamp,
    ) -> Result<(), Limited> {
        let Some(limits) = &self.settings.limits else { return Ok(()) };
        let key = format!("{bucket}:{}", TokenHash::of(key).to_text());
        match self.services().limiter().take(&key, rate(limits), now).await {
            Verdict::Allowed => Ok(()),
            Verdict::Limited(wait) => Err(Limited(wait)),
        }
    }

    /// The same for the bucket of an address; requests that come from nowhere (tests, command lines) have none.
    pub(crate) async fn charge_address(
        &self,
        bucket: &str,
        address: Option<&str>,
        rate: impl Fn(&Limits) -> Rate,
        now: Timestamp,
    ) -> Result<(), Limited> {
        match address {
            Some(address) => self.charge(bucket, &network(address), rate, now).await,
            None => Ok(()),
        }
    }
}

impl<V: DirectoryServices> Clone for Directory<V> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), settings: self.settings.clone(), padding: self.padding.clone() }
    }
}

/// What counts as one address: an IPv4 address, or the /64 of an IPv6 address, which is the least that one customer is given.
pub fn network(address: &str) -> Vec<u8> {
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.octets().to_vec(),
        Ok(IpAddr::V6(ip)) => ip.octets().into_iter().take(8).collect(),
        Err(_) => address.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customer_is_one_address() {
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
