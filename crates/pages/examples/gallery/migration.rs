//! The pages on which administrators follow a migration.

use authly_pages::*;

const PLACE: MigrationPlace<'_> =
    MigrationPlace { base: "/admin/migration", account: "/account", tenant: None, may_roll_back: true };
const FLAWS: &[(&str, &str)] = &[("email_invalid", "email"), ("tenant_unknown", "tenant")];
const RUN: &str = "018f4c1e-7c11-7b43-a675-76baa2bf0995";

pub(super) fn migration_pages(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
    let rows = [
        waiting("101", "a•••@example.com", "email_taken", &[], "acme"),
        waiting("a-long-key-of-another-system/4711", "zentrale-poststelle•••@dokumente.example", "flawed", FLAWS, ""),
    ];
    let lines = [line("101", "import", "import", ""), line("102", "link", "", "email, status")];
    let (rows, lines) = (rows.as_slice(), Some(lines.as_slice()));
    vec![
        ("migration", migration(&board(), frame)),
        ("migration-empty", migration(&Migration { place: PLACE, ..Migration::default() }, frame)),
        (
            "migration-rows",
            migration_rows(&MigrationRows { place: PLACE, kind: "", reason: "", rows, more: None }, frame),
        ),
        (
            "migration-ledger",
            migration_ledger(
                &MigrationLedger {
                    place: PLACE,
                    account: "",
                    row: "101",
                    run: "",
                    lines,
                    unreadable: false,
                    more: None,
                },
                frame,
            ),
        ),
    ]
}

fn waiting<'a>(
    source_id: &'a str,
    label: &'a str,
    reason: &'a str,
    flaws: &'a [(&'a str, &'a str)],
    tenant: &'a str,
) -> WaitingRow<'a> {
    let (source, kind, since) = ("legacy-users", "conflict", "2026-11-21T07:19:29Z");
    WaitingRow { source, source_id, kind, reason, flaws, label, tenant, since }
}

fn line<'a>(source_id: &'a str, action: &'a str, outcome: &'a str, columns: &'a str) -> LedgerLine<'a> {
    LedgerLine {
        at: "2026-11-21T07:19:29Z",
        run: RUN,
        number: 7,
        source: "legacy-users",
        source_id,
        account: RUN,
        action,
        outcome,
        reason: "",
        columns,
        undone: false,
    }
}

const DAYS: &[DayParts<'_>] = &[
    DayParts { date: "2026-11-19", parts: [500, 80, 0, 0] },
    DayParts { date: "2026-11-20", parts: [78, 300, 202, 20] },
    DayParts { date: "2026-11-21", parts: [78, 345, 452, 118] },
];

fn board() -> Migration<'static> {
    let tenant = |name, total, completed, days_since| MigrationTenant {
        name,
        slug: name,
        total,
        completed,
        password: 18,
        recent: 1_032,
        days_since,
        waiting: 13,
    };
    let tenants = [
        tenant("", 1, 0, None),
        tenant("Zentrale Dokumentenverwaltung der Vereinigten Stadtwerke Nord", 1_204, 391, Some(1)),
        tenant("Globex", 310, 173, Some(0)),
    ];
    Migration {
        place: PLACE,
        measured_at: "2026-11-21T07:28:00Z",
        phase: MigrationPhase::Under,
        completed: 570,
        days: DAYS,
        completions: DAYS,
        logins: DAYS,
        upgrades: DAYS,
        tenants: Box::leak(Box::new(tenants)),
        tenant_count: 3,
        schemes: &[
            SchemeCount { name: "argon2", accounts: 517, current: true },
            SchemeCount { name: "bcrypt", accounts: 476, current: false },
        ],
        invitations: Some([300, 210, 120]),
        waiting: &[
            WaitingLine { kind: "conflict", reason: "email_taken", rows: 14 },
            WaitingLine { kind: "quarantine", reason: "hash_missing", rows: 1_013 },
        ],
        run: Some(MigrationRun {
            id: RUN,
            kind: "import",
            source: "legacy-users",
            profile: "legacy-users",
            state: "running",
            started_at: "2026-10-12T07:19:00Z",
            heartbeat_at: "2026-10-12T07:19:30Z",
            progress: RunProgress { rows: 52_030, of: Some(100_000), rate: Some(2_085), seconds_left: Some(23) },
            decisions: 38,
            note: None,
        }),
        gate: Box::leak(Box::new(gate())),
        ..Migration::default()
    }
}

/// Every kind of what is measured.
fn gate() -> [GateLine<'static>; 10] {
    let at = |day: u8| format!("2026-10-{day:02}T07:15:11Z");
    let line = |name, met, found| GateLine { name, wants: "", found, met };
    let used = GateFound::Used { last: at(11), tenants: 2, others: true, over: "2026-11-10T07:15:11Z".to_owned() };
    let outdated = GateDoubtReason::Outdated(at(9), at(12));
    let doubts = [("shop", GateDoubtReason::Never), ("legacy-users", outdated)];
    let doubts = doubts.map(|(source, why)| GateDoubt { source: source.to_owned(), why });
    let names = ["acme-corp", "globex", "initech", "o-brien-sons", "tenant-10", "tenant-11"].map(str::to_owned);
    [
        line("completed", false, GateFound::Completed([423, 993, 0])),
        line("quiet", false, used),
        line("quiet", true, GateFound::Kept(at(1))),
        line("tenants_confirmed", false, GateFound::Unconfirmed(names.to_vec())),
        line("nothing_old_alive", false, GateFound::Alive([1, 0, 2])),
        line("nothing_waits", true, GateFound::Waits([0, 0])),
        line("hashes", false, GateFound::Hashes(476)),
        line("backup", true, GateFound::Backup(Some(at(12)))),
        line("verified", false, GateFound::Unverified(doubts.to_vec())),
        line("inactive_decided", true, GateFound::Inactive(10, Some(at(12)))),
    ]
}
