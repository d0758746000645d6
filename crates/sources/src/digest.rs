//! The digest of a source: another one where any value that the profile reads has changed.

use authly_cutover::{
    digest::Digest,
    source::{Columns, Value},
};
use sha2::{Digest as _, Sha256};

/// A digest while rows are added.
#[derive(Default)]
pub(crate) struct Digester(Sha256);

impl Digester {
    /// Adds a row: its key, and its columns with their names.
    pub(crate) fn row(&mut self, key: &str, columns: &Columns) {
        self.part(0, key.as_bytes());
        for (name, value) in columns {
            self.part(1, name.as_bytes());
            self.value(value);
        }
        self.part(2, &[]);
    }

    /// The digest of everything that was added.
    pub(crate) fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.part(3, &[]),
            Value::Bool(truth) => self.part(4, &[u8::from(*truth)]),
            Value::Integer(number) => self.part(5, &number.to_be_bytes()),
            Value::Text(text) => self.part(6, text.as_bytes()),
            Value::Time(at) => self.part(7, &at.micros().to_be_bytes()),
            Value::Unreadable(what) => self.part(8, what.as_bytes()),
            Value::List(items) => {
                self.part(9, &(items.len() as u64).to_be_bytes());
                items.iter().for_each(|item| self.part(6, item.as_bytes()));
            }
        }
    }

    /// Kind, length and content, so that no two different sources have the same bytes.
    fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn digest(rows: &[(&str, &[(&str, Value)])]) -> Digest {
        let mut digester = Digester::default();
        for (key, columns) in rows {
            let columns = columns.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
            digester.row(key, &columns);
        }
        digester.finish()
    }

    #[test]
    fn a_value_that_moves_changes_the_digest() {
        let a = || Value::Text("a".to_owned());
        let one = digest(&[("1", &[("x", a())]), ("2", &[("x", Value::Null)])]);
        assert_ne!(one, digest(&[("1", &[("x", Value::Null)]), ("2", &[("x", a())])]));
        assert_ne!(one, digest(&[("1", &[("y", a())]), ("2", &[("x", Value::Null)])]));
        assert_ne!(digest(&[("1", &[])]), digest(&[]));
        assert_ne!(digest(&[("1", &[("x", Value::Null)])]), digest(&[("1", &[("x", Value::Text(String::new()))])]));
    }

    proptest! {
        #[test]
        fn equal_rows_have_equal_digests_and_different_ones_do_not(a in "\\PC{0,9}", b in "\\PC{0,9}") {
            let of = |text: &str| digest(&[("1", &[("x", Value::Text(text.to_owned()))])]);
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }
    }
}
