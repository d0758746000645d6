//! `authly-admin backup`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup of the store, beside a running server, and verify it
    #[command(
        after_help = "The copy appears under its name when it is whole and verified; its checksum and a description \
        with the redacted configuration stand beside it, and so do the configuration file and files named by --include, in which \
        secrets are masked.\n\nExamples:\n  \
        authly-admin backup create --dir /backups/authly_migration\n  \
        authly-admin backup create --include /etc/systemd/system/authly.service --include nginx.conf\n  \
        authly-admin backup create --dir /backups --keep 30 --output json"
    )]
    Create {
        /// The folder of backups; created where it is missing [default: the folder `backups` in AUTHLY_DATA_DIR]
        #[arg(long, value_name = "DIR", env = "BACKUP_LOCATION", hide_env_values = true, value_parser = super::path_or_none())]
        dir: Option<PathBuf>,
        /// Remove backups in that folder that are older; the newest always stays
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
        keep: Option<u32>,
        /// Keep a file of the deployment beside the copy, such as the unit of systemd (repeatable)
        #[arg(long, value_name = "FILE")]
        include: Vec<PathBuf>,
        #[command(flatten)]
        programs: Programs,
    },
    /// Compare a backup with its checksum and read it to its end
    #[command(
        after_help = "A file is what its contents say: a backup of ours, a dump of PostgreSQL in plain SQL, or one of these \
        compressed by gzip. What others made need not have a checksum beside it.\n\nExamples:\n  \
        authly-admin backup verify /backups/authly_20261121_031500.dump\n  \
        authly-admin backup verify /backups/authly_pre_migration_20261121_031500.sql.gz --output json"
    )]
    Verify {
        /// The copy; its checksum stands beside it
        file: PathBuf,
        #[command(flatten)]
        programs: Programs,
    },
    /// Put a backup into the store's place: the last resort, since everything newer is lost
    #[command(
        after_help = "It asks for the word yes. The backup goes into a database or file beside the current one, which \
        takes its place when it is complete; what was there is kept under a name that is printed. It takes backups of ours, dumps of \
        PostgreSQL in plain SQL, and both compressed by gzip.\n\nExamples:\n  \
        authly-admin backup restore /backups/authly_20261121_031500.dump\n  \
        authly-admin backup restore authly_pre_migration_20261121_031500.sql.gz --no-owner\n  \
        authly-admin backup restore authly_20261121_031500.db --yes"
    )]
    Restore {
        /// The copy; its checksum stands beside it
        file: PathBuf,
        /// Restore although programs are connected: their sessions are ended
        #[arg(long)]
        force: bool,
        /// Leave out owners and privileges, for a PostgreSQL server that lacks the roles
        #[arg(long)]
        no_owner: bool,
        #[command(flatten)]
        programs: Programs,
    },
}

/// Where PostgreSQL's own programs are.
#[derive(Debug, clap::Args)]
pub(crate) struct Programs {
    /// The folder of pg_dump, pg_restore and psql; looked for where it is not given
    #[arg(long, value_name = "DIR")]
    pub(crate) pg_bin: Option<PathBuf>,
}
