//! `GET /admin/migration/ledger`: what a migration wrote about an account, a row or a run.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_cutover::{
    board::{LineAsk, LineKey},
    ledger::{LedgerEntry, LedgerKey},
    run::RunId,
    source::SourceId,
};
use authly_directory::{identifier::Identifier, services::DirectoryServices, store::AccountRepository as _};
use authly_pages::{LedgerLine, MigrationLedger};
use oauth_core::{endpoint::Endpoint, ids::UserId, store::StoreError, subject::Reach};

use super::{Admitted, address, admit, failed};
use crate::{
    app::App,
    browser::failure::{self, PageFailure},
    page,
};

/// Lines of a page.
const LINES: u32 = 50;

/// The search.
pub async fn ledger<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let admitted = match admit(&app, &request).await {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    let asked = ["account", "row", "run"].map(|name| admitted.asked(name));
    let by = match meant(&app, &admitted, asked).await {
        Ok(by) => by,
        Err(error) => return failure::render(&app, &request, &PageFailure::Store(error)),
    };
    let before = LineBefore::of(&admitted);
    let found = match &by {
        Some(by) => {
            let ask = LineAsk { tenant: admitted.reach.tenant(), by: by.clone(), before, limit: LINES };
            match admitted.desk.find_lines(ask).await {
                Ok(lines) => Some(lines),
                Err(error) => return failed(&app, &request, error),
            }
        }
        None => None,
    };
    let [account, row, run] = asked;
    let told: Option<Vec<Told>> = found.as_ref().map(|lines| lines.iter().map(Told::of).collect());
    let lines: Option<Vec<LedgerLine<'_>>> = told
        .as_ref()
        .zip(found.as_ref())
        .map(|(told, entries)| told.iter().zip(entries).map(|(told, entry)| told.view(entry)).collect());
    let full = found.as_ref().is_some_and(|lines| u32::try_from(lines.len()).is_ok_and(|count| count == LINES));
    let last = found.as_ref().and_then(|lines| lines.last()).filter(|_| full);
    let more = last.map(|last| {
        let (last_run, number) = (last.item.key.run.to_string(), last.item.key.seq.to_string());
        let query =
            [("account", account), ("row", row), ("run", run), ("behind", last_run.as_str()), ("line", &number)];
        address(Endpoint::AdminMigrationLedger.path(), &query)
    });
    let view = MigrationLedger {
        place: admitted.place(),
        account,
        row,
        run,
        unreadable: by.is_none() && asked.iter().any(|text| !text.is_empty()),
        lines: lines.as_deref(),
        more: more.as_deref(),
    };
    let setting = page::Setting::of(&request, None);
    page::html(StatusCode::OK, authly_pages::migration_ledger(&view, &setting.frame(&app)), None)
}

/// What lines are looked for by: the first of the three that was typed.
async fn meant<V: DirectoryServices>(
    app: &App<V>,
    admitted: &Admitted,
    [account, row, run]: [&str; 3],
) -> Result<Option<LineKey>, StoreError> {
    if !account.is_empty() {
        return Ok(account_of(app, admitted.reach, account).await?.map(LineKey::Account));
    }
    if !row.is_empty() {
        return Ok(SourceId::parse(row).map(LineKey::SourceId));
    }
    Ok(RunId::parse(run).map(LineKey::Run))
}

/// The one account within reach that an id, address or user name means. Whether one exists elsewhere is not told.
pub(super) async fn account_of<V: DirectoryServices>(
    app: &App<V>,
    reach: Reach,
    name: &str,
) -> Result<Option<UserId>, StoreError> {
    if let Some(id) = UserId::parse(name) {
        return Ok(Some(id));
    }
    let Ok(identifier) = Identifier::parse(name) else { return Ok(None) };
    let found = app.engine.services().accounts().find_accounts(&identifier).await?;
    let own: Vec<UserId> = found
        .iter()
        .filter(|account| reach.covers(account.subject.tenant.as_ref().map(|tenant| tenant.id)))
        .map(|account| account.subject.id)
        .collect();
    match own.as_slice() {
        [one] => Ok(Some(*one)),
        _ => Ok(None),
    }
}

struct LineBefore;

impl LineBefore {
    fn of(admitted: &Admitted) -> Option<LedgerKey> {
        let run = RunId::parse(admitted.asked("behind"))?;
        Some(LedgerKey { run, seq: admitted.asked("line").parse().ok()? })
    }
}

/// The texts of a line. What columns held is not shown: it is personal.
struct Told {
    at: String,
    run: String,
    account: String,
    columns: String,
}

impl Told {
    fn of(entry: &LedgerEntry) -> Self {
        let item = &entry.item;
        let mut columns: Vec<&str> = item.before.keys().chain(item.after.keys()).map(String::as_str).collect();
        columns.sort_unstable();
        columns.dedup();
        columns.retain(|name| item.changed(name));
        // A whole account that was created or removed has all of them.
        let columns = if item.before.is_empty() || item.after.is_empty() { String::new() } else { columns.join(", ") };
        Self {
            at: item.at.to_rfc3339(),
            run: item.key.run.to_string(),
            account: item.user.map(|user| user.to_string()).unwrap_or_default(),
            columns,
        }
    }

    fn view<'a>(&'a self, entry: &'a LedgerEntry) -> LedgerLine<'a> {
        let item = &entry.item;
        LedgerLine {
            at: &self.at,
            run: &self.run,
            number: item.key.seq,
            source: item.source.as_str(),
            source_id: item.source_id.as_str(),
            account: &self.account,
            action: item.action.as_str(),
            outcome: item.outcome.map_or("", authly_cutover::outcome::Outcome::as_str),
            reason: item.reason.as_ref().map_or("", |reason| reason.code.as_str()),
            columns: &self.columns,
            undone: entry.undone,
        }
    }
}
