#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
//! `kill -9` of the server in the middle of a load of refresh chains: every chain continues, or was never answered.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use authly_bench::crash::{Trial, check};
use authly_bench::installation::{Installation, Programs, Store};
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
    let installation = Installation::new(programs(), store).unwrap();
    let site = Site::prepare(&installation, 2).unwrap();
    let survival = check(&installation, &site, TRIAL).await.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(survival.continued, TRIAL.chains * TRIAL.rounds);
    assert!(survival.answered > 0);
}

/// The server under test, and the command line that registers clients and people for it.
fn programs() -> Programs {
    static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
        let server = PathBuf::from(env!("CARGO_BIN_EXE_authly-server"));
        let folder = server.parent().unwrap();
        let made_at = |file: &Path| file.metadata().and_then(|data| data.modified()).ok();
        let admin = folder.join(format!("authly-admin{}", std::env::consts::EXE_SUFFIX));
        // Cargo builds the programs of other packages only where it tests these too.
        if made_at(&admin) < made_at(&server) {
            build_admin(folder);
        }
        Programs::within(folder).unwrap()
    });
    PROGRAMS.clone()
}

fn build_admin(folder: &Path) {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "authly-admin", "--package", "authly-jose"]);
    if folder.file_name() == Some("release".as_ref()) {
        build.arg("--release");
    }
    if cfg!(feature = "vendored-openssl") {
        build.args(["--features", "vendored-openssl"]);
    }
    let status = build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).status().unwrap();
    assert!(status.success(), "authly-admin is not built: {status}");
}
