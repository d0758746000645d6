//! A table as a profile wants it read: its key and the columns that count.

use authly_cutover::{
    inspect::Part,
    profile::{
        bind::BoundProfile,
        condition::Condition,
        names::{Name, Names},
        rules::Profile,
        shape::{ColumnKind, Shape},
    },
};

use crate::error::OpenError;

/// A column to read.
#[derive(Clone, Debug)]
pub(crate) struct ReadColumn {
    pub(crate) name: Name,
    pub(crate) kind: ColumnKind,
    /// The type as the source writes it.
    pub(crate) written: String,
    /// Whether the source makes sure that it is unique and never NULL.
    pub(crate) identifies: bool,
}

/// A table to read.
#[derive(Clone, Debug)]
pub(crate) struct ReadTable {
    pub(crate) schema: Option<Name>,
    pub(crate) name: Name,
    pub(crate) key: ReadColumn,
    pub(crate) columns: Vec<ReadColumn>,
}

impl ReadTable {
    fn new(
        shape: &Shape,
        profile: &Profile,
        table: &Names,
        key: &Names,
        columns: impl IntoIterator<Item = Name>,
    ) -> Self {
        let known = shape.table(table.first().as_str());
        let column = |name: &Name| {
            let column = known.and_then(|known| known.column(name.as_str()));
            ReadColumn {
                name: name.clone(),
                kind: column.map_or(ColumnKind::Text, |column| column.kind),
                written: column.map_or_else(|| "text".to_owned(), |column| column.written.clone()),
                identifies: column.is_some_and(|column| column.identifies),
            }
        };
        Self {
            schema: profile.source.schema.clone(),
            name: table.first().clone(),
            key: column(key.first()),
            columns: columns.into_iter().map(|name| column(&name)).collect(),
        }
    }

    /// The table as SQL names it.
    pub(crate) fn quoted(&self) -> String {
        let schema = self.schema.as_ref().map(|schema| format!("{}.", schema.quoted())).unwrap_or_default();
        format!("{schema}{}", self.name.quoted())
    }

    /// Refuses a table in which so many rows have no key, or one of another's.
    pub(crate) fn refuse_key(&self, without: i64, doubled: i64) -> Result<(), OpenError> {
        if without == 0 && doubled == 0 {
            return Ok(());
        }
        let have = |count| if count == 1 { "has" } else { "have" };
        let rows = if without == 1 { "row" } else { "rows" };
        let why = format!(
            "{without} {rows} {} none, and {doubled} {} another's; a key is unique and never NULL",
            have(without),
            have(doubled)
        );
        Err(OpenError::Key { table: self.name.to_string(), key: self.key.name.to_string(), why })
    }

    /// The accounts.
    pub(crate) fn users(shape: &Shape, bound: &BoundProfile) -> Self {
        let users = &bound.profile.users;
        Self::new(shape, &bound.profile, &users.table, &users.key, bound.user_columns())
    }

    /// The tenants, where the profile has them.
    pub(crate) fn tenants(shape: &Shape, bound: &BoundProfile) -> Option<Self> {
        let tenants = bound.profile.tenants.as_ref()?;
        Some(Self::new(shape, &bound.profile, &tenants.table, &tenants.key, bound.tenant_columns()))
    }

    /// A part, and its column that refers to an account or tenant.
    pub(crate) fn part(shape: &Shape, bound: &BoundProfile, part: Part) -> Option<(Self, Name)> {
        let profile = &bound.profile;
        let first = |names: &Names| names.first().clone();
        let maybe =
            |names: &[&Option<Names>]| names.iter().filter_map(|names| names.as_ref().map(first)).collect::<Vec<_>>();
        let (table, key, user, mut columns) = match part {
            Part::Groups => {
                let groups = profile.groups.as_ref()?;
                let columns = maybe(&[&groups.name, &groups.role]);
                (&groups.table, &groups.external_id, &groups.tenant, columns)
            }
            Part::Tokens => {
                let tokens = profile.tokens.as_ref()?;
                let mut columns = maybe(&[&tokens.token, &tokens.kind, &tokens.family, &tokens.created_at]);
                columns.push(first(&tokens.expires_at));
                columns.extend(columns_of(&tokens.dead));
                (&tokens.table, &tokens.key, &tokens.user, columns)
            }
            Part::ApiKeys => {
                let keys = profile.api_keys.as_ref()?;
                let mut columns = maybe(&[&keys.label, &keys.scopes, &keys.expires_at]);
                columns.push(first(&keys.secret));
                columns.extend(columns_of(&keys.active));
                (&keys.table, &keys.key, &keys.user, columns)
            }
        };
        columns.extend([first(key), first(user)]);
        columns.sort();
        columns.dedup();
        Some((Self::new(shape, profile, table, key, columns), first(user)))
    }
}

fn columns_of(condition: &Condition) -> Vec<Name> {
    let mut condition = condition.clone();
    condition.columns_mut().into_iter().map(|names| names.first().clone()).collect()
}
