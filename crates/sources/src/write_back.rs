//! The application's own table, over a connection of its own that may write (S001-05..11).
//!
//! The reader of a source never writes. This is the one exception, asked for by `--write-back`: columns are added where they are
//! missing, and rows written that still say what they said. Nothing is ever taken away.

use std::collections::BTreeMap;

use authly_cutover::{
    profile::{
        Profile,
        names::Name,
        rules::SourceKind,
        shape::{ColumnKind, Shape},
    },
    source::{SourceError, SourceId},
    write_back::{AppRow, AppWrite, Application, Cell, Clock, Forms, Track},
};

use crate::{address::SourceAddress, error::OpenError, postgres::PgApp, sqlite::SqliteApp, table::ReadTable};

/// What may be done with the application's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is only looked at.
    Read,
    /// It is written.
    Write,
}

/// The application's table.
pub struct AppTable {
    connection: Connection,
    layout: Layout,
    steps: Vec<Step>,
}

enum Connection {
    Postgres(PgApp),
    Sqlite(SqliteApp),
}

/// Where the tracked columns are.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) table: ReadTable,
    /// Columns that exist, with their types.
    pub(crate) columns: BTreeMap<Track, AppColumn>,
    /// Columns that are to be added.
    pub(crate) missing: BTreeMap<Track, Name>,
    pub(crate) forms: Forms,
    pub(crate) password: Option<Name>,
    pub(crate) tenant: Option<Name>,
    pub(crate) sessions: Option<Name>,
}

/// A tracked column.
#[derive(Clone, Debug)]
pub(crate) struct AppColumn {
    pub(crate) name: Name,
    pub(crate) written: String,
}

/// Something that is added to the application's schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// What, for people.
    pub(crate) what: String,
    /// The statements, in order. One that waits for a lock lets others wait behind, so it waits in short tries.
    pub(crate) sql: Vec<String>,
    /// Statements after those that work on an index beside the application. Each holds nobody up, waits for transactions under way as
    /// long as they take, and broken off it would leave its ruins behind.
    pub(crate) beside: Vec<String>,
}

impl Step {
    /// All statements, in order; none where the step cannot be taken here.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &String> {
        self.sql.iter().chain(&self.beside)
    }
}

impl AppTable {
    /// Opens the table that the profile names.
    pub async fn open(address: &SourceAddress, profile: &Profile, access: Access) -> Result<Self, OpenError> {
        match address {
            SourceAddress::Postgres(url) => {
                let connection = PgApp::open(url.expose(), access).await?;
                let layout = Layout::of(profile, &connection.shape(profile).await?)?;
                let steps = connection.steps(&layout).await?;
                Ok(Self { connection: Connection::Postgres(connection), layout, steps })
            }
            SourceAddress::Sqlite(path) => {
                let connection = SqliteApp::open(path, access).await?;
                let layout = Layout::of(profile, &connection.shape()?)?;
                let steps = connection.steps(&layout)?;
                Ok(Self { connection: Connection::Sqlite(connection), layout, steps })
            }
            SourceAddress::Files(_) => {
                Err(OpenError::WriteBack("files are only read; name the application's database".to_owned()))
            }
        }
    }

    /// What is still to be added to the application's schema, for people.
    pub fn lacking(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.what.clone()).collect()
    }

    /// Refuses where the user of the database may not do what writing back takes; nothing is written to find that out.
    pub async fn may_write(&self) -> Result<(), OpenError> {
        match &self.connection {
            Connection::Postgres(connection) => connection.may_write(&self.layout, &self.steps).await,
            // Who may write the file may do everything with it.
            Connection::Sqlite(_) => Ok(()),
        }
    }

    /// Adds what is lacking, and opens the table anew; returns what was added.
    pub async fn expand(self, address: &SourceAddress, profile: &Profile) -> Result<(Self, Vec<String>), OpenError> {
        let added = self.lacking();
        let doable: Vec<Step> = self.steps.iter().filter(|step| step.statements().next().is_some()).cloned().collect();
        if doable.is_empty() {
            return Ok((self, added));
        }
        match self.connection {
            Connection::Postgres(connection) => connection.expand(&doable).await?,
            Connection::Sqlite(connection) => connection.expand(&doable)?,
        }
        Ok((Self::open(address, profile, Access::Write).await?, added))
    }
}

impl Application for AppTable {
    fn forms(&self) -> &Forms {
        &self.layout.forms
    }

    async fn page(&mut self, after: Option<&SourceId>, limit: u32) -> Result<Vec<AppRow>, SourceError> {
        let mut rows = match &self.connection {
            Connection::Postgres(connection) => connection.page(&self.layout, after, limit).await?,
            Connection::Sqlite(connection) => connection.page(&self.layout, after, limit)?,
        };
        // What a column will say as soon as it is there.
        let missing = self.layout.missing.keys().map(|track| match track {
            Track::AuthMethod => (*track, Cell::Text("password".to_owned())),
            _ => (*track, Cell::Null),
        });
        let missing: Vec<(Track, Cell)> = missing.collect();
        for row in &mut rows {
            row.cells.extend(missing.iter().cloned());
        }
        Ok(rows)
    }

    async fn write(&mut self, rows: &[AppWrite]) -> Result<Vec<SourceId>, SourceError> {
        match &self.connection {
            Connection::Postgres(connection) => connection.write(&self.layout, rows).await,
            Connection::Sqlite(connection) => connection.write(&self.layout, rows),
        }
    }
}

impl Layout {
    pub(crate) fn of(profile: &Profile, shape: &Shape) -> Result<Self, OpenError> {
        let Some(back) = &profile.write_back else {
            let why =
                "the profile has no [write_back], which names the columns; `migrate profile show tenants` has one";
            return Err(OpenError::WriteBack(why.to_owned()));
        };
        let bound = profile.bind(shape).map_err(OpenError::Misfit)?;
        let table = ReadTable::users(shape, &bound);
        let known = shape.table(table.name.as_str());
        let column = |name: &Name| known.and_then(|known| known.column(name.as_str()));
        let zone = profile.source.time_zone;
        let mut forms = Forms::local(back.oauth_word.as_deref().unwrap_or("oauth"), zone);
        let (mut columns, mut missing) = (BTreeMap::new(), BTreeMap::new());
        for (track, (name, _)) in back.chosen(|name| column(name).is_some()) {
            let Some(found) = column(&name) else {
                if shape.kind == SourceKind::Postgres {
                    forms.clocks.insert(track, Clock::Instant);
                }
                missing.insert(track, name);
                continue;
            };
            if shape.kind == SourceKind::Postgres && found.kind != ColumnKind::LocalTime {
                forms.clocks.insert(track, Clock::Instant);
            }
            forms.subject_is_uuid |= track == Track::ExternalSubject && found.written.eq_ignore_ascii_case("uuid");
            columns.insert(track, AppColumn { name, written: found.written.clone() });
        }
        let first =
            |names: &Option<authly_cutover::profile::names::Names>| names.as_ref().map(|names| names.first().clone());
        let sessions = back.sessions.as_ref().and_then(|names| names.find(|name| shape.table(name.as_str()).is_some()));
        Ok(Self {
            password: first(&bound.profile.users.columns.password_hash),
            tenant: first(&bound.profile.users.columns.tenant),
            sessions: sessions.cloned(),
            table,
            columns,
            missing,
            forms,
        })
    }

    /// The name of a column, whether it is there or is to be.
    pub(crate) fn name(&self, track: Track) -> Option<&Name> {
        self.columns.get(&track).map(|column| &column.name).or_else(|| self.missing.get(&track))
    }

    /// The name of an index or constraint of the table, short enough for any database.
    pub(crate) fn thing(&self, before: &str, after: &str) -> Name {
        let table: String = self.table.name.as_str().chars().take(24).collect();
        Name::parse(&format!("{before}{table}{after}")).unwrap_or_else(|_| self.table.name.clone())
    }

    /// The indexes by which accounts are found that have not come over yet: their names, and their columns as SQL writes them.
    pub(crate) fn indexes(&self) -> Vec<(Name, String)> {
        let quoted = |track| self.name(track).map(Name::quoted);
        let method = quoted(Track::AuthMethod);
        let tenant = self.tenant.as_ref().map(Name::quoted);
        let status = tenant.zip(method.clone()).zip(quoted(Track::CompletedAt));
        let status = status.map(|((tenant, method), at)| [tenant, method, at].join(", "));
        let wanted = [("_auth_method", method), ("_migration_status", status)];
        wanted.into_iter().filter_map(|(what, columns)| Some((self.thing("idx_", what), columns?))).collect()
    }

    /// The words that the column of the method takes, as SQL writes them.
    pub(crate) fn words(&self) -> String {
        ["password", &self.forms.oauth_word, "dual"].map(literal).join(", ")
    }
}

/// A text as SQL writes it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a column means, for whoever looks at the table.
pub(crate) const fn meaning(track: Track) -> &'static str {
    match track {
        Track::AuthMethod => "How the account signs in; kept in step by a migration",
        Track::CompletedAt => "When the account first signed in by OAuth",
        Track::ExternalSubject => "The id of the account at the identity provider",
        Track::InvitedAt => "When the invitation was sent",
        Track::SyncedAt => "When the id at the identity provider was written",
    }
}
