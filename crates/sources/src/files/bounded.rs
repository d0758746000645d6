//! A reader that refuses a record which does not end.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

/// More bytes are no record of an account.
pub(super) const LONGEST_RECORD: u64 = 16 * 1024 * 1024;

/// What is left of the current record's bytes.
#[derive(Clone)]
pub(super) struct Budget(Rc<Cell<u64>>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Rc::new(Cell::new(LONGEST_RECORD)))
    }

    /// The next record begins.
    pub(super) fn renew(&self) {
        self.0.set(LONGEST_RECORD);
    }
}

/// A reader within a budget, which is renewed with each record.
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    pub(super) budget: Budget,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.budget.0.get().checked_sub(read as u64);
        let left = left.ok_or_else(|| io::Error::other("a record of more than 16 MiB"))?;
        self.budget.0.set(left);
        Ok(read)
    }
}
