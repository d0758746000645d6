//! People who sign in while a migration goes on, one at a time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::exchange::{Connection, Request};
use crate::failure::Failure;
use crate::html::encode;
use crate::installation::HOST;
use crate::measure::Samples;
use crate::site::{PASSWORD, Site, signed_in};

/// How many they are.
pub const PEOPLE: usize = 4;
/// One of them comes so often, unless the one before is still waiting: their hashes leave most of two processors to others.
const EVERY: Duration = Duration::from_millis(80);

/// How often they sign in while nothing else goes on, for comparison.
pub const OFTEN: usize = 150;

/// How long people wait.
#[derive(Clone, Debug)]
pub struct Waits {
    /// For a password grant.
    pub sign_in: Samples,
    /// For an introspection.
    pub introspection: Samples,
}

impl Waits {
    /// In words, with the time that they were measured in before.
    pub fn line(&self, when: &str) -> String {
        let shown =
            |samples: &Samples| format!("p50 {:.1} ms, p95 {:.1} ms", samples.percentile(50), samples.percentile(95));
        let (sign_in, introspection) = (shown(&self.sign_in), shown(&self.introspection));
        format!("sign-in {when}: {sign_in}; introspection: {introspection} ({} of each)", self.sign_in.count())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let waits = |samples: &Samples| json!({ "p50_ms": samples.percentile(50), "p95_ms": samples.percentile(95), "count": samples.count() });
        json!({ "sign_in": waits(&self.sign_in), "introspection": waits(&self.introspection) })
    }
}

/// The people who sign in meanwhile, one at a time.
#[derive(Debug)]
pub struct Crowd {
    site: Site,
    connection: Connection,
    sign_ins: Vec<Request>,
    introspection: Request,
    turn: usize,
    next: tokio::time::Instant,
    took: (Vec<u32>, Vec<u32>),
}

impl Crowd {
    /// Connects anew: whoever was idle for long may have lost the connection.
    pub fn come_back(&mut self) {
        self.connection = self.site.connect();
    }

    /// Opens their connection.
    pub async fn of(site: &Site) -> Result<Self, Failure> {
        let token = signed_in(site, &site.web_es256, 0).await?.access_token;
        let headers = [("Authorization", site.web_es256.authorization.as_str())];
        let introspection = Request::form(HOST, "/auth/introspect", &headers, &encode([("token", token.as_str())]));
        let sign_in = |position| {
            let body = json!({"grant_type": "password", "username": site.person(position), "password": PASSWORD});
            Request::post(HOST, "/auth/token", &[], "application/json", &body.to_string())
        };
        let sign_ins = (0..PEOPLE).map(sign_in).collect();
        let (site, connection) = (site.clone(), site.connect());
        let (next, took) = (tokio::time::Instant::now(), (Vec::new(), Vec::new()));
        Ok(Self { site, connection, sign_ins, introspection, turn: 0, next, took })
    }

    /// When it is time, one of them signs in, and asks about a token.
    pub async fn ask(&mut self) -> Result<(), Failure> {
        tokio::time::sleep_until(self.next).await;
        self.next = tokio::time::Instant::now() + EVERY;
        self.turn += 1;
        let position = self.turn % self.sign_ins.len().max(1);
        let Some(sign_in) = self.sign_ins.get(position) else { return Ok(()) };
        let began = Instant::now();
        self.connection.exchange(sign_in).await?.expect(200, "a sign-in during the migration")?;
        self.took.0.push(micros(began));
        let began = Instant::now();
        self.connection.exchange(&self.introspection).await?.expect(200, "an introspection during the migration")?;
        self.took.1.push(micros(began));
        Ok(())
    }

    /// How long they wait while nothing else goes on.
    pub async fn undisturbed(&mut self) -> Result<Waits, Failure> {
        self.come_back();
        for _ in 0..OFTEN {
            self.ask().await?;
        }
        Ok(self.waits())
    }

    /// How many came since [`Self::waits`] was last asked.
    pub const fn count(&self) -> usize {
        self.took.0.len()
    }

    /// How long they waited since this was last asked.
    pub fn waits(&mut self) -> Waits {
        let (sign_in, introspection) = std::mem::take(&mut self.took);
        Waits { sign_in: Samples::new(sign_in), introspection: Samples::new(introspection) }
    }
}

fn micros(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)
}
