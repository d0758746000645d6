//! A connection that is kept for the next mail: what it costs, and what happens when the server has ended it meanwhile.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use authly_directory::mail::{
    letter::{Letter, Visitor},
    outbox::Attempted,
};
use authly_mail::{Courier as _, Encryption, Handed, Occasion, Sender, Site, Smtp, SmtpSettings, render::render};
use oauth_core::{ids::MailId, settings::Issuer, time::Timestamp};
use support::{MailServer, Shield, Temper};

fn smtp(server: &MailServer) -> Smtp {
    Smtp::new(SmtpSettings {
        host: "localhost".into(),
        port: server.port,
        credentials: None,
        encryption: Encryption::StartTls,
        ca_certificate: Some(server.ca.clone()),
        hello: "auth.example.com".into(),
    })
}

async fn carry(smtp: &mut Smtp, number: u128) -> Handed {
    let at = Timestamp::from_seconds(1_700_000_000);
    let site = Site { product: "Nordwind".into(), issuer: Issuer::parse("https://auth.example.com").unwrap() };
    let letter =
        Letter { account: "ada@example.org".into(), visitor: Visitor::default(), at, link: None, invitation: None };
    let sender = Sender::new("no-reply@example.com", &site.product).unwrap();
    let id = MailId::from_uuid(uuid::Uuid::from_u128(number));
    let mail = sender.compose(id, "ada@example.org", &render(Occasion::Test, &letter, &site), at).unwrap();
    smtp.carry(&mail, async { true }).await
}

const ACCEPTED: Handed = Handed::Tried(Attempted::Accepted);

/// Sender, recipient, the word that content comes, and the content.
#[tokio::test]
async fn a_mail_on_a_kept_connection_costs_four_answers() {
    let server = MailServer::start(Shield::StartTls, Temper::Kind);
    let mut smtp = smtp(&server);
    assert_eq!(carry(&mut smtp, 1).await, ACCEPTED);
    let before = server.seen().commands.len();
    assert_eq!(carry(&mut smtp, 2).await, ACCEPTED);
    let seen = server.seen();
    let words: Vec<&str> = seen.commands[before..].iter().map(|command| command.split(' ').next().unwrap()).collect();
    assert_eq!((seen.connections, words), (1, vec!["MAIL", "RCPT", "DATA"]));
}

/// RFC 5321 3.8: the server may end a connection that is idle, with 421 or without a word. No mail was begun on it.
#[tokio::test]
async fn a_server_that_has_ended_a_kept_connection_gets_the_next_mail_on_another() {
    for farewell in [None, Some("421 you were silent for too long")] {
        let server = MailServer::start(Shield::StartTls, Temper::Closes(farewell));
        let mut smtp = smtp(&server);
        for number in 1..=3 {
            assert_eq!(carry(&mut smtp, number).await, ACCEPTED, "{farewell:?}");
        }
        let seen = server.seen();
        assert_eq!((seen.connections, seen.contents.len()), (3, 3), "{farewell:?}");
    }
}

/// A server that says so to everybody is asked twice, and not for ever.
#[tokio::test]
async fn a_server_that_ends_every_connection_is_tried_again_later() {
    let server = MailServer::start(Shield::StartTls, Temper::Kind);
    let mut smtp = smtp(&server);
    assert_eq!(carry(&mut smtp, 1).await, ACCEPTED);
    server.becomes(Temper::Recipient("421 not now"));
    assert!(matches!(carry(&mut smtp, 2).await, Handed::Tried(Attempted::Postponed(why)) if why.contains("not now")));
    assert_eq!(server.seen().connections, 1);
    server.becomes(Temper::Kind);
    assert_eq!(carry(&mut smtp, 3).await, ACCEPTED);
    assert_eq!(server.seen().connections, 2);
}
