#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
//! `kill -9` of the server in the middle of a load of refresh chains: every chain continues, or was never answered.

mod programs;

use std::time::Duration;

use authly_bench::crash::{Trial, check};
use authly_bench::installation::{Installation, Store};
use authly_bench::site::Site;
use authly_pg_fixture::PgFixture;

const TRIAL: Trial = Trial { chains: 8, rounds: 2, run: Duration::from_millis(150) };

#[tokio::test]
async fn every_chain_continues_after_a_crash_on_sqlite() {
    survive(Store::Sqlite).await;
}

#[tokio::test]
async fn every_chain_continues_after_a_crash_on_postgresql() {
    let database = PgFixture::empty().await;
    survive(Store::Postgres { url: database.url().to_owned(), process: None }).await;
}

async fn survive(store: Store) {
    let installation = Installation::new(programs::programs(), store).unwrap();
    let site = Site::prepare(&installation, 2).unwrap();
    let survival = check(&installation, &site, TRIAL).await.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(survival.continued, TRIAL.chains * TRIAL.rounds);
    assert!(survival.answered > 0);
}
