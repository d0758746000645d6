//! `GET /admin/migration/rows`: rows that wait for a decision.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_cutover::{
    board::WaitingAsk,
    outcome::{Reason, ReasonCode},
    source::{SourceId, SourceName},
    store::{PenEntry, PenKind},
};
use authly_directory::services::DirectoryServices;
use authly_pages::{MigrationRows, WaitingRow};
use oauth_core::endpoint::Endpoint;

use super::{Admitted, address, admit, failed, masked, tenant_name};
use crate::{app::App, page};

/// Rows of a page.
const ROWS: u32 = 50;

/// One page of rows.
pub async fn rows<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let admitted = match admit(&app, &request).await {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    let kind = PenKind::parse(admitted.asked("kind"));
    let reason = ReasonCode::parse(admitted.asked("reason"));
    let after = behind(&admitted);
    let ask = WaitingAsk { tenant: admitted.reach.tenant(), kind, reason, after, limit: ROWS };
    let entries = match admitted.desk.open_rows(ask).await {
        Ok(entries) => entries,
        Err(error) => return failed(&app, &request, error),
    };
    let (kind, reason) = (kind.map_or("", PenKind::as_str), reason.map_or("", ReasonCode::as_str));
    let told: Vec<Told> = entries.iter().map(|entry| Told::of(&app, entry)).collect();
    let flaws: Vec<Vec<(&str, &str)>> = entries.iter().map(|entry| flaws(&entry.reason)).collect();
    let views: Vec<WaitingRow<'_>> =
        entries.iter().zip(&told).zip(&flaws).map(|((entry, told), flaws)| told.view(entry, flaws)).collect();
    let full = u32::try_from(entries.len()).is_ok_and(|count| count == ROWS);
    let more = entries.last().filter(|_| full).map(|last| {
        let query =
            [("kind", kind), ("reason", reason), ("source", last.source.as_str()), ("after", last.source_id.as_str())];
        address(Endpoint::AdminMigrationRows.path(), &query)
    });
    let view = MigrationRows { place: admitted.place(), kind, reason, rows: &views, more: more.as_deref() };
    let setting = page::Setting::of(&request, None);
    page::html(StatusCode::OK, authly_pages::migration_rows(&view, &setting.frame(&app)), None)
}

fn behind(admitted: &Admitted) -> Option<(SourceName, SourceId)> {
    Some((SourceName::parse(admitted.asked("source"))?, SourceId::parse(admitted.asked("after"))?))
}

/// The texts of a row.
struct Told {
    label: String,
    tenant: String,
    since: String,
}

impl Told {
    fn of<V: DirectoryServices>(app: &App<V>, entry: &PenEntry) -> Self {
        Self {
            label: masked(&entry.label),
            tenant: entry.tenant.map(|id| tenant_name(app, id)).unwrap_or_default(),
            since: entry.at.to_rfc3339(),
        }
    }

    fn view<'a>(&'a self, entry: &'a PenEntry, flaws: &'a [(&'a str, &'a str)]) -> WaitingRow<'a> {
        WaitingRow {
            source: entry.source.as_str(),
            source_id: entry.source_id.as_str(),
            kind: entry.kind.as_str(),
            reason: entry.reason.code.as_str(),
            flaws,
            label: &self.label,
            tenant: &self.tenant,
            since: &self.since,
        }
    }
}

/// Which columns cannot be read. Other details name accounts, perhaps of other tenants, and are not shown.
fn flaws(reason: &Reason) -> Vec<(&str, &str)> {
    let flaws = reason.detail.get("flaws").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    flaws.iter().filter_map(|flaw| Some((flaw.get("kind")?.as_str()?, flaw.get("column")?.as_str()?))).collect()
}
