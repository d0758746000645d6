//! A delivery that dies at each of its instants. No letter is lost and none is doubled, but for the instant between the server's
//! word and our commit: there the letter is unknown, is listed, and stands in the way of another for the interval.

use std::{future::pending, time::Duration};

use authly_admin_cases::invite::InviteOptions;
use authly_directory::{
    invite::{InvitationRepository as _, Lane, Verdict},
    mail::{
        outbox::{Hold, MailState, OutboxQuery},
        store::MailRepository as _,
    },
    services::DirectoryServices as _,
};
use authly_mail::{Courier, Folder, Handed, Outgoing, Smtp};
use authly_testkit::TestServices;
use oauth_core::{
    ids::LeaseId,
    services::{Clock as _, Services as _},
};

use crate::{
    support::{MailServer, Shield, Temper},
    world::{DAY, deliver, funnel, invite, options, people, postman, recipients, smtp},
};

/// Where a delivery dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    BeforeTheBeginning,
    BeforeTheContent,
    AfterTheContent,
}

/// A courier that stands still for ever at one instant, as a process does that was killed there.
struct Mortal {
    smtp: Smtp,
    death: Death,
    dying: tokio::sync::mpsc::UnboundedSender<()>,
}

/// Stands still for ever, and says so.
async fn die(dying: &tokio::sync::mpsc::UnboundedSender<()>) {
    dying.send(()).unwrap();
    pending::<()>().await;
}

impl Courier for Mortal {
    async fn carry(&mut self, mail: &Outgoing, begin: impl Future<Output = bool> + Send) -> Handed {
        let (death, dying) = (self.death, self.dying.clone());
        if death == Death::BeforeTheBeginning {
            die(&dying).await;
        }
        let begin = async {
            let begun = begin.await;
            if death == Death::BeforeTheContent {
                die(&dying).await;
            }
            begun
        };
        let handed = self.smtp.carry(mail, begin).await;
        if death == Death::AfterTheContent {
            die(&dying).await;
        }
        handed
    }

    async fn rest(&mut self) {
        self.smtp.rest().await;
    }
}

/// Lets a delivery die there.
async fn dies(services: &std::sync::Arc<TestServices>, server: &MailServer, death: Death) {
    let (dying, mut dead) = tokio::sync::mpsc::unbounded_channel();
    let (its_services, mut courier) = (services.clone(), Mortal { smtp: smtp(server), death, dying });
    let delivery = tokio::spawn(async move { postman().round(&*its_services, &mut courier, || false).await });
    dead.recv().await.unwrap();
    delivery.abort();
    assert!(delivery.await.unwrap_err().is_cancelled());
}

async fn states(services: &TestServices) -> Vec<MailState> {
    let all = services.accounts().list_mails(OutboxQuery { state: None, limit: 9 }).await.unwrap();
    all.into_iter().map(|mail| mail.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_dies_before_the_beginning_loses_nothing() {
    let (services, server) = (people(1).await, MailServer::start(Shield::None, Temper::Kind));
    invite(&services, &options()).await;
    dies(&services, &server, Death::BeforeTheBeginning).await;
    assert_eq!(deliver(&services, &server).await, 0, "its hold lasts");
    services.clock.advance(Duration::from_secs(7 * 60));
    assert_eq!(deliver(&services, &server).await, 1);
    assert_eq!(recipients(&server).len(), 1);
    assert_eq!(funnel(&services).await.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_dies_once_it_has_begun_leaves_the_letter_unknown_and_doubles_nothing() {
    for (death, arrived) in [(Death::BeforeTheContent, 0), (Death::AfterTheContent, 1)] {
        let (services, server) = (people(1).await, MailServer::start(Shield::None, Temper::Kind));
        invite(&services, &options()).await;
        dies(&services, &server, death).await;
        services.clock.advance(DAY / 24);
        assert_eq!(deliver(&services, &server).await, 0, "{death:?}");
        assert_eq!(states(&services).await, [MailState::Unknown], "{death:?}");
        assert_eq!((recipients(&server).len(), funnel(&services).await.unknown), (arrived, 1), "{death:?}");
        // Perhaps it arrived: nobody writes again within the interval, and then one letter replaces it.
        assert_eq!(invite(&services, &options()).await.of(Verdict::InvitedRecently), 1, "{death:?}");
        services.clock.advance(15 * DAY);
        assert_eq!(invite(&services, &options()).await.of(Verdict::Invited), 1, "{death:?}");
        assert_eq!(deliver(&services, &server).await, 1, "{death:?}");
        assert_eq!(states(&services).await, [MailState::Sent], "{death:?}");
        assert_eq!(recipients(&server).len(), arrived + 1, "{death:?}");
    }
}

/// Between the file and our commit: the same file is written again.
#[tokio::test]
async fn a_command_that_dies_while_it_writes_files_writes_each_once() {
    let services = people(3).await;
    let folder = tempfile::tempdir().unwrap();
    invite(&services, &InviteOptions { lane: Lane::Files, ..options() }).await;
    // What a process leaves that dies with all three files written and none settled.
    let (now, lease) = (services.clock.now(), LeaseId::generate(services.clock.now(), services.random()));
    let hold = Hold { lease, now, until: now.plus(DAY / 2_880), limit: 9 };
    assert_eq!(services.accounts().hold_files(hold).await.unwrap().len(), 3);
    assert_eq!(funnel(&services).await.sent, 0);
    let round = postman().files_round(&*services, &mut Folder::new(folder.path()), || false).await.unwrap();
    assert_eq!(round.taken, 0, "the dead process still holds them");
    services.clock.advance(DAY / 2_880);
    let round = postman().files_round(&*services, &mut Folder::new(folder.path()), || false).await.unwrap();
    assert_eq!((round.sent, std::fs::read_dir(folder.path()).unwrap().count()), (3, 3));
    assert_eq!(funnel(&services).await.sent, 3);
}
