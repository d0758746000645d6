//! Reading a source page by page.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use authly_cutover::{
    decide::{
        Rules,
        census::{Census, Collisions},
    },
    person::{Person, TenantOfSource},
    profile::bind::BoundProfile,
    source::{PageAsk, Source, SourceId},
    store::{CutoverStore as _, PenEntry, Resolution},
};
use futures_util::future::join;
use oauth_core::{services::Clock as _, store::Commit, time::Timestamp};

use super::{
    MigrateError, Observer, Tools,
    breath::{AT_ONCE, take_turns},
    pace::{Pace, Rests},
};
use authly_cutover::run::{HEARTBEAT, Lease};

/// Rows of a page while they are only counted.
const PAGE: u32 = 500;

/// A source with what is needed to read its rows as people.
pub(super) struct Walk<'a, S> {
    pub(super) source: &'a mut S,
    pub(super) profile: &'a BoundProfile,
    pub(super) tenants: &'a BTreeMap<String, TenantOfSource>,
    /// How hard it is read where it is read as a whole.
    pub(super) pace: Pace,
}

impl<S: Source> Walk<'_, S> {
    /// One page of people.
    pub(super) async fn page(
        &mut self,
        after: Option<SourceId>,
        limit: u32,
        since: Option<Timestamp>,
    ) -> Result<Vec<Person>, MigrateError> {
        let rows = self.source.rows(PageAsk { after, limit, since }).await?;
        Ok(rows.iter().map(|row| self.profile.person(row, self.tenants)).collect())
    }

    /// Finds which names collide, in two passes over the whole source.
    pub(super) async fn census<T: Tools>(
        &mut self,
        tools: &T,
        rules: &Rules,
        resolutions: &HashMap<SourceId, Resolution>,
        of: u64,
        lease: Option<Lease>,
        observer: &mut impl Observer,
    ) -> Result<Collisions, MigrateError> {
        observer.phase("looking for names that collide");
        let mut census = Census::default();
        let mut beat = Beat::new(lease, tools.clock().now());
        let note = |person: &Person| census.note(person, resolutions.get(&person.id), rules);
        self.pass(tools, of, &mut beat, observer, note).await?;
        let mut collisions = census.collisions();
        if !collisions.is_empty() {
            observer.phase("looking at the rows behind them");
            let note = |person: &Person| collisions.note(person, resolutions.get(&person.id), rules);
            self.pass(tools, of, &mut beat, observer, note).await?;
        }
        Ok(collisions)
    }

    async fn pass<T: Tools>(
        &mut self,
        tools: &T,
        of: u64,
        beat: &mut Beat,
        observer: &mut impl Observer,
        mut note: impl FnMut(&Person),
    ) -> Result<(), MigrateError> {
        let mut rests = Rests::new(self.pace, tools);
        let mut size = PAGE;
        let (mut people, mut read) = (self.page(None, size, None).await?, 0u64);
        loop {
            // The next page is read while this one is noted, unless one thing is to be done at a time.
            let last = behind(&people, size);
            size = rests.page(PAGE);
            let next = async {
                match last {
                    Some(_) => self.page(last, size, None).await.map(Some),
                    None => Ok(None),
                }
            };
            let noting = async {
                for part in people.chunks(AT_ONCE) {
                    take_turns().await;
                    part.iter().for_each(&mut note);
                }
            };
            let next = match rests.works_ahead() {
                true => {
                    let next = join(next, noting).await.0;
                    rests.rest(tools, Duration::ZERO).await;
                    next
                }
                false => {
                    noting.await;
                    rests.rest(tools, Duration::ZERO).await;
                    next.await
                }
            };
            read += u64::try_from(people.len()).unwrap_or(u64::MAX);
            observer.reading(read, of);
            beat.beat(tools).await?;
            match next? {
                Some(next) => people = next,
                None => return Ok(()),
            }
        }
    }
}

/// Behind which row the next page begins, if there is one.
pub(super) fn behind(people: &[Person], page: u32) -> Option<SourceId> {
    let full = usize::try_from(page).is_ok_and(|page| people.len() >= page);
    people.last().filter(|_| full).map(|last| last.id.clone())
}

/// Says that the run is alive while no batch does.
pub(super) struct Beat {
    lease: Option<Lease>,
    last: Timestamp,
}

impl Beat {
    pub(super) const fn new(lease: Option<Lease>, now: Timestamp) -> Self {
        Self { lease, last: now }
    }

    pub(super) async fn beat<T: Tools>(&mut self, tools: &T) -> Result<(), MigrateError> {
        let now = tools.clock().now();
        let Some(lease) = self.lease.filter(|_| now.since(self.last) >= HEARTBEAT) else { return Ok(()) };
        self.last = now;
        match tools.target().renew_run(lease, now).await? {
            Commit::Applied => Ok(()),
            Commit::Lost => Err(MigrateError::Fenced),
        }
    }
}

/// What operators decided about rows of that source.
pub(super) async fn resolutions<T: Tools>(
    tools: &T,
    rules: &Rules,
) -> Result<HashMap<SourceId, Resolution>, MigrateError> {
    let mut decided = HashMap::new();
    let mut after = None;
    loop {
        let entries = tools.target().pen(Some(&rules.source), true, after, PAGE).await?;
        let last = entries.last().map(|entry| (entry.source.clone(), entry.source_id.clone()));
        let count = entries.len();
        let resolved = |entry: PenEntry| entry.resolution.map(|resolution| (entry.source_id, resolution));
        decided.extend(entries.into_iter().filter_map(resolved));
        if u32::try_from(count).is_ok_and(|count| count < PAGE) {
            return Ok(decided);
        }
        after = last;
    }
}
