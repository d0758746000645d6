//! Who gets a letter, and how often.

use std::path::Path;

use authly_admin_cases::{
    invite::InviteOptions,
    migrate::{Observer, Stop},
};
use authly_directory::{
    invite::{Lane, Verdict, waves::WaveSize},
    mail::letter::{Invitation, MailKind},
};
use authly_mail::Folder;
use authly_testkit::TestServices;

use crate::{
    support::{MailServer, Shield, Temper},
    world::{DAY, deliver, funnel, invite, invite_until, options, people, postman, recipients},
};

fn everybody(count: usize) -> Vec<String> {
    let mut all: Vec<String> = (0..count).map(|number| format!("p{number}@example.org")).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_at_once_write_to_each_person_once() {
    let (services, server) = (people(230).await, MailServer::start(Shield::None, Temper::Kind));
    let both = [(); 2].map(|()| {
        let services = services.clone();
        tokio::spawn(async move { invite(&services, &options()).await })
    });
    let mut invited = 0;
    for one in both {
        let report = one.await.unwrap();
        assert_eq!(report.of(Verdict::Invited) + report.of(Verdict::InvitedRecently), 230);
        invited += report.of(Verdict::Invited);
    }
    assert_eq!(invited, 230);
    // Two servers deliver at once, too.
    let both = [(); 2].map(|()| {
        let (services, port) = (services.clone(), server.port);
        tokio::spawn(async move {
            let mut courier = authly_mail::Smtp::new(crate::world::settings(port));
            while postman().round(&*services, &mut courier, || false).await.unwrap().taken > 0 {}
        })
    });
    for one in both {
        one.await.unwrap();
    }
    assert_eq!(recipients(&server), everybody(230));
    assert_eq!((funnel(&services).await.sent, funnel(&services).await.letters), (230, 230));
}

#[tokio::test]
async fn nobody_is_invited_before_the_mail_server_has_said_so() {
    let (services, server) = (people(2).await, MailServer::start(Shield::None, Temper::Recipient("450 later")));
    assert_eq!(invite(&services, &options()).await.of(Verdict::Invited), 2);
    assert_eq!(deliver(&services, &server).await, 0);
    assert_eq!((funnel(&services).await.queued, funnel(&services).await.sent), (2, 0));
    assert_eq!(invite(&services, &options()).await.of(Verdict::InvitedRecently), 2);
    server.becomes(Temper::Kind);
    services.clock.advance(DAY / 24);
    assert_eq!(deliver(&services, &server).await, 2);
    assert_eq!((funnel(&services).await.queued, funnel(&services).await.sent), (0, 2));
}

#[tokio::test]
async fn a_refused_address_is_no_invitation_and_may_be_tried_again() {
    let (services, server) = (people(1).await, MailServer::start(Shield::None, Temper::Recipient("550 who?")));
    invite(&services, &options()).await;
    deliver(&services, &server).await;
    assert_eq!((funnel(&services).await.failed, funnel(&services).await.sent), (1, 0));
    server.becomes(Temper::Kind);
    assert_eq!(invite(&services, &options()).await.of(Verdict::Invited), 1);
    assert_eq!(deliver(&services, &server).await, 1);
    assert_eq!((funnel(&services).await.failed, funnel(&services).await.sent), (0, 1));
}

#[tokio::test]
async fn reminders_go_to_those_who_were_invited_and_wait_for_the_interval() {
    let (services, server) = (people(3).await, MailServer::start(Shield::None, Temper::Kind));
    let remind = InviteOptions { remind: true, kind: MailKind::Reminder, ..options() };
    assert_eq!(invite(&services, &remind).await.of(Verdict::NotInvited), 3);
    let two = InviteOptions { limit: Some(2), ..options() };
    let report = invite(&services, &two).await;
    assert_eq!((report.of(Verdict::Invited), report.of(Verdict::LeftOver)), (2, 1));
    deliver(&services, &server).await;
    services.clock.advance(13 * DAY);
    let report = invite(&services, &remind).await;
    assert_eq!((report.of(Verdict::InvitedRecently), report.of(Verdict::NotInvited)), (2, 1));
    services.clock.advance(2 * DAY);
    assert_eq!(invite(&services, &remind).await.of(Verdict::Invited), 2);
    deliver(&services, &server).await;
    let subjects: Vec<_> =
        server.seen().contents.iter().filter(|mail| mail.contains("Subject: Reminder")).cloned().collect();
    assert_eq!(subjects.len(), 2);
    assert_eq!((funnel(&services).await.sent, funnel(&services).await.letters), (2, 4));
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_tells_what_the_run_does() {
    let services = people(7).await;
    let waves = InviteOptions { wave: Some(1), wave_size: Some(WaveSize::Accounts(3)), execute: false, ..options() };
    let dry = invite(&services, &waves).await;
    assert_eq!(funnel(&services).await, authly_directory::invite::InvitationFigures::default());
    let real = invite(&services, &InviteOptions { execute: true, ..waves }).await;
    assert_eq!((dry.verdicts, dry.waves), (real.verdicts.clone(), real.waves.clone()));
    assert_eq!((real.of(Verdict::Invited), real.of(Verdict::OtherWave)), (3, 4));
    assert_eq!(real.waves, [(1, 3), (2, 3), (3, 1)].into());
}

/// A wave is asked for again by its number alone; who belongs to it does not change.
#[tokio::test]
async fn waves_stay_as_they_were_made() {
    let (services, server) = (people(10).await, MailServer::start(Shield::None, Temper::Kind));
    let wave = |number, size| InviteOptions { wave: Some(number), wave_size: size, ..options() };
    assert_eq!(invite(&services, &wave(1, Some(WaveSize::Percent(40)))).await.of(Verdict::Invited), 4);
    deliver(&services, &server).await;
    let first = recipients(&server);
    let again = invite(&services, &wave(1, None)).await;
    assert_eq!((again.of(Verdict::InvitedRecently), again.of(Verdict::OtherWave)), (4, 6));
    assert_eq!(invite(&services, &wave(2, None)).await.of(Verdict::Invited), 4);
    assert_eq!(invite(&services, &wave(3, None)).await.of(Verdict::Invited), 2);
    deliver(&services, &server).await;
    assert_eq!(recipients(&server), everybody(10));
    assert!(first.iter().all(|one| everybody(10).contains(one)));
}

/// Asks to stop after the first batch.
struct Impatient(Stop);

impl Observer for Impatient {
    fn reading(&mut self, _: u64, _: u64) {
        self.0.ask();
    }
}

#[tokio::test]
async fn a_command_that_was_stopped_goes_on_where_it_was() {
    let (services, server) = (people(250).await, MailServer::start(Shield::None, Temper::Kind));
    let stop = Stop::default();
    let stopped = invite_until(&services, &options(), &stop, &mut Impatient(stop.clone())).await;
    assert!(stopped.stopped && stopped.of(Verdict::Invited) == 100, "{stopped:?}");
    let rest = invite(&services, &options()).await;
    assert_eq!((rest.of(Verdict::InvitedRecently), rest.of(Verdict::Invited)), (100, 150));
    deliver(&services, &server).await;
    assert_eq!(recipients(&server), everybody(250));
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn write(services: &TestServices, folder: &Path) -> usize {
    let (mut folder, mut written) = (Folder::new(folder), 0);
    loop {
        let round = postman().files_round(services, &mut folder, || false).await.unwrap();
        written += round.sent;
        if round.taken == 0 || round.trouble.is_some() {
            return written;
        }
    }
}

#[tokio::test]
async fn letters_for_a_folder_are_written_there_and_sent_by_nobody() {
    let (services, server) = (people(25).await, MailServer::start(Shield::None, Temper::Kind));
    let folder = tempfile::tempdir().unwrap();
    let by_file = InviteOptions { lane: Lane::Files, ..options() };
    invite(&services, &by_file).await;
    assert_eq!(deliver(&services, &server).await, 0);
    assert_eq!(funnel(&services).await.sent, 0);
    assert_eq!(write(&services, folder.path()).await, 25);
    assert_eq!((files(folder.path()).len(), funnel(&services).await.sent), (25, 25));
    assert!(server.seen().contents.is_empty());
    assert_eq!(invite(&services, &by_file).await.of(Verdict::InvitedRecently), 25);
}

#[tokio::test]
async fn a_folder_that_takes_no_file_makes_nobody_invited() {
    let services = people(3).await;
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "a file where the folder should be").unwrap();
    let by_file = InviteOptions { lane: Lane::Files, ..options() };
    invite(&services, &by_file).await;
    assert_eq!(write(&services, &blocked).await, 0);
    assert_eq!((funnel(&services).await.queued, funnel(&services).await.sent), (3, 0));
    assert_eq!(write(&services, &folder.path().join("other")).await, 3);
    assert_eq!(funnel(&services).await.sent, 3);
}

#[tokio::test]
async fn letters_carry_what_the_operator_says() {
    let (services, server) = (people(1).await, MailServer::start(Shield::None, Temper::Kind));
    let says = Invitation {
        guide: Some("https://help.example.com/guide".into()),
        support: Some("help@example.com".into()),
        ..Invitation::default()
    };
    invite(&services, &InviteOptions { says, kind: MailKind::Announcement, ..options() }).await;
    deliver(&services, &server).await;
    let mail = server.seen().contents[0].replace("=\r\n", "");
    for words in [
        "Nordwind: the way to sign in is updated",
        "https://help.example.com/guide",
        "help@example.com",
        "https://auth.example.com/invitation?token=3D",
        "href=3D\"https://help.example.com/guide\"",
        "href=3D\"mailto:help@example.com\"",
    ] {
        assert!(mail.contains(words), "{words} is not in\n{mail}");
    }
}
