//! `authly-admin mail outbox`: what waits, failed, or may or may not have arrived.

use authly_admin_cases::{Admin, AdminError, mail::MailView};
use authly_cutover::words;
use authly_directory::{mail::outbox::MailState, services::DirectoryServices};

use crate::{
    args::{Dropped, OutboxCommand, Retried, StateChoice},
    aside::Warning,
    console::{Column, Console},
    failure::{Code, Failure, refused},
};

const COLUMNS: &[Column] = &[
    ("Id", "id"),
    ("About", "kind"),
    ("To", "to"),
    ("State", "state"),
    ("Attempts", "attempts"),
    ("Queued", "created_at"),
    ("Next", "next_at"),
    ("Last word of the server", "error"),
];

/// What `mail outbox retry --state` and `drop --state` take at once.
const MOST_AT_ONCE: u32 = 1_000;

impl From<StateChoice> for MailState {
    fn from(choice: StateChoice) -> Self {
        match choice {
            StateChoice::Queued => Self::Queued,
            StateChoice::Sending => Self::Sending,
            StateChoice::Sent => Self::Sent,
            StateChoice::Unknown => Self::Unknown,
            StateChoice::Failed => Self::Failed,
        }
    }
}

impl From<Retried> for MailState {
    fn from(choice: Retried) -> Self {
        match choice {
            Retried::Queued => Self::Queued,
            Retried::Unknown => Self::Unknown,
            Retried::Failed => Self::Failed,
        }
    }
}

impl From<Dropped> for MailState {
    fn from(choice: Dropped) -> Self {
        match choice {
            Dropped::Queued => Self::Queued,
            Dropped::Sent => Self::Sent,
            Dropped::Unknown => Self::Unknown,
            Dropped::Failed => Self::Failed,
        }
    }
}

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: OutboxCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        OutboxCommand::List { state, limit } => {
            let state = state.map(MailState::from);
            let mails = admin.mails(state, limit).await.map_err(refused("cannot list the mails"))?;
            console.list(&mails, COLUMNS, "No mails here.")?;
            if is_full(mails.len(), limit) {
                let (all, states) = counted(admin, state).await?;
                console.note(&format!("These are the newest {limit} of {all} mails ({states})."));
            }
            Ok(())
        }
        OutboxCommand::Show { id } => console.item(&admin.mail(&id).await.map_err(refused("cannot show the mail"))?),
        OutboxCommand::Retry { which } => {
            let state = which.state.map(MailState::from);
            let chosen = chosen(admin, &which.ids, state).await.map_err(refused("cannot queue the mails again"))?;
            let mut tally = Tally::of("cannot queue the mail again");
            for mail in &chosen {
                tally.note(&mail.id, admin.retry_mail(&mail.id).await)?;
            }
            tally.tell(admin, which.ids.len(), state, console).await
        }
        OutboxCommand::Drop { which } => {
            let state = which.state.map(MailState::from);
            let chosen = chosen(admin, &which.ids, state).await.map_err(refused("cannot drop the mails"))?;
            ask_to_drop(&chosen, state, console)?;
            let mut tally = Tally::of("cannot drop the mail");
            for mail in &chosen {
                tally.note(&mail.id, admin.drop_mail(&mail.id).await)?;
            }
            tally.tell(admin, which.ids.len(), state, console).await
        }
    }
}

/// The mails that are meant, each once; none where one of the ids is unknown.
async fn chosen<V: DirectoryServices>(
    admin: &Admin<V>,
    ids: &[String],
    state: Option<MailState>,
) -> Result<Vec<MailView>, AdminError> {
    if state.is_some() {
        return admin.mails(state, MOST_AT_ONCE).await;
    }
    let mut found: Vec<MailView> = Vec::with_capacity(ids.len());
    for id in ids {
        let mail = admin.mail(id).await?;
        if found.iter().all(|other| other.id != mail.id) {
            found.push(mail);
        }
    }
    Ok(found)
}

fn ask_to_drop(chosen: &[MailView], state: Option<MailState>, console: Console) -> Result<(), Failure> {
    match chosen {
        [] => Ok(()),
        [mail] if state.is_none() => console.confirm("drop", &mail.to),
        mails => {
            let listed = state.map_or(String::new(), |state| {
                format!("\n`authly-admin mail outbox list --state {}` shows them.", state.as_str())
            });
            let warning = format!("This cannot be undone: what was not sent never is.{listed}");
            console.agree(&format!("drop {}", words::count(mails.len(), "mail", "mails")), &warning)
        }
    }
}

/// What became of several mails.
struct Tally {
    what: &'static str,
    done: Vec<MailView>,
    stayed: Vec<(String, AdminError)>,
}

impl Tally {
    const fn of(what: &'static str) -> Self {
        Self { what, done: Vec::new(), stayed: Vec::new() }
    }

    /// A mail that stays as it is keeps nobody from the next; a store that fails does.
    fn note(&mut self, id: &str, became: Result<MailView, AdminError>) -> Result<(), Failure> {
        match became {
            Ok(mail) => self.done.push(mail),
            Err(why @ (AdminError::Invalid { .. } | AdminError::NotFound { .. })) => {
                self.stayed.push((id.to_owned(), why));
            }
            Err(error) => return Err(refused(self.what)(error)),
        }
        Ok(())
    }

    /// Prints one mail where one was named, else a list.
    async fn tell<V: DirectoryServices>(
        self,
        admin: &Admin<V>,
        named: usize,
        state: Option<MailState>,
        console: Console,
    ) -> Result<(), Failure> {
        let Self { what, done, mut stayed } = self;
        let taken = done.len() + stayed.len();
        match (done.as_slice(), stayed.len()) {
            ([mail], 0) if named == 1 => console.item(mail)?,
            ([], 1) if named == 1 => {
                return stayed.pop().map_or(Ok(()), |(_, why)| Err(refused(what)(why)));
            }
            (mails, _) => {
                let empty = if named == 0 { "No mails in this state." } else { "All mails stay as they are." };
                console.list(mails, COLUMNS, empty)?;
            }
        }
        if named == 0 && is_full(taken, MOST_AT_ONCE) {
            let (left, _) = counted(admin, state).await?;
            console.note(&format!("The newest {MOST_AT_ONCE} were taken at once; {left} are in this state now."));
        }
        if stayed.is_empty() {
            return Ok(());
        }
        for (id, why) in &stayed {
            let why = match why {
                AdminError::Invalid { why, .. } => why.clone(),
                other => other.to_string(),
            };
            console.warn(Warning::MailUnchanged, &format!("{id}: {why}"));
        }
        Err(Failure::silent(if done.is_empty() { Code::Failed } else { Code::Partly }))
    }
}

/// Whether there may be more than so many.
fn is_full(found: usize, limit: u32) -> bool {
    u32::try_from(found).is_ok_and(|found| found >= limit)
}

/// How many mails there are, and of which state how many.
async fn counted<V: DirectoryServices>(admin: &Admin<V>, state: Option<MailState>) -> Result<(u64, String), Failure> {
    let counts = admin.mail_counts().await.map_err(refused("cannot count the mails"))?;
    let counts = counts.into_iter().filter(|(one, _)| state.is_none_or(|state| *one == state));
    let mut all = 0;
    let states: Vec<_> = counts
        .map(|(state, count)| {
            all += count;
            format!("{count} {}", state.as_str())
        })
        .collect();
    Ok((all, states.join(", ")))
}
