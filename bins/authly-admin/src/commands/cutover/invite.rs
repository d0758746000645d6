//! `authly-admin migrate invite` and `remind`.

use std::path::Path;

use authly_admin_cases::{
    invite::{InviteOptions, InviteReport, Words, ends_of},
    migrate::{Observer as _, Stop},
};
use authly_config::Settings;
use authly_cutover::{store::CutoverStore, words};
use authly_directory::{
    invite::{Lane, Verdict},
    mail::{
        letter::{Invitation, Letter, MailKind, OwnWords},
        outbox::{MailState, Resend},
    },
};
use authly_mail::{Folder, Occasion, Postman, Site, Template, render::url};
use authly_runtime::{
    AnyStore, Trouble, live,
    mail::{self, Post},
};
use oauth_core::services::Services as _;
use serde_json::{Value, json};

use super::{
    Bench,
    ticker::{self, Ticker},
};
use crate::{
    args::{LetterChoice, WhomArgs},
    console::Console,
    failure::{Code, Failure, refused},
};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Invite(LetterChoice),
    Remind,
}

/// What was delivered while the command ran.
#[derive(Default)]
struct Delivered {
    accepted: usize,
    left: u64,
    /// Of these: handed over by somebody just now, or by a process that died.
    under_way: u64,
    trouble: Option<String>,
    stopped: bool,
}

/// The operator's own words, or those of the catalogue.
struct Pen<'a> {
    template: Option<Template>,
    site: &'a Site,
}

impl Words for Pen<'_> {
    fn words(&self, kind: MailKind, letter: &Letter) -> Result<Option<OwnWords>, String> {
        let Some(template) = &self.template else { return Ok(None) };
        let link = url(Occasion::Account(kind), letter, self.site);
        template
            .fill(letter, &self.site.product, &link)
            .map(Some)
            .ok_or_else(|| "a placeholder has no value".to_owned())
    }
}

pub(super) async fn run<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    ask: Ask,
    whom: WhomArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let execute = whom.intent.writes();
    if execute {
        console.agree_in_production("write to people")?;
    }
    let site = mail::site(settings)?;
    let admin = live::admin(settings, bench.live());
    let scope = admin.invitation_scope(whom.tenant.as_deref()).await;
    let (tenant, policies) = scope.map_err(refused("cannot invite"))?;
    let says = Invitation {
        ends: whom.ends,
        guide: whom.guide.clone(),
        integration_guide: whom.integration_guide.clone(),
        support: whom.support.clone(),
        ..Invitation::default()
    };
    let template = whom.template.as_deref().map(Template::read).transpose();
    let template = template.and_then(|template| {
        if let Some(template) = &template {
            let ends = says.ends.or_else(|| ends_of(&policies, tenant));
            template.check(&Invitation { ends, ..says.clone() })?;
        }
        Ok(template)
    });
    let template = template.map_err(|error| {
        Failure::usage(Trouble::new("cannot use the template", error, "correct it; nothing was sent"))
    })?;
    if execute && whom.outbox.is_none() && settings.mail.is_none() {
        return Err(no_mail().into());
    }
    let options = InviteOptions {
        tenant,
        wave: whom.wave,
        wave_size: whom.wave_size,
        limit: whom.limit,
        remind: ask == Ask::Remind,
        unverified: whom.include_unverified,
        remind_after: whom.remind_after,
        lifetime: whom.valid,
        kind: match ask {
            Ask::Invite(LetterChoice::Announcement) => MailKind::Announcement,
            Ask::Invite(LetterChoice::Invitation) => MailKind::Invitation,
            Ask::Remind => MailKind::Reminder,
        },
        lane: if whom.outbox.is_some() { Lane::Files } else { Lane::Servers },
        execute,
        language: whom.language.clone(),
        says,
        policies,
    };
    let (stop, mut ticker) = (ticker::stop_on_signal(console), Ticker::new(console));
    ticker.counts("accounts");
    let report = admin.invite(&options, &Pen { template, site: &site }, &stop, &mut ticker).await;
    ticker.end();
    let report = report.map_err(refused("cannot invite"))?;
    let delivered = if execute {
        let done = deliver(bench, &whom, settings, &stop, &mut ticker).await;
        ticker.end();
        Some(done?)
    } else {
        None
    };
    tell(&report, delivered.as_ref(), console)?;
    let unverified = report.of(Verdict::NoUsableAddress);
    if unverified > 0 && !whom.include_unverified {
        console.note(&format!(
            "{} no address that counts as verified. --include-unverified writes to them as well; who follows the link and has \
             the account's password, or sets a new one that ends all else, verifies the address here.",
            words::count(unverified, "account has", "accounts have")
        ));
    }
    hints(&report, delivered.as_ref(), ask, &whom, console);
    code(&report, delivered.as_ref())
}

/// Delivers what waits, where this command is to do that.
async fn deliver<S: AnyStore + CutoverStore>(
    bench: &Bench<S>,
    whom: &WhomArgs,
    settings: &Settings,
    stop: &Stop,
    ticker: &mut Ticker,
) -> Result<Delivered, Failure> {
    let services = bench.live();
    let stopped = || stop.is_asked();
    let failed = |error| Trouble::caused("cannot read or write the outbox", &error, "check that the database answers");
    let mut done = Delivered::default();
    ticker.counts("letters");
    if let Some(path) = &whom.outbox {
        let (postman, mut folder) = (by_file(settings)?, Folder::new(path));
        ticker.phase("writing");
        loop {
            let round = postman.files_round(&**services, &mut folder, stopped).await.map_err(failed)?;
            done.accepted += round.sent;
            ticker.reading(count(done.accepted), count(done.accepted));
            done.trouble = round.trouble.or(done.trouble);
            if round.taken == 0 || done.trouble.is_some() || stopped() {
                break;
            }
        }
    } else if whom.deliver {
        let Some(Post { postman, mut courier }) = mail::post(settings)? else { return Err(no_mail().into()) };
        let (total, _) = waiting(services.store()).await?;
        ticker.phase("sending");
        loop {
            let round = postman.round(&**services, &mut courier, stopped).await.map_err(failed)?;
            done.accepted += round.sent;
            ticker.reading(count(done.accepted), total.max(count(done.accepted)));
            done.trouble = round.trouble.or(done.trouble);
            // What is postponed is not due yet: the servers, or the next command, go on with it.
            if round.taken == 0 || done.trouble.is_some() || stopped() {
                break;
            }
        }
    } else {
        return Ok(done);
    }
    (done.left, done.under_way) = waiting(services.store()).await?;
    done.stopped = stop.is_asked();
    Ok(done)
}

/// Mails that wait, and those that are being handed over.
async fn waiting<S: AnyStore>(store: &S) -> Result<(u64, u64), Failure> {
    let counts = store.count_mails().await;
    let counts = counts.map_err(|error| Trouble::caused("cannot read the outbox", &error, "check the database"))?;
    let of = |wanted| counts.iter().filter(|(state, _)| *state == wanted).map(|(_, count)| count).sum();
    Ok((of(MailState::Queued), of(MailState::Sending)))
}

/// Who writes files where no mail server may be set.
fn by_file(settings: &Settings) -> Result<Postman, Trouble> {
    let from = settings.mail.as_ref().map_or("no-reply@localhost", |mail| mail.from_email.as_str());
    Ok(Postman { site: mail::site(settings)?, sender: mail::sender(settings, from)?, resend: Resend::Never })
}

fn tell(report: &InviteReport, delivered: Option<&Delivered>, console: Console) -> Result<(), Failure> {
    let delivery = delivered.map(|done| {
        json!({
            "accepted": done.accepted,
            "still_queued": done.left,
            "under_way": done.under_way,
            "trouble": done.trouble,
        })
    });
    if console.is_json() {
        let mut shown = serde_json::to_value(report).unwrap_or(Value::Null);
        if let (Some(members), Some(delivery)) = (shown.as_object_mut(), delivery) {
            members.insert("delivery".to_owned(), delivery);
        }
        return console.item(&shown);
    }
    let rows: Vec<_> = Verdict::ALL
        .iter()
        .map(|verdict| json!({ "outcome": verdict.as_str(), "accounts": report.of(*verdict) }))
        .collect();
    console.list(&rows, &[("Outcome", "outcome"), ("Accounts", "accounts")], "")?;
    let sum: Vec<String> = Verdict::ALL
        .iter()
        .filter(|verdict| report.of(**verdict) > 0)
        .map(|verdict| format!("{} {}", report.of(*verdict), verdict.as_str()))
        .collect();
    let sum = if sum.is_empty() { "0".to_owned() } else { sum.join(" + ") };
    console.raw(&format!("{sum} = {}", words::count(report.accounts, "account", "accounts")))?;
    if !report.waves.is_empty() {
        let rows: Vec<_> =
            report.waves.iter().map(|(wave, accounts)| json!({ "wave": wave, "accounts": accounts })).collect();
        console.list(&rows, &[("Wave", "wave"), ("Accounts", "accounts")], "")?;
    }
    if !report.failures.is_empty() {
        console.item(&json!({ "failures": report.failures }))?;
    }
    Ok(())
}

fn hints(report: &InviteReport, delivered: Option<&Delivered>, ask: Ask, whom: &WhomArgs, console: Console) {
    waves(report, whom, console);
    let act = if ask == Ask::Remind { "remind" } else { "invite" };
    if let Some(why) = whom.intent.why_not(act) {
        console.note(&why);
        return;
    }
    let Some(done) = delivered else { return };
    if let Some(folder) = &whom.outbox {
        let letters = words::count(done.accepted, "letter was", "letters were");
        console.note(&format!("{letters} written into {}.", shown(folder)));
    } else if whom.deliver {
        console.note(&format!(
            "The mail server accepted {}; {}. `authly-admin mail outbox list` shows them.",
            words::count(done.accepted, "mail", "mails"),
            words::count(done.left, "waits", "wait")
        ));
        rest(done, console);
    } else {
        console.note(
            "The letters wait in the outbox, and the servers deliver them; accounts count as invited from the mail server's \
             word on. `authly-admin mail outbox list` shows the letters, `authly-admin migrate status` the accounts.",
        );
    }
}

/// What to do where nobody is in the wave that was asked for.
fn waves(report: &InviteReport, whom: &WhomArgs, console: Console) {
    let Some(wave) = whom.wave.filter(|wave| report.accounts > 0 && !report.waves.contains_key(wave)) else { return };
    let last = report.waves.last_key_value().map(|(last, _)| last);
    console.note(&match last {
        Some(last) => format!("Nobody is in wave {wave}: the last wave is {last}."),
        None => format!(
            "Nobody is in wave {wave}, since nobody has a wave yet. Add --wave-size 100, or --wave-size 10%, which splits the \
             accounts into waves; with --execute it is kept."
        ),
    });
}

/// Why some wait although nothing was wrong, and until when.
fn rest(done: &Delivered, console: Console) {
    if done.stopped || done.trouble.is_some() {
        return;
    }
    if done.left > 0 {
        console.note(
            "What waits was postponed by the mail server, or is held by another process, perhaps by one that died: then it is \
             free after seven minutes at most. The servers, or the same command, send it.",
        );
    }
    if done.under_way > 0 {
        console.note(&format!(
            "{} elsewhere just now, or by a process that died: then it is listed as unknown within five minutes, and not sent \
             again unasked.",
            words::count(done.under_way, "mail is handed over", "mails are handed over")
        ));
    }
}

fn code(report: &InviteReport, delivered: Option<&Delivered>) -> Result<(), Failure> {
    if report.stopped || delivered.is_some_and(|done| done.stopped) {
        let remedy = "the same command goes on where this one stopped; nobody gets a letter twice";
        return Err(Trouble::new("the command was stopped", "somebody asked for it", remedy).into());
    }
    if let Some(why) = delivered.and_then(|done| done.trouble.as_ref()) {
        let remedy = "the letters wait in the outbox; correct it, and give the same command again";
        return Err(Trouble::new("not all letters were delivered", why, remedy).into());
    }
    if !report.reconciles {
        let remedy = "please report this";
        return Err(Trouble::new("the counts do not add up", "an account has no outcome, or two", remedy).into());
    }
    if report.of(Verdict::Failed) > 0 { Err(Failure::silent(Code::Partly)) } else { Ok(()) }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn no_mail() -> Trouble {
    Trouble::new(
        "no mail can be sent",
        "SMTP_HOST is not set",
        "set SMTP_HOST and SMTP_FROM_EMAIL, or add --outbox DIR to write the letters into a folder",
    )
}
