//! Rounds of a server over the outbox: a mail is sent once; what nobody knows is sent again by setting only.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use authly_directory::{
    identifier::EmailAddress,
    mail::{
        letter::{Letter, MailKind, NewMail, Visitor},
        outbox::{Attempted, Hold, MailState, OutboxEntry, OutboxQuery, Resend},
        store::MailRepository as _,
    },
    services::DirectoryServices as _,
};
use authly_mail::{Courier, Encryption, Handed, Outgoing, Postman, Round, Sender, Site, Smtp, SmtpSettings};
use authly_testkit::TestServices;
use oauth_core::{
    ids::{LeaseId, MailId},
    services::{Clock as _, Services as _},
    settings::Issuer,
    store::Commit,
    token::OpaqueToken,
};
use support::{MailServer, Shield, Temper};

fn postman(resend: Resend) -> Postman {
    let site = Site { product: "Nordwind".into(), issuer: Issuer::parse("https://auth.example.com").unwrap() };
    Postman { sender: Sender::new("no-reply@example.com", &site.product).unwrap(), site, resend }
}

fn smtp(server: &MailServer) -> Smtp {
    Smtp::new(SmtpSettings {
        host: "localhost".into(),
        port: server.port,
        credentials: None,
        encryption: Encryption::None,
        ca_certificate: None,
        hello: "auth.example.com".into(),
    })
}

async fn queue(services: &TestServices) -> MailId {
    let now = services.clock().now();
    let id = MailId::generate(now, services.random());
    let link = (OpaqueToken::generate(services.random()), now.plus(Duration::from_secs(3_600)));
    let letter = Letter {
        account: "ada@example.org".into(),
        visitor: Visitor::default(),
        at: now,
        link: Some(link),
        invitation: None,
    };
    let mail = NewMail {
        id,
        kind: MailKind::SetPassword,
        to: EmailAddress::parse("ada@example.org").unwrap(),
        user: None,
        sealed: letter.seal(id, services.sealer()),
        at: now,
    };
    services.accounts().queue_mail(mail, None).await.unwrap();
    id
}

async fn entry(services: &TestServices, id: MailId) -> OutboxEntry {
    services.accounts().mail(id).await.unwrap().unwrap()
}

async fn round(services: &TestServices, resend: Resend, courier: &mut Smtp) -> Round {
    postman(resend).round(services, courier, || false).await.unwrap()
}

#[tokio::test]
async fn a_queued_mail_is_sent_once() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::None, Temper::Kind));
    let (first, second) = (queue(&services).await, queue(&services).await);
    let mut courier = smtp(&server);
    assert_eq!(round(&services, Resend::Never, &mut courier).await, Round { taken: 2, sent: 2, trouble: None });
    assert_eq!(round(&services, Resend::Always, &mut courier).await, Round::default());
    for id in [first, second] {
        assert_eq!(entry(&services, id).await.state, MailState::Sent);
    }
    let contents = server.seen().contents;
    assert_eq!(contents.len(), 2);
    assert!(contents[0].contains("https://auth.example.com/reset-password?token="), "{}", contents[0]);
}

#[tokio::test]
async fn two_servers_share_the_work_and_never_a_mail() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::None, Temper::Kind));
    for _ in 0..50 {
        queue(&services).await;
    }
    let work = async || {
        let mut courier = smtp(&server);
        let mut sent = 0;
        loop {
            let round = round(&services, Resend::Always, &mut courier).await;
            sent += round.sent;
            if round.taken == 0 {
                return sent;
            }
        }
    };
    let (one, other) = tokio::join!(work(), work());
    assert_eq!(one + other, 50);
    let mut ids: Vec<_> = server
        .seen()
        .contents
        .iter()
        .map(|content| content.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), server.seen().contents.len()), (50, 50));
}

#[tokio::test]
async fn an_unanswered_mail_is_unknown_and_resent_by_setting_only() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::None, Temper::Cut));
    let id = queue(&services).await;
    let mut courier = smtp(&server);
    round(&services, Resend::Never, &mut courier).await;
    assert_eq!(entry(&services, id).await.state, MailState::Unknown);
    server.becomes(Temper::Kind);
    for _ in 0..2 {
        assert_eq!(round(&services, Resend::Never, &mut courier).await.taken, 0);
    }
    assert_eq!(round(&services, Resend::Always, &mut courier).await.sent, 1);
    assert_eq!(entry(&services, id).await.state, MailState::Sent);
    let contents = server.seen().contents;
    let message_id = |content: &str| content.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    assert_eq!(message_id(&contents[0]), message_id(&contents[1]));
}

/// A crash between the server's word and our commit.
#[tokio::test]
async fn a_server_that_dies_while_it_sends_leaves_the_mail_unknown() {
    let services = TestServices::new();
    let id = queue(&services).await;
    let (now, lease) = (services.clock().now(), LeaseId::generate(services.clock().now(), services.random()));
    let until = now.plus(Duration::from_secs(60));
    services.accounts().hold_mails(Hold { lease, now, until, limit: 9 }).await.unwrap();
    assert_eq!(services.accounts().begin_transmission(id, lease, now, until).await.unwrap(), Commit::Applied);
    let server = MailServer::start(Shield::None, Temper::Kind);
    let mut courier = smtp(&server);
    round(&services, Resend::Never, &mut courier).await;
    assert_eq!(entry(&services, id).await.state, MailState::Sending);
    services.clock().advance(Duration::from_secs(61));
    round(&services, Resend::Never, &mut courier).await;
    assert_eq!(entry(&services, id).await.state, MailState::Unknown);
    assert!(server.seen().contents.is_empty());
}

#[tokio::test]
async fn a_server_that_dies_before_it_sends_leaves_the_mail_to_others() {
    let services = TestServices::new();
    let id = queue(&services).await;
    let (now, lease) = (services.clock().now(), LeaseId::generate(services.clock().now(), services.random()));
    let hold = Hold { lease, now, until: now.plus(Duration::from_secs(60)), limit: 9 };
    services.accounts().hold_mails(hold).await.unwrap();
    let server = MailServer::start(Shield::None, Temper::Kind);
    services.clock().advance(Duration::from_secs(61));
    assert_eq!(round(&services, Resend::Never, &mut smtp(&server)).await.sent, 1);
    assert_eq!(entry(&services, id).await.state, MailState::Sent);
}

#[tokio::test]
async fn while_nobody_is_there_mails_wait_longer_and_longer() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::StartTls, Temper::Kind));
    let ids = [queue(&services).await, queue(&services).await];
    // It demands STARTTLS, which this courier does not offer to use: no usable server.
    let mut courier = Smtp::new(SmtpSettings {
        host: "localhost".into(),
        port: server.port,
        credentials: None,
        encryption: Encryption::Tls,
        ca_certificate: None,
        hello: "auth.example.com".into(),
    });
    let first = round(&services, Resend::Never, &mut courier).await;
    assert!(first.trouble.is_some());
    assert_eq!(server.seen().connections, 1, "it is not tried for each mail");
    for id in ids {
        let entry = entry(&services, id).await;
        assert_eq!((entry.state, entry.attempts), (MailState::Queued, 1));
        assert!(entry.next_at > services.clock().now());
    }
    assert_eq!(round(&services, Resend::Never, &mut courier).await.taken, 0);
    services.clock().advance(Duration::from_secs(31));
    assert_eq!(round(&services, Resend::Never, &mut smtp(&server)).await.sent, 2);
}

#[tokio::test]
async fn a_refused_mail_has_failed_and_says_why() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::None, Temper::Recipient("550 who?")));
    let id = queue(&services).await;
    round(&services, Resend::Never, &mut smtp(&server)).await;
    let entry = entry(&services, id).await;
    assert_eq!(entry.state, MailState::Failed);
    assert!(entry.error.unwrap().contains("who?"));
}

#[tokio::test]
async fn a_link_that_has_expired_is_not_sent_any_more() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::None, Temper::Kind));
    let id = queue(&services).await;
    services.clock().advance(Duration::from_secs(3_600));
    round(&services, Resend::Never, &mut smtp(&server)).await;
    assert_eq!(entry(&services, id).await.state, MailState::Failed);
    assert_eq!(server.seen().connections, 0);
}

/// A mail server that takes minutes for each.
struct Slow<'a> {
    services: &'a TestServices,
    tried: usize,
}

impl Courier for Slow<'_> {
    async fn carry(&mut self, _: &Outgoing, begin: impl Future<Output = bool> + Send) -> Handed {
        self.tried += 1;
        self.services.clock().advance(Duration::from_secs(3 * 60));
        if begin.await { Handed::Tried(Attempted::Accepted) } else { Handed::NotOurs }
    }

    async fn rest(&mut self) {}
}

/// Once the hold is over others may have the rest: none of it is tried in vain, and nothing is forgotten.
#[tokio::test]
async fn a_round_ends_with_its_hold() {
    let services = TestServices::new();
    for _ in 0..10 {
        queue(&services).await;
    }
    let (mut slow, mut sent, mut rounds) = (Slow { services: &services, tried: 0 }, 0, 0);
    while sent < 10 {
        let round = postman(Resend::Never).round(&services, &mut slow, || false).await.unwrap();
        (sent, rounds) = (sent + round.sent, rounds + 1);
        assert!(round.sent > 0 && slow.tried <= sent + rounds, "{round:?}, {} tried", slow.tried);
    }
    assert_eq!(
        round(&services, Resend::Never, &mut smtp(&MailServer::start(Shield::None, Temper::Kind))).await.taken,
        0
    );
}

#[tokio::test]
async fn who_is_told_to_stop_gives_back_what_is_not_begun() {
    let (services, server) = (TestServices::new(), MailServer::start(Shield::None, Temper::Kind));
    queue(&services).await;
    let stopped = postman(Resend::Never).round(&services, &mut smtp(&server), || true).await.unwrap();
    assert_eq!((stopped.taken, stopped.sent), (1, 0));
    assert_eq!(round(&services, Resend::Never, &mut smtp(&server)).await.sent, 1);
    let query = OutboxQuery { state: Some(MailState::Sent), limit: 9 };
    assert_eq!(services.accounts().list_mails(query).await.unwrap().len(), 1);
}
