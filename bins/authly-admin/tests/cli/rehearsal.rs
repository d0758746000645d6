//! Plans and dry runs: they say what comes first, and make nothing; and what is said of accounts that are switched off.

use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::{PgFixture, TestDatabase};
use serde_json::Value;

use crate::support::{Done, Place};

/// A place without a store, on SQLite and on PostgreSQL, with a dirty table beside it.
fn places(legacy: Legacy) -> [(Place, Option<TestDatabase>); 2] {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(PgFixture::empty());
    let postgres = Place::new().with("DATABASE_URL", database.url().to_owned());
    let plan = Plan { users: 200, dirty: true, ..Plan::new(legacy) };
    [(Place::new(), None), (postgres, Some(database))].map(|(place, database)| {
        let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
        runtime.block_on(fill(&address, &plan)).unwrap();
        (place, database)
    })
}

fn read(done: &Done) -> Value {
    serde_json::from_str(&done.out).map_err(|_| format!("{done:?}")).unwrap()
}

/// A report without what a dry run and a run differ in.
fn comparable(report: &Value) -> Value {
    let mut report = report.clone();
    for member in ["dry_run", "run", "resumed", "seconds"] {
        report.as_object_mut().unwrap().remove(member);
    }
    report
}

/// How many tables there are.
fn tables(place: &Place, database: Option<&TestDatabase>) -> i64 {
    let Some(database) = database else {
        assert!(!place.folder.path().join("authly.db").exists(), "a dry run makes no file");
        return 0;
    };
    let count = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { database.client().await.query_one(count, &[]).await.unwrap().get(0) })
}

#[test]
fn before_there_is_a_store_a_plan_says_what_comes_first_and_makes_nothing() {
    for (place, database) in places(Legacy::Tenants) {
        let run = |words: &[&str]| {
            place.run(&[&["migrate"], words, &["--profile", "tenants", "--source", "sqlite:old.db"]].concat())
        };
        let plan = run(&["plan", "--output", "json"]);
        assert_eq!(plan.code, 2, "{plan:?}");
        let plan = read(&plan);
        let named = |name: &str| {
            plan["report"][name]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert!(named("schema_steps").iter().any(|step| step.starts_with("V1__")), "{plan}");
        assert!(named("new_tenants").contains(&"acme-corp".to_owned()), "{plan}");
        assert!(named("new_groups").contains(&"tenant_acme-corp_admins".to_owned()), "{plan}");
        assert_eq!(plan["rows"].as_array().unwrap().len(), 200);
        let told = run(&["plan"]);
        for word in ["schema steps", "V1__", "new tenants", "acme-corp", "new groups", "tenant_acme-corp_users"] {
            assert!(told.out.contains(word), "{word}: {told:?}");
        }
        assert!(told.err.contains("There is no store yet: `import --execute` makes it first."), "{told:?}");
        run(&["plan", "--out", "plan.json"]);
        let file: Value =
            serde_json::from_slice(&std::fs::read(place.folder.path().join("plan.json")).unwrap()).unwrap();
        assert_eq!(file, plan, "the file is what is printed");
        let dry = run(&["import", "--output", "json"]);
        assert_eq!(dry.code, 2, "{dry:?}");
        assert_eq!(tables(&place, database.as_ref()), 0);
        assert!(!place.folder.path().join("data").exists(), "nor a key, nor a folder for it");
        // The run does what was said, and then nothing comes first any more.
        let done = run(&["import", "--execute", "--plan", "plan.json", "--output", "json"]);
        assert_eq!(comparable(&read(&dry)), comparable(&read(&done)), "{done:?}");
        let after = read(&run(&["plan", "--output", "json"]));
        assert_eq!(
            (after["report"].get("schema_steps"), &after["report"]["new_groups"]),
            (None, &Value::Array(Vec::new()))
        );
        let mut key = place.folder.path().join("data");
        key.push("secret-encryption.key");
        assert!(key.exists(), "the run sealed what was there before it");
    }
}

/// Only behind the steps is it seen what becomes of the accounts of a database that is adopted: it is named what is pending.
#[test]
fn a_plan_over_a_database_that_is_not_adopted_yet_names_the_steps() {
    const OLDER: &str = include_str!("../../../../crates/storage-pg/tests/older/with_oauth.sql");
    const PEOPLE: &str = include_str!("../../../../crates/storage-pg/tests/older/people.sql");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(async {
        let database = PgFixture::empty().await;
        let client = database.client().await;
        for script in [OLDER, PEOPLE] {
            client.batch_execute(script).await.unwrap();
        }
        database
    });
    let place = Place::new().with("DATABASE_URL", database.url().to_owned());
    let before = tables(&place, Some(&database));
    for words in [&["migrate", "plan"][..], &["migrate", "import"]] {
        let done = place.run(&[words, &["--profile", "authly"]].concat());
        let told = done.refused(1);
        assert!(told.contains("pending: V1__") && told.contains("migrate schema up"), "{told}");
    }
    assert_eq!(tables(&place, Some(&database)), before);
}

/// S002-15: whoever is switched off stays so, unless the operator says otherwise; what is said holds for later runs and the check.
#[test]
fn what_is_said_of_accounts_that_are_switched_off_holds() {
    for (place, _database) in places(Legacy::LegacyUsers) {
        let run = |words: &[&str]| {
            place.run(
                &[&["migrate"], words, &["--profile", "legacy-users", "--source", "sqlite:old.db", "--output", "json"]]
                    .concat(),
            )
        };
        assert_eq!(read(&run(&["import"]))["inactive_as"], "disabled");
        assert_eq!(run(&["import", "--inactive-as", "active"]).code, 64);
        run(&["plan", "--inactive-as", "pending", "--out", "plan.json"]);
        let other = run(&["import", "--execute", "--plan", "plan.json"]);
        assert!(other.code == 1 && other.err.contains("--inactive-as"), "{other:?}");
        let pending = ["--inactive-as", "pending", "--plan", "plan.json"];
        let dry = read(&run(&[&["import"][..], &pending].concat()));
        let done = read(&run(&[&["import", "--execute"][..], &pending].concat()));
        assert_eq!(done["inactive_as"], "pending_verification");
        assert_eq!(dry["outcomes"], done["outcomes"]);
        let with = |status: &str| {
            let users = place.json(&["user", "list", "--limit", "1000"]);
            users.as_array().unwrap().iter().filter(|user| user["status"] == status).count() as u64
        };
        assert!(with("pending_verification") > 0);
        assert_eq!(
            (with("pending_verification"), with("disabled")),
            (done["outcomes"]["import_disabled"].as_u64().unwrap(), 0)
        );
        // Nobody has to say it again.
        let again = read(&run(&["import", "--execute"]));
        assert_eq!((&again["inactive_as"], &again["outcomes"]["updated"]), (&"pending_verification".into(), &0.into()));
        let told = place.run(&["migrate", "import", "--profile", "legacy-users", "--source", "sqlite:old.db"]);
        assert!(told.out.contains("unchanged"), "{told:?}");
        assert_eq!(run(&["verify"]).code, 0);
        // One that comes later is as the others, and another word holds from then on.
        let file = rusqlite::Connection::open(place.folder.path().join("old.db")).unwrap();
        let switch_off = |id: i64| {
            file.execute("UPDATE legacy_users SET is_active = 0 WHERE id = ?1", [id]).unwrap();
        };
        let active = |place_in_list: usize| -> i64 {
            let users = place.json(&["user", "list", "--limit", "1000"]);
            let active = users.as_array().unwrap().iter().filter(|user| user["status"] == "active").nth(place_in_list);
            let email = active.unwrap()["email"].as_str().unwrap().to_owned();
            let sql = "SELECT id FROM legacy_users WHERE trim(email) = ?1 COLLATE NOCASE";
            file.query_row(sql, [email], |row| row.get(0)).unwrap()
        };
        let before = with("pending_verification");
        switch_off(active(0));
        assert_eq!(read(&run(&["import", "--execute"]))["outcomes"]["updated"], 1);
        assert_eq!(with("pending_verification"), before + 1);
        switch_off(active(1));
        assert_eq!(read(&run(&["import", "--execute", "--inactive-as", "disabled"]))["inactive_as"], "disabled");
        assert_eq!((with("pending_verification"), with("disabled")), (before + 1, 1), "who is here stays as he is");
        assert_eq!(read(&run(&["import"]))["inactive_as"], "disabled");
        assert_eq!(run(&["verify"]).code, 0);
    }
}
