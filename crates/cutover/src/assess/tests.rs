//! Findings: each kind, and their sums.

use authly_directory::password::StoredHash;

use super::*;
use crate::{
    decide::census::Census,
    hash::Judged,
    outcome::FlawKind,
    profile::Profile,
    source::{SourceId, SourceName},
};

struct Words;

impl HashJudge for Words {
    fn judge(&self, stored: &StoredHash) -> Judged {
        let state = match stored.expose() {
            "weak" => HashState::Weak,
            "hostile" => HashState::Hostile,
            "odd" => HashState::Unsupported,
            _ => HashState::Foreign,
        };
        Judged { scheme: "word", state, wraps: false }
    }
}

fn person(id: &str, email: &str, hash: Option<&str>) -> Person {
    Person {
        email: Some(email.to_owned()).filter(|email| !email.is_empty()),
        hash: hash.map(|hash| StoredHash::new(hash.to_owned())),
        ..Person::unknown(SourceId::parse(id).unwrap())
    }
}

fn rules() -> Rules {
    Rules::of(&Profile::built_in("legacy-users").unwrap(), SourceName::parse("old").unwrap())
}

fn assess(people: &[Person], wanted: Option<Class>) -> Report {
    let rules = rules();
    let mut assessment = Assessment::new(Timestamp::from_seconds(1_700_000_000), wanted);
    let mut census = Census::default();
    for person in people {
        assessment.note(person, &rules, &Words);
        census.note(person, None, &rules);
    }
    let mut collisions = census.collisions();
    people.iter().for_each(|person| collisions.note(person, None, &rules));
    assessment.collisions(&collisions);
    assessment.report(&BTreeMap::new())
}

fn rows_of(report: &Report, class: Class) -> u64 {
    report.findings.iter().find(|finding| finding.class == class).map_or(0, |finding| finding.rows)
}

#[test]
fn a_clean_source_has_no_findings() {
    let report = assess(&[person("1", "a@b.example", Some("fine"))], None);
    assert_eq!((report.findings.as_slice(), report.worst()), ([].as_slice(), None));
    assert_eq!((report.people.total, report.people.active, report.schemes[0].users), (1, 1, 1));
}

#[test]
fn collisions_name_the_others() {
    let people = [
        person("1", "A@b.example", Some("fine")),
        person("2", "a@b.example", Some("fine")),
        person("3", "c@b.example", Some("fine")),
    ];
    let report = assess(&people, Some(Class::EmailTaken));
    assert_eq!((rows_of(&report, Class::EmailTaken), report.worst()), (2, Some(Severity::Error)));
    assert_eq!(report.rows[0], Row { id: "1".to_owned(), detail: json!({ "with": ["2"] }) });
}

#[test]
fn hashes_are_counted_by_what_can_be_done_with_them() {
    let hashes = [Some("weak"), Some("hostile"), Some("odd"), Some("fine"), None];
    let people: Vec<Person> = hashes
        .iter()
        .enumerate()
        .map(|(place, hash)| person(&place.to_string(), &format!("p{place}@b.example"), *hash))
        .collect();
    let report = assess(&people, Some(Class::HashHostile));
    for class in [Class::HashWeak, Class::HashHostile, Class::HashUnsupported, Class::HashMissing] {
        assert_eq!(rows_of(&report, class), 1, "{class:?}");
    }
    assert_eq!((report.rows.len(), report.rows[0].id.as_str(), report.worst()), (1, "1", Some(Severity::Warning)));
    assert_eq!(report.schemes.iter().map(|line| line.users).sum::<u64>(), 4);
}

#[test]
fn flaws_are_errors_where_they_keep_a_row_out_and_warnings_elsewhere() {
    let mut odd = person("1", "", Some("fine"));
    odd.flaws.push(Flaw { kind: FlawKind::TimeInvalid, column: "made".to_owned() });
    odd.created_at = Some(Timestamp::from_seconds(-5));
    let mut lost = person("2", "nobody", Some("fine"));
    lost.unmapped_roles = vec!["clerk".to_owned()];
    lost.is_admin = true;
    let report = assess(&[odd, lost], None);
    for class in [
        Class::EmailMissing,
        Class::EmailInvalid,
        Class::TimeInvalid,
        Class::TimeOdd,
        Class::RoleLost,
        Class::Administrator,
    ] {
        assert_eq!(rows_of(&report, class), 1, "{class:?}");
    }
    assert_eq!(report.findings.first().map(|finding| finding.severity), Some(Severity::Error));
}

#[test]
fn deleted_rows_are_only_counted() {
    let deleted = Person { activity: Activity::Deleted, ..person("1", "", None) };
    let report = assess(&[deleted], None);
    assert_eq!((report.people.deleted, report.findings.len()), (1, 0));
}

#[test]
fn tenants_whose_names_become_equal_are_errors() {
    let tenant =
        |id: &str, slug: &str| TenantOfSource { id: id.into(), slug: slug.into(), name: id.into(), active: true };
    let tenants = [tenant("1", "a-b"), tenant("2", "a-b"), tenant("3", "c")];
    let mut assessment = Assessment::new(Timestamp::from_seconds(0), Some(Class::SlugTaken));
    assessment.slugs(tenants.iter());
    let report = assessment.report(&tenants.iter().map(|tenant| (tenant.id.clone(), tenant.clone())).collect());
    assert_eq!((rows_of(&report, Class::SlugTaken), report.rows.len(), report.tenants.len()), (2, 2, 3));
}

#[test]
fn few_accounts_of_one_tenant_may_be_moved_by_hand() {
    assert!(advice(99, 1).starts_with("manual") && advice(100, 1).starts_with("automated"));
    assert!(advice(5, 2).starts_with("automated") && advice(0, 0).starts_with("manual"));
}
