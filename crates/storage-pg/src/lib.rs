//! The repositories on PostgreSQL: tokio-postgres, deadpool and refinery.
