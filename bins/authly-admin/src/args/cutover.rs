//! `authly-admin migrate import` and what belongs to it.

use std::path::PathBuf;

use authly_cutover::checklist::CONFIRMED;
use clap::{ArgGroup, Args, Subcommand};

use super::{
    ApiKeysCommand, Choices, Effort, FinalizeCommand, ImportArgs, Intent, InviteArgs, RollbackBackArgs, SourceArgs,
    TokensCommand, WhomArgs, WriteBackArgs,
};

#[derive(Debug, Subcommand)]
pub(crate) enum CutoverCommand {
    /// Bring accounts in from another system; a dry run, unless --execute is given
    #[command(
        after_help = "A dry run walks the same way as the run and reports exactly what the run will do. Ctrl-C stops after the \
        batch under way; the same command then goes on where it was. Exits with 2 where rows wait for a decision.\n\nExamples:\n  \
        authly-admin migrate import --profile legacy-users --source sqlite:old.db\n  \
        authly-admin migrate import --profile tenants --source postgresql://reader@db/app --execute"
    )]
    Import(Box<ImportArgs>),
    /// Tell what an import would do, row by row
    #[command(
        after_help = "The plan names the steps of the schema that come first, the tenants and groups that are made, the outcome of \
        every row and a digest of the source; `import --plan` refuses if the source has changed since. Nothing is written.\n\nExamples:\n  \
        authly-admin migrate plan --profile legacy-users --source sqlite:old.db --out plan.json\n  \
        authly-admin migrate plan --profile legacy-users --source users.csv --output json"
    )]
    Plan(Box<PlanArgs>),
    /// Show where the migration stands, by tenant and overall
    #[command(
        after_help = "Examples:\n  authly-admin migrate status --watch\n  authly-admin migrate status --tenant acme --output json"
    )]
    Status {
        /// Only this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// At most so many tenants in the table, those furthest behind; JSON has them all
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Show it again and again, until Ctrl-C
        #[arg(long)]
        watch: bool,
    },
    /// Show how many accounts completed on each day
    #[command(
        after_help = "Examples:\n  authly-admin migrate progress --days 14\n  authly-admin migrate progress --output json"
    )]
    Progress {
        /// How many days, today included
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
        days: u32,
        /// Only this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
    },
    /// List accounts that have not signed in by OAuth yet, those used last first
    #[command(
        after_help = "Examples:\n  authly-admin migrate pending --limit 20\n  authly-admin migrate pending --tenant acme --csv > pending.csv\n  \
        authly-admin migrate pending --old-hash"
    )]
    Pending {
        /// Those whose passwords still have the hash of another program, whether they have signed in by OAuth or not: a sign-in
        /// with the password, or a new password, ends that
        #[arg(long)]
        old_hash: bool,
        /// Only this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Print a table for other programs (RFC 4180); no cell is a formula
        #[arg(long)]
        csv: bool,
    },
    /// Rows that wait for a decision
    #[command(subcommand, arg_required_else_help = true)]
    Quarantine(QuarantineCommand),
    /// Take accounts back from the ledger; a dry run, unless --execute is given
    #[command(
        override_usage = "authly-admin migrate rollback [OPTIONS] <SCOPE>\n\n\
        SCOPE is one of --all, --run, --tenant, --user",
        after_help = "What owners changed since stays and is listed, unless --force is given. Accounts that were on OAuth alone before \
        the migration are never touched.\n\nExamples:\n  \
        authly-admin migrate rollback --all\n  \
        authly-admin migrate rollback --tenant acme --execute"
    )]
    Rollback(Box<RollbackArgs>),
    /// Tokens of the older program
    #[command(subcommand, arg_required_else_help = true)]
    Tokens(TokensCommand),
    /// API keys of the older program
    #[command(subcommand, arg_required_else_help = true)]
    ApiKeys(ApiKeysCommand),
    /// Keep the application's own table in step; a dry run, unless --execute is given
    #[command(
        after_help = "The columns are those of `[write_back]` in the profile; missing ones are added, and nothing is ever taken away. What the application changed itself since stays and is listed. Rows whose account was taken back say again what they said \
        before.\n\nExamples:\n  \
        authly-admin migrate write-back --profile tenants --source postgresql://reader@db/app\n  \
        authly-admin migrate write-back --profile tenants --source sqlite:shop.db --execute"
    )]
    WriteBack(Box<WriteBackArgs>),
    /// Read the source again and compare every row with what is here
    #[command(
        after_help = "Hashes, flags, groups and counts are compared, but for what changed here since. Exits with 10 on any \
        difference; `finalize check` asks for a clean one of the whole source: with --tenant or --limit a clean one does not count \
        there, and one that is not clean does.\n\nExamples:\n  \
        authly-admin migrate verify --profile legacy-users --source sqlite:old.db\n  \
        authly-admin migrate verify --profile tenants --source sqlite:shop.db --canary canaries.json"
    )]
    Verify(Box<VerifyArgs>),
    /// Link a row to an account by hand, or its account to the external provider
    #[command(
        after_help = "The account stays as it is, and later imports carry over what changes in the row from then on. What is no account \
        here is taken as the id at the external provider, for the account of a row that is imported already; it is told which of both \
        it was. With --profile the row must be in the source; without it nobody looks, and that is told, too.\n\nExamples:\n  \
        authly-admin migrate link --source-name legacy-users --source-id 17 --subject ada@example.com\n  \
        authly-admin migrate link --source-name tenants --source-id 17 --subject grace \\\n    \
        --profile tenants --source postgresql://reader@db/shop"
    )]
    Link {
        #[command(flatten)]
        row: LinkArgs,
        /// The account (id, e-mail address or user name), or an id at the external provider
        #[arg(long, value_name = "SUBJECT")]
        subject: String,
        /// How the source looks, to make sure that it has the row: authly, tenants, legacy-users, or a file
        #[arg(long, value_name = "NAME|FILE")]
        profile: Option<String>,
        /// Where the source is
        #[arg(long, value_name = "ADDRESS", env = "AUTHLY_SOURCE", hide_env_values = true)]
        source: Option<String>,
    },
    /// Remove the link of a row; the account stays
    #[command(after_help = "Examples:\n  authly-admin migrate unlink --source-name legacy-users --source-id 17\n  \
        authly-admin migrate unlink --source-name tenants --source-id 17 --output json")]
    Unlink(LinkArgs),
    /// Show every step: done or open, what was measured, and what to do next
    #[command(
        after_help = "Computed from the real state; what only people can know is confirmed by somebody. Exits with 11 while a \
        step is open.\n\nExamples:\n  \
        authly-admin migrate checklist\n  authly-admin migrate checklist --output json"
    )]
    Checklist {
        #[command(subcommand)]
        command: Option<ChecklistCommand>,
    },
    /// Invite people to the new way by mail; a dry run, unless --execute is given
    #[command(
        after_help = "Nobody gets two letters within --remind-after, whoever asks at once and however often. Ctrl-C stops after the \
        batch under way; the same command then goes on. Every account has one outcome, and they add up.\n\nExamples:\n  \
        authly-admin migrate invite --tenant acme --wave-size 10% --wave 1 --execute\n  \
        authly-admin migrate invite --tenant acme --template letter.txt --outbox letters --execute"
    )]
    Invite(Box<InviteArgs>),
    /// Write again to those who have not come; a dry run, unless --execute is given
    #[command(after_help = "Nobody gets two letters within --remind-after.\n\nExamples:\n  \
        authly-admin migrate remind --tenant acme --execute\n  \
        authly-admin migrate remind --all --remind-after 7d --deliver --execute")]
    Remind(Box<WhomArgs>),
    /// The end of the migration: whether it may come, the end, and the way back
    #[command(subcommand, arg_required_else_help = true)]
    Finalize(FinalizeCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChecklistCommand {
    /// Note that somebody says of a box that it is done; only of boxes that no computer can know
    #[command(after_help = "Examples:\n  \
        authly-admin migrate checklist confirm feedback --by \"Zoe Adams\" --note \"twelve answers\"\n  \
        authly-admin migrate checklist confirm feedback --withdraw")]
    Confirm {
        /// The box
        #[arg(value_name = "BOX", value_parser = CONFIRMED)]
        name: String,
        /// Who says so
        #[arg(long, value_name = "NAME", required_unless_present = "withdraw")]
        by: Option<String>,
        /// What is to be remembered
        #[arg(long, value_name = "TEXT", requires = "by")]
        note: Option<String>,
        /// Take it back
        #[arg(long, conflicts_with_all = ["by", "note"])]
        withdraw: bool,
    },
}

/// Compare what is here with the source.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Only rows of this tenant (its short name in the source)
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// Only the first rows of the source, in the order of their keys
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Test accounts with known passwords: a JSON object of source ids and passwords
    ///
    /// Each is tried against what its account has here, as a sign-in would; the account stays as it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) canary: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) choices: Choices,
    /// Write the whole plan to this file (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("scope").required(true).args(["all", "run", "tenant", "user"])))]
pub(crate) struct RollbackArgs {
    /// Everything that migrations wrote
    #[arg(long)]
    pub(crate) all: bool,
    /// What one run wrote
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// The accounts of one tenant
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// One account: e-mail address, user name or id
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) intent: Intent,
    /// Overwrite what owners changed since
    #[arg(long)]
    pub(crate) force: bool,
    /// `gentle`, while nobody else needs a processor, or `full`
    ///
    /// At full pace it goes on without a rest: for when nobody signs in, or nobody can.
    #[arg(long, value_enum, value_name = "PACE", hide_possible_values = true, default_value_t = Effort::Gentle)]
    pub(crate) pace: Effort,
    #[command(flatten)]
    pub(crate) back: RollbackBackArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List rows that wait
    #[command(
        after_help = "Examples:\n  authly-admin migrate quarantine list\n  authly-admin migrate quarantine list --resolved --output json"
    )]
    List {
        /// Only of this source
        #[arg(long, value_name = "NAME")]
        source_name: Option<String>,
        /// Only of this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Also those that are decided
        #[arg(long)]
        resolved: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Show one row that waits
    #[command(
        after_help = "Examples:\n  authly-admin migrate quarantine show 17\n  authly-admin migrate quarantine show 17 --source-name legacy-users"
    )]
    Show(RowArgs),
    /// Decide about a row; the next import heeds it
    #[command(
        override_usage = "authly-admin migrate quarantine resolve [OPTIONS] <DECISION> <ROW>\n\n\
        DECISION is one of --drop, --keep-both, --merge, or --rename-email and --rename-username",
        after_help = "Examples:\n  authly-admin migrate quarantine resolve 17 --rename-email ada@example.com\n  \
        authly-admin migrate quarantine resolve 18 --drop"
    )]
    Resolve {
        #[command(flatten)]
        row: RowArgs,
        #[command(flatten)]
        decision: Decision,
    },
    /// Forget the decision about a row; the next import judges it anew
    #[command(
        after_help = "Examples:\n  authly-admin migrate quarantine retry 17\n  authly-admin migrate quarantine retry 17 --source-name legacy-users"
    )]
    Retry(RowArgs),
}

impl QuarantineCommand {
    /// Whether it only looks.
    pub(crate) const fn only_reads(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show(_))
    }
}

/// A row.
#[derive(Debug, Args)]
pub(crate) struct RowArgs {
    /// The row's key in the source
    pub(crate) row: String,
    /// The name of the source, where several have such a row
    #[arg(long, value_name = "NAME")]
    pub(crate) source_name: Option<String>,
}

/// A row of a source.
#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// The name of the source
    #[arg(long, value_name = "NAME")]
    pub(crate) source_name: String,
    /// The row's key in the source
    #[arg(long, value_name = "KEY")]
    pub(crate) source_id: String,
}

/// What is decided about a row.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("decision").required(true).multiple(true).args(["drop", "keep_both", "merge", "rename_email", "rename_username"])))]
pub(crate) struct Decision {
    /// The row becomes no account
    #[arg(long, conflicts_with_all = ["keep_both", "merge", "rename_email", "rename_username"])]
    pub(crate) drop: bool,
    /// Both accounts stay: this one gets another name made from its own
    #[arg(long, conflicts_with_all = ["merge", "rename_email", "rename_username"])]
    pub(crate) keep_both: bool,
    /// The row is this account (e-mail address, user name or id), which stays as it is
    #[arg(long, value_name = "USER", conflicts_with_all = ["rename_email", "rename_username"])]
    pub(crate) merge: Option<String>,
    /// The row gets this e-mail address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) rename_email: Option<String>,
    /// The row gets this user name
    #[arg(long, value_name = "NAME")]
    pub(crate) rename_username: Option<String>,
}
