//! Figures while a store counts them.

use std::collections::HashMap;

use oauth_core::ids::TenantId;

use super::{Alike, TenantFigures};

/// What is counted so far, of tenants and of accounts without one.
#[derive(Debug)]
pub struct Tally {
    figures: Vec<TenantFigures>,
    places: HashMap<Option<TenantId>, usize>,
    /// Old hashes by the places of their tenant and of their sample.
    hashes: HashMap<(usize, usize), u64>,
}

impl Tally {
    /// Nothing is counted yet of these.
    pub fn of(figures: Vec<TenantFigures>) -> Self {
        let places = figures.iter().enumerate().map(|(place, one)| (one.tenant, place)).collect();
        Self { figures, places, hashes: HashMap::new() }
    }

    /// Where a tenant stands; one that was not told before comes last.
    fn place(&mut self, tenant: Option<TenantId>) -> usize {
        *self.places.entry(tenant).or_insert_with(|| {
            self.figures.push(TenantFigures { tenant, ..TenantFigures::default() });
            self.figures.len() - 1
        })
    }

    fn change(&mut self, tenant: Option<TenantId>, change: impl FnOnce(&mut TenantFigures)) {
        let place = self.place(tenant);
        if let Some(one) = self.figures.get_mut(place) {
            change(one);
        }
    }

    /// Counts accounts.
    pub fn count(&mut self, alike: &Alike) {
        self.change(alike.tenant, |one| one.count(alike));
    }

    /// Counts old hashes; `sample` is the place of the one that stands for them.
    pub fn count_hashes(&mut self, tenant: Option<TenantId>, sample: usize, accounts: u64) {
        let place = self.place(tenant);
        *self.hashes.entry((place, sample)).or_default() += accounts;
    }

    /// Notes how many rows of a tenant wait for a decision.
    pub fn wait(&mut self, tenant: Option<TenantId>, rows: u64) {
        self.change(tenant, |one| one.waiting = rows);
    }

    /// What was counted.
    pub fn into_figures(mut self) -> Vec<TenantFigures> {
        for ((place, sample), accounts) in self.hashes {
            if let Some(one) = self.figures.get_mut(place) {
                one.old_hashes.push((sample, accounts));
            }
        }
        self.figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_tenant_is_put_together_and_one_that_nobody_named_is_there_too() {
        let [a, b, c] = [1, 2, 3].map(|n| TenantId::parse(&format!("018f0000-0000-7000-8000-00000000000{n}")));
        let named = |tenant, slug: &str| TenantFigures { tenant, slug: Some(slug.into()), ..TenantFigures::default() };
        let mut tally = Tally::of(vec![named(a, "z"), named(b, "a"), TenantFigures::default()]);
        let alike = |tenant, traits, accounts| Alike { tenant, traits, accounts, last_password_login_at: None };
        for one in [alike(a, 1, 5), alike(None, 4, 1), alike(a, 2, 7), alike(c, 1, 2)] {
            tally.count(&one);
        }
        for (tenant, sample, accounts) in [(a, 1, 2), (a, 0, 4), (a, 1, 1)] {
            tally.count_hashes(tenant, sample, accounts);
        }
        tally.wait(b, 9);
        let mut figures = tally.into_figures();
        figures.iter_mut().for_each(|one| one.old_hashes.sort_unstable());
        figures.sort_by_key(|one| one.tenant);
        let of = |one: &TenantFigures| (one.tenant, one.total, one.password, one.waiting, one.old_hashes.clone());
        assert_eq!(
            figures.iter().map(of).collect::<Vec<_>>(),
            [(None, 1, 0, 0, vec![]), (a, 12, 5, 0, vec![(0, 4), (1, 3)]), (b, 0, 0, 9, vec![]), (c, 2, 2, 0, vec![]),]
        );
    }
}
