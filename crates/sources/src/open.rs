//! An open source: the profile bound to it, and its rows behind the ports.

use std::collections::BTreeMap;

use authly_cutover::{
    digest::Digest,
    inspect::{Inspect, Orphans, Part},
    profile::{Profile, bind::BoundProfile, names::Name, rules::SourceKind, shape::Shape, zone},
    source::{Columns, PageAsk, Source, SourceError, SourceId, SourceRow, SourceTenant},
};
use oauth_core::time::Timestamp;

use crate::{
    address::SourceAddress,
    digest::Digester,
    error::OpenError,
    files,
    postgres::PgTables,
    sqlite::{self, SqliteTables},
    table::ReadTable,
};

/// Rows read at a time where all of them are wanted.
const PAGE: u32 = 1_000;

/// Opens a source, binds the profile to it, and begins the snapshot in which everything is read.
pub async fn open(address: &SourceAddress, profile: &Profile) -> Result<OpenSource, OpenError> {
    let (mut tables, shape) = look(address, profile).await?;
    let bound = profile.bind(&shape).map_err(OpenError::Misfit)?;
    let users = ReadTable::users(&shape, &bound);
    let tenants = ReadTable::tenants(&shape, &bound);
    for table in std::iter::once(&users).chain(&tenants) {
        tables.check_key(table).await?;
    }
    let parts = Part::ALL.into_iter().filter_map(|part| Some((part, ReadTable::part(&shape, &bound, part)?))).collect();
    Ok(OpenSource { tables, users, tenants, parts, bound })
}

/// The tables and columns that a source has.
pub async fn shape(address: &SourceAddress, profile: &Profile) -> Result<Shape, OpenError> {
    Ok(look(address, profile).await?.1)
}

async fn look(address: &SourceAddress, profile: &Profile) -> Result<(Tables, Shape), OpenError> {
    let mut tables = match address {
        SourceAddress::Postgres(url) => Tables::Postgres(PgTables::open(url.expose()).await?),
        SourceAddress::Sqlite(path) => Tables::Sqlite(SqliteTables::new(sqlite::open(path).await?, SourceKind::Sqlite)),
        SourceAddress::Files(path) => {
            let (connection, kind) = files::open(path, profile).await?;
            Tables::Sqlite(SqliteTables::new(connection, kind))
        }
    };
    let shape = match &mut tables {
        Tables::Postgres(tables) => tables.shape(profile).await?,
        Tables::Sqlite(tables) => tables.shape().await?,
    };
    Ok((tables, shape))
}

/// A source in one snapshot.
pub struct OpenSource {
    tables: Tables,
    users: ReadTable,
    tenants: Option<ReadTable>,
    parts: BTreeMap<Part, (ReadTable, Name)>,
    bound: BoundProfile,
}

impl OpenSource {
    /// The profile, with the names that this source has.
    pub const fn profile(&self) -> &BoundProfile {
        &self.bound
    }

    /// Whether the row is an account, and was changed since.
    fn wants(&self, row: &SourceRow, since: Option<Timestamp>) -> bool {
        self.bound.wants(row) && since.is_none_or(|since| self.changed_since(row, since))
    }

    /// Rows that do not say when they were changed count as changed.
    fn changed_since(&self, row: &SourceRow, since: Timestamp) -> bool {
        let Some(names) = &self.bound.profile.users.columns.updated_at else { return true };
        let zone = self.bound.profile.source.time_zone;
        zone::read(row.column(names.first().as_str()), zone).ok().flatten().is_none_or(|at| at >= since)
    }

    /// Refuses to tell what has changed where the source does not say.
    fn check_since(&self, since: Option<Timestamp>) -> Result<(), SourceError> {
        if since.is_some() && self.bound.profile.users.columns.updated_at.is_none() {
            let why = "it names no column users.columns.updated_at, so nothing tells which rows have changed";
            return Err(SourceError::Profile(why.to_owned()));
        }
        Ok(())
    }
}

impl Source for OpenSource {
    async fn rows(&mut self, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        self.check_since(page.since)?;
        let mut found = Vec::new();
        let (mut after, wanted) = (page.after, page.limit as usize);
        while found.len() < wanted {
            // Pages of what is left would be small ones where the filter leaves much out.
            let limit = if found.is_empty() { page.limit } else { PAGE.min(page.limit) };
            let rows = self.tables.page(&self.users, after.as_ref(), limit).await?;
            let last = (rows.len() as u64) < u64::from(limit);
            after = rows.last().map(|row| row.id.clone()).or(after);
            found.extend(rows.into_iter().filter(|row| self.wants(row, page.since)));
            if last {
                break;
            }
        }
        found.truncate(wanted);
        Ok(found)
    }

    async fn count(&mut self, since: Option<Timestamp>) -> Result<u64, SourceError> {
        self.check_since(since)?;
        if since.is_none() && self.bound.profile.users.filter.is_always() {
            return self.tables.count(&self.users).await;
        }
        let (mut count, mut after) = (0, None);
        loop {
            let rows = self.rows(PageAsk { after, limit: PAGE, since }).await?;
            count += rows.len() as u64;
            if rows.len() < PAGE as usize {
                return Ok(count);
            }
            after = rows.last().map(|row| row.id.clone());
        }
    }

    async fn tenants(&mut self) -> Result<Vec<SourceTenant>, SourceError> {
        let Some(table) = self.tenants.clone() else { return Ok(Vec::new()) };
        let (mut tenants, mut after) = (Vec::new(), None);
        loop {
            let rows = self.tables.page(&table, after.as_ref(), PAGE).await?;
            let last = rows.len() < PAGE as usize;
            after = rows.last().map(|row| row.id.clone());
            tenants.extend(
                rows.into_iter().map(|row| SourceTenant { id: row.id.as_str().to_owned(), columns: row.columns }),
            );
            if last {
                return Ok(tenants);
            }
        }
    }

    async fn digest(&mut self) -> Result<Digest, SourceError> {
        let mut digester = Digester::default();
        for tenant in self.tenants().await? {
            digester.row(&tenant.id, &tenant.columns);
        }
        let mut after = None;
        loop {
            let rows = self.rows(PageAsk { after, limit: PAGE, since: None }).await?;
            rows.iter().for_each(|row| digester.row(row.id.as_str(), &row.columns));
            if rows.len() < PAGE as usize {
                return Ok(digester.finish());
            }
            after = rows.last().map(|row| row.id.clone());
        }
    }
}

impl Inspect for OpenSource {
    fn about(&self) -> String {
        match &self.tables {
            Tables::Postgres(tables) => tables.about(),
            Tables::Sqlite(tables) => tables.about(),
        }
    }

    async fn table_counts(&mut self) -> Result<Vec<(String, u64)>, SourceError> {
        let parts = self.parts.values().map(|(table, _)| table);
        let tables: Vec<ReadTable> = std::iter::once(&self.users).chain(&self.tenants).chain(parts).cloned().collect();
        let mut counts = Vec::new();
        for table in tables {
            counts.push((table.name.to_string(), self.tables.count(&table).await?));
        }
        Ok(counts)
    }

    async fn row(&mut self, id: &SourceId) -> Result<Option<SourceRow>, SourceError> {
        self.tables.row(&self.users, id).await
    }

    async fn groups(&mut self) -> Result<Vec<Columns>, SourceError> {
        let Some((table, _)) = self.parts.get(&Part::Groups) else { return Ok(Vec::new()) };
        self.tables.all(&table.clone()).await
    }

    async fn part(&mut self, part: Part, page: PageAsk) -> Result<Vec<SourceRow>, SourceError> {
        match self.parts.get(&part) {
            Some((table, _)) => self.tables.page(table, page.after.as_ref(), page.limit).await,
            None => Ok(Vec::new()),
        }
    }

    async fn orphans(&mut self, part: Part, limit: u32) -> Result<Orphans, SourceError> {
        let parent = if part == Part::Groups { self.tenants.as_ref() } else { Some(&self.users) };
        match (self.parts.get(&part), parent) {
            (Some((child, refers)), Some(parent)) => self.tables.orphans(child, refers, parent, limit).await,
            _ => Ok(Orphans::default()),
        }
    }
}

/// Either kind of database.
enum Tables {
    Postgres(PgTables),
    Sqlite(SqliteTables),
}

impl Tables {
    async fn check_key(&mut self, table: &ReadTable) -> Result<(), OpenError> {
        match self {
            Self::Postgres(tables) => tables.check_key(table).await,
            Self::Sqlite(tables) => tables.check_key(table).await,
        }
    }

    async fn page(
        &mut self,
        table: &ReadTable,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<SourceRow>, SourceError> {
        match self {
            Self::Postgres(tables) => tables.page(table, after, limit).await,
            Self::Sqlite(tables) => tables.page(table, after, limit).await,
        }
    }

    async fn row(&mut self, table: &ReadTable, id: &SourceId) -> Result<Option<SourceRow>, SourceError> {
        match self {
            Self::Postgres(tables) => tables.row(table, id).await,
            Self::Sqlite(tables) => tables.row(table, id).await,
        }
    }

    async fn all(&mut self, table: &ReadTable) -> Result<Vec<Columns>, SourceError> {
        match self {
            Self::Postgres(tables) => tables.all(table).await,
            Self::Sqlite(tables) => tables.all(table).await,
        }
    }

    async fn count(&mut self, table: &ReadTable) -> Result<u64, SourceError> {
        match self {
            Self::Postgres(tables) => tables.count(table).await,
            Self::Sqlite(tables) => tables.count(table).await,
        }
    }

    async fn orphans(
        &mut self,
        child: &ReadTable,
        refers: &Name,
        parent: &ReadTable,
        limit: u32,
    ) -> Result<Orphans, SourceError> {
        match self {
            Self::Postgres(tables) => tables.orphans(child, refers, parent, limit).await,
            Self::Sqlite(tables) => tables.orphans(child, refers, parent, limit).await,
        }
    }
}
