//! The round of a server: what is due is taken from the outbox, put into words, handed over, and settled.

use std::time::Duration;

use authly_directory::{
    invite::InvitationRepository as _,
    mail::{
        letter::Letter,
        outbox::{Attempted, HeldMail, Hold, Resend, Settlement, settle},
        store::MailRepository as _,
    },
    services::DirectoryServices,
};
use futures_util::future::join_all;
use oauth_core::{
    ids::LeaseId,
    services::{Clock as _, Random as _},
    store::{Commit, StoreError},
};

use crate::{
    compose::Sender,
    courier::{Courier, Handed, Outgoing},
    folder::Folder,
    render::{Occasion, Site, render},
};

/// Mails that one round takes.
const BATCH: u32 = 20;
/// Mails for files that one round takes.
const FILES: u32 = 64;
/// What came of so many is written down at once.
const SETTLED: usize = 16;
/// How long they are held before one of them is begun: longer than all steps of one mail may take before its content, and no longer,
/// since a process that died must not keep them from the next.
const HELD: Duration = Duration::from_secs(7 * 60);
/// How long those for files are held: a process that died must not keep them from the next for long.
const HELD_FILES: Duration = Duration::from_secs(30);
/// How long handing over the content may take, with room: after that nobody knows.
const HANDOVER: Duration = Duration::from_secs(5 * 60);
/// How often it is tried to write down what came of a mail.
const SETTLE_TRIES: u32 = 3;

/// Who sends mails.
#[derive(Clone, Debug)]
pub struct Postman {
    /// The installation.
    pub site: Site,
    /// Who mails come from.
    pub sender: Sender,
    /// What becomes of mails whose sender was lost.
    pub resend: Resend,
}

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Mails that were taken.
    pub taken: usize,
    /// Those that the mail server has.
    pub sent: usize,
    /// Why the mail server cannot be used, if so.
    pub trouble: Option<String>,
}

impl Postman {
    /// Sends what is due, once. `stop` is asked between mails; what is begun is finished.
    pub async fn round<V: DirectoryServices>(
        &self,
        services: &V,
        courier: &mut impl Courier,
        stop: impl Fn() -> bool + Send,
    ) -> Result<Round, StoreError> {
        let now = services.clock().now();
        services.accounts().sweep_mails(now, self.resend).await?;
        let lease = LeaseId::generate(now, services.random());
        let hold = Hold { lease, now, until: now.plus(HELD), limit: BATCH };
        let held = services.accounts().hold_mails(hold).await?;
        let mut round = Round { taken: held.len(), ..Round::default() };
        for mail in &held {
            if stop() {
                services.accounts().release_mails(lease).await?;
                break;
            }
            // A slow mail server: what is left is anybody's again.
            if services.clock().now() >= hold.until {
                break;
            }
            // Who is not there for one mail is not there for the others: they wait as long, without being tried one by one.
            let attempted = match &round.trouble {
                Some(why) => Attempted::Postponed(why.clone()),
                None => match self.deliver(services, courier, mail, lease).await {
                    Handed::Tried(attempted) => attempted,
                    Handed::NotOurs => continue,
                    Handed::NobodyThere(why) => {
                        round.trouble = Some(why.clone());
                        Attempted::Postponed(why)
                    }
                },
            };
            round.sent += usize::from(attempted == Attempted::Accepted);
            let settlement = settle(&mail.entry, lease, attempted, chance(services), services.clock().now());
            write_down(services, settlement).await?;
        }
        if held.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            courier.rest().await;
        }
        Ok(round)
    }

    /// Writes what is due of the letters for files into a folder, once; returns how many it wrote. A letter is written whole and
    /// under the same name at every attempt, so that a crash between the file and our commit writes the same file again.
    pub async fn files_round<V: DirectoryServices>(
        &self,
        services: &V,
        folder: &mut Folder,
        stop: impl Fn() -> bool + Send,
    ) -> Result<Round, StoreError> {
        let now = services.clock().now();
        let lease = LeaseId::generate(now, services.random());
        let hold = Hold { lease, now, until: now.plus(HELD_FILES), limit: FILES };
        let held = services.accounts().hold_files(hold).await?;
        let mut round = Round { taken: held.len(), ..Round::default() };
        if stop() {
            services.accounts().release_mails(lease).await?;
            return Ok(round);
        }
        let (mut attempted, mut mails, mut letters) = (Vec::new(), Vec::new(), Vec::new());
        for mail in &held {
            match self.outgoing(services, mail) {
                Ok(outgoing) => {
                    mails.push(mail);
                    letters.push(outgoing);
                }
                Err(why) => attempted.push((mail, Attempted::Refused(why))),
            }
        }
        for (mail, written) in mails.into_iter().zip(folder.put(&letters).await) {
            match written {
                Ok(()) => attempted.push((mail, Attempted::Accepted)),
                Err(why) => round.trouble = Some(why),
            }
        }
        for part in attempted.chunks(SETTLED) {
            round.sent += part.iter().filter(|(_, attempted)| *attempted == Attempted::Accepted).count();
            let settlements = part.iter().map(|(mail, attempted)| {
                settle(&mail.entry, lease, attempted.clone(), chance(services), services.clock().now())
            });
            // Commits that meet share one flush to the disk.
            let written = join_all(settlements.map(|settlement| write_down(services, settlement))).await;
            written.into_iter().collect::<Result<(), _>>()?;
        }
        if round.trouble.is_some() {
            // A folder that does not take a file is not tried with the others: they wait for the next command.
            services.accounts().release_mails(lease).await?;
        }
        Ok(round)
    }

    async fn deliver<V: DirectoryServices>(
        &self,
        services: &V,
        courier: &mut impl Courier,
        mail: &HeldMail,
        lease: LeaseId,
    ) -> Handed {
        let outgoing = match self.outgoing(services, mail) {
            Ok(outgoing) => outgoing,
            Err(why) => return Handed::Tried(Attempted::Refused(why)),
        };
        let begin = async {
            let now = services.clock().now();
            let begun = services.accounts().begin_transmission(outgoing.id, lease, now, now.plus(HANDOVER)).await;
            matches!(begun, Ok(Commit::Applied))
        };
        courier.carry(&outgoing, begin).await
    }

    fn outgoing<V: DirectoryServices>(&self, services: &V, mail: &HeldMail) -> Result<Outgoing, String> {
        let entry = &mail.entry;
        let letter = Letter::open(&mail.sealed, entry.id, services.sealer())
            .ok_or("its content does not open under SECRET_ENCRYPTION_KEY")?;
        if letter.link.as_ref().is_some_and(|(_, until)| *until <= services.clock().now()) {
            return Err("its link has expired".to_owned());
        }
        let rendered = render(Occasion::Account(entry.kind), &letter, &self.site);
        let composed = self.sender.compose(entry.id, &entry.to, &rendered, entry.created_at);
        composed.map_err(|error| error.to_string())
    }
}

/// What the mail server said must not be forgotten because the store is busy for a moment.
async fn write_down<V: DirectoryServices>(services: &V, settlement: Settlement) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        match services.accounts().settle_mail(settlement.clone()).await {
            // Lost: an administrator or a sweep was quicker, or a write whose answer was lost has happened.
            Ok(_) => return Ok(()),
            Err(_) if tries + 1 < SETTLE_TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A number between 0 and 1.
fn chance<V: DirectoryServices>(services: &V) -> f64 {
    let mut bytes = [0; 4];
    services.random().fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
