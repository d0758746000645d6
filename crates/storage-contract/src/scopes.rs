//! Scopes.

use oauth_core::{audit::AuditKind, catalog::ScopeRecord, scope::Scope, store::Commit};

use crate::{WholeStore, World};

fn record<S: WholeStore>(w: &World<S>, name: &str) -> ScopeRecord {
    ScopeRecord {
        key: w.scope_key(),
        name: Scope::parse(name).unwrap(),
        description: "Darf „alles“ lesen \u{1f511}".to_owned(),
        is_default: true,
        is_active: false,
    }
}

/// All fields come back.
pub async fn a_scope_reads_back_as_it_was_put<S: WholeStore>(w: World<S>) {
    for (is_default, is_active) in [(true, false), (false, true)] {
        let scope = ScopeRecord { is_default, is_active, ..record(&w, &format!("api:{is_active}")) };
        w.store.put_scope(&scope, w.audit(AuditKind::SettingChanged)).await.unwrap();
        let records = w.store.load_catalog().await.unwrap();
        assert_eq!(records.scopes.iter().find(|found| found.name == scope.name), Some(&scope));
    }
}

/// There is one scope of a name, and its row stays the same.
pub async fn a_scope_is_replaced_by_name<S: WholeStore>(w: World<S>) {
    let first = record(&w, "read");
    let second = ScopeRecord { description: String::new(), is_default: false, is_active: true, ..record(&w, "read") };
    for scope in [&first, &second] {
        w.store.put_scope(scope, w.audit(AuditKind::SettingChanged)).await.unwrap();
    }
    let expected = ScopeRecord { key: first.key, ..second };
    assert_eq!(w.store.load_catalog().await.unwrap().scopes, [expected]);
}

/// A second removal finds nothing.
pub async fn a_removed_scope_is_gone<S: WholeStore>(w: World<S>) {
    let (read, write) = (record(&w, "read"), record(&w, "write"));
    for scope in [&read, &write] {
        w.store.put_scope(scope, w.audit(AuditKind::SettingChanged)).await.unwrap();
    }
    for expected in [Commit::Applied, Commit::Lost] {
        let commit = w.store.delete_scope(read.key, w.audit(AuditKind::SettingChanged)).await.unwrap();
        assert_eq!(commit, expected);
    }
    assert_eq!(w.store.load_catalog().await.unwrap().scopes, [write]);
}
