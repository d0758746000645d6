//! What a plan and a dry run look at. They write nothing, and make neither a store nor a key: where there is no store yet, they see one
//! without accounts, as it will be when it is made.

use std::time::Duration;

use authly_admin_cases::migrate::{Tools, Wrap};
use authly_config::Settings;
use authly_cutover::{
    hash::{HashJudge, Judged},
    memory::MemoryTarget,
    profile::rules::Target,
};
use authly_directory::{password::StoredHash, uniqueness::EmailUniqueness};
use authly_runtime::{
    desk::policy,
    keys::{self, Sealer},
    store::{self, Database, SchemaReport},
};
use authly_seal::{SystemClock, SystemRandom};
use oauth_core::{
    services::{Busy, Clock as _},
    store::StoreError,
};

use super::{Bench, bench};
use crate::{
    args::SourceArgs,
    commands::{hashes::judged, source},
    failure::Failure,
};

/// What is looked at.
pub(super) enum Stage<S> {
    /// The store.
    Store(Bench<S>),
    /// There is none yet; these steps make it.
    Nothing(Box<Rehearsal>, Vec<String>),
}

/// Looks whether there is a store.
pub(super) async fn stage<D: Database>(
    settings: &Settings,
    database: &D,
    arguments: &SourceArgs,
) -> Result<Stage<D::Store>, Failure> {
    let report = database.schema().await?;
    if is_missing(&report) {
        // A database of the program before is adopted with its accounts: only behind the steps is it seen what becomes of them.
        if is_in_place(arguments)? || holds_accounts(database).await? {
            return Err(store::behind(&report).into());
        }
        return Ok(Stage::Nothing(Box::new(Rehearsal::new(settings)), report.pending));
    }
    store::must_be_up_to_date(settings, database).await?;
    Ok(Stage::Store(bench::open(settings, database, bench::Keys::IfThere).await?))
}

/// Whether nobody has made the store.
fn is_missing(report: &SchemaReport) -> bool {
    report.differences.is_empty() && report.pending.iter().any(|step| step.starts_with("V1__"))
}

async fn holds_accounts<D: Database>(database: &D) -> Result<bool, Failure> {
    Ok(database.survey(SystemClock.now()).await?.users.is_some_and(|users| users > 0))
}

fn is_in_place(arguments: &SourceArgs) -> Result<bool, Failure> {
    Ok(source::profile(&arguments.profile)?.target == Target::InPlace)
}

/// The ports of a migration over a store that nobody has made yet.
pub(super) struct Rehearsal {
    target: MemoryTarget,
    sealer: Sealer,
    hashes: Policy,
}

/// The scheme of new hashes.
pub(super) struct Policy(&'static str);

impl Rehearsal {
    fn new(settings: &Settings) -> Self {
        Self { target: MemoryTarget::new(), sealer: keys::useless_sealer(), hashes: Policy(policy(settings)) }
    }
}

impl HashJudge for Policy {
    fn judge(&self, stored: &StoredHash) -> Judged {
        judged(stored, Some(self.0))
    }
}

impl Wrap for Policy {
    /// Nothing is wrapped where nothing is written.
    async fn wrap(&self, _stored: StoredHash) -> Result<Option<StoredHash>, Busy> {
        Ok(None)
    }
}

impl Tools for Rehearsal {
    type Target = MemoryTarget;
    type Clock = SystemClock;
    type Random = SystemRandom;
    type Sealer = Sealer;
    type Hashes = Policy;

    fn target(&self) -> &MemoryTarget {
        &self.target
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn random(&self) -> &SystemRandom {
        &SystemRandom
    }

    fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    fn hashes(&self) -> &Policy {
        &self.hashes
    }

    /// As a store has it that is made by its steps alone.
    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        Ok(EmailUniqueness::Global)
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
