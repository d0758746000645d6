//! What was measured for the conditions before the end, for people.

use authly_cutover::finalize::{Condition, Doubt, Found, Silence, Unverified};
use authly_pages::{GateDoubt, GateDoubtReason, GateFound, GateLine};
use oauth_core::time::Timestamp;

/// A condition of the gate.
pub(super) fn line(condition: &Condition) -> GateLine<'_> {
    GateLine { name: condition.name, wants: condition.wants, found: found(&condition.found), met: condition.met }
}

fn found(found: &Found) -> GateFound {
    match found {
        Found::Alive { tokens, keys, sessions } => GateFound::Alive([*tokens, *keys, *sessions]),
        Found::Backup(at) => GateFound::Backup(at.map(moment)),
        Found::Completed { open, active, waived } => GateFound::Completed([*open, *active, *waived]),
        Found::Hashes(left) => GateFound::Hashes(*left),
        Found::Inactive { accounts, decided_at } => GateFound::Inactive(*accounts, decided_at.map(moment)),
        Found::Quiet(silence) => quiet(*silence),
        Found::Unconfirmed(open) => GateFound::Unconfirmed(open.clone()),
        Found::Verified { sources, oldest, open } if open.is_empty() => {
            GateFound::Verified(*sources, oldest.map(moment))
        }
        Found::Verified { open, .. } => GateFound::Unverified(open.iter().map(doubt).collect()),
        Found::Waits { quarantined, conflicts } => GateFound::Waits([*quarantined, *conflicts]),
    }
}

fn quiet(silence: Silence) -> GateFound {
    let over = || silence.over().map(moment).unwrap_or_default();
    match silence {
        Silence::Kept { since } => GateFound::Kept(moment(since)),
        Silence::Unknown => GateFound::Uncounted,
        Silence::Used { last, tenants, others, .. } => {
            GateFound::Used { last: moment(last), tenants, others, over: over() }
        }
        Silence::Young { since } => GateFound::Young(moment(since), over()),
    }
}

fn doubt(one: &Unverified) -> GateDoubt {
    let why = match one.why {
        Doubt::Differences { at } => GateDoubtReason::Differences(moment(at)),
        Doubt::Never => GateDoubtReason::Never,
        Doubt::Outdated { at, import_at } => GateDoubtReason::Outdated(moment(at), moment(import_at)),
    };
    GateDoubt { source: one.source.to_string(), why }
}

/// To the second.
fn moment(at: Timestamp) -> String {
    Timestamp::from_seconds(at.seconds()).to_rfc3339()
}
