//! Profiles over sources as they are.

use super::*;
use crate::profile::{
    rules::SourceKind,
    shape::{Column, ColumnKind, Table},
};

fn table(name: &str, columns: &[(&str, ColumnKind)]) -> Table {
    let column = |(name, kind): &(&str, ColumnKind)| Column {
        name: (*name).to_owned(),
        kind: *kind,
        written: format!("{kind:?}").to_lowercase(),
        identifies: false,
    };
    Table { name: name.to_owned(), columns: columns.iter().map(column).collect() }
}

fn tenants_source(link: &str) -> Shape {
    use ColumnKind::{Text, Time};
    let users = [
        ("user_id", Text),
        ("tenant_id", Text),
        ("email", Text),
        ("full_name", Text),
        ("password_hash", Text),
        ("role", Text),
        ("status", Text),
        ("deleted_at", Time),
        ("last_login_at", Time),
        (link, Text),
    ];
    let tenants = [("tenant_id", Text), ("slug", Text), ("name", Text), ("status", Text), ("deleted_at", Time)];
    Shape { kind: SourceKind::Postgres, tables: vec![table("users", &users), table("tenants", &tenants)] }
}

fn names(bound: &BoundProfile) -> Vec<String> {
    bound.user_columns().iter().map(|name| name.as_str().to_owned()).collect()
}

#[test]
fn hyphenated_and_underscored_columns_are_both_found() {
    let profile = Profile::built_in("tenants").unwrap();
    for link in ["self-auth_user_id", "self_auth_user_id"] {
        let bound = profile.bind(&tenants_source(link)).unwrap();
        assert_eq!(bound.profile.link.as_ref().unwrap().column.first().as_str(), link);
        assert!(names(&bound).contains(&link.to_owned()));
    }
}

#[test]
fn what_is_optional_may_be_lacking_and_is_told() {
    let bound = Profile::built_in("tenants").unwrap().bind(&tenants_source("other")).unwrap();
    assert_eq!(bound.profile.link, None);
    assert_eq!(bound.profile.groups, None);
    for part in ["link", "groups", "users.columns.locked_until"] {
        assert!(bound.lacking.contains(&part.to_owned()), "{part} is not in {:?}", bound.lacking);
    }
    assert!(!names(&bound).contains(&"locked_until".to_owned()));
}

#[test]
fn what_is_not_optional_is_a_mistake_that_names_what_there_is() {
    let mut shape = tenants_source("other");
    shape.tables[0].columns.retain(|column| column.name != "email" && column.name != "status");
    let mistakes = Profile::built_in("tenants").unwrap().bind(&shape).unwrap_err();
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert!(
        said.iter().any(|line| line.starts_with("users.columns.email: ") && line.contains("full_name")),
        "{said:?}"
    );
    assert!(said.iter().any(|line| line.starts_with("users.active: ")), "{said:?}");
}

#[test]
fn a_missing_table_and_a_foreign_kind_are_mistakes() {
    let shape = Shape { kind: SourceKind::Sqlite, tables: vec![table("people", &[("id", ColumnKind::Any)])] };
    let said: Vec<String> =
        Profile::built_in("authly").unwrap().bind(&shape).unwrap_err().iter().map(ToString::to_string).collect();
    assert!(said[0].contains("sqlite") && said[1].contains("people"), "{said:?}");
}

#[test]
fn a_column_of_a_type_that_cannot_hold_it_is_a_mistake() {
    let mut shape = tenants_source("other");
    for column in &mut shape.tables[0].columns {
        match column.name.as_str() {
            "last_login_at" => column.kind = ColumnKind::Bool,
            "user_id" => column.kind = ColumnKind::Bytes,
            _ => {}
        }
    }
    let mistakes = Profile::built_in("tenants").unwrap().bind(&shape).unwrap_err();
    let paths: Vec<&str> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(paths, ["users.key", "users.columns.last_login_at"]);
}
