//! The stores that every case runs over: that in memory, a file, and a server.

use std::ops::Deref;

use authly_cutover::{board::BoardStore, memory::MemoryTarget, store::CutoverStore};
use authly_directory::memory::MemoryDirectory;
use authly_pg_fixture::{PgFixture, TestDatabase};
use authly_storage_pg::{PgOptions, PgStore};
use authly_storage_sqlite::SqliteStore;
use authly_testkit::{Options, TestApp, TestStore};
use tempfile::TempDir;

/// A kind of store.
pub(crate) trait Kind {
    type Store: TestStore;
    /// Where a migration writes.
    type Target: CutoverStore + BoardStore + Clone + 'static;
    /// What goes with the store at the end.
    type Place;

    /// An empty store, what a migration writes to, and where both are.
    async fn empty() -> (Self::Store, Self::Target, Self::Place);
}

/// A server over a store of its own.
pub(crate) struct World<K: Kind> {
    app: TestApp<K::Store>,
    /// What the pages of the migration show.
    pub(crate) target: K::Target,
    _place: K::Place,
}

impl<K: Kind> World<K> {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let (store, target, place) = K::empty().await;
        Self { app: TestApp::over(store, Some(target.clone()), options).await, target, _place: place }
    }
}

impl<K: Kind> Deref for World<K> {
    type Target = TestApp<K::Store>;

    fn deref(&self) -> &Self::Target {
        &self.app
    }
}

pub(crate) struct Memory;

impl Kind for Memory {
    type Store = MemoryDirectory;
    type Target = MemoryTarget;
    type Place = ();

    async fn empty() -> (MemoryDirectory, MemoryTarget, ()) {
        (MemoryDirectory::new(), MemoryTarget::new(), ())
    }
}

pub(crate) struct Sqlite;

impl Kind for Sqlite {
    type Store = SqliteStore;
    type Target = SqliteStore;
    type Place = TempDir;

    async fn empty() -> (SqliteStore, SqliteStore, TempDir) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("authly.db");
        SqliteStore::migrate(&path).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        (store.clone(), store, folder)
    }
}

pub(crate) struct Postgres;

impl Kind for Postgres {
    type Store = PgStore;
    type Target = PgStore;
    type Place = TestDatabase;

    async fn empty() -> (PgStore, PgStore, TestDatabase) {
        let database = PgFixture::copy_of("migrated", async |url| {
            PgStore::new(&url, PgOptions::default()).unwrap().migrate().await.unwrap();
        })
        .await;
        let store = PgStore::new(&database, PgOptions { max_connections: 8, ..PgOptions::default() }).unwrap();
        (store.clone(), store, database)
    }
}

/// Runs each of the cases over each of the stores.
macro_rules! over_every_store {
    ($($case:ident),+ $(,)?) => {
        over_every_store!(@ over_memory Memory $($case)+);
        over_every_store!(@ over_sqlite Sqlite $($case)+);
        over_every_store!(@ over_postgresql Postgres $($case)+);
    };
    (@ $module:ident $kind:ident $($case:ident)+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case::<crate::stores::$kind>().await;
            })+
        }
    };
}
pub(crate) use over_every_store;
