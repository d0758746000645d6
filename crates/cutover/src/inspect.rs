//! What an assessment and the repair of single rows ask of a source, beside the rows themselves.

use std::future::Future;

use crate::source::{Columns, PageAsk, Source, SourceError, SourceId, SourceRow};

/// A table of the profile that hangs on the accounts or tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// API keys, which refer to accounts.
    ApiKeys,
    /// Groups of an identity provider, which refer to tenants.
    Groups,
    /// Tokens, which refer to accounts.
    Tokens,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::ApiKeys, Self::Groups, Self::Tokens];

    /// The name in profiles.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKeys => "api_keys",
            Self::Groups => "groups",
            Self::Tokens => "tokens",
        }
    }
}

/// Rows that refer to something that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// How many there are.
    pub count: u64,
    /// What the first of them refer to, each once.
    pub missing: Vec<String>,
}

/// A source that can be looked into.
pub trait Inspect: Source {
    /// What is read, as `PostgreSQL 17.2`; never an address.
    fn about(&self) -> String;
    /// The tables that the profile names, with all their rows, in the profile's order.
    fn table_counts(&mut self) -> impl Future<Output = Result<Vec<(String, u64)>, SourceError>> + Send;
    /// The account's row with that key.
    fn row(&mut self, id: &SourceId) -> impl Future<Output = Result<Option<SourceRow>, SourceError>> + Send;
    /// All rows of the table of groups; none where the profile or the source has no such table.
    fn groups(&mut self) -> impl Future<Output = Result<Vec<Columns>, SourceError>> + Send;
    /// One page of tokens or API keys in order of keys; none where there is no such table.
    fn part(&mut self, part: Part, page: PageAsk) -> impl Future<Output = Result<Vec<SourceRow>, SourceError>> + Send;
    /// Rows of a part that refer to an account or tenant that is not there; `limit` bounds the list, not the count.
    fn orphans(&mut self, part: Part, limit: u32) -> impl Future<Output = Result<Orphans, SourceError>> + Send;
}
