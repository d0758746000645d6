//! Grouped reads: what is asked at the same moment is asked in one statement, on a connection that all kinds of reads share.
//!
//! A question of a single row costs the server more in waking, binding and starting its plan than in reading. So the lookups
//! that requests are made of gather while the group before is under way, as writes do in [`writer`](crate::writer); a lone one
//! goes at once. Nothing is remembered: every caller's question is asked after it was put.

use std::{future::Future, sync::Arc, time::Duration};

use oauth_core::store::StoreError;
use tokio::{
    runtime::Handle,
    sync::{Mutex, mpsc, oneshot},
};
use tokio_postgres::{Client, Row, Statement};

use crate::{
    codes::CodeOf,
    connect::Target,
    db::Db,
    error::{Trouble, busy, unavailable},
    gather::{BRIEFLY, Gathering},
    grants::{AuthorizationOf, GrantOf, RevocationOf},
    refresh::RefreshOf,
    writer::copy,
};

/// The most lookups of a group, and of those that wait for the next one.
const GROUP: usize = 256;
const WAITING: usize = 8_192;

/// A kind of lookup that is asked in groups. Its statements answer at most one row for each key, which begins with the key's
/// ordinal.
pub(crate) trait Lookup: Send + 'static {
    /// What is looked for.
    type Key: Send + Sync + 'static;
    /// The statement for one key.
    const ONE: &'static str;
    /// The statement for many keys.
    const MANY: &'static str;
    /// How long a group of lookups gathers.
    const PAUSE: Duration = BRIEFLY;

    /// Runs [`Self::ONE`].
    fn one(
        client: &Client,
        statement: &Statement,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send;

    /// Runs [`Self::MANY`].
    fn many(
        client: &Client,
        statement: &Statement,
        keys: &[&Self::Key],
    ) -> impl Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send;
}

/// The grouped lookups of a store; they end with it.
pub(crate) struct Readers {
    pub(crate) authorizations: Queue<AuthorizationOf>,
    pub(crate) codes: Queue<CodeOf>,
    pub(crate) grants: Queue<GrantOf>,
    pub(crate) refresh_tokens: Queue<RefreshOf>,
    pub(crate) revocations: Queue<RevocationOf>,
}

impl Readers {
    pub(crate) fn start(target: &Target, driver: &Handle, db: &Arc<Db>, answer_within: Duration) -> Self {
        let line = Arc::new(Line {
            target: target.clone(),
            driver: driver.clone(),
            db: db.clone(),
            answer_within,
            client: Mutex::new(None),
        });
        Self {
            authorizations: Queue::start(&line),
            codes: Queue::start(&line),
            grants: Queue::start(&line),
            refresh_tokens: Queue::start(&line),
            revocations: Queue::start(&line),
        }
    }
}

struct Job<K> {
    key: K,
    answer: oneshot::Sender<Result<Option<Row>, StoreError>>,
}

/// Where lookups of one kind wait.
pub(crate) struct Queue<L: Lookup>(mpsc::Sender<Job<L::Key>>);

impl<L: Lookup> Queue<L> {
    fn start(line: &Arc<Line>) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING);
        let mut desk = Desk::<L> { line: line.clone(), ready: None };
        line.driver.spawn(async move {
            let (mut group, mut gathering) = (Vec::new(), Gathering::new(L::PAUSE));
            while waiting.recv_many(&mut group, GROUP).await > 0 {
                gathering.complete(&mut group, &mut waiting, GROUP).await;
                desk.settle(std::mem::take(&mut group)).await;
            }
        });
        Self(sender)
    }

    /// The row for this key, its first column the ordinal.
    pub(crate) async fn find(&self, key: L::Key) -> Result<Option<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Job { key, answer }).map_err(|_| busy("too many lookups are waiting"))?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the reader ended")))
    }
}

/// The connection of all lookups, made when it is needed.
struct Line {
    target: Target,
    driver: Handle,
    db: Arc<Db>,
    answer_within: Duration,
    client: Mutex<Option<Arc<Client>>>,
}

impl Line {
    async fn client(&self) -> Result<Arc<Client>, tokio_postgres::Error> {
        let mut held = self.client.lock().await;
        if let Some(client) = held.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let (client, _) = self.target.open_for_keys(&self.driver).await?;
        Ok(held.insert(Arc::new(client)).clone())
    }

    /// Gives a connection up that does not answer, unless another has taken its place already.
    async fn give_up(&self, client: &Arc<Client>) {
        let mut held = self.client.lock().await;
        if held.as_ref().is_some_and(|current| Arc::ptr_eq(current, client)) {
            *held = None;
        }
    }
}

/// Who asks the questions of one kind.
struct Desk<L> {
    line: Arc<Line>,
    ready: Option<Ready<L>>,
}

struct Ready<L> {
    client: Arc<Client>,
    one: Statement,
    many: Statement,
    kind: std::marker::PhantomData<fn() -> L>,
}

impl<L: Lookup> Desk<L> {
    /// Asks for a group and answers every caller.
    async fn settle(&mut self, group: Vec<Job<L::Key>>) {
        match self.ask(&group).await {
            Ok(rows) => {
                let mut found: Vec<Option<Row>> = std::iter::repeat_with(|| None).take(group.len()).collect();
                for row in rows {
                    let place = row.try_get::<_, i64>(0).ok().and_then(|ordinal| usize::try_from(ordinal - 1).ok());
                    if let Some(place) = place.and_then(|place| found.get_mut(place)) {
                        *place = Some(row);
                    }
                }
                for (job, row) in group.into_iter().zip(found) {
                    job.answer.send(Ok(row)).ok();
                }
            }
            Err(trouble) => {
                let error = StoreError::from(trouble);
                for job in group {
                    job.answer.send(Err(copy(&error))).ok();
                }
            }
        }
    }

    /// Runs the statement, once more where the connection was lost or the schema changed: a question does no harm.
    async fn ask(&mut self, group: &[Job<L::Key>]) -> Result<Vec<Row>, Trouble> {
        let (mut stale, mut disconnected) = (0, 0);
        loop {
            match self.ask_once(group).await {
                Err(Trouble::Stale(_)) if stale == 0 => {
                    stale += 1;
                    self.ready = None;
                }
                Err(Trouble::Disconnected(_)) if disconnected == 0 => disconnected += 1,
                outcome => return outcome,
            }
        }
    }

    async fn ask_once(&mut self, group: &[Job<L::Key>]) -> Result<Vec<Row>, Trouble> {
        let usable = self.ready.take().filter(|ready| !ready.client.is_closed());
        let ready = match usable {
            Some(ready) => ready,
            None => self.prepare().await?,
        };
        self.line.db.count_trip();
        let asked = async {
            match group {
                [job] => L::one(&ready.client, &ready.one, &job.key).await,
                jobs => {
                    let keys: Vec<&L::Key> = jobs.iter().map(|job| &job.key).collect();
                    L::many(&ready.client, &ready.many, &keys).await
                }
            }
        };
        let outcome = match tokio::time::timeout(self.line.answer_within, asked).await {
            Ok(answer) => answer.map_err(Trouble::from),
            Err(_) => Err(Trouble::Disconnected(unavailable("no answer in time"))),
        };
        match outcome {
            Err(Trouble::Disconnected(_)) => self.line.give_up(&ready.client).await,
            _ => self.ready = Some(ready),
        }
        outcome
    }

    async fn prepare(&self) -> Result<Ready<L>, Trouble> {
        let making = async {
            let client = self.line.client().await?;
            let (one, many) = tokio::try_join!(client.prepare(L::ONE), client.prepare(L::MANY))?;
            Ok::<_, tokio_postgres::Error>(Ready { client, one, many, kind: std::marker::PhantomData })
        };
        match tokio::time::timeout(self.line.answer_within, making).await {
            Ok(Ok(ready)) => Ok(ready),
            Ok(Err(error)) => Err(Trouble::Refused(unavailable(format!("no connection: {error}")))),
            Err(_) => Err(Trouble::Refused(unavailable("no connection in time"))),
        }
    }
}
