//! Counts of accounts by tenant, and of the hashes that are to be replaced.
//!
//! One thread reads rows while another counts them: each takes about as long, and grouping them in SQL would sort them all.

use std::{
    collections::HashMap,
    ops::Range,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use authly_cutover::{
    board::mark,
    store::{Alike, Tally, TenantFigures},
};
use authly_directory::password::StoredHash;
use oauth_core::{
    ids::TenantId,
    store::{StoreError, StoreErrorKind},
};

use super::batch::unsigned;
use crate::{
    cursor::Cursor,
    db::Db,
    error::{Fault, Outcome},
};

const NAMES: &str = "SELECT id, slug, name FROM tenants WHERE deleted_at IS NULL AND (?1 IS NULL OR id = ?1)";

/// One number says everything that is counted of an account, as [`Alike`] has it.
macro_rules! traits {
    ($hash:literal) => {
        concat!(
            "SELECT tenant_id, \
                    CASE auth_method WHEN 'dual' THEN 2 WHEN 'password' THEN 1 WHEN 'oauth' THEN 4 ELSE 0 END \
                    + CASE WHEN imported_at IS NULL THEN 0 ELSE 8 END + CASE WHEN invited_at IS NULL THEN 0 ELSE 16 END \
                    + CASE WHEN completed_at IS NULL THEN 0 ELSE 32 END + CASE WHEN hash_upgraded_at IS NULL THEN 0 ELSE 64 END \
                    + CASE reset_required WHEN 0 THEN 0 ELSE 128 END + CASE status WHEN 'disabled' THEN 256 ELSE 0 END \
                    + CASE credential_state WHEN 'legacy_scheme' THEN 512 WHEN 'wrapped' THEN 1024 ELSE 0 END, \
                    last_password_login_at, ",
            $hash,
            " FROM users WHERE status <> 'deleted' AND (?1 IS NULL OR tenant_id = ?1)"
        )
    };
}

const TRAITS: &str = traits!("NULL");

/// Beside the traits, the hash that verifies, where it is to be replaced.
const TRAITS_AND_HASHES: &str =
    traits!("CASE WHEN credential_state IN ('legacy_scheme', 'wrapped') THEN ifnull(upgraded_hash, password_hash) END");

const WAITING: &str = "SELECT tenant_id, count(*) FROM migration_pen WHERE resolution IS NULL \
                       AND (?1 IS NULL OR tenant_id = ?1) GROUP BY tenant_id";

/// Of all tenants and of accounts without one, or of one tenant alone.
pub(super) fn by_tenant(db: Db<'_>, only: Option<TenantId>) -> Outcome<Vec<TenantFigures>> {
    Ok(counted(db, only, TRAITS)?.tally.into_figures())
}

/// Of all, with the hashes that are to be replaced.
pub(super) fn by_tenant_and_hash(db: Db<'_>) -> Outcome<(Vec<TenantFigures>, Vec<StoredHash>)> {
    let Counted { tally, samples, .. } = counted(db, None, TRAITS_AND_HASHES)?;
    Ok((tally.into_figures(), samples))
}

/// What is counted so far.
struct Counted {
    tally: Tally,
    /// An old hash of each kind.
    samples: Vec<StoredHash>,
    /// Where the sample stands of those that have this mark.
    places: HashMap<String, usize>,
}

fn counted(db: Db<'_>, only: Option<TenantId>, traits: &str) -> Outcome<Counted> {
    let without_tenant = only.is_none().then(TenantFigures::default);
    let only = only.map(TenantId::uuid);
    let mut named = db.all(NAMES, [only], |row| {
        let tenant = Some(row.id("tenants.id", TenantId::from_uuid)?);
        let (slug, name) = (row.value("tenants.slug")?, row.value("tenants.name")?);
        Ok(TenantFigures { tenant, slug, name, ..TenantFigures::default() })
    })?;
    named.extend(without_tenant);
    let mut counted = Counted { tally: Tally::of(named), samples: Vec::new(), places: HashMap::new() };
    thread::scope(|scope| {
        let (send, pages) = sync_channel(PAGES);
        let (thread, counted) = (thread::Builder::new().name("sqlite-counter".to_owned()), &mut counted);
        let counter = thread.spawn_scoped(scope, move || counted.count_pages(pages)).map_err(|_| unavailable())?;
        let read = read(db, traits, only, &send);
        drop(send);
        counter.join().map_err(|_| unavailable())?;
        read
    })?;
    let waiting = db.all(WAITING, [only], |row| {
        let tenant = row.id_opt("migration_pen.tenant_id", TenantId::from_uuid)?;
        Ok((tenant, row.value("migration_pen.kind").map(unsigned)?))
    })?;
    for (tenant, rows) in waiting {
        counted.tally.wait(tenant, rows);
    }
    Ok(counted)
}

/// Pages that may wait to be counted.
const PAGES: usize = 4;

/// Accounts of a page.
const PAGE: usize = 2_000;

/// What was read of some accounts.
#[derive(Default)]
struct Page {
    accounts: Vec<(Alike, Option<Range<usize>>)>,
    /// The hashes, one behind the other.
    hashes: String,
}

impl Page {
    fn read(&mut self, row: &mut Cursor<'_>) -> Outcome<()> {
        let alike = Alike {
            tenant: row.id_opt("users.tenant_id", TenantId::from_uuid)?,
            traits: row.value("users.auth_method")?,
            accounts: 1,
            last_password_login_at: row.time_opt("users.last_password_login_at")?,
        };
        let from = self.hashes.len();
        let hash = row.parse_opt("users.password_hash", |hash| {
            self.hashes.push_str(hash);
            Some(from..self.hashes.len())
        })?;
        self.accounts.push((alike, hash));
        Ok(())
    }
}

/// Hands accounts over page by page.
fn read(db: Db<'_>, traits: &str, only: Option<uuid::Uuid>, pages: &SyncSender<Page>) -> Outcome<()> {
    let mut page = Page::default();
    db.each(traits, [only], |row| {
        page.read(row)?;
        if page.accounts.len() < PAGE {
            return Ok(());
        }
        pages.send(std::mem::take(&mut page)).map_err(|_| unavailable())
    })?;
    pages.send(page).map_err(|_| unavailable())
}

impl Counted {
    fn count_pages(&mut self, pages: Receiver<Page>) {
        for Page { accounts, hashes } in pages {
            for (alike, hash) in accounts {
                self.tally.count(&alike);
                if let Some(hash) = hash.and_then(|place| hashes.get(place)) {
                    self.count_hash(alike.tenant, hash);
                }
            }
        }
    }

    fn count_hash(&mut self, tenant: Option<TenantId>, hash: &str) {
        let mark = mark(hash);
        let sample = match self.places.get(mark.as_ref()) {
            Some(place) => *place,
            None => {
                let place = self.samples.len();
                self.samples.push(StoredHash::new(hash.to_owned()));
                self.places.insert(mark.into_owned(), place);
                place
            }
        };
        self.tally.count_hashes(tenant, sample, 1);
    }
}

/// There is no thread to be had, or it broke off.
fn unavailable() -> Fault {
    Fault(StoreError::new(StoreErrorKind::Unavailable))
}
