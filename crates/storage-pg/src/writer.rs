//! Group commit: what waits at the same time is committed together, by one writer per kind of write on a connection of its own.
//!
//! A batch is what has gathered while the one before was under way, so a lone caller does not wait, and a batch of one takes the
//! single-row statement. Answers go by ordinal, never by key: a key that stands twice in a batch must not tell both callers that
//! they won. A batch that fails is halved until the write that poisons it stands alone.

use std::{cmp::Ordering, future::Future, sync::Arc, time::Duration};

use oauth_core::store::{Commit, NewAuthorization, Redemption, Rotation, StoreError, StoreErrorKind};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_postgres::{Client, Statement};

use crate::{
    codes::{Redeem, commit},
    connect::Target,
    db::{Db, TRIES},
    error::{Trouble, busy, unavailable},
    gather::{BRIEFLY, Gathering},
    issue::Issue,
    refresh::Rotate,
};

/// The most writes of a batch, and of those that wait for the next one.
const BATCH: usize = 256;
const WAITING: usize = 4_096;

/// A kind of write that is committed in groups.
pub(crate) trait Kind: Send + 'static {
    /// One write.
    type Write: Send + Sync + 'static;
    /// The statement for one; answers how many rows were written.
    const ONE: &'static str;
    /// The statement for many; answers the ordinals that were applied.
    const MANY: &'static str;
    /// How long a batch gathers.
    const PAUSE: Duration = BRIEFLY;

    /// Runs [`Self::ONE`].
    fn one(
        client: &Client,
        statement: &Statement,
        write: &Self::Write,
    ) -> impl Future<Output = Result<u64, Trouble>> + Send;

    /// Runs [`Self::MANY`].
    fn many(
        client: &Client,
        statement: &Statement,
        writes: &[&Self::Write],
    ) -> impl Future<Output = Result<Vec<i64>, Trouble>> + Send;

    /// The order in which all writers change rows that more than one of them may want.
    fn order(_one: &Self::Write, _other: &Self::Write) -> Ordering {
        Ordering::Equal
    }

    /// Does a write by itself, on a connection of the pool; answers how many rows were written.
    fn once(db: &Db, write: &Self::Write) -> impl Future<Output = Result<u64, Trouble>> + Send;

    /// Does the same write again after its answer was lost, on a connection of the pool.
    fn again(db: &Db, write: &Self::Write) -> impl Future<Output = Result<Commit, StoreError>> + Send;
}

/// Writes by itself, on a connection of the pool, what belongs in no group.
pub(crate) async fn alone<K: Kind>(db: &Db, write: &K::Write) -> Result<Commit, StoreError> {
    match K::once(db, write).await {
        Err(Trouble::Disconnected(_)) => K::again(db, write).await,
        outcome => Ok(commit(outcome?)),
    }
}

/// The writers of a store; they end with it.
pub(crate) struct Writers {
    authorizations: Queue<Issue>,
    redemptions: Queue<Redeem>,
    rotations: Queue<Rotate>,
}

impl Writers {
    pub(crate) fn start(target: &Target, driver: &Handle, db: &Arc<Db>, answer_within: Duration) -> Self {
        Self {
            authorizations: Queue::start(driver, Link::new(target, driver, db, answer_within)),
            redemptions: Queue::start(driver, Link::new(target, driver, db, answer_within)),
            rotations: Queue::start(driver, Link::new(target, driver, db, answer_within)),
        }
    }

    pub(crate) async fn issue(&self, write: NewAuthorization) -> Result<Commit, StoreError> {
        self.authorizations.submit(write).await
    }

    pub(crate) async fn redeem(&self, write: Redemption) -> Result<Commit, StoreError> {
        self.redemptions.submit(write).await
    }

    pub(crate) async fn rotate(&self, write: Rotation) -> Result<Commit, StoreError> {
        self.rotations.submit(write).await
    }
}

struct Job<W> {
    write: W,
    answer: oneshot::Sender<Result<Commit, StoreError>>,
}

struct Queue<K: Kind>(mpsc::Sender<Job<K::Write>>);

impl<K: Kind> Queue<K> {
    fn start(driver: &Handle, mut link: Link<K>) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING);
        driver.spawn(async move {
            let (mut batch, mut gathering) = (Vec::new(), Gathering::new(K::PAUSE));
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                gathering.complete(&mut batch, &mut waiting, BATCH).await;
                batch.sort_by(|one: &Job<K::Write>, other| K::order(&one.write, &other.write));
                link.settle(std::mem::take(&mut batch)).await;
            }
        });
        Self(sender)
    }

    async fn submit(&self, write: K::Write) -> Result<Commit, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Job { write, answer }).map_err(|_| busy("too many writes are waiting"))?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the writer ended")))
    }
}

/// A writer's connection, made when it is needed.
struct Link<K: Kind> {
    target: Target,
    driver: Handle,
    db: Arc<Db>,
    answer_within: Duration,
    open: Option<Open<K>>,
}

struct Open<K> {
    client: Client,
    one: Statement,
    many: Statement,
    kind: std::marker::PhantomData<fn() -> K>,
}

impl<K: Kind> Link<K> {
    fn new(target: &Target, driver: &Handle, db: &Arc<Db>, answer_within: Duration) -> Self {
        Self { target: target.clone(), driver: driver.clone(), db: db.clone(), answer_within, open: None }
    }

    /// Writes a batch and answers every caller.
    async fn settle(&mut self, batch: Vec<Job<K::Write>>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            match self.write(&part).await {
                Ok(applied) => {
                    for (ordinal, job) in (1..).zip(part) {
                        answer(job, Ok(commit(u64::from(applied.contains(&ordinal)))));
                    }
                }
                Err(Trouble::Disconnected(_)) => self.write_again(part).await,
                // A lock that is not to be had, or a transaction in between time after time: no part would do better.
                Err(Trouble::Contended(error) | Trouble::Refused(error)) if error.kind == StoreErrorKind::Busy => {
                    refuse(part, &error);
                }
                Err(trouble) if part.len() > 1 => {
                    tracing::debug!(?trouble, writes = part.len(), "a batch is halved");
                    let rest = part.split_off(part.len() / 2);
                    parts.push(rest);
                    parts.push(part);
                }
                Err(trouble) => {
                    let error = StoreError::from(trouble);
                    for job in part {
                        answer(job, Err(copy(&error)));
                    }
                }
            }
        }
    }

    /// Runs the statement for these writes, again where another transaction came between or the schema changed.
    async fn write(&mut self, part: &[Job<K::Write>]) -> Result<Vec<i64>, Trouble> {
        let mut stale = 0;
        let mut tries = 1;
        loop {
            match self.write_once(part).await {
                Err(Trouble::Contended(_)) if tries < TRIES => tries += 1,
                Err(Trouble::Stale(_)) if stale == 0 => {
                    stale += 1;
                    self.open = None;
                }
                outcome => return outcome,
            }
        }
    }

    async fn write_once(&mut self, part: &[Job<K::Write>]) -> Result<Vec<i64>, Trouble> {
        if self.open.as_ref().is_none_or(|open| open.client.is_closed()) {
            self.open = Some(self.connect().await?);
        }
        let Some(open) = &self.open else { return Err(Trouble::Refused(unavailable("no connection"))) };
        self.db.count_trip();
        let answer = async {
            match part {
                [job] => {
                    let written = K::one(&open.client, &open.one, &job.write).await?;
                    Ok(if written > 0 { vec![1] } else { Vec::new() })
                }
                jobs => {
                    let writes: Vec<&K::Write> = jobs.iter().map(|job| &job.write).collect();
                    K::many(&open.client, &open.many, &writes).await
                }
            }
        };
        let outcome = match tokio::time::timeout(self.answer_within, answer).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Trouble::Disconnected(unavailable("no answer in time"))),
        };
        if matches!(outcome, Err(Trouble::Disconnected(_))) {
            self.open = None;
        }
        outcome
    }

    async fn connect(&self) -> Result<Open<K>, Trouble> {
        let making = async {
            let (client, _) = self.target.open_for_keys(&self.driver).await?;
            let (one, many) = tokio::try_join!(client.prepare(K::ONE), client.prepare(K::MANY))?;
            Ok::<_, tokio_postgres::Error>(Open { client, one, many, kind: std::marker::PhantomData })
        };
        // Nothing was written yet, so a failure here leaves nothing unknown.
        match tokio::time::timeout(self.answer_within, making).await {
            Ok(Ok(open)) => Ok(open),
            Ok(Err(error)) => Err(Trouble::Refused(unavailable(format!("no connection: {error}")))),
            Err(_) => Err(Trouble::Refused(unavailable("no connection in time"))),
        }
    }

    /// The connection was lost and the outcome is unknown: each write is done again by itself, all at once.
    async fn write_again(&self, part: Vec<Job<K::Write>>) {
        for job in part {
            let db = self.db.clone();
            self.driver.spawn(async move {
                let outcome = K::again(&db, &job.write).await;
                answer(job, outcome);
            });
        }
    }
}

/// Tells a caller, unless it has gone.
fn answer<W>(job: Job<W>, outcome: Result<Commit, StoreError>) {
    job.answer.send(outcome).ok();
}

fn refuse<W>(part: Vec<Job<W>>, error: &StoreError) {
    for job in part {
        answer(job, Err(copy(error)));
    }
}

/// The same error for another caller.
pub(crate) fn copy(error: &StoreError) -> StoreError {
    let told = error.source.as_ref().map_or_else(String::new, ToString::to_string);
    StoreError::caused(error.kind.clone(), told)
}
