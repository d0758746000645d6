//! The application's own table whose password columns go when a migration is finalized: PostgreSQL only.

use std::collections::BTreeSet;

use authly_cutover::{
    parting::{PartPlan, PartRow, Parting},
    profile::{Profile, names::Names},
    source::{SourceError, SourceId},
    write_back::Track,
};

use crate::{address::SourceAddress, error::OpenError, postgres::PgParting, write_back::Layout};

/// The application's table, over a connection of whoever owns it.
pub struct PartTable(PgParting);

impl PartTable {
    /// Opens its database; refuses one in which what is dropped could not be brought back.
    pub async fn open(address: &SourceAddress) -> Result<Self, OpenError> {
        match address {
            SourceAddress::Postgres(url) => Ok(Self(PgParting::open(url.expose()).await?)),
            SourceAddress::Sqlite(_) => Err(OpenError::Irreversible(
                "SQLite does not tell how a single column was declared, so it could not be brought back as it was"
                    .to_owned(),
            )),
            SourceAddress::Files(_) => {
                Err(OpenError::Irreversible("files are only read; name the application's database".to_owned()))
            }
        }
    }

    /// What would go: the columns that the profile names for passwords and for the migration itself.
    pub async fn plan(&self, profile: &Profile) -> Result<PartPlan, OpenError> {
        let shape = self.0.shape(profile).await?;
        let layout = Layout::of(profile, &shape)?;
        let known = shape.table(layout.table.name.as_str());
        let there = |name: &str| known.is_some_and(|table| table.column(name).is_some());
        let columns = &profile.users.columns;
        let own =
            [&columns.password_hash, &columns.password_changed_at, &columns.failed_attempts, &columns.locked_until];
        let own = own.into_iter().flatten().flat_map(Names::iter).map(|name| name.as_str().to_owned());
        let tracks = [Track::AuthMethod, Track::CompletedAt, Track::InvitedAt];
        let tracked = tracks.into_iter().filter_map(|track| layout.columns.get(&track));
        let tracked = tracked.map(|column| column.name.as_str().to_owned());
        let going: BTreeSet<String> = own.chain(tracked).filter(|name| there(name)).collect();
        self.0.plan(&layout, &going.into_iter().collect::<Vec<_>>()).await
    }
}

impl Parting for PartTable {
    async fn is_parted(&mut self, plan: &PartPlan) -> Result<bool, SourceError> {
        self.0.is_parted(plan).await
    }

    async fn page(
        &mut self,
        plan: &PartPlan,
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<PartRow>, SourceError> {
        self.0.page(plan, after, limit).await
    }

    async fn hold(&mut self, plan: &PartPlan) -> Result<(), SourceError> {
        self.0.hold(plan).await
    }

    async fn part(&mut self, plan: &PartPlan) -> Result<(), SourceError> {
        self.0.part(plan).await
    }

    async fn add(&mut self, plan: &PartPlan) -> Result<(), SourceError> {
        self.0.add(plan).await
    }

    async fn put(&mut self, plan: &PartPlan, rows: &[PartRow]) -> Result<(), SourceError> {
        self.0.put(plan, rows).await
    }

    async fn settle(&mut self, plan: &PartPlan) -> Result<Vec<String>, SourceError> {
        self.0.settle(plan).await
    }
}
