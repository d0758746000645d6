//! A connection as the steps see it: statements by their text, prepared once.

use rusqlite::{Connection, Params};

use crate::{cursor::Cursor, error::Outcome};

/// A connection inside a read or a write.
#[derive(Clone, Copy)]
pub(crate) struct Db<'c>(pub(crate) &'c Connection);

impl Db<'_> {
    /// Runs a statement; returns how many rows it changed.
    pub(crate) fn run(self, sql: &str, params: impl Params) -> Outcome<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(params)?)
    }

    /// Reads the only row, if there is one.
    pub(crate) fn one<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&mut Cursor<'_>) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(|row| read(&mut Cursor::new(row))).transpose()
    }

    /// Reads all rows.
    pub(crate) fn all<T>(
        self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&mut Cursor<'_>) -> Outcome<T>,
    ) -> Outcome<Vec<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(&mut Cursor::new(row))?);
        }
        Ok(all)
    }

    /// Reads row after row, and keeps none.
    pub(crate) fn each(
        self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&mut Cursor<'_>) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            read(&mut Cursor::new(row))?;
        }
        Ok(())
    }

    /// Whether there is a row.
    pub(crate) fn exists(self, sql: &str, params: impl Params) -> Outcome<bool> {
        Ok(self.0.prepare_cached(sql)?.exists(params)?)
    }
}

/// Several questions at one instant: a transaction that only reads sees one state of the file.
pub(crate) fn consistently<T>(db: Db<'_>, ask: impl FnOnce(Db<'_>) -> Outcome<T>) -> Outcome<T> {
    db.run("BEGIN", [])?;
    let answer = ask(db);
    db.run("COMMIT", [])?;
    answer
}
