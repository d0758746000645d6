//! Why a source could not be opened; never with an address, which holds a password.

use authly_cutover::profile::parse::Mistake;
use thiserror::Error;

/// A source that could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The PostgreSQL server has no database of that name.
    #[error("the server has no database called {0:?}")]
    Absent(String),
    /// The address cannot be read.
    #[error("the address of the source cannot be read: {0}")]
    Address(String),
    /// The PostgreSQL server does not know the user or the password.
    #[error("the database lets nobody in with this user and password: {0}")]
    Denied(String),
    /// A file cannot be read as what its name says.
    #[error("{file}, {place}: {why}")]
    File {
        /// The file's name.
        file: String,
        /// The line or record.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A file cannot be opened or read.
    #[error("cannot read {file}")]
    Io {
        /// The file.
        file: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// What was asked for could not be taken back.
    #[error("it could not be taken back: {0}")]
    Irreversible(String),
    /// Rows cannot be told apart by the key that the profile names.
    #[error("table {table:?} cannot be read by its key {key:?}: {why}")]
    Key {
        /// The table.
        table: String,
        /// The column.
        key: String,
        /// How many rows have none, or share one.
        why: String,
    },
    /// The profile does not fit what is there.
    #[error("the profile does not fit the source:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Misfit(Vec<Mistake>),
    /// The PostgreSQL server does not answer, or refuses.
    #[error("cannot read the PostgreSQL source")]
    Postgres(#[from] tokio_postgres::Error),
    /// The SQLite file cannot be read.
    #[error("cannot read the SQLite source")]
    Sqlite(#[from] rusqlite::Error),
    /// The parameters for TLS cannot be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The user of the database may not write what is to be written back.
    #[error("the user {user} may not {}", .lacks.join(", nor "))]
    Rights {
        /// The user of the database.
        user: String,
        /// What that user may not do.
        lacks: Vec<String>,
        /// The statements, for the owner of the table or an administrator, that put it right.
        statements: Vec<String>,
        /// What the owner of the table can do instead; nothing where that is all there is.
        otherwise: Vec<String>,
    },
    /// The application's table cannot be written back to.
    #[error("cannot write back: {0}")]
    WriteBack(String),
}
