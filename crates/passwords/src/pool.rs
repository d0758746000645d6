//! The pool: verification with equal cost, and new hashes.

use std::{
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use authly_directory::password::{PasswordService, PresentedPassword, StoredHash, Verification};
use oauth_core::{
    secret::Secret,
    services::{Busy, Random, SlowHashes},
};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::{
    Memory, Objection, Others, Outcome, Policy, PolicyInvalid, PoolMetrics, Recipe, Scheme,
    floor::Floor,
    metrics::{self, Counters},
    policy::Kind,
    queue::Queue,
    schemes::{Schemes, bcrypt, wrapped},
};

/// How a pool is built.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// How new passwords are hashed.
    pub policy: Policy,
    /// The bcrypt cost of hashes that the program that came before must read.
    pub older_program_cost: u32,
    /// Threads; as many as cores when `None`.
    pub threads: Option<NonZeroUsize>,
    /// Requests that may wait; more are [`Busy`].
    pub queue: usize,
    /// Secrets that an older program appended to passwords before it made bcrypt hashes; tried after the plain password.
    pub peppers: Vec<Secret<String>>,
    /// What becomes of passwords whose hash another program made.
    pub foreign: Foreign,
}

/// What becomes of passwords whose hash another program made: one that is neither argon2 nor of the policy's own scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// Each is refused as a wrong one would be: for an installation that has none left.
    Refused,
    /// They verify.
    Verified,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            older_program_cost: 12,
            threads: None,
            queue: 256,
            peppers: Vec::new(),
            foreign: Foreign::Verified,
        }
    }
}

/// The pool could not be started.
#[derive(Debug, Error)]
pub enum PoolUnavailable {
    /// A parameter is out of bounds.
    #[error(transparent)]
    Policy(#[from] PolicyInvalid),
    /// The system gives no threads.
    #[error("no threads for password hashes")]
    Threads(#[from] io::Error),
}

/// Threads that verify and make password hashes.
pub struct HashPool<R> {
    shared: Arc<Shared>,
    queue: Queue,
    others: Others,
    older_program: Policy,
    random: R,
}

impl<R: Random> HashPool<R> {
    /// A pool that verifies the built-in schemes.
    pub fn new(settings: &PoolSettings, random: R) -> Result<Self, PoolUnavailable> {
        Self::with_schemes(settings, random, Vec::new())
    }

    /// A pool that verifies further schemes too.
    pub fn with_schemes(
        settings: &PoolSettings,
        random: R,
        others: Vec<Box<dyn Scheme>>,
    ) -> Result<Self, PoolUnavailable> {
        let schemes = Schemes::with(settings.peppers.as_slice().into(), others);
        let counters = Counters::new(schemes.names());
        let (policy, foreign) = (settings.policy, settings.foreign);
        let shared = Arc::new(Shared { policy, foreign, schemes, counters, floor: Floor::default() });
        let threads = settings.threads.or(thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let others = Others::new();
        let pool = Self {
            shared,
            queue: Queue::start(threads, settings.queue, others.clone())?,
            others,
            older_program: Policy::bcrypt(settings.older_program_cost)?,
            random,
        };
        pool.note_in_use(&settings.policy.sample());
        Ok(pool)
    }

    /// Serves requests so that hashes leave a processor to those that need none.
    pub const fn others(&self) -> &Others {
        &self.others
    }

    /// Notes that hashes like this one are stored, so that failures take as long as theirs from the first one on.
    ///
    /// The server passes one hash of each format and cost that its store holds. Returns whether such a hash is readable.
    pub fn note_in_use(&self, stored: &StoredHash) -> bool {
        let recipe = self.shared.schemes.read(stored.expose()).and_then(|read| read.recipe.ok());
        recipe.map(|recipe| self.shared.floor.note(recipe.cost())).is_some()
    }

    /// Whether a hash like this one verifies nothing here, because another program made it and those are refused.
    pub fn shuts_out(&self, stored: &StoredHash) -> bool {
        self.shared.schemes.read(stored.expose()).is_some_and(|read| !self.shared.admits(read.scheme))
    }

    /// Wraps a weak stored hash: the policy's hash over its digest, which verifies the same password and is as slow to guess
    /// as a new one. A password that is stored as it is gets a hash. `None` for everything else, which stays as it is.
    pub async fn wrap(&self, stored: StoredHash) -> Result<Option<StoredHash>, Busy> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        self.run(move |shared, memory| wrapped::wrap(stored.expose(), shared.policy, salt, memory).map(StoredHash::new))
            .await
    }

    /// Reads the counters.
    pub fn metrics(&self) -> PoolMetrics {
        PoolMetrics {
            verifications: self.shared.counters.verifications(),
            durations: self.shared.counters.durations(),
            hashes: self.shared.counters.hashes.load(Ordering::Relaxed),
            refused: self.shared.counters.refused.load(Ordering::Relaxed),
            waiting: self.queue.len(),
            failure_floor: self.shared.floor.current(),
        }
    }

    /// Runs `work` on a thread; a caller that went away meanwhile costs nothing.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &mut Memory) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        Others::excuse();
        let (answer, result) = oneshot::channel();
        let shared = self.shared.clone();
        let job = move |memory: &mut Memory| {
            if !answer.is_closed() {
                let _ = answer.send(work(&shared, memory));
            }
        };
        if self.queue.push(Box::new(job)).is_err() {
            self.shared.counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Busy);
        }
        result.await.map_err(|_| Busy)
    }

    async fn make(&self, policy: Policy, password: PresentedPassword) -> Result<StoredHash, Busy> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        self.run(move |shared, memory| {
            shared.counters.hashes.fetch_add(1, Ordering::Relaxed);
            policy.hash(password.expose().as_bytes(), salt, memory).map(StoredHash::new)
        })
        .await?
        .ok_or(Busy)
    }
}

impl<R: Random> PasswordService for HashPool<R> {
    async fn verify(&self, password: PresentedPassword, stored: Option<StoredHash>) -> Result<Verification, Busy> {
        let checked = self.run(move |shared, memory| shared.check(password.expose(), stored.as_ref(), memory)).await?;
        if !matches!(checked.verification, Verification::Match { .. }) {
            // Waiting in the queue is the same for everybody, so only the computation counts.
            let rest = self.shared.floor.current().saturating_sub(checked.took);
            tokio::time::sleep(rest).await;
        }
        Ok(checked.verification)
    }

    async fn hash(&self, password: PresentedPassword) -> Result<StoredHash, Busy> {
        // Bcrypt would cut it silently. Nobody may choose such a password where the policy is bcrypt; one that came from
        // elsewhere keeps the hash that it has.
        if matches!(self.shared.policy.kind(), Kind::Bcrypt(_)) && password.expose().len() > bcrypt::LONGEST {
            return Err(Busy);
        }
        self.make(self.shared.policy, password).await
    }

    async fn hash_for_older_program(&self, password: PresentedPassword) -> Result<StoredHash, Busy> {
        self.make(self.older_program, password).await
    }
}

impl<R: Random> SlowHashes for HashPool<R> {
    async fn verify_secret(&self, secret: Secret<String>, hash: Secret<String>) -> Result<bool, Busy> {
        let Some(secret) = PresentedPassword::parse(secret.expose()) else { return Ok(false) };
        let stored = StoredHash::new(hash.expose().clone());
        self.run(move |shared, memory| {
            let (_, recipe) = shared.read(&stored);
            recipe.is_some_and(|recipe| compute(&*recipe, secret.expose(), memory) == Some(true))
        })
        .await
    }
}

impl<R> std::fmt::Debug for HashPool<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashPool").field("policy", &self.shared.policy).finish_non_exhaustive()
    }
}

/// What the threads share.
struct Shared {
    policy: Policy,
    foreign: Foreign,
    schemes: Schemes,
    counters: Counters,
    floor: Floor,
}

struct Checked {
    verification: Verification,
    took: Duration,
}

impl Shared {
    /// Computes exactly one hash, whatever is stored.
    fn check(&self, password: &str, stored: Option<&StoredHash>, memory: &mut Memory) -> Checked {
        let start = Instant::now();
        let (place, recipe, objection) = stored.map_or((metrics::NONE, None, None), |stored| self.judge(stored));
        let shut_out = place >= metrics::FIRST && !self.admits(place - metrics::FIRST);
        let recipe = recipe.filter(|_| !shut_out);
        let outcome = recipe.as_ref().and_then(|recipe| self.measured(&**recipe, password, memory));
        if outcome.is_some() {
            self.counters.took(place, start.elapsed());
        }
        if outcome.is_none() {
            self.dummy(password, memory);
        }
        let verification = match (outcome, recipe) {
            (Some(true), Some(recipe)) => Verification::Match { outdated: recipe.outdated(&self.policy) },
            (Some(_), _) => Verification::Mismatch,
            (None, _) if place == metrics::NONE || shut_out => Verification::Mismatch,
            (None, _) => Verification::Unreadable,
        };
        self.counters.count(
            place,
            match verification {
                Verification::Match { .. } => Outcome::Match,
                Verification::Mismatch => Outcome::Mismatch,
                Verification::Unreadable if objection == Some(Objection::TooCostly) => Outcome::TooCostly,
                Verification::Unreadable => Outcome::Malformed,
            },
        );
        Checked { verification, took: start.elapsed() }
    }

    /// Whether passwords with hashes of the scheme at this place verify.
    fn admits(&self, scheme: usize) -> bool {
        let name = self.schemes.name(scheme);
        let own = matches!(self.policy.kind(), Kind::Bcrypt(_)).then_some("bcrypt");
        self.foreign == Foreign::Verified || name == Some("argon2") || (own.is_some() && name == own)
    }

    /// The scheme's place among the counters, and how to verify.
    fn read(&self, stored: &StoredHash) -> (usize, Option<Box<dyn Recipe>>) {
        let (place, recipe, _) = self.judge(stored);
        (place, recipe)
    }

    /// The same, with what speaks against verifying.
    fn judge(&self, stored: &StoredHash) -> (usize, Option<Box<dyn Recipe>>, Option<Objection>) {
        match self.schemes.read(stored.expose()) {
            None => (metrics::UNKNOWN, None, None),
            Some(read) => match read.recipe {
                Ok(recipe) => (metrics::FIRST + read.scheme, Some(recipe), None),
                Err(objection) => (metrics::FIRST + read.scheme, None, Some(objection)),
            },
        }
    }

    /// Verifies and notes how long it took; `None` if the scheme failed.
    fn measured(&self, recipe: &dyn Recipe, password: &str, memory: &mut Memory) -> Option<bool> {
        let start = Instant::now();
        let outcome = compute(recipe, password, memory)?;
        self.floor.observe(recipe.cost(), start.elapsed());
        Some(outcome)
    }

    /// The work of a verification under the policy, for accounts that do not exist or have no hash.
    fn dummy(&self, password: &str, memory: &mut Memory) {
        let sample = self.policy.sample();
        if let (_, Some(recipe)) = self.read(&sample) {
            self.measured(&*recipe, password, memory);
        }
    }
}

/// Verifies; `None` if the hash function panicked over the stored hash.
fn compute(recipe: &dyn Recipe, password: &str, memory: &mut Memory) -> Option<bool> {
    catch_unwind(AssertUnwindSafe(|| recipe.verify(password.as_bytes(), memory))).ok()
}
