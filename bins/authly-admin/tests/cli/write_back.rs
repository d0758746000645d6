//! A write to an application's own table that is killed on its way: the next run completes it, and every row reconciles (G2).

use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::{PgFixture, TestDatabase};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::Place;

const PEOPLE: u32 = 1_300;

/// The columns that are written, of every row.
const ROWS: &str = "SELECT CAST(user_id AS VARCHAR(40)), auth_method, CAST(\"self-auth_user_id\" AS VARCHAR(60)),
                           CAST(\"self-auth_synced_at\" AS VARCHAR(60)) FROM users ORDER BY 1";

/// An application whose people are imported, and whose table has the columns and no word of it.
struct Shop {
    place: Place,
    runtime: Runtime,
    database: Option<TestDatabase>,
}

impl Shop {
    fn sqlite() -> Self {
        Self { place: Place::new(), runtime: Runtime::new().unwrap(), database: None }.imported()
    }

    fn postgres() -> Self {
        let runtime = Runtime::new().unwrap();
        let database = runtime.block_on(PgFixture::empty());
        Self { place: Place::new(), runtime, database: Some(database) }.imported()
    }

    fn imported(mut self) -> Self {
        let file = || format!("sqlite:{}", self.place.folder.path().join("shop.db").display());
        let address = self.database.as_ref().map_or_else(file, |database| database.url().to_owned());
        let plan = Plan { users: PEOPLE, tenants: Some(3), ..Plan::new(Legacy::Tenants) };
        self.runtime.block_on(fill(&address, &plan)).unwrap();
        self.place.variables.push(("AUTHLY_SOURCE", address));
        assert_eq!(self.place.run(&["migrate", "schema", "up"]).code, 0);
        let import = self.place.run(&["migrate", "import", "--profile", "tenants", "--execute"]);
        assert_eq!(import.code, 0, "{import:?}");
        // The columns are there, and nothing stands in them: the process ends before its first row.
        self.killed_at("application.promised", &["migrate", "write-back", "--profile", "tenants", "--execute"]);
        self
    }

    fn rows(&self) -> Vec<[Option<String>; 4]> {
        match &self.database {
            Some(database) => {
                let rows = self.runtime.block_on(async { database.client().await.query(ROWS, &[]).await }).unwrap();
                rows.iter().map(|row| [0, 1, 2, 3].map(|place| row.get(place))).collect()
            }
            None => {
                let file = rusqlite::Connection::open(self.place.folder.path().join("shop.db")).unwrap();
                let mut statement = file.prepare(ROWS).unwrap();
                let rows =
                    statement.query_map([], |row| Ok([0, 1, 2, 3].map(|place| row.get(place).unwrap()))).unwrap();
                rows.map(Result::unwrap).collect()
            }
        }
    }

    /// Rows that say that they sign in both ways.
    fn written(&self) -> usize {
        self.rows().iter().filter(|row| row[1].as_deref() == Some("dual")).count()
    }

    fn killed_at(&mut self, failpoint: &str, command: &[&str]) {
        self.place.variables.push(("AUTHLY_FAILPOINT", failpoint.to_owned()));
        assert_eq!(self.place.status(command), None, "it never got to {failpoint}");
        self.place.variables.pop();
    }

    /// What a dry run of write-back counts.
    fn report(&self) -> Value {
        let done = self.place.run(&["migrate", "write-back", "--profile", "tenants", "--output", "json"]);
        serde_json::from_str(&done.out).unwrap()
    }
}

fn a_killed_write_is_completed_and_taken_back(mut shop: Shop) {
    let before = shop.rows();
    assert_eq!((before.len(), shop.written()), (PEOPLE as usize, 0), "what was promised is not written");
    let write = ["migrate", "write-back", "--profile", "tenants", "--execute"];
    shop.killed_at("application.written", &write);
    let part = shop.written();
    assert!(part > 0 && part < PEOPLE as usize, "{part}");
    let done = shop.place.run(&write);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(shop.written(), PEOPLE as usize);
    let report = shop.report();
    assert_eq!((&report["rows"], &report["in_step"]), (&PEOPLE.into(), &PEOPLE.into()), "{report}");
    assert_eq!(shop.place.run(&["migrate", "verify", "--profile", "tenants"]).code, 0);
    let again = shop.rows();
    assert_eq!(shop.place.run(&write).code, 0);
    assert_eq!(shop.rows(), again, "a second run changes nothing");

    // And the way back, killed in the same places.
    let back = ["migrate", "rollback", "--all", "--profile", "tenants", "--write-back", "--execute", "--yes"];
    shop.killed_at("application.written", &back);
    let part = shop.written();
    assert!(part > 0 && part < PEOPLE as usize, "{part}");
    let done = shop.place.run(&write);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(shop.rows(), before, "every row says again what it said");
    let report = shop.report();
    assert_eq!((&report["in_step"], &report["restored"]), (&PEOPLE.into(), &0.into()), "{report}");
    let store = rusqlite::Connection::open(shop.place.folder.path().join("authly.db")).unwrap();
    let promised: u32 = store.query_row("SELECT count(*) FROM migration_write_back", [], |row| row.get(0)).unwrap();
    assert_eq!(promised, 0, "nothing is remembered of rows that are as they were");
}

#[test]
fn a_write_to_the_applications_table_that_is_killed_is_completed_by_the_next_run() {
    a_killed_write_is_completed_and_taken_back(Shop::sqlite());
}

#[test]
fn a_write_to_the_applications_table_in_postgresql_that_is_killed_is_completed_by_the_next_run() {
    a_killed_write_is_completed_and_taken_back(Shop::postgres());
}
