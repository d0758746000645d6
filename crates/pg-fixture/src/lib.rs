//! A PostgreSQL database of its own for each test.
//!
//! `AUTHLY_TEST_DATABASE_URL` names a server to use. Without it a private cluster is made for this process from the binaries of
//! this machine and thrown away with the process; nothing is left behind, even after a crash. A test gets an empty database, or a
//! copy of a template that the first test builds.

#![expect(clippy::expect_used, clippy::panic, reason = "a fixture that cannot be had fails the test that asked for it")]

mod cluster;
mod own;
mod search;

use std::{
    collections::HashMap,
    fmt,
    ops::Deref,
    process,
    sync::{
        Arc, LazyLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::NoTls;

use self::cluster::Cluster;
pub use self::own::OwnServer;

static SERVER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static COUNT: AtomicU64 = AtomicU64::new(0);
/// The names of the templates' databases, once they are built.
type Templates = std::sync::Mutex<HashMap<&'static str, Arc<OnceCell<String>>>>;
static TEMPLATES: LazyLock<Templates> = LazyLock::new(Templates::default);
/// Copying needs a template that nobody is connected to, so copies wait for each other.
static COPYING: Mutex<()> = Mutex::const_new(());

/// Where databases come from.
#[derive(Clone, Copy, Debug)]
pub struct PgFixture;

impl PgFixture {
    /// An empty database.
    pub async fn empty() -> TestDatabase {
        let name = new_name();
        execute(&format!("CREATE DATABASE {name}")).await;
        TestDatabase { url: url_of(&name), name }
    }

    /// A copy of the template of that name, which `build` fills for the first who asks.
    pub async fn copy_of<F: Future<Output = ()>>(
        template: &'static str,
        build: impl FnOnce(String) -> F,
    ) -> TestDatabase {
        let cell = {
            let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
            templates.entry(template).or_default().clone()
        };
        let template = cell
            .get_or_init(|| async {
                let name = new_name();
                execute(&format!("CREATE DATABASE {name}")).await;
                build(url_of(&name)).await;
                name
            })
            .await;
        let name = new_name();
        let copying = COPYING.lock().await;
        // Whoever built the template may not have hung up yet.
        execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}' AND pid <> pg_backend_pid()"
        ))
        .await;
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
        for attempt in 1.. {
            match try_execute(&statement).await {
                Ok(()) => break,
                Err(_) if attempt < 50 => tokio::task::yield_now().await,
                Err(error) => panic!("{statement}: {error:?}"),
            }
        }
        drop(copying);
        TestDatabase { url: url_of(&name), name }
    }
}

/// A database that is dropped with this value.
pub struct TestDatabase {
    url: String,
    name: String,
}

impl TestDatabase {
    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A plain connection to it, for looking behind a store's back.
    pub async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.expect("the test server answers");
        tokio::spawn(connection);
        client
    }
}

impl Deref for TestDatabase {
    type Target = str;

    fn deref(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // On a thread of its own: the test's runtime may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(try_execute(&statement)).is_ok())
        });
        dropping.join().ok();
    }
}

fn new_name() -> String {
    format!("authly_test_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The server's address with another database in its path.
fn url_of(name: &str) -> String {
    let server = SERVER.url();
    let (address, parameters) = server.split_once('?').map_or((server, None), |(address, rest)| (address, Some(rest)));
    let (scheme, rest) = address.split_once("://").expect("the address is a URL");
    let host = rest.split('/').next().unwrap_or_default();
    let parameters = parameters.map_or_else(String::new, |rest| format!("?{rest}"));
    format!("{scheme}://{host}/{name}{parameters}")
}

async fn execute(statement: &str) {
    if let Err(error) = try_execute(statement).await {
        panic!("{statement}: {error:?}");
    }
}

async fn try_execute(statement: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(SERVER.url(), NoTls).await?;
    let driver = tokio::spawn(connection);
    let outcome = client.batch_execute(statement).await;
    drop(client);
    driver.await.ok();
    outcome
}
