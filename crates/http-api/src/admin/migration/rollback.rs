//! `/admin/migration/rollback`: first what would happen, then, after a word that was typed and a sign-in that is not long ago, the deed.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, rt, web};
use authly_admin_cases::migrate::{Desk, MigrateError, RollbackReport, RollbackScope, Stop};
use authly_cutover::{rollback::Restored, run::RunId};
use authly_directory::services::DirectoryServices;
use authly_pages::{MigrationRollback, Rehearsal, RollbackConflict, RollbackNotice, RollbackTarget};
use oauth_core::{
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    ids::UserId,
    params::Params,
    subject::Reach,
};

use super::{Admitted, admit, ledger::account_of};
use crate::{
    app::App,
    body,
    browser::{
        failure::{self, PageFailure},
        landing,
    },
    page, respond,
};

/// How long ago a sign-in may be that takes back.
const RECENT: Duration = Duration::from_secs(10 * 60);

/// How long a rehearsal may take.
const REHEARSAL: Duration = Duration::from_secs(10);

/// How long the answer waits for the end of a rollback.
const PATIENCE: Duration = Duration::from_secs(5);

/// What would happen.
pub async fn look<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let admitted = match admit(&app, &request).await {
        Ok(admitted) if admitted.may_roll_back() => admitted,
        Ok(_) => return page::not_found(&app, &request),
        Err(answer) => return answer,
    };
    let notice = match admitted.asked("done") {
        "1" => Some(RollbackNotice::Done),
        "0" => Some(RollbackNotice::Started),
        _ => None,
    };
    let Some(target) = RollbackTarget::parse(admitted.asked("target")) else {
        return render(&app, &request, &admitted, &Shown { notice, ..Shown::default() });
    };
    let name = admitted.asked("name");
    rehearse(&app, &request, &admitted, Shown { target: Some(target), name, notice, report: None }).await
}

/// The deed.
pub async fn take_back<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let admitted = match admit(&app, &request).await {
        Ok(admitted) if admitted.may_roll_back() => admitted,
        Ok(_) => return page::not_found(&app, &request),
        Err(answer) => return answer,
    };
    let form = body::form(&request, payload).await.unwrap_or_default();
    let text = |name: &str| form.one(name).unwrap_or_default().trim();
    let name = text("name");
    let Some(target) = RollbackTarget::parse(text("target")) else {
        return page::not_found(&app, &request);
    };
    let shown = Shown { target: Some(target), name, ..Shown::default() };
    if let Some(notice) = objection(&app, &admitted, target, &form) {
        return rehearse(&app, &request, &admitted, Shown { notice: Some(notice), ..shown }).await;
    }
    let scope = match scope(&app, target, name).await {
        Ok(Some(scope)) => scope,
        Ok(None) => {
            return render(&app, &request, &admitted, &Shown { notice: Some(RollbackNotice::Nothing), ..shown });
        }
        Err(answer) => return failure::render(&app, &request, &answer),
    };
    let by = admitted.session.subject.id;
    tracing::info!(%by, target = target.as_str(), name, "a rollback begins");
    match within_patience(admitted.desk.clone(), scope, by).await {
        Some(Err(error)) => {
            let why = refusal(error);
            render(&app, &request, &admitted, &Shown { notice: Some(RollbackNotice::Refused(&why)), ..shown })
        }
        ended => {
            let done = if ended.is_some() { "1" } else { "0" };
            let path = format!("{}?done={done}", Endpoint::AdminMigrationRollback.path());
            respond::see_other(&app.engine.settings().issuer.url(&path))
        }
    }
}

/// Why a form is not followed.
fn objection<V: DirectoryServices>(
    app: &App<V>,
    admitted: &Admitted,
    target: RollbackTarget,
    form: &Params,
) -> Option<RollbackNotice<'static>> {
    let text = |name: &str| form.one(name).unwrap_or_default();
    let shown = bound_to(target, text("name").trim());
    if app.engine.check_form(&binding(admitted, &shown), text("csrf")).is_err() || !is_recent(app, admitted) {
        return Some(RollbackNotice::Expired);
    }
    (text("confirm").trim() != text("name").trim()).then_some(RollbackNotice::WrongWord)
}

fn is_recent<V: DirectoryServices>(app: &App<V>, admitted: &Admitted) -> bool {
    let now = app.engine.now();
    admitted.session.authenticated_at.is_some_and(|at| now.since(at) <= RECENT)
}

fn bound_to(target: RollbackTarget, name: &str) -> String {
    format!("{}:{name}", target.as_str())
}

fn binding<'a>(admitted: &Admitted, shown: &'a str) -> FormBinding<'a> {
    FormBinding { form: Form::Rollback, holder: Holder::Session(admitted.session.id), request: None, shown }
}

/// What a name means; nothing, if it means nothing.
async fn scope<V: DirectoryServices>(
    app: &App<V>,
    target: RollbackTarget,
    name: &str,
) -> Result<Option<RollbackScope>, PageFailure> {
    Ok(match target {
        RollbackTarget::Account => {
            let account = account_of(app, Reach::Installation, name).await.map_err(PageFailure::Store)?;
            account.map(RollbackScope::User)
        }
        RollbackTarget::Run => RunId::parse(name).map(RollbackScope::Run),
        RollbackTarget::Tenant => (!name.is_empty()).then(|| RollbackScope::Tenant(name.to_owned())),
    })
}

/// Takes back; what takes longer goes on by itself. `None` if it has not ended yet.
async fn within_patience(
    desk: Arc<dyn Desk>,
    scope: RollbackScope,
    by: UserId,
) -> Option<Result<RollbackReport, MigrateError>> {
    let work = rt::spawn(async move {
        let result = desk.roll_back(scope, by, Stop::default()).await;
        match &result {
            Ok(report) => tracing::info!(%by, accounts = report.results.values().sum::<u64>(), "a rollback has ended"),
            Err(error) => tracing::error!(%by, error = respond::causes(error), "a rollback has failed"),
        }
        result
    });
    rt::time::timeout(PATIENCE, work).await.ok()?.ok()
}

/// What the page shows.
#[derive(Default)]
struct Shown<'a> {
    target: Option<RollbackTarget>,
    name: &'a str,
    notice: Option<RollbackNotice<'a>>,
    report: Option<RollbackReport>,
}

/// The page with what would happen.
async fn rehearse<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    admitted: &Admitted,
    mut shown: Shown<'_>,
) -> HttpResponse {
    let scope = match shown.target {
        Some(target) => match scope(app, target, shown.name).await {
            Ok(scope) => scope,
            Err(error) => return failure::render(app, request, &error),
        },
        None => None,
    };
    let Some(scope) = scope else {
        shown.notice = shown.notice.or(Some(RollbackNotice::Nothing));
        return render(app, request, admitted, &shown);
    };
    let stop = Stop::default();
    let wish = stop.clone();
    let clock = rt::spawn(async move {
        rt::time::sleep(REHEARSAL).await;
        wish.ask();
    });
    let report = admitted.desk.rehearse(scope, stop).await;
    clock.abort();
    match report {
        Ok(report) => shown.report = Some(report),
        Err(MigrateError::NotFound { .. }) => shown.notice = Some(RollbackNotice::Nothing),
        Err(error) => {
            let why = refusal(error);
            return render(app, request, admitted, &Shown { notice: Some(RollbackNotice::Refused(&why)), ..shown });
        }
    }
    render(app, request, admitted, &shown)
}

/// Why something could not be done, without what only the log may say.
fn refusal(error: MigrateError) -> String {
    match error {
        MigrateError::Busy { .. }
        | MigrateError::NotFound { .. }
        | MigrateError::Over(_)
        | MigrateError::Refused(_) => error.to_string(),
        error => {
            tracing::error!(error = respond::causes(&error), "accounts are not taken back");
            "the log of the server says why".to_owned()
        }
    }
}

fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    admitted: &Admitted,
    shown: &Shown<'_>,
) -> HttpResponse {
    let report = shown.report.as_ref();
    let results: Vec<(&str, u64)> = report
        .map(|report| report.results.iter().map(|(code, count)| (name_of(*code), *count)).collect())
        .unwrap_or_default();
    let columns: Vec<(&str, String)> = report
        .map(|report| report.conflicts.iter().map(|one| (one.user.as_str(), one.changed_later.join(", "))).collect())
        .unwrap_or_default();
    let conflicts: Vec<RollbackConflict<'_>> =
        columns.iter().map(|(account, columns)| RollbackConflict { account, columns }).collect();
    let rehearsal = report.map(|report| Rehearsal {
        results: &results,
        left_alone: report.left_alone,
        changed_later: report.conflict_count,
        conflicts: &conflicts,
        unfinished: report.stopped,
    });
    let csrf = shown.target.map(|target| app.engine.form_token(&binding(admitted, &bound_to(target, shown.name))));
    let view = MigrationRollback {
        place: admitted.place(),
        csrf: csrf.as_deref().unwrap_or_default(),
        target: shown.target,
        name: shown.name,
        rehearsal,
        recent_sign_in: is_recent(app, admitted),
        sign_in: Endpoint::SignIn.path(),
        notice: shown.notice,
    };
    let refused = shown.notice.is_some_and(|notice| !matches!(notice, RollbackNotice::Done | RollbackNotice::Started));
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let setting = page::Setting::of(request, None);
    let mut answer = page::html(status, authly_pages::migration_rollback(&view, &setting.frame(app)), None);
    if !view.recent_sign_in {
        landing::keep(&mut answer, request, &app.engine.settings().issuer);
    }
    answer
}

/// The code of what becomes of an account.
fn name_of(result: Restored) -> &'static str {
    match result {
        Restored::KeptChanged => "kept_changed",
        Restored::LinkOnly => "link_only",
        Restored::PartlyRestored => "partly_restored",
        Restored::Removed => "removed",
        Restored::Restored => "restored",
    }
}
