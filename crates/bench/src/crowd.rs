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

/// How often they sign in while something goes on, and while it does not: what is enough for a percentile of 95.
pub const OFTEN: usize = 300;

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

/// How long each of them waited, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Took {
    sign_in: Vec<u32>,
    introspection: Vec<u32>,
}

impl Took {
    /// How often they came.
    pub const fn count(&self) -> usize {
        self.sign_in.len()
    }

    /// In order of length.
    pub fn waits(self) -> Waits {
        Waits { sign_in: Samples::new(self.sign_in), introspection: Samples::new(self.introspection) }
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
        let next = tokio::time::Instant::now();
        Ok(Self { site, connection, sign_ins, introspection, turn: 0, next })
    }

    /// When it is time, one of them signs in, and asks about a token.
    pub async fn ask(&mut self, took: &mut Took) -> Result<(), Failure> {
        tokio::time::sleep_until(self.next).await;
        self.next = tokio::time::Instant::now() + EVERY;
        self.turn += 1;
        let position = self.turn % self.sign_ins.len().max(1);
        let Some(sign_in) = self.sign_ins.get(position) else { return Ok(()) };
        let began = Instant::now();
        self.connection.exchange(sign_in).await?.expect(200, "a sign-in during the migration")?;
        took.sign_in.push(micros(began));
        let began = Instant::now();
        self.connection.exchange(&self.introspection).await?.expect(200, "an introspection during the migration")?;
        took.introspection.push(micros(began));
        Ok(())
    }
}

fn micros(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)
}
