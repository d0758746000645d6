//! Inviting: every account of the scope gets one verdict, letters are queued in batches, and the store has the last word about
//! each. What is queued stays queued, so that the same command goes on where it was stopped.

use std::{collections::BTreeMap, time::Duration};

use authly_directory::{
    identifier::EmailAddress,
    invite::{
        InvitationRepository as _, InviteRules, Invitee, InviteeAsk, Lane, NewInvitation, Verdict,
        waves::{Seat, WaveSize, split},
    },
    mail::{
        letter::{Invitation, Letter, MailKind, NewMail, OwnWords, Visitor},
        link::{Delivery, EmailLink, LinkKind},
    },
    services::DirectoryServices,
};
use oauth_core::{
    audit::AuditKind,
    ids::{MailId, TenantId, UserId},
    policy::Policies,
    store::CatalogRepository as _,
    time::Timestamp,
    token::OpaqueToken,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    Admin, AdminError,
    migrate::{Observer, Stop},
};

/// Accounts that are read at once.
const PAGE: u32 = 1_000;

/// Letters that are queued at once: all of them or none.
const BATCH: usize = 100;

/// Whom to invite, and how.
#[derive(Clone, Debug)]
pub struct InviteOptions {
    /// Only this tenant.
    pub tenant: Option<TenantId>,
    /// Only this wave.
    pub wave: Option<u32>,
    /// Gives waves of this size to accounts that have none.
    pub wave_size: Option<WaveSize>,
    /// At most so many letters.
    pub limit: Option<u64>,
    /// Only those who were invited before.
    pub remind: bool,
    /// Also addresses that nobody has verified.
    pub unverified: bool,
    /// Nobody who got a letter within this time.
    pub remind_after: Duration,
    /// For how long the links are good.
    pub lifetime: Duration,
    /// The letter for those who get their first.
    pub kind: MailKind,
    /// Who delivers.
    pub lane: Lane,
    /// Whether to write at all.
    pub execute: bool,
    /// The language of accounts that name none, as a tag.
    pub language: String,
    /// What the letters say beside names.
    pub says: Invitation,
    /// The policies, which say when signing in the old way ends where `says` does not.
    pub policies: Policies,
}

/// Puts a letter into the operator's own words; `Ok(None)` leaves it to the catalogue.
pub trait Words: Send {
    /// The words of that letter, or why there are none.
    fn words(&self, kind: MailKind, letter: &Letter) -> Result<Option<OwnWords>, String>;
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InviteReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Accounts of the scope.
    pub accounts: u64,
    /// How many got which verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Accounts by wave, where waves were asked for.
    pub waves: BTreeMap<u32, u64>,
    /// Whether every account has one verdict.
    pub reconciles: bool,
    /// Why letters could not be written.
    pub failures: BTreeMap<String, u64>,
    /// Whether somebody asked to stop.
    pub stopped: bool,
}

impl InviteReport {
    /// How many got a verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(verdict.as_str()).copied().unwrap_or_default()
    }

    fn count(&mut self, verdict: Verdict) {
        *self.verdicts.entry(verdict.as_str()).or_default() += 1;
    }
}

/// When signing in the old way ends for people of a tenant.
pub fn ends_of(policies: &Policies, tenant: Option<TenantId>) -> Option<Timestamp> {
    policies.of_tenant(tenant).and_then(|policy| policy.until)
}

impl<V: DirectoryServices> Admin<V> {
    /// What invitations depend on: the tenant of that short name, and the policies.
    pub async fn invitation_scope(&self, slug: Option<&str>) -> Result<(Option<TenantId>, Policies), AdminError> {
        let records = self.services.store().load_catalog().await?;
        let policies = Policies::read(&records.settings);
        let Some(slug) = slug else { return Ok((None, policies)) };
        let found = records.tenants.iter().find(|tenant| tenant.slug == slug);
        Ok((Some(found.ok_or_else(|| AdminError::not_found("tenant", slug))?.id), policies))
    }

    /// Invites, or tells what inviting would do.
    pub async fn invite(
        &self,
        options: &InviteOptions,
        words: &impl Words,
        stop: &Stop,
        observer: &mut impl Observer,
    ) -> Result<InviteReport, AdminError> {
        let mut report = InviteReport { dry_run: !options.execute, ..InviteReport::default() };
        for verdict in Verdict::ALL {
            report.verdicts.insert(verdict.as_str(), 0);
        }
        observer.phase("reading");
        let (total, waves) = self.census(options).await?;
        for wave in waves.values() {
            *report.waves.entry(*wave).or_default() += 1;
        }
        let now = self.now();
        let rules = InviteRules {
            wave: options.wave,
            remind: options.remind,
            unverified: options.unverified,
            before: now.minus(options.remind_after),
        };
        observer.phase("inviting");
        let (mut after, mut chosen) = (None, Vec::new());
        loop {
            let ask = InviteeAsk { tenant: options.tenant, after, limit: PAGE };
            let page = self.services.accounts().invitees(ask).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.user);
            for mut invitee in page {
                if stop.is_asked() {
                    break;
                }
                report.accounts += 1;
                invitee.wave = waves.get(&invitee.user).copied().or(invitee.wave);
                let verdict = invitee.verdict(&rules);
                if verdict != Verdict::Invited {
                    report.count(verdict);
                    continue;
                }
                let taken = report.of(Verdict::Invited) + u64::try_from(chosen.len()).unwrap_or(u64::MAX);
                if options.limit.is_some_and(|limit| taken >= limit) {
                    report.count(Verdict::LeftOver);
                    continue;
                }
                chosen.push(invitee);
                if chosen.len() >= BATCH {
                    self.queue_letters(options, &rules, words, std::mem::take(&mut chosen), &mut report).await?;
                    observer.reading(report.accounts, total);
                }
            }
            if stop.is_asked() {
                report.stopped = true;
                break;
            }
        }
        self.queue_letters(options, &rules, words, chosen, &mut report).await?;
        observer.reading(report.accounts, total);
        report.reconciles = report.verdicts.values().sum::<u64>() == report.accounts;
        Ok(report)
    }

    /// How many there are, and the wave of each where waves matter; new ones are kept unless this is a dry run.
    async fn census(&self, options: &InviteOptions) -> Result<(u64, BTreeMap<UserId, u32>), AdminError> {
        let mut seats: BTreeMap<Option<TenantId>, Vec<Seat>> = BTreeMap::new();
        let (mut after, mut total) = (None, 0);
        loop {
            let ask = InviteeAsk { tenant: options.tenant, after, limit: PAGE };
            let page = self.services.accounts().invitees(ask).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.user);
            total += u64::try_from(page.len()).unwrap_or(u64::MAX);
            if options.wave.is_some() || options.wave_size.is_some() {
                for one in page {
                    let seat = Seat { user: one.user, is_admin: one.is_admin, wave: one.wave };
                    seats.entry(one.tenant).or_default().push(seat);
                }
            }
        }
        let mut waves = BTreeMap::new();
        for seats in seats.values() {
            waves.extend(seats.iter().filter_map(|seat| Some((seat.user, seat.wave?))));
            let Some(size) = options.wave_size else { continue };
            let assigned = split(seats, size);
            if options.execute {
                for part in assigned.chunks(PAGE.try_into().unwrap_or(1_000)) {
                    self.services.accounts().assign_waves(part.to_vec()).await?;
                }
            }
            waves.extend(assigned);
        }
        Ok((total, waves))
    }

    /// Queues the letters of a batch, and counts what became of everybody in it.
    async fn queue_letters(
        &self,
        options: &InviteOptions,
        rules: &InviteRules,
        words: &impl Words,
        chosen: Vec<Invitee>,
        report: &mut InviteReport,
    ) -> Result<(), AdminError> {
        let mut letters = Vec::with_capacity(chosen.len());
        for invitee in &chosen {
            match self.letter(options, words, invitee) {
                Ok(letter) => letters.push(letter),
                Err(why) => {
                    report.count(Verdict::Failed);
                    *report.failures.entry(why).or_default() += 1;
                }
            }
        }
        let asked = letters.len();
        let invited = if letters.is_empty() {
            0
        } else if options.execute {
            let invited = self.services.accounts().invite(letters, options.lane, rules.before).await?;
            self.services.mail_queued();
            invited.len()
        } else {
            asked
        };
        (0..invited).for_each(|_| report.count(Verdict::Invited));
        // Somebody else wrote to them, or they came by themselves, in this very moment.
        (invited..asked).for_each(|_| report.count(Verdict::InvitedRecently));
        Ok(())
    }

    fn letter(&self, options: &InviteOptions, words: &impl Words, invitee: &Invitee) -> Result<NewInvitation, String> {
        let (now, services) = (self.now(), &self.services);
        let to = EmailAddress::parse(&invitee.email).ok_or("the address is none that mail can be sent to")?;
        let kind = if invitee.sent_at.is_some() { MailKind::Reminder } else { options.kind };
        let token = OpaqueToken::generate(services.random());
        let expires_at = now.plus(options.lifetime);
        let link = EmailLink {
            token: token.hash(),
            kind: LinkKind::Invitation,
            user: invitee.user,
            address: invitee.email.clone(),
            delivery: Delivery::Mailed,
            created_at: now,
            expires_at,
            used_at: None,
        };
        let locale = invitee.locale.clone().unwrap_or_else(|| options.language.clone());
        let says = Invitation {
            name: invitee.name.clone(),
            ends: options.says.ends.or_else(|| ends_of(&options.policies, invitee.tenant)),
            sets_password: invitee.reset_required,
            ..options.says.clone()
        };
        let mut letter = Letter {
            account: invitee.email.clone(),
            visitor: Visitor { locale, ..Visitor::default() },
            at: now,
            link: Some((token, expires_at)),
            invitation: Some(says),
        };
        let own = words.words(kind, &letter)?;
        if let Some(says) = &mut letter.invitation {
            says.words = own;
        }
        let id = MailId::generate(now, services.random());
        let sealed = letter.seal(id, services.sealer());
        let mail = NewMail { id, kind, to, user: Some(invitee.user), sealed, at: now };
        let detail = json!({ "letter": kind.as_str(), "wave": invitee.wave, "lane": options.lane.as_str() });
        Ok(NewInvitation {
            link,
            mail,
            audit: self.event(AuditKind::InvitationQueued, Some(invitee.user), None, detail),
        })
    }
}
