//! `GET /admin/migration/export.csv`: the figures of the page as a table for other programs (RFC 4180).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_admin_cases::csv::Csv;
use authly_cutover::board::{WaitingAsk, date_of};
use authly_directory::services::DirectoryServices;

use super::{Admitted, admit, failed, logins, masked, tenant_name};
use crate::{
    app::App,
    browser::failure::{self, PageFailure},
    page, respond,
};

/// Rows that are read at a time.
const PAGE: u32 = 1_000;

/// The most rows of an export.
const MOST: usize = 100_000;

/// A table: `what` is `days`, `tenants`, `logins` or `rows`.
pub async fn export<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let admitted = match admit(&app, &request).await {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    let what = admitted.asked("what");
    let table = match what {
        "days" | "tenants" => match admitted.desk.board(admitted.reach).await {
            Ok(board) if what == "days" => days(&board),
            Ok(board) => tenants(&board),
            Err(error) => return failed(&app, &request, error),
        },
        "logins" => match logins::by_day(&app, admitted.reach).await {
            Ok(days) => by_way(&days),
            Err(error) => return failure::render(&app, &request, &PageFailure::Store(error)),
        },
        "rows" => match rows(&app, &admitted).await {
            Ok(table) => table,
            Err(error) => return failed(&app, &request, error),
        },
        _ => return page::not_found(&app, &request),
    };
    let mut answer = HttpResponse::build(StatusCode::OK);
    respond::no_store(&mut answer);
    let name = format!("attachment; filename=\"migration-{what}.csv\"");
    answer.insert_header((header::CONTENT_DISPOSITION, name));
    answer.content_type("text/csv; charset=utf-8; header=present").body(table.into_text())
}

fn days(board: &authly_admin_cases::migrate::Board) -> Csv {
    let mut table = Csv::new(&["day", "password_only", "both_oauth_unused", "both_oauth_used", "oauth_only"]);
    for band in &board.bands {
        let parts = [band.password, band.dual, band.completed, band.oauth].map(|part| part.to_string());
        let [password, dual, completed, oauth] = parts;
        table.line(&[date_of(band.day), password, dual, completed, oauth]);
    }
    table
}

fn tenants(board: &authly_admin_cases::migrate::Board) -> Csv {
    let mut table = Csv::new(&[
        "tenant",
        "name",
        "accounts",
        "password",
        "dual",
        "oauth",
        "completed",
        "completed_percent",
        "recent_password_users",
        "days_since_password",
        "waiting",
    ]);
    for line in &board.tenants {
        let progress = &line.progress;
        let number = |number: u64| number.to_string();
        table.line(&[
            progress.tenant.clone().unwrap_or_default(),
            line.name.clone().unwrap_or_default(),
            number(progress.total),
            number(progress.password),
            number(progress.dual),
            number(progress.oauth),
            number(progress.completed),
            progress.completed_percent.map(|percent| format!("{percent:.2}")).unwrap_or_default(),
            number(line.recent),
            line.days_since.map(number).unwrap_or_default(),
            number(progress.waiting),
        ]);
    }
    table
}

fn by_way(days: &[(String, [u64; 4])]) -> Csv {
    let mut table = Csv::new(&["day", "json_login", "password_grant", "authorization_code", "first_party"]);
    for (date, parts) in days {
        let [json, password, code, first_party] = parts.map(|part| part.to_string());
        table.line(&[date.clone(), json, password, code, first_party]);
    }
    table
}

async fn rows<V: DirectoryServices>(
    app: &App<V>,
    admitted: &Admitted,
) -> Result<Csv, authly_admin_cases::migrate::MigrateError> {
    let mut table = Csv::new(&["source", "source_id", "kind", "reason", "label", "tenant", "since"]);
    let mut ask = WaitingAsk { tenant: admitted.reach.tenant(), limit: PAGE, ..WaitingAsk::default() };
    let mut count = 0;
    loop {
        let page = admitted.desk.open_rows(ask.clone()).await?;
        for entry in &page {
            table.line(&[
                entry.source.to_string(),
                entry.source_id.to_string(),
                entry.kind.as_str().to_owned(),
                entry.reason.code.as_str().to_owned(),
                masked(&entry.label),
                entry.tenant.map(|id| tenant_name(app, id)).unwrap_or_default(),
                entry.at.to_rfc3339(),
            ]);
        }
        count += page.len();
        match page.last() {
            Some(last) if count < MOST => ask.after = Some((last.source.clone(), last.source_id.clone())),
            _ => return Ok(table),
        }
    }
}
