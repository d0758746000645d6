//! What is remembered of rows that were written into an application's own table.

use std::collections::BTreeMap;

use authly_cutover::{
    store::CutoverStore,
    write_back::{Cell, Promise, Track, Written},
};

use super::world::*;

fn written(number: u64, before: &[(Track, Cell)], promised: &[(Track, &str)]) -> Written {
    let promise = |text: &str| Promise { there: Cell::Null, wanted: Cell::Text(text.to_owned()) };
    Written {
        source_id: row(number),
        before: before.iter().cloned().collect(),
        promised: promised.iter().map(|(track, text)| (*track, promise(text))).collect(),
    }
}

/// What stood there before the first write is never replaced, newer promises replace older ones, and other sources' rows are
/// others.
pub async fn what_stood_there_first_is_what_is_remembered(store: impl CutoverStore) {
    let quote = Cell::Text("o'hara \"7\" \u{2028}".to_owned());
    let first = written(1, &[(Track::AuthMethod, quote.clone())], &[(Track::AuthMethod, "dual")]);
    let numbers = [(Track::InvitedAt, Cell::Real(0.5)), (Track::CompletedAt, Cell::Integer(-1))];
    let second = written(2, &numbers, &[(Track::InvitedAt, "now"), (Track::CompletedAt, "now")]);
    store.promise(&source(), vec![first.clone(), second.clone()], NOW).await.unwrap();
    let mut found = store.written(&source(), &[row(1), row(2), row(3)]).await.unwrap();
    found.sort_by(|one, other| one.source_id.cmp(&other.source_id));
    assert_eq!(found, [first, second]);

    let later = [(Track::AuthMethod, Cell::Text("dual".to_owned())), (Track::SyncedAt, Cell::Blob(vec![0, 255]))];
    let again = written(1, &later, &[(Track::AuthMethod, "self-auth"), (Track::SyncedAt, "then")]);
    store.promise(&source(), vec![again], NOW).await.unwrap();
    let expected = written(
        1,
        &[(Track::AuthMethod, quote), (Track::SyncedAt, Cell::Blob(vec![0, 255]))],
        &[(Track::AuthMethod, "self-auth"), (Track::SyncedAt, "then")],
    );
    assert_eq!(store.written(&source(), &[row(1)]).await.unwrap(), [expected]);

    let other = authly_cutover::source::SourceName::parse("another").unwrap();
    assert_eq!(store.written(&other, &[row(1)]).await.unwrap(), []);
    assert_eq!(store.written_rows().await.unwrap(), BTreeMap::from([(source(), 2)]));
    store.forget(&other, &[row(1)]).await.unwrap();
    store.forget(&source(), &[row(1), row(7)]).await.unwrap();
    assert_eq!(store.written_rows().await.unwrap(), BTreeMap::from([(source(), 1)]));
    assert_eq!(store.written(&source(), &[row(1)]).await.unwrap(), []);
}
