//! What commands say beside their results.

use authly_legacy_source::{Legacy, Plan, fill};

use crate::support::Place;

#[test]
fn a_tenant_that_comes_with_a_user_is_told_once_whatever_the_output() {
    let place = Place::new();
    let create = |email: &str| place.run(&["user", "create", "--email", email, "--tenant", "acne", "--output", "json"]);
    assert!(create("ada@example.com").err.contains("Tenant acne created"));
    assert!(!create("bob@example.com").err.contains("created"));
}

#[test]
fn why_an_import_stopped_is_told_in_words_and_so_is_where_the_key_is() {
    let place = Place::new();
    let plan = Plan { users: 5, ..Plan::new(Legacy::LegacyUsers) };
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
    assert_eq!(place.run(&["migrate", "schema", "up"]).code, 0);
    let import = ["migrate", "import", "--profile", "legacy-users", "--source", "sqlite:old.db", "--execute"];
    let done = place.run(&[&import[..], &["--limit", "1", "--output", "json"]].concat());
    assert!(done.err.contains("SECRET_ENCRYPTION_KEY is not set"), "{done:?}");
    let status = place.json(&["migrate", "status"]);
    assert_eq!(status["last_run"]["note"], "it has done as many rows as --limit allowed");
    let shown = place.run(&[&import[..], &["--limit", "1"]].concat());
    assert!(shown.out.contains(" of 5 rows of the source"), "{shown:?}");
    let gate = place.run(&["migrate", "finalize", "check"]);
    assert!(!gate.out.contains("1 accounts") && !gate.out.contains("1 tenants"), "{gate:?}");
}
