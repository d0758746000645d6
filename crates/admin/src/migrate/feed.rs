//! The rows of an import in the parts in which they are written.

use std::vec::IntoIter;

use authly_cutover::{
    person::Person,
    source::{Source, SourceId},
};
use oauth_core::time::Timestamp;

use super::{MigrateError, commit::Next, pieces::Pieces, walk::Walk};

/// Reads pages of a source, and hands them out in parts of any size.
pub(super) struct Feed<'a, 'w, S> {
    walk: &'a mut Walk<'w, S>,
    since: Option<Timestamp>,
    /// Rows of a page at most.
    page: u32,
    /// At most so many rows in all.
    limit: Option<u64>,
    /// Behind which row the next page begins.
    after: Option<SourceId>,
    read: u64,
    rest: IntoIter<Person>,
    over: bool,
}

impl<'a, 'w, S: Source> Feed<'a, 'w, S> {
    pub(super) fn new(
        walk: &'a mut Walk<'w, S>,
        since: Option<Timestamp>,
        page: u32,
        limit: Option<u64>,
        after: Option<SourceId>,
    ) -> Self {
        Self { walk, since, page: page.max(1), limit, after, read: 0, rest: Vec::new().into_iter(), over: false }
    }

    /// The next rows, as many as a piece has.
    pub(super) async fn next(&mut self, pieces: &Pieces) -> Result<Next, MigrateError> {
        if self.rest.len() == 0 {
            let left = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.read));
            let size = u32::try_from(left).unwrap_or(u32::MAX).min(pieces.page(self.page));
            if size == 0 {
                return Ok(Next::Limit);
            }
            if self.over {
                return Ok(Next::End);
            }
            let people = self.walk.page(self.after.take(), size, self.since).await?;
            let count = u64::try_from(people.len()).unwrap_or(u64::MAX);
            self.read += count;
            self.over = count < u64::from(size);
            self.after = people.last().map(|last| last.id.clone());
            self.rest = people.into_iter();
        }
        let part: Vec<Person> = self.rest.by_ref().take(pieces.rows().max(1)).collect();
        Ok(if part.is_empty() { Next::End } else { Next::Undecided(part) })
    }
}
