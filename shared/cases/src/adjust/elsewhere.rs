//! COM-3: occurrences are counted over all sales of a customer and subscription, whoever is paid for them. Here those are
//! read that are not among the sales to be put in order: of other partners, of another currency, of other programmes, and
//! those that were nobody's.
//!
//! Nothing of it is read where no rule counts occurrences. A customer says whose their sales ever were, so that as a rule
//! nobody else is asked; of others the counts of frozen months are read by their keys, and of open months the lines.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::Occurrence;
use domain::attribution::customer::Customer;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, SaleId};
use domain::ledger::Head;
use domain::line::{Account, Line, LineKind};
use futures::{StreamExt, TryStreamExt, stream};
use store::{Store, StoreError, TenantKey};

use super::load::{Frame, Loaded, Wanted, add_occurrences, first_slot};
use crate::error::CaseError;

/// How many lines of others are read for one of the sales that may be put in order at once.
const LINES_A_SALE: usize = 10;
/// How many customers are asked at a time for sales that were nobody's.
const ASKED_AT_ONCE: usize = 16;

/// Whose sales are looked for, and what is found.
struct Search<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    wanted: &'a Wanted<'a>,
    customers: BTreeMap<PaymentKey, Customer>,
    found: BTreeSet<SaleId>,
    lines_left: usize,
}

/// Reads them into the histories of customers.
///
/// # Errors
/// The store does not answer, or others have more open lines than are read.
pub(super) async fn read(
    loaded: &mut Loaded,
    store: &Store,
    tenant: &TenantKey,
    wanted: &Wanted<'_>,
) -> Result<(), CaseError> {
    let customers = counted_by_rules(loaded, wanted);
    if customers.is_empty() {
        return Ok(());
    }
    let aside = loaded.aside.iter().filter(|(_, customer)| customers.contains_key(*customer));
    let found = aside.map(|(sale, _)| sale.clone()).collect();
    let lines_left = wanted.sales_max.saturating_mul(LINES_A_SALE);
    let mut search = Search { store, tenant, wanted, customers, found, lines_left };
    search.nobodys().await?;
    let partners: BTreeSet<PartnerId> =
        search.customers.values().flat_map(|customer| &customer.credited).cloned().collect();
    for partner in &partners {
        for head in store.list_heads(tenant, partner).await? {
            let account = Account { partner: partner.clone(), currency: head.currency };
            if !loaded.visited.contains(&account) {
                search.account(loaded, &account, &head).await?;
            }
        }
    }
    let others: Vec<SaleId> = search.found.iter().filter(|sale| !loaded.sales.contains_key(*sale)).cloned().collect();
    for sale in store.list_sales_of(tenant, &others).await?.values() {
        let customer = sale.customer.as_ref().filter(|customer| search.customers.contains_key(*customer));
        if let (Some(customer), Some(occurrence)) = (customer, Occurrence::of(sale)) {
            let history = loaded.histories.entry(customer.clone()).or_default();
            history.paid.entry(Occurrence::series(sale).to_owned()).or_default().insert(occurrence);
        }
    }
    Ok(())
}

/// The customers with sales under a programme whose rules count occurrences.
fn counted_by_rules(loaded: &Loaded, wanted: &Wanted<'_>) -> BTreeMap<PaymentKey, Customer> {
    let mut customers = BTreeMap::new();
    for sale in loaded.sales.values() {
        let frames = sale.decision.credits().iter().filter_map(|credit| wanted.frames.get(&credit.program));
        let known = sale.customer.as_ref().and_then(|key| loaded.customers.get_key_value(key));
        if let Some((key, customer)) = known.filter(|_| frames.clone().any(Frame::counts_occurrences)) {
            customers.entry(key.clone()).or_insert_with(|| customer.clone());
        }
    }
    customers
}

/// A line of another programme than the one that is read, if it may be an occurrence of a customer of that one.
pub(super) fn aside(wanted: &Wanted<'_>, line: &Line) -> Option<(SaleId, PaymentKey)> {
    let frame = wanted.only.and_then(|program| wanted.frames.get(program));
    let (sale, customer) = (line.origin.sale()?, line.trace.customer.as_ref()?);
    let matters = line.kind == LineKind::Earned && frame.is_some_and(Frame::counts_occurrences);
    matters.then(|| (sale.clone(), customer.clone()))
}

impl Search<'_> {
    /// What nobody was paid for waits with its customer.
    async fn nobodys(&mut self) -> Result<(), StoreError> {
        let (store, tenant) = (self.store, self.tenant);
        let asked = self.customers.iter().filter(|(_, customer)| customer.was_nobodys).map(|(key, _)| key.clone());
        let asking = asked.map(|key| async move { store.list_undecided(tenant, &key).await });
        let asking: Vec<_> = asking.collect();
        let found: Vec<Vec<SaleId>> = stream::iter(asking).buffer_unordered(ASKED_AT_ONCE).try_collect().await?;
        self.found.extend(found.into_iter().flatten());
        Ok(())
    }

    /// What another account has of the customers: counted in frozen months, and the lines of open ones.
    async fn account(&mut self, loaded: &mut Loaded, account: &Account, head: &Head) -> Result<(), CaseError> {
        let of_partner = self.customers.iter().filter(|(_, customer)| customer.credited.contains(&account.partner));
        let customers: BTreeSet<&PaymentKey> = of_partner.map(|(key, _)| key).collect();
        for count in self.store.list_customer_counts(self.tenant, account, customers.iter().copied()).await? {
            let Ok(customer) = PaymentKey::parse(&count.key) else { continue };
            let history = loaded.histories.entry(customer).or_default();
            add_occurrences(history, &count.before);
            if count.month <= head.counted {
                add_occurrences(history, &count.within);
            }
        }
        let first = first_slot(head.counted)?;
        let mut start = None;
        loop {
            let (lines, next) = self.store.list_lines_from(self.tenant, account, first, start).await?;
            self.lines_left = self.lines_left.checked_sub(lines.len()).ok_or_else(|| {
                let sales_max = self.wanted.sales_max.saturating_mul(LINES_A_SALE);
                CaseError::TooManySales { partner: account.partner.clone(), sales_max }
            })?;
            let earned = lines.iter().filter(|line| line.kind == LineKind::Earned);
            let own = earned.filter(|line| line.trace.customer.as_ref().is_some_and(|key| customers.contains(key)));
            self.found.extend(own.filter_map(|line| line.origin.sale().cloned()));
            if next.is_none() {
                return Ok(());
            }
            start = next;
        }
    }
}
