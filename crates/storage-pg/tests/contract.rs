//! The suite that every store passes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_pg_fixture::{PgFixture, TestDatabase};
use authly_storage_pg::{PgOptions, PgStore};

async fn fresh() -> (PgStore, TestDatabase) {
    let database = PgFixture::copy_of("migrated", async |url| {
        PgStore::new(&url, PgOptions::default()).unwrap().migrate().await.unwrap();
    })
    .await;
    let store = PgStore::new(&database, PgOptions { max_connections: 8, ..PgOptions::default() }).unwrap();
    (store, database)
}

authly_storage_contract::suite!(fresh);
authly_storage_contract::cutover_suite!(fresh);
authly_storage_contract::instants_suite!(fresh);
