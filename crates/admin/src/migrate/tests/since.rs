//! What an import reads that wants no more than what changed since the last one.

use authly_cutover::{
    decide::Rules,
    run::{Begun, RunId, RunKind, RunPlan, RunState},
    store::{BatchCommit, BatchWrite, CutoverStore as _, RunEnd},
};
use oauth_core::store::Commit;
use serde_json::json;

use super::*;

/// A source that remembers from when on it was asked for rows.
struct Asked(Rows, Option<Timestamp>);

impl Source for Asked {
    async fn rows(&mut self, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        self.0.rows(page).await
    }

    async fn count(&mut self, since: Option<Timestamp>) -> Result<u64, SourceError> {
        self.1 = since;
        self.0.count(since).await
    }

    async fn tenants(&mut self) -> Result<Vec<SourceTenant>, SourceError> {
        self.0.tenants().await
    }

    async fn digest(&mut self) -> Result<Digest, SourceError> {
        self.0.digest().await
    }
}

/// A table that tells when its rows were changed.
fn profile() -> BoundProfile {
    let mut profile = super::profile().profile;
    profile.users.columns.updated_at = Some(serde_json::from_value(json!("updated_at")).unwrap());
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: ColumnKind::Any,
        written: String::new(),
        identifies: name == "id",
    };
    let names = ["id", "email", "username", "password_hash", "created_at", "updated_at", "is_active"];
    let table = Table { name: "legacy_users".to_owned(), columns: names.into_iter().map(column).collect() };
    profile.bind(&Shape { kind: SourceKind::Sqlite, tables: vec![table] }).unwrap()
}

fn changed(id: u32, at: &str) -> SourceRow {
    let mut row = row(id, &format!("user{id}@example.com"), "$2b$12$hash");
    row.columns.insert("updated_at".into(), Value::Text(at.to_owned()));
    row
}

/// Imports, and tells from when on.
fn read(bench: &Bench, rows: &[SourceRow], options: &ImportOptions) -> Result<Option<Timestamp>, MigrateError> {
    let mut source = Asked(Rows(rows.to_vec()), None);
    let done = ready(import(bench, &mut source, &profile(), name(), options, &Stop::default(), &mut Silent));
    done.map(|_| source.1)
}

fn since() -> ImportOptions {
    ImportOptions { since_watermark: true, ..execute() }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

#[test]
fn an_import_reads_from_the_newest_change_on_that_the_last_one_knew() {
    let bench = Bench::default();
    let rows = [changed(1, "2021-05-06 07:08:09"), changed(2, "2020-01-01 00:00:00")];
    assert!(matches!(read(&bench, &rows, &since()), Err(MigrateError::Refused(_))), "there is none to go on from");
    assert_eq!(read(&bench, &rows, &execute()).unwrap(), None);
    assert_eq!(read(&bench, &rows, &since()).unwrap(), Some(instant("2021-05-06T07:08:09Z")));
    // One that found nothing new tells nothing, and takes nothing from what is known.
    assert_eq!(read(&bench, &[], &since()).unwrap(), Some(instant("2021-05-06T07:08:09Z")));
    assert_eq!(read(&bench, &rows, &since()).unwrap(), Some(instant("2021-05-06T07:08:09Z")));
}

#[test]
fn what_changed_while_the_last_import_ran_is_read_again() {
    let bench = Bench::default();
    // Were the second row believed, it would hide what happens to the first one from now on. The clock of the bench stands in 2023.
    let rows = [changed(1, "2021-05-06 07:08:09"), changed(2, "2099-01-01 00:00:00")];
    read(&bench, &rows, &execute()).unwrap();
    let began = ready(bench.target.runs(None, 1)).unwrap().remove(0).started_at;
    assert_eq!(read(&bench, &rows, &since()).unwrap(), Some(began.minus(Duration::from_secs(300))));
}

/// An import of one tenant that came to its end.
fn of_one_tenant(bench: &Bench, tenant: &str) {
    let now = bench.clock.now();
    let plan = RunPlan {
        id: RunId::generate(now, &bench.random),
        kind: RunKind::Import,
        source: name(),
        profile: "legacy-users".to_owned(),
        profile_digest: Digest::of([tenant.as_bytes()]),
        options: json!({ "tenant": tenant }),
        source_rows: None,
    };
    let Begun::Started(run) = ready(bench.target.begin_run(plan, now, now)).unwrap() else {
        panic!("it does not begin")
    };
    let mut write = BatchWrite::empty(run.lease(), now);
    write.progress.watermark = Some(instant("2021-05-06T07:08:09Z"));
    assert_eq!(ready(bench.target.commit_batch(write)).unwrap(), BatchCommit::Applied);
    let end = RunEnd { state: RunState::Finished, at: now, note: None, audit: None };
    assert_eq!(ready(bench.target.finish_run(run.lease(), end)).unwrap(), Commit::Applied);
}

#[test]
fn an_import_of_one_tenant_tells_nothing_of_the_others() {
    let bench = Bench::default();
    let rules = Rules::of(&profile().profile, name());
    let known = |tenant: Option<&str>| {
        let options = ImportOptions { tenant: tenant.map(str::to_owned), ..since() };
        ready(crate::migrate::since::watermark(&bench, &rules, &options)).is_ok()
    };
    of_one_tenant(&bench, "acme");
    assert_eq!([known(Some("acme")), known(Some("other")), known(None)], [true, false, false]);
    read(&bench, &[changed(1, "2021-05-06 07:08:09")], &execute()).unwrap();
    assert!(known(Some("other")) && known(None), "one of all tenants tells of each");
}

#[test]
fn what_was_taken_back_is_read_again_although_it_has_not_changed() {
    let bench = Bench::default();
    let rows = [changed(1, "2021-05-06 07:08:09")];
    read(&bench, &rows, &execute()).unwrap();
    super::back::back(&bench, true);
    assert!(matches!(read(&bench, &rows, &since()), Err(MigrateError::Refused(_))));
    read(&bench, &rows, &execute()).unwrap();
    assert!(read(&bench, &rows, &since()).unwrap().is_some());
}
