//! How a rollback rests, and an import of what hangs on accounts.

use authly_cutover::{
    inspect::{Inspect, Orphans, Part},
    profile::shape::ColumnKind,
    source::Columns,
};

use super::*;

/// How long a rollback of so many accounts rests each time.
fn rests_of_rollback(accounts: u32, pace: Pace, execute: bool) -> usize {
    let bench = Bench::default();
    let options = ImportOptions { batch: 500, ..self::execute() };
    run(&bench, &people(accounts), &options);
    assert!(bench.pauses.lock().unwrap().is_empty());
    let options = RollbackOptions { scope: RollbackScope::All, execute, later: Later::Keep, pace, by: None };
    let report = ready(roll_back(&bench, &options, &Stop::default())).unwrap();
    assert_eq!(report.results, BTreeMap::from([(authly_cutover::rollback::Restored::Removed, u64::from(accounts))]));
    bench.pauses.into_inner().unwrap().len()
}

#[test]
fn a_gentle_rollback_rests_behind_each_piece_and_one_at_full_pace_never() {
    // Two whole pieces of two hundred, the page behind them that is not full, and a look at what waits.
    assert_eq!(rests_of_rollback(450, Pace::Gentle, true), 3);
    assert_eq!(rests_of_rollback(450, Pace::Gentle, false), 3, "a dry run is felt as much while it lasts");
    assert_eq!(rests_of_rollback(450, Pace::Full, true), 0);
}

/// Accounts, and tokens of the first of them.
struct WithTokens(Rows, u32);

impl Source for WithTokens {
    async fn rows(&mut self, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        self.0.rows(page).await
    }

    async fn count(&mut self, since: Option<Timestamp>) -> Result<u64, SourceError> {
        self.0.count(since).await
    }

    async fn tenants(&mut self) -> Result<Vec<SourceTenant>, SourceError> {
        self.0.tenants().await
    }

    async fn digest(&mut self) -> Result<Digest, SourceError> {
        self.0.digest().await
    }
}

impl Inspect for WithTokens {
    fn about(&self) -> String {
        "memory".to_owned()
    }

    async fn table_counts(&mut self) -> Result<Vec<(String, u64)>, SourceError> {
        Ok(vec![("sessions".to_owned(), u64::from(self.1))])
    }

    async fn row(&mut self, _id: &SourceId) -> Result<Option<SourceRow>, SourceError> {
        Ok(None)
    }

    async fn groups(&mut self) -> Result<Vec<Columns>, SourceError> {
        Ok(Vec::new())
    }

    async fn part(&mut self, _part: Part, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        let tokens = (1..=self.1).map(|number| {
            let columns = [
                ("user_id", Value::Text("000001".to_owned())),
                ("jti", Value::Text(format!("token-{number}"))),
                ("expires_at", Value::Text("2033-01-02 03:04:05".to_owned())),
            ];
            SourceRow {
                id: SourceId::parse(&format!("{number:06}")).unwrap(),
                columns: columns.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            }
        });
        let behind = |row: &SourceRow| page.after.as_ref().is_none_or(|after| row.id > *after);
        Ok(tokens.filter(behind).take(page.limit as usize).collect())
    }

    async fn orphans(&mut self, _part: Part, _limit: u32) -> Result<Orphans, SourceError> {
        Ok(Orphans::default())
    }
}

fn with_sessions() -> BoundProfile {
    let text = authly_cutover::profile::BUILT_IN.into_iter().find(|(name, _)| *name == "legacy-users").unwrap().1;
    let tokens = "\n[tokens]\ntable = \"sessions\"\nkey = \"id\"\nuser = \"user_id\"\ntoken = \"jti\"\nexpires_at = \"expires_at\"\n";
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: ColumnKind::Any,
        written: String::new(),
        identifies: name == "id",
    };
    let table = |name: &str, columns: &[&str]| Table {
        name: name.to_owned(),
        columns: columns.iter().map(|name| column(name)).collect(),
    };
    let users = ["id", "email", "username", "password_hash", "created_at", "is_active"];
    let tables = vec![table("legacy_users", &users), table("sessions", &["id", "user_id", "jti", "expires_at"])];
    Profile::parse(&format!("{text}{tokens}")).unwrap().bind(&Shape { kind: SourceKind::Sqlite, tables }).unwrap()
}

/// What became of so many tokens, and how often their import rested.
fn tokens(bench: &Bench, count: u32, pace: Pace, stop: &Stop, observer: &mut impl Observer) -> ImportReport {
    let mut source = WithTokens(Rows(people(1)), count);
    let options = PartOptions { part: Part::Tokens, execute: true, batch: 300, pace };
    ready(import_part(bench, &mut source, &with_sessions(), &name(), options, stop, observer)).unwrap()
}

#[test]
fn a_gentle_import_of_tokens_rests_between_pieces_and_one_at_full_pace_never() {
    for (pace, rests) in [(Pace::Gentle, 4), (Pace::Full, 0)] {
        let bench = Bench::default();
        run(&bench, &people(1), &execute());
        let report = tokens(&bench, 620, pace, &Stop::default(), &mut Silent);
        assert_eq!((report.outcomes["import"], report.reconciles), (620, Some(true)), "{report:?}");
        // 200 and 100 of each page of 300, and the twenty of the last.
        assert_eq!(bench.pauses.lock().unwrap().len(), rests, "{pace:?}");
        let again = tokens(&bench, 620, pace, &Stop::default(), &mut Silent);
        assert_eq!((again.outcomes["unchanged"], again.reconciles), (620, Some(true)), "{again:?}");
    }
}

#[test]
fn an_import_of_tokens_that_was_stopped_within_a_page_goes_on_behind_the_piece() {
    let bench = Bench::default();
    run(&bench, &people(1), &execute());
    let stop = Stop::default();
    let mut after = After(stop.clone(), 1);
    let first = tokens(&bench, 620, Pace::Gentle, &stop, &mut after);
    assert_eq!((first.stopped, first.rows, first.reconciles), (Some(Stopped::Asked), 200, None));
    let rest = tokens(&bench, 620, Pace::Gentle, &Stop::default(), &mut Silent);
    assert!(rest.resumed);
    assert_eq!((rest.outcomes["import"], rest.reconciles), (620, Some(true)), "{rest:?}");
}
