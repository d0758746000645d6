//! `GET /admin/migration`: how far the migration is.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_admin_cases::migrate::{Board, Phase, TenantLine};
use authly_cutover::{board::date_of, store::DailyCount};
use authly_directory::{invite::InvitationRepository as _, services::DirectoryServices};
use authly_pages::{
    DayParts, GateLine, Migration, MigrationPhase, MigrationRun, MigrationTenant, RunProgress, SchemeCount,
    TenantOrder, WaitingLine,
};
use oauth_core::{endpoint::Endpoint, store::StoreError, subject::Reach};

use super::{Admitted, address, admit, failed, gate, logins};
use crate::{
    app::App,
    browser::failure::{self, PageFailure},
    page,
};

/// Tenants of a page.
const TENANTS: usize = 50;

/// The first page.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let admitted = match admit(&app, &request).await {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    let board = match admitted.desk.board(admitted.reach).await {
        Ok(board) => board,
        Err(error) => return failed(&app, &request, error),
    };
    let counted = async {
        let logins = logins::by_day(&app, admitted.reach).await?;
        Ok::<_, StoreError>((logins, invitations(&app, admitted.reach).await?))
    };
    match counted.await {
        Ok((logins, invited)) => render(&app, &request, &admitted, board, &logins, invited),
        Err(error) => failure::render(&app, &request, &PageFailure::Store(error)),
    }
}

/// How many were invited, followed the link and have come; nothing, where nobody was invited.
async fn invitations<V: DirectoryServices>(app: &App<V>, reach: Reach) -> Result<Option<[u64; 3]>, StoreError> {
    let figures = app.engine.services().accounts().invitation_figures().await?;
    let mut sums = [0; 3];
    for one in figures.iter().filter(|one| reach.covers(one.tenant)) {
        sums.iter_mut().zip([one.sent, one.opened, one.completed]).for_each(|(sum, value)| *sum += value);
    }
    Ok(sums.first().copied().filter(|sent| *sent > 0).map(|_| sums))
}

fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    admitted: &Admitted,
    mut board: Board,
    logins: &[(String, [u64; 4])],
    invited: Option<[u64; 3]>,
) -> HttpResponse {
    let dates: Vec<String> = board.bands.iter().map(|band| date_of(band.day)).collect();
    let days: Vec<DayParts<'_>> = board
        .bands
        .iter()
        .zip(&dates)
        .map(|(band, date)| DayParts { date, parts: [band.password, band.dual, band.completed, band.oauth] })
        .collect();
    let completed_dates = dates_of(&board.completed);
    let upgrade_dates = dates_of(&board.upgrades);
    let logins: Vec<DayParts<'_>> = logins.iter().map(|(date, parts)| DayParts { date, parts: *parts }).collect();
    let order = TenantOrder::parse(admitted.asked("order"));
    sort(&mut board.tenants, order);
    let first = admitted.asked("from").parse::<usize>().unwrap_or(0).min(board.tenants.len());
    let tenants: Vec<MigrationTenant<'_>> = board.tenants.iter().skip(first).take(TENANTS).map(tenant).collect();
    let next = first + tenants.len();
    let more = (next < board.tenants.len()).then(|| {
        let from = next.to_string();
        let query = [("order", order.as_str()), ("from", from.as_str())];
        format!("{}#tenants", address(Endpoint::AdminMigration.path(), &query))
    });
    let schemes: Vec<SchemeCount<'_>> = board
        .schemes
        .iter()
        .map(|line| SchemeCount { name: line.scheme, accounts: line.accounts, current: line.current })
        .collect();
    let waiting: Vec<WaitingLine<'_>> = board
        .waiting
        .iter()
        .map(|count| WaitingLine { kind: count.kind.as_str(), reason: count.reason.as_str(), rows: count.rows })
        .collect();
    let gate: Vec<GateLine<'_>> = board.gate.iter().map(gate::line).collect();
    let view = Migration {
        place: admitted.place(),
        measured_at: &board.measured_at.to_rfc3339(),
        phase: match board.phase {
            Phase::Before => MigrationPhase::Before,
            Phase::Complete => MigrationPhase::Complete,
            Phase::Finalized => MigrationPhase::Finalized,
            Phase::Under => MigrationPhase::Under,
        },
        completed: board.overall.completed,
        days: &days,
        completions: &columns(&board.completed, &completed_dates),
        logins: &logins,
        logins_of_tenant: admitted.reach.tenant().is_some(),
        upgrades: &columns(&board.upgrades, &upgrade_dates),
        tenants: &tenants,
        order,
        tenant_count: u64::try_from(board.tenants.len()).unwrap_or(u64::MAX),
        more_tenants: more.as_deref(),
        schemes: &schemes,
        invitations: invited,
        waiting: &waiting,
        run: board.run.as_ref().map(|run| MigrationRun {
            id: &run.run,
            kind: run.kind.as_str(),
            source: &run.source,
            profile: &run.profile,
            state: run.state,
            started_at: &run.started_at,
            heartbeat_at: &run.heartbeat_at,
            progress: RunProgress {
                rows: run.rows,
                of: run.source_rows,
                rate: run.rows_per_second,
                seconds_left: run.seconds_left,
            },
            decisions: run.needs_decisions,
            note: run.note.as_deref(),
        }),
        gate: &gate,
    };
    let setting = page::Setting::of(request, None);
    page::html(StatusCode::OK, authly_pages::migration(&view, &setting.frame(app)), None)
}

/// In the order that was asked for; the worst come first by themselves.
pub(super) fn sort(tenants: &mut [TenantLine], order: TenantOrder) {
    let name = |line: &TenantLine| line.name.as_deref().map(str::to_lowercase);
    match order {
        TenantOrder::Worst => {}
        TenantOrder::Name => tenants.sort_by_key(|line| (line.name.is_none(), name(line))),
        TenantOrder::Accounts => tenants.sort_by_key(|line| (std::cmp::Reverse(line.progress.total), name(line))),
        TenantOrder::Recent => tenants.sort_by_key(|line| (std::cmp::Reverse(line.recent), name(line))),
    }
}

fn tenant(line: &TenantLine) -> MigrationTenant<'_> {
    MigrationTenant {
        name: line.name.as_deref().unwrap_or_default(),
        slug: line.progress.tenant.as_deref().unwrap_or_default(),
        total: line.progress.total,
        completed: line.progress.completed,
        password: line.progress.password,
        recent: line.recent,
        days_since: line.days_since,
        waiting: line.progress.waiting,
    }
}

fn dates_of(counts: &[DailyCount]) -> Vec<String> {
    counts.iter().map(|count| date_of(count.day)).collect()
}

fn columns<'a>(counts: &[DailyCount], dates: &'a [String]) -> Vec<DayParts<'a>> {
    let column = |(count, date): (&DailyCount, &'a String)| DayParts { date, parts: [0, 0, count.completed, 0] };
    counts.iter().zip(dates).map(column).collect()
}
