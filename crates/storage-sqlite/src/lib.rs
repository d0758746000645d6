//! The repositories on embedded SQLite.
