//! The application's own table beside the target, with a process that dies between promise and write.

use authly_cutover::{
    account::AuthMethod,
    profile::zone::Zone,
    write_back::{AppRow, AppWrite, Application, Cell, Forms, Track, WriteBackRepository as _},
};

use super::*;

/// A table in memory whose program may be killed before it writes.
struct Table {
    rows: BTreeMap<SourceId, BTreeMap<Track, Cell>>,
    forms: Forms,
    dies: bool,
}

impl Table {
    fn new(rows: &[SourceRow]) -> Self {
        let odd = |number: usize| Cell::Text(format!("null '{number}\""));
        let cells = |number| {
            BTreeMap::from([
                (Track::AuthMethod, Cell::Text("password".to_owned())),
                (Track::CompletedAt, Cell::Null),
                (Track::ExternalSubject, odd(number)),
                (Track::SyncedAt, Cell::Integer(7)),
            ])
        };
        let rows = rows.iter().enumerate().map(|(number, row)| (row.id.clone(), cells(number))).collect();
        Self { rows, forms: Forms::local("self-auth", Zone::UTC), dies: false }
    }

    fn cell(&self, id: u32, track: Track) -> String {
        match &self.rows[&SourceId::parse(&format!("{id:06}")).unwrap()][&track] {
            Cell::Text(text) => text.clone(),
            other => format!("{other:?}"),
        }
    }
}

impl Application for Table {
    fn forms(&self) -> &Forms {
        &self.forms
    }

    async fn page(&mut self, after: Option<&SourceId>, limit: u32) -> Result<Vec<AppRow>, SourceError> {
        let behind = |(id, _): &(&SourceId, &BTreeMap<Track, Cell>)| after.is_none_or(|after| *id > after);
        let row = |(id, cells): (&SourceId, &BTreeMap<Track, Cell>)| AppRow { id: id.clone(), cells: cells.clone() };
        Ok(self.rows.iter().filter(behind).take(limit as usize).map(row).collect())
    }

    async fn write(&mut self, rows: &[AppWrite]) -> Result<Vec<SourceId>, SourceError> {
        if self.dies {
            return Err(SourceError::Unavailable { what: "killed".to_owned(), source: None });
        }
        let mut done = Vec::new();
        for row in rows {
            let cells = self.rows.get_mut(&row.id).unwrap();
            if row.changes.iter().all(|(track, promise)| cells[track] == promise.there) {
                cells.extend(row.changes.iter().map(|(track, promise)| (*track, promise.wanted.clone())));
                done.push(row.id.clone());
            }
        }
        Ok(done)
    }
}

fn tenants() -> Profile {
    Profile::built_in("tenants").unwrap()
}

fn keep(bench: &Bench, table: &mut Table, how: WriteBack<'_>) -> Result<WriteBackReport, MigrateError> {
    ready(write_back(bench, table, &tenants(), &name(), how, &Stop::default(), &mut Silent))
}

#[test]
fn a_dry_run_foresees_what_the_run_writes() {
    let bench = Bench::default();
    let rows = people(5);
    let mut table = Table::new(&rows);
    let mut silent = Silent;
    let mut hears = Foreseeing::new(&mut silent, false);
    let options = ImportOptions { execute: false, ..execute() };
    let source = &mut Rows(rows.clone());
    ready(import(&bench, source, &profile(), name(), &options, &Stop::default(), &mut hears)).unwrap();
    let dry = keep(&bench, &mut table, WriteBack::Dry(&hears.end())).unwrap();
    assert_eq!(table.cell(1, Track::AuthMethod), "password");
    run(&bench, &rows, &execute());
    let real = keep(&bench, &mut table, WriteBack::Execute).unwrap();
    assert_eq!(WriteBackReport { dry_run: true, ..real.clone() }, dry);
    assert_eq!((real.rows, real.written, real.columns["external_subject"]), (5, 5, 5));
    assert_eq!(table.cell(1, Track::AuthMethod), "dual");
    let sub = bench.target.accounts().into_iter().map(|account| account.user.to_string());
    assert!(sub.into_iter().any(|sub| sub == table.cell(1, Track::ExternalSubject)));
    assert!(
        keep(&bench, &mut table, WriteBack::Execute).unwrap().is_in_step(),
        "a second time there is nothing to write"
    );
}

#[test]
fn whoever_dies_between_promise_and_write_is_completed_and_everything_goes_back_exactly() {
    let bench = Bench::default();
    let rows = people(5);
    let mut table = Table::new(&rows);
    let before = table.rows.clone();
    run(&bench, &rows, &execute());
    table.dies = true;
    assert!(keep(&bench, &mut table, WriteBack::Execute).is_err());
    assert_eq!(table.rows, before);
    table.dies = false;
    // Somebody signs in by OAuth meanwhile.
    let mut account = bench.target.accounts().remove(0);
    account.auth_method = AuthMethod::Oauth;
    account.completed_at = Some(Timestamp::from_seconds(1_800_000_000));
    bench.target.put(account);
    assert_eq!(keep(&bench, &mut table, WriteBack::Execute).unwrap().written, 5);
    let completed = (1..=5).filter(|id| table.cell(*id, Track::CompletedAt) == "2027-01-15 08:00:00").count();
    assert_eq!(completed, 1);
    // Taken back, and killed once more.
    super::back::back(&bench, true);
    table.dies = true;
    assert!(keep(&bench, &mut table, WriteBack::Execute).is_err());
    table.dies = false;
    let restored = keep(&bench, &mut table, WriteBack::Execute).unwrap();
    assert!(restored.restored >= 4, "{restored:?}");
    let gone: Vec<_> = bench.target.accounts().iter().map(|account| account.user).collect();
    if gone.is_empty() {
        assert_eq!(table.rows, before);
        assert_eq!(ready(bench.target.written_rows()).unwrap(), BTreeMap::new());
    }
}

#[test]
fn what_was_written_back_does_not_come_back_as_news() {
    let bench = Bench::default();
    let mut rows = people(3);
    for row in &mut rows {
        row.columns.insert("self-auth_user_id".into(), Value::Null);
    }
    run(&bench, &rows, &execute());
    let mut table = Table::new(&rows);
    for cells in table.rows.values_mut() {
        cells.insert(Track::ExternalSubject, Cell::Null);
    }
    keep(&bench, &mut table, WriteBack::Execute).unwrap();
    let mut there = rows.clone();
    for row in &mut there {
        let Cell::Text(id) = &table.rows[&row.id][&Track::ExternalSubject] else { panic!("written") };
        row.columns.insert("self-auth_user_id".into(), Value::Text(id.clone()));
    }
    there[2].columns.insert("self-auth_user_id".into(), Value::Text("the application's own".to_owned()));
    let mut read = ready(Unwritten::new(Rows(there), &bench, &tenants(), name())).unwrap();
    assert!(read.is_written_back());
    let page = ready(read.rows(PageAsk { after: None, limit: 9, since: None })).unwrap();
    assert_eq!(page[0], rows[0]);
    assert_eq!(page[2].column("self-auth_user_id"), &Value::Text("the application's own".to_owned()));
}
