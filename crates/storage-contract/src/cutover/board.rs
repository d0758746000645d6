//! The board.

use std::collections::{BTreeMap, BTreeSet};

use authly_cutover::{
    account::{AuthMethod, TargetAccount},
    board::{BoardAsk, BoardFigures, BoardStore, LineAsk, LineKey, WaitingAsk, bands, day_of, mark},
    ledger::{Action, LedgerItem, LedgerKey},
    memory::MemoryTarget,
    outcome::ReasonCode,
    store::{AccountWrite, CutoverStore, NewTenant, PenEntry, PenKind, TenantFigures},
};
use authly_directory::password::StoredHash;
use oauth_core::{ids::TenantId, services::Random as _};
use serde_json::Map;

use super::{figures::random_account, world::*};

const HASHES: [&str; 8] = [
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
    "$2b$12$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345",
    "{SSHA}0123456789abcdef",
    "pbkdf2_sha256$870000$salt$key",
    "wrapped:sha1-salt-password:73616c74:$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    "declared:scrypt-node:73616c74:6b6579",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E1",
];

fn ask(tenant: Option<TenantId>) -> BoardAsk {
    BoardAsk { tenant, from_day: day_of(NOW) - 5, recent_from: NOW.minus(DAY * 3) }
}

/// Figures in an order of their own, with what hashes are grouped by instead of a hash.
fn ordered(mut figures: BoardFigures) -> (BoardFigures, Vec<(String, u64)>) {
    figures.tenants.sort_by_key(|one| one.tenant);
    figures.steps.sort_by_key(|one| (one.step, one.day));
    figures.upgrades.sort_by_key(|one| one.day);
    figures.waiting.sort_by_key(|one| (one.kind, one.reason));
    let mut hashes: Vec<_> =
        figures.hashes.drain(..).map(|group| (mark(group.sample.expose()).into_owned(), group.accounts)).collect();
    hashes.sort();
    (figures, hashes)
}

/// Fills a store with a crowd of three tenants, some of which change the way they sign in afterwards.
async fn fill(store: &impl CutoverStore, tenants: &[TenantId]) {
    let lease = begin(store, plan(1)).await;
    let mut write = batch(lease);
    write.tenants = (0..)
        .zip(tenants)
        .map(|(number, id)| NewTenant {
            id: *id,
            slug: format!("t{number}"),
            name: format!("T {number}"),
            active: true,
        })
        .collect();
    let person = |number: u64| {
        let hash = usize::try_from(number).ok().and_then(|number| HASHES.get(number % (HASHES.len() + 1)));
        let hash = hash.map(|hash| StoredHash::new((*hash).to_owned()));
        let mut noise = [0u8; 1];
        Seeded(8_000 + number).fill(&mut noise);
        let created_at = NOW.minus(DAY * u32::from(noise[0] % 12));
        TargetAccount { hash, created_at, ..random_account(number, tenants) }
    };
    for number in 0..60 {
        let person = person(number);
        if number % 4 == 0 {
            let kind =
                [PenKind::Conflict, PenKind::Quarantine, PenKind::Failed][usize::try_from(number / 4 % 3).unwrap()];
            let reason = if number % 8 == 0 { ReasonCode::EmailTaken } else { ReasonCode::HashMissing };
            write.pen.push(PenEntry { kind, tenant: person.tenant, ..waiting(1_000 + number, lease.run, reason) });
        }
        write.ledger.push(LedgerItem {
            key: LedgerKey { run: lease.run, seq: number + 1 },
            source: source(),
            source_id: row(number % 30),
            user: Some(person.user),
            tenant: person.tenant,
            action: Action::Create,
            before: Map::new(),
            after: Map::new(),
            outcome: None,
            reason: None,
            undoes: None,
            at: NOW,
        });
        write.accounts.push(create(&person));
    }
    apply(store, write).await;
    for (step, at) in [(1, NOW.minus(DAY * 2)), (2, NOW.minus(DAY))] {
        let mut write = batch(lease);
        write.at = at;
        let users: Vec<_> = (0..60).map(user).collect();
        for from in store.target_accounts(&users).await.unwrap() {
            let methods = [AuthMethod::Password, AuthMethod::Dual, AuthMethod::Oauth];
            let place = methods.iter().position(|method| *method == from.auth_method).unwrap();
            let number = users.iter().position(|user| *user == from.user).unwrap();
            if number % 3 == 0 {
                let to = TargetAccount { auth_method: methods[(place + step) % 3], ..from.clone() };
                write.accounts.push(AccountWrite::Change { from: Box::new(from), to: Box::new(to) });
            }
        }
        assert!(!write.accounts.is_empty());
        apply(store, write).await;
    }
}

fn three() -> Vec<TenantId> {
    (0..3).map(|number| TenantId::generate(NOW, &Seeded(900 + number))).collect()
}

/// Every figure of a random crowd is the one that counting by hand gives, of all and of each tenant.
pub async fn the_board_agrees_with_the_store_in_memory(store: impl CutoverStore + BoardStore) {
    let (memory, tenants) = (MemoryTarget::new(), three());
    fill(&store, &tenants).await;
    fill(&memory, &tenants).await;
    for tenant in [None, Some(tenants[0]), Some(tenants[2])] {
        let (found, by_hand) = (store.board(ask(tenant)).await.unwrap(), memory.board(ask(tenant)).await.unwrap());
        let today = bands(&found.steps, day_of(NOW) - 5, day_of(NOW)).pop().unwrap();
        let total: u64 = found.tenants.iter().map(|one| one.total).sum();
        assert_eq!(today.total(), total, "the parts of today are all accounts");
        let oauth: u64 = found.tenants.iter().map(|one| one.oauth).sum();
        assert_eq!((today.oauth, today.password), (oauth, found.tenants.iter().map(|one| one.password).sum()));
        assert_eq!(ordered(found), ordered(by_hand));
    }
}

/// Of a random crowd, hashes that are to be replaced are put together as by hand.
pub async fn old_hashes_are_told_by_tenant_and_scheme(store: impl CutoverStore + BoardStore) {
    let (memory, tenants) = (MemoryTarget::new(), three());
    assert_eq!(store.figures_and_old_hashes().await.unwrap().1, []);
    fill(&store, &tenants).await;
    fill(&memory, &tenants).await;
    let told = |(figures, samples): (Vec<TenantFigures>, Vec<StoredHash>)| {
        let marks: Vec<_> = samples.iter().map(|sample| mark(sample.expose()).into_owned()).collect();
        assert_eq!(marks.iter().collect::<BTreeSet<_>>().len(), marks.len(), "what looks alike has one sample");
        let mut told = BTreeMap::new();
        for (tenant, sample, accounts) in figures
            .iter()
            .flat_map(|one| one.old_hashes.iter().map(|(sample, accounts)| (one.tenant, sample, accounts)))
        {
            assert!(told.insert((tenant, marks[*sample].clone()), *accounts).is_none(), "and is told once of a tenant");
        }
        told
    };
    let (mut figures, samples) = store.figures_and_old_hashes().await.unwrap();
    let found = told((figures.clone(), samples));
    let mut alone = store.figures().await.unwrap();
    figures.iter_mut().for_each(|one| one.old_hashes.clear());
    for figures in [&mut figures, &mut alone] {
        figures.sort_by_key(|one| one.tenant);
    }
    assert_eq!(figures, alone);
    assert!(found.keys().map(|(tenant, _)| tenant).collect::<BTreeSet<_>>().len() > 1, "{found:?}");
    let all: u64 = store.board(ask(None)).await.unwrap().hashes.iter().map(|group| group.accounts).sum();
    assert!(found.values().sum::<u64>() < all, "not all are old");
    assert_eq!(found, told(memory.figures_and_old_hashes().await.unwrap()));
}

/// What is shown of one tenant is the part of the whole that belongs to it.
pub async fn the_board_of_a_tenant_shows_no_other(store: impl CutoverStore + BoardStore) {
    let tenants = three();
    fill(&store, &tenants).await;
    let all = store.board(ask(None)).await.unwrap();
    let mut sums = (0, 0, 0, 0);
    for tenant in &tenants {
        let one = store.board(ask(Some(*tenant))).await.unwrap();
        assert_eq!(one.tenants.len(), 1);
        let whole = all.tenants.iter().find(|other| other.tenant == Some(*tenant)).unwrap();
        assert_eq!(&one.tenants[0], whole);
        assert!(one.recent.keys().all(|key| *key == Some(*tenant)));
        sums.0 += one.steps.iter().map(|count| count.accounts).sum::<u64>();
        sums.1 += one.hashes.iter().map(|group| group.accounts).sum::<u64>();
        sums.2 += one.waiting.iter().map(|count| count.rows).sum::<u64>();
        sums.3 += one.upgrades.iter().map(|count| count.completed).sum::<u64>();
    }
    let whole = (
        all.steps.iter().map(|count| count.accounts).sum::<u64>(),
        all.hashes.iter().map(|group| group.accounts).sum::<u64>(),
        all.waiting.iter().map(|count| count.rows).sum::<u64>(),
        all.upgrades.iter().map(|count| count.completed).sum::<u64>(),
    );
    assert!(sums.0 < whole.0 && sums.1 < whole.1 && sums.2 < whole.2, "{sums:?} of {whole:?}");
    assert!(sums.0 > 0 && sums.1 > 0 && sums.2 > 0);
    let nobody = TenantId::generate(NOW, &Seeded(5_000));
    let none = store.board(ask(Some(nobody))).await.unwrap();
    assert_eq!(none, BoardFigures::default());
}

/// Rows and lines are found by what they are looked for, page after page, and within a tenant only its own.
pub async fn lines_and_open_rows_are_found_within_a_tenant(store: impl CutoverStore + BoardStore) {
    let (memory, tenants) = (MemoryTarget::new(), three());
    fill(&store, &tenants).await;
    fill(&memory, &tenants).await;
    let lease_run = store.runs(None, 1).await.unwrap()[0].plan.id;
    for tenant in [None, Some(tenants[1])] {
        for (kind, reason) in
            [(None, None), (Some(PenKind::Conflict), None), (Some(PenKind::Failed), Some(ReasonCode::EmailTaken))]
        {
            let mut ask = WaitingAsk { tenant, kind, reason, after: None, limit: 2 };
            loop {
                let page = store.waiting_rows(ask.clone()).await.unwrap();
                assert_eq!(page, memory.waiting_rows(ask.clone()).await.unwrap());
                let Some(last) = page.last() else { break };
                assert!(tenant.is_none() || page.iter().all(|entry| entry.tenant == tenant));
                ask.after = Some((last.source.clone(), last.source_id.clone()));
            }
        }
        for by in [LineKey::Account(user(7)), LineKey::Run(lease_run), LineKey::SourceId(row(3))] {
            let mut ask = LineAsk { tenant, by, before: None, limit: 9 };
            let mut lines = 0;
            loop {
                let page = store.find_lines(ask.clone()).await.unwrap();
                assert_eq!(page, memory.find_lines(ask.clone()).await.unwrap());
                let Some(last) = page.last() else { break };
                assert!(tenant.is_none() || page.iter().all(|entry| entry.item.tenant == tenant));
                lines += page.len();
                ask.before = Some(last.item.key);
            }
            assert!(tenant.is_some() || lines > 0, "{:?}", ask.by);
        }
    }
}
