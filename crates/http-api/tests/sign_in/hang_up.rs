//! Whoever goes away before the answer leaves the same trace as whoever waits for it.

use std::time::Duration;

use authly_directory::{account::Account, store::AccountRepository as _};
use authly_testkit::TestApp;
use oauth_core::audit::AuditKind;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::world::{EMAIL, start};

/// Sends a guess, and resets the connection after so many milliseconds.
async fn guess(app: &TestApp, after: u64) {
    let mut stream = TcpStream::connect(app.url.replace("http://localhost", "127.0.0.1")).await.unwrap();
    let (host, body) =
        (app.url.trim_start_matches("http://"), format!("{{\"email\":\"{EMAIL}\",\"password\":\"wrong\"}}"));
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(after)).await;
    stream.set_zero_linger().unwrap();
}

async fn is_locked(app: &TestApp, account: &Account) -> bool {
    app.services.store.locked_until(account.subject.id).await.unwrap().is_some()
}

/// Nobody's account is locked without a word in the log.
#[tokio::test(flavor = "multi_thread")]
async fn failures_of_those_who_hang_up_are_written_down() {
    let (app, _) = start().await;
    let identifier = authly_directory::identifier::Identifier::parse(EMAIL).unwrap();
    let account = app.services.store.find_accounts(&identifier).await.unwrap().remove(0);
    for after in (1..200).cycle() {
        guess(&app, after % 20).await;
        if is_locked(&app, &account).await {
            break;
        }
    }
    let told = || {
        let log = app.services.store.store().audit_log();
        log.iter().filter(|event| matches!(event.kind, AuditKind::SignInFailed | AuditKind::AccountLocked)).count()
    };
    let most = usize::try_from(app.app.directory.settings().max_failures).unwrap();
    for _ in 0..200 {
        if told() >= most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(told() >= most, "{} of {most} failures are told", told());
}
