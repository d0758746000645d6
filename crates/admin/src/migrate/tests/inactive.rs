//! Tests of what becomes of accounts that are switched off in the source.

use authly_cutover::profile::rules::Inactive;
use oauth_core::subject::AccountStatus;

use super::*;

/// What an operator said of accounts that are switched off holds for later imports too, until another word is said.
#[test]
fn what_was_said_of_inactive_accounts_holds_for_later_imports() {
    let off = |id: u32| {
        let mut row = row(id, &format!("off{id}@example.com"), "$2b$");
        row.columns.insert("is_active".into(), Value::Bool(false));
        row
    };
    let bench = Bench::default();
    let rows: Vec<SourceRow> = (1..=3).map(off).collect();
    let said = |inactive| ImportOptions { inactive_as: Some(inactive), ..execute() };
    let status = |bench: &Bench, email: &str| {
        bench.target.accounts().into_iter().find(|account| account.email == email).unwrap().status
    };
    assert_eq!(run(&bench, &rows[..1], &execute()).inactive_as, Some(Inactive::Disabled), "as the profile says");
    assert_eq!(status(&bench, "off1@example.com"), AccountStatus::Disabled);
    let dry = ImportOptions { execute: false, ..said(Inactive::PendingVerification) };
    assert_eq!(run(&bench, &rows[..2], &dry).inactive_as, Some(Inactive::PendingVerification));
    assert_eq!(
        run(&bench, &rows[..2], &ImportOptions { execute: false, ..execute() }).inactive_as,
        Some(Inactive::Disabled)
    );
    run(&bench, &rows[..2], &said(Inactive::PendingVerification));
    assert_eq!(status(&bench, "off1@example.com"), AccountStatus::Disabled, "who was here stays as he is");
    assert_eq!(status(&bench, "off2@example.com"), AccountStatus::PendingVerification);
    let user = bench.target.accounts().into_iter().find(|account| account.email == "off1@example.com").unwrap().user;
    // Rows are decided one by one meanwhile: many runs, and no import among them.
    for _ in 0..30 {
        let id = SourceId::parse("000001").unwrap();
        ready(unlink(&bench, &name(), &id)).unwrap();
        ready(link(&bench, &name(), &id, &Subject::Account(user))).unwrap();
    }
    let later = run(&bench, &rows, &execute());
    assert_eq!(later.inactive_as, Some(Inactive::PendingVerification));
    assert_eq!(status(&bench, "off3@example.com"), AccountStatus::PendingVerification);
    let mut source = Rows(rows.clone());
    let checked = ready(verify(&bench, &mut source, &profile(), name(), &VerifyOptions::default(), &mut Silent));
    assert!(checked.unwrap().clean);
    assert_eq!(run(&bench, &rows, &said(Inactive::Disabled)).inactive_as, Some(Inactive::Disabled));
    assert_eq!(run(&bench, &rows, &execute()).inactive_as, Some(Inactive::Disabled));
}
