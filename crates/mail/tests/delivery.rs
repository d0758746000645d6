//! Messages over real sockets: encryption, refusals, and a server that goes away at the worst moment.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use authly_directory::mail::{
    letter::{Letter, Visitor},
    outbox::Attempted,
};
use authly_mail::{
    Courier, Encryption, Folder, Handed, Occasion, Outgoing, Sender, Site, Smtp, SmtpSettings, render::render,
};
use oauth_core::{ids::MailId, secret::Secret, settings::Issuer, time::Timestamp};
use support::{MailServer, Shield, Temper, certificate};

fn mail(number: u128) -> Outgoing {
    let at = Timestamp::from_seconds(1_700_000_000);
    let site = Site { product: "Nordwind Ä".into(), issuer: Issuer::parse("https://auth.example.com").unwrap() };
    let letter =
        Letter { account: "ada@example.org".into(), visitor: Visitor::default(), at, link: None, invitation: None };
    let id = MailId::from_uuid(uuid(number));
    let sender = Sender::new("no-reply@example.com", &site.product).unwrap();
    sender.compose(id, "ada@example.org", &render(Occasion::Test, &letter, &site), at).unwrap()
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn to(server: &MailServer, encryption: Encryption) -> Smtp {
    Smtp::new(settings(server, encryption))
}

fn settings(server: &MailServer, encryption: Encryption) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        port: server.port,
        credentials: None,
        encryption,
        ca_certificate: Some(server.ca.clone()),
        hello: "auth.example.com".into(),
    }
}

async fn carry(courier: &mut impl Courier, number: u128) -> Handed {
    courier.carry(&mail(number), async { true }).await
}

const ACCEPTED: Handed = Handed::Tried(Attempted::Accepted);

#[tokio::test]
async fn a_mail_goes_over_starttls_with_a_password() {
    let server = MailServer::start(Shield::StartTls, Temper::Kind);
    let credentials = Some(("postman".to_owned(), Secret::new("the word".to_owned())));
    let mut smtp = Smtp::new(SmtpSettings { credentials, ..settings(&server, Encryption::StartTls) });
    assert_eq!(carry(&mut smtp, 1).await, ACCEPTED);
    let seen = server.seen();
    let place = |word: &str| seen.commands.iter().position(|command| command.starts_with(word)).unwrap();
    assert!(place("STARTTLS") < place("AUTH") && place("AUTH") < place("MAIL FROM:<no-reply@example.com>"));
    assert!(seen.commands.iter().any(|command| command == "RCPT TO:<ada@example.org>"));
    let content = &seen.contents[0];
    assert!(content.contains(&format!("Message-ID: <{}@example.com>\r\n", uuid(1))), "{content}");
    assert!(content.contains("Auto-Submitted: auto-generated\r\n"));
    assert!(content.contains("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    assert!(
        content.contains("multipart/alternative") && content.contains("text/plain") && content.contains("text/html")
    );
}

#[tokio::test]
async fn a_mail_goes_over_tls_from_the_first_byte() {
    let server = MailServer::start(Shield::Tls, Temper::Kind);
    assert_eq!(carry(&mut to(&server, Encryption::Tls), 1).await, ACCEPTED);
    assert_eq!(server.seen().contents.len(), 1);
}

/// RFC 3207 4.2: somebody in the middle could take the offer away.
#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let server = MailServer::start(Shield::None, Temper::Kind);
    let credentials = Some(("postman".to_owned(), Secret::new("the word".to_owned())));
    let mut smtp = Smtp::new(SmtpSettings { credentials, ..settings(&server, Encryption::StartTls) });
    assert!(matches!(carry(&mut smtp, 1).await, Handed::NobodyThere(why) if why.contains("STARTTLS")));
    assert!(server.seen().commands.iter().all(|command| command.starts_with("EHLO") || command == "QUIT"));
}

#[tokio::test]
async fn a_certificate_of_nobody_we_know_is_refused() {
    for (shield, encryption) in [(Shield::StartTls, Encryption::StartTls), (Shield::Tls, Encryption::Tls)] {
        let server = MailServer::start(shield, Temper::Kind);
        let mut smtp = Smtp::new(SmtpSettings { ca_certificate: None, ..settings(&server, encryption) });
        assert!(matches!(carry(&mut smtp, 1).await, Handed::NobodyThere(_)));
        // The certificate is for "localhost", and not for this spelling.
        let mut smtp = Smtp::new(SmtpSettings { host: "127.0.0.1".into(), ..settings(&server, encryption) });
        assert!(matches!(carry(&mut smtp, 1).await, Handed::NobodyThere(_)));
        assert!(server.seen().contents.is_empty());
    }
}

#[tokio::test]
async fn without_tls_a_mail_stays_on_this_machine() {
    let server = MailServer::start(Shield::None, Temper::Kind);
    assert_eq!(carry(&mut to(&server, Encryption::None), 1).await, ACCEPTED);
    let elsewhere = SmtpSettings { host: "192.0.2.1".into(), ..settings(&server, Encryption::None) };
    assert!(matches!(carry(&mut Smtp::new(elsewhere), 1).await, Handed::NobodyThere(why) if why.contains("machine")));
}

#[tokio::test]
async fn refusals_for_good_and_for_now_are_told_apart() {
    let server = MailServer::start(Shield::None, Temper::Kind);
    let mut smtp = to(&server, Encryption::None);
    for (temper, good) in [
        (Temper::Recipient("550 no such user here"), false),
        (Temper::Recipient("450 come back later"), true),
        (Temper::Content("554 looks like spam"), false),
        (Temper::Content("451 no room now"), true),
    ] {
        server.becomes(temper);
        let handed = carry(&mut smtp, 1).await;
        match handed {
            Handed::Tried(Attempted::Postponed(_)) => assert!(good, "{temper:?}"),
            Handed::Tried(Attempted::Refused(_)) => assert!(!good, "{temper:?}"),
            other => panic!("{temper:?}: {other:?}"),
        }
    }
    server.becomes(Temper::Kind);
    assert_eq!(carry(&mut smtp, 2).await, ACCEPTED);
}

/// Nobody knows whether the server has it.
#[tokio::test]
async fn a_connection_that_is_cut_after_the_content_leaves_the_mail_unknown() {
    let server = MailServer::start(Shield::None, Temper::Cut);
    let handed = carry(&mut to(&server, Encryption::None), 1).await;
    assert!(matches!(handed, Handed::Tried(Attempted::Unanswered(_))), "{handed:?}");
    assert_eq!(server.seen().contents.len(), 1);
}

/// RFC 5321 3.8: who goes away before the end of the content has sent nothing.
#[tokio::test]
async fn a_mail_that_somebody_else_took_is_not_handed_over() {
    let server = MailServer::start(Shield::None, Temper::Kind);
    let mut smtp = to(&server, Encryption::None);
    assert_eq!(smtp.carry(&mail(1), async { false }).await, Handed::NotOurs);
    assert_eq!(carry(&mut smtp, 2).await, ACCEPTED);
    let contents = server.seen().contents;
    assert_eq!(contents.len(), 1);
    assert!(contents[0].contains(&uuid(2).to_string()));
}

#[tokio::test]
async fn one_connection_carries_many_mails() {
    let server = MailServer::start(Shield::StartTls, Temper::Kind);
    let mut smtp = to(&server, Encryption::StartTls);
    for number in 1..=3 {
        assert_eq!(carry(&mut smtp, number).await, ACCEPTED);
    }
    smtp.rest().await;
    let seen = server.seen();
    assert_eq!((seen.connections, seen.contents.len()), (1, 3));
    assert_eq!(seen.commands.last().unwrap(), "QUIT");
    assert_eq!(carry(&mut smtp, 4).await, ACCEPTED);
    assert_eq!(server.seen().connections, 2);
}

/// Many servers count connections; a list of people has many addresses that nobody reads any more.
#[tokio::test]
async fn a_refusal_costs_no_connection() {
    let server = MailServer::start(Shield::StartTls, Temper::Recipient("550 no such user here"));
    let mut smtp = to(&server, Encryption::StartTls);
    for number in 1..=3 {
        assert!(matches!(carry(&mut smtp, number).await, Handed::Tried(Attempted::Refused(_))));
    }
    server.becomes(Temper::Kind);
    assert_eq!(carry(&mut smtp, 4).await, ACCEPTED);
    let seen = server.seen();
    assert_eq!((seen.connections, seen.contents.len()), (1, 1));
    assert_eq!(seen.commands.iter().filter(|command| *command == "RSET").count(), 3);
}

/// A file of a company's own authority holds several certificates, and any of them may be the one.
#[tokio::test]
async fn every_certificate_of_the_file_is_trusted() {
    for (shield, encryption) in [(Shield::StartTls, Encryption::StartTls), (Shield::Tls, Encryption::Tls)] {
        let server = MailServer::start(shield, Temper::Kind);
        let own = std::fs::read_to_string(&server.ca).unwrap();
        let others = String::from_utf8(certificate("another authority").0.to_pem().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("authority.pem");
        let with = |text: String| {
            std::fs::write(&file, text).unwrap();
            Smtp::new(SmtpSettings { ca_certificate: Some(file.clone()), ..settings(&server, encryption) })
        };
        assert_eq!(carry(&mut with(format!("# ours\n{others}\n{own}")), 1).await, ACCEPTED, "{encryption:?}");
        assert!(matches!(carry(&mut with(others.clone()), 2).await, Handed::NobodyThere(_)), "{encryption:?}");
        let empty = carry(&mut with("# nothing\n".to_owned()), 3).await;
        assert!(matches!(&empty, Handed::NobodyThere(why) if why.contains("no certificate")), "{empty:?}");
    }
}

/// The content and the dot behind it are two writes; held back until the first is confirmed, each mail took 40 ms and more.
#[tokio::test]
async fn mails_under_tls_do_not_wait_for_late_confirmations() {
    for (shield, encryption) in [(Shield::StartTls, Encryption::StartTls), (Shield::Tls, Encryption::Tls)] {
        let server = MailServer::start(shield, Temper::Kind);
        let mut smtp = to(&server, encryption);
        let mut took = Vec::new();
        for number in 0..20 {
            let began = std::time::Instant::now();
            assert_eq!(carry(&mut smtp, number).await, ACCEPTED);
            took.push(began.elapsed());
        }
        took.sort();
        // Of twenty, so that a busy machine does not matter.
        assert!(took[5] < std::time::Duration::from_millis(30), "{encryption:?}: {took:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_nobodys_refusal() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = MailServer::start(Shield::None, Temper::Kind);
    let mut smtp = Smtp::new(SmtpSettings { port: gone, ..settings(&server, Encryption::None) });
    assert!(matches!(carry(&mut smtp, 1).await, Handed::NobodyThere(_)));
    assert!(smtp.probe().await.is_err());
    assert!(to(&server, Encryption::None).probe().await.is_ok());
}

#[tokio::test]
async fn a_folder_takes_whole_files_that_only_their_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let mut courier = Folder::new(&path);
    assert_eq!(courier.carry(&mail(1), async { false }).await, Handed::NotOurs);
    assert!(!path.exists());
    for _ in 0..2 {
        assert_eq!(carry(&mut courier, 1).await, ACCEPTED);
    }
    let files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files, [path.join(format!("{}.eml", uuid(1)))]);
    assert_eq!(std::fs::read(&files[0]).unwrap(), mail(1).bytes);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files[0]).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(folder.path().join("file"), "").unwrap();
    let blocked = carry(&mut Folder::new(folder.path().join("file/outbox")), 1).await;
    assert!(matches!(blocked, Handed::Tried(Attempted::Postponed(_))));
}

/// Whoever may write into the folder puts a link there, under the name that the next mail has while it is written; or an attempt was cut short.
#[cfg(unix)]
#[tokio::test]
async fn a_folder_writes_through_nothing_that_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let (others, draft) =
        (folder.path().join("others"), |number| folder.path().join(format!(".{}.part", uuid(number))));
    std::fs::write(&others, "untouched").unwrap();
    std::os::unix::fs::symlink(&others, draft(1)).unwrap();
    std::os::unix::fs::symlink(folder.path().join("nobodys"), draft(2)).unwrap();
    std::fs::write(draft(3), "half a mail, and for everybody to read").unwrap();
    for number in 1..=3 {
        assert_eq!(carry(&mut Folder::new(folder.path()), number).await, ACCEPTED);
        let file = std::fs::symlink_metadata(folder.path().join(format!("{}.eml", uuid(number)))).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()), 0o100_600, "{number}");
    }
    assert_eq!(std::fs::read_to_string(&others).unwrap(), "untouched");
    assert!(!folder.path().join("nobodys").exists());
}

/// CVE-2011-0411: answers that stand in plain text behind the word to STARTTLS must not be taken for answers under TLS. Taken so,
/// each would answer the question after it, and the server's refusal would never be read: the mail would count as accepted.
#[tokio::test]
async fn what_stands_behind_the_word_to_starttls_is_never_believed() {
    for injected in ["250 ok\r\n", "250-evil.test\r\n250 8BITMIME\r\n", "2", "\r\n"] {
        let server = MailServer::start(Shield::StartTls, Temper::Injected(injected, "550 never"));
        let outcome = carry(&mut to(&server, Encryption::StartTls), 1).await;
        assert!(matches!(&outcome, Handed::NobodyThere(why) if why.contains("said more")), "{injected:?}: {outcome:?}");
        assert!(server.seen().contents.is_empty());
    }
    // The same server, with nobody in between.
    let server = MailServer::start(Shield::StartTls, Temper::Injected("", "550 never"));
    let outcome = carry(&mut to(&server, Encryption::StartTls), 1).await;
    assert!(matches!(outcome, Handed::Tried(Attempted::Refused(why)) if why.contains("550")));
}

/// The word to STARTTLS itself may be put there before it was asked for, with answers behind it.
#[tokio::test]
async fn nothing_is_believed_that_comes_before_it_was_asked_for() {
    let server = MailServer::start(Shield::StartTls, Temper::InjectedEarly("220 go on\r\n250 ok\r\n"));
    let outcome = carry(&mut to(&server, Encryption::StartTls), 1).await;
    assert!(matches!(&outcome, Handed::NobodyThere(why) if why.contains("said more")), "{outcome:?}");
    assert!(server.seen().commands.iter().all(|command| command.starts_with("EHLO") || command == "QUIT"));
}
