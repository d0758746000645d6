//! What the pages of a migration show, with one text in each place that takes one.

use authly_pages::*;

pub(super) fn place(text: &str) -> MigrationPlace<'_> {
    MigrationPlace { base: "/admin/migration", account: "/account", tenant: Some(text), may_roll_back: true }
}

pub(super) fn taking_back(text: &str) -> MigrationRollback<'_> {
    MigrationRollback {
        place: place(text),
        csrf: text,
        target: Some(RollbackTarget::Tenant),
        name: text,
        rehearsal: Some(Rehearsal {
            results: &[("removed", 3)],
            left_alone: 1,
            changed_later: 1,
            conflicts: &[],
            unfinished: true,
        }),
        recent_sign_in: true,
        sign_in: "/sign-in",
        notice: Some(RollbackNotice::Refused(text)),
    }
}

pub(super) fn board(text: &str) -> Migration<'_> {
    // Lives as long as the texts of a test.
    let days: &[DayParts<'_>] = Box::leak(Box::new([
        DayParts { date: text, parts: [4, 3, 2, 1] },
        DayParts { date: text, parts: [1, 2, 3, 4] },
    ]));
    Migration {
        place: place(text),
        measured_at: text,
        phase: MigrationPhase::Under,
        completed: 7,
        days,
        completions: days,
        logins: days,
        logins_of_tenant: true,
        upgrades: days,
        tenants: Box::leak(Box::new([MigrationTenant {
            name: text,
            slug: text,
            total: 9,
            completed: 4,
            ..MigrationTenant::default()
        }])),
        order: TenantOrder::Worst,
        tenant_count: 1,
        more_tenants: Some("/admin/migration?page=2"),
        schemes: Box::leak(Box::new([SchemeCount { name: text, accounts: 3, current: false }])),
        invitations: Some([3, 2, 1]),
        waiting: Box::leak(Box::new([WaitingLine { kind: text, reason: text, rows: 2 }])),
        run: Some(MigrationRun {
            id: text,
            kind: text,
            source: text,
            profile: text,
            state: text,
            started_at: text,
            heartbeat_at: text,
            progress: RunProgress { rows: 3, of: Some(9), rate: Some(2), seconds_left: Some(3) },
            decisions: 1,
            note: Some(text),
        }),
        gate: Box::leak(Box::new([GateLine {
            name: text,
            wants: text,
            found: GateFound::Unconfirmed(vec![text.to_owned()]),
            met: false,
        }])),
    }
}
