//! A Redis of the tests' own: `AUTHLY_TEST_REDIS_URL`, or a `redis-server` started here.
#![allow(dead_code, reason = "not every test needs everything")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use authly_limits_redis::{LimiterSettings, RedisLimiter};
use oauth_core::secret::Secret;

/// A Redis that ends with the test.
pub(crate) struct Redis {
    url: String,
    own: Option<(Child, tempfile::TempDir, u16)>,
}

impl Redis {
    /// The given one or one of our own; a test without Redis fails.
    #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
    pub(crate) fn any() -> Self {
        match std::env::var("AUTHLY_TEST_REDIS_URL") {
            Ok(url) => Self { url, own: None },
            Err(_) => Self::own(),
        }
    }

    /// One of our own, which the test may stop.
    pub(crate) fn own() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let child = serve(port, &folder);
        Self { url: format!("redis://127.0.0.1:{port}/0"), own: Some((child, folder, port)) }
    }

    /// Its address.
    pub(crate) fn url(&self) -> Secret<String> {
        Secret::new(self.url.clone())
    }

    /// A connected limiter with buckets of its own.
    pub(crate) async fn limiter(&self) -> RedisLimiter {
        self.limiter_with(prefix()).await
    }

    /// A connected limiter with these buckets, patient because test machines are busy.
    pub(crate) async fn limiter_with(&self, prefix: String) -> RedisLimiter {
        let settings = LimiterSettings { timeout: Duration::from_secs(2), prefix };
        let limiter = RedisLimiter::start(&self.url(), settings).expect("a Redis URL");
        connected(&limiter, true).await;
        limiter
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some((child, ..)) = &mut self.own {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it in mid-air (`STOP`), or lets it go on (`CONT`).
    pub(crate) fn signal(&self, name: &str) {
        let child = &self.own.as_ref().expect("a Redis of our own").0;
        let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// Starts it again at the same address, empty.
    pub(crate) fn revive(&mut self) {
        if let Some((child, folder, port)) = &mut self.own {
            *child = serve(*port, folder);
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A prefix that no other test and no other run uses.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("authly-test:{}:{}:", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until Redis is connected or given up.
pub(crate) async fn connected(limiter: &RedisLimiter, up: bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), limiter.until(up)).await;
    assert!(waited.is_ok(), "Redis is not {} after 20 seconds", if up { "up" } else { "down" });
}

fn serve(port: u16, folder: &tempfile::TempDir) -> Child {
    let started = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn();
    match started {
        Ok(child) => child,
        Err(error) => panic!("these tests need redis-server on the PATH, or AUTHLY_TEST_REDIS_URL: {error}"),
    }
}
