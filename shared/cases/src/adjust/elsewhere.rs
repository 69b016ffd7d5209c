//! COM-3: occurrences are counted over all sales of a customer and subscription, whoever is paid for them. Here those are
//! read that are not among the sales to be put in order: of other partners, of another currency, of other programmes, and
//! those that were nobody's.
//!
//! Nothing of it is read where no rule counts occurrences. A customer says whose their sales ever were, so that as a rule
//! nobody else is asked. The sales of a customer whom several partners have are listed with the customer: from then on by
//! whoever books them, those before by the next visit to their account. So both are read by their keys: the list, and the
//! counts of frozen months. Only of an account that has not been visited since are the lines of open months read.

use std::collections::{BTreeMap, BTreeSet};

use domain::assess::Occurrence;
use domain::attribution::customer::Customer;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, SaleId};
use domain::ledger::Head;
use domain::line::{Account, Line, LineKind};
use domain::sale::Sale;
use futures::{StreamExt, TryStreamExt, stream};
use store::listed::Listed;
use store::{Store, StoreError, TenantKey, Written};

use super::Night;
use super::load::{Frame, Loaded, Wanted, add_occurrences, first_slot};
use crate::error::CaseError;

/// How many lines of others, that have not listed their sales yet, are read for one of the sales that may be put in order
/// at once. Behind that it goes on with what is listed and counted: one partner's size is no reason to leave another's
/// months as they are.
const LINES_A_SALE: usize = 10;
/// How many customers are asked at a time.
const ASKED_AT_ONCE: usize = 16;

/// Whose sales are looked for, and what is found.
struct Search<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    customers: BTreeMap<PaymentKey, Customer>,
    listed: BTreeMap<PaymentKey, Listed>,
    found: BTreeSet<SaleId>,
    lines_left: usize,
}

/// Reads them into the histories of customers.
///
/// # Errors
/// The store does not answer.
pub(super) async fn read(
    loaded: &mut Loaded,
    store: &Store,
    tenant: &TenantKey,
    wanted: &Wanted<'_>,
) -> Result<(), CaseError> {
    let customers = counted_by_rules(loaded, wanted);
    let shared = shared(loaded, wanted, &customers);
    if customers.is_empty() && shared.is_empty() {
        return Ok(());
    }
    let aside = loaded.aside.iter().filter(|(_, customer)| customers.contains_key(*customer));
    let found = aside.map(|(sale, _)| sale.clone()).collect();
    let (listed, lines_left) = (BTreeMap::new(), wanted.sales_max.saturating_mul(LINES_A_SALE));
    let mut search = Search { store, tenant, customers, listed, found, lines_left };
    search.nobodys().await?;
    search.list(shared).await?;
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
    loaded.listed = search.listed;
    Ok(())
}

/// Lists the sales of an account's open months with customers whom others have, too, and says that none is missing. Done
/// again it writes nothing.
///
/// # Errors
/// The store does not answer.
pub(super) async fn list(night: &Night<'_>, loaded: &Loaded, account: &Account) -> Result<(), StoreError> {
    let mut own: BTreeMap<&PaymentKey, Vec<&Sale>> = BTreeMap::new();
    for sale in loaded.sales.values().filter(|sale| {
        sale.paid.currency() == account.currency
            && loaded.counts_in.contains_key(&(sale.id.clone(), account.partner.clone()))
    }) {
        if let Some(customer) = &sale.customer {
            own.entry(customer).or_default().push(sale);
        }
    }
    for (customer, listed) in &loaded.listed {
        let own = own.get(customer).into_iter().flatten();
        for sale in own.filter(|sale| !listed.sales.contains(&sale.id)) {
            let _: Written = night.store.record_listed(night.tenant, customer, &sale.id).await?;
        }
        if !listed.whole.contains(account) {
            let _: Written = night.store.record_listed_whole(night.tenant, customer, account).await?;
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

/// The customers of whom several partners have sales. Of an account alone all are asked for where any rule of the tenant
/// counts occurrences: its own programme may count none, and the other partner's does.
fn shared(loaded: &Loaded, wanted: &Wanted<'_>, counted: &BTreeMap<PaymentKey, Customer>) -> BTreeSet<PaymentKey> {
    let are_all = wanted.only.is_none() && wanted.frames.values().any(Frame::counts_occurrences);
    let of_sales = loaded.sales.values().filter_map(|sale| sale.customer.as_ref());
    let known = of_sales.filter_map(|key| loaded.customers.get_key_value(key));
    let several =
        known.filter(|(key, customer)| customer.has_several_partners() && (are_all || counted.contains_key(*key)));
    several.map(|(key, _)| key.clone()).collect()
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

    /// What is listed with those whom several partners have.
    async fn list(&mut self, shared: BTreeSet<PaymentKey>) -> Result<(), StoreError> {
        let (store, tenant) = (self.store, self.tenant);
        let asking = shared.into_iter().map(|key| async move {
            let listed = store.get_listed(tenant, &key).await?;
            Ok::<_, StoreError>((key, listed))
        });
        let asking: Vec<_> = asking.collect();
        self.listed = stream::iter(asking).buffer_unordered(ASKED_AT_ONCE).try_collect().await?;
        // Of those whom no rule here counts nothing is read: they are listed for others.
        let counted = self.listed.iter().filter(|(key, _)| self.customers.contains_key(*key));
        self.found.extend(counted.flat_map(|(_, listed)| &listed.sales).cloned());
        Ok(())
    }

    /// What another account has of the customers: counted in frozen months; and the lines of open ones, where they are not
    /// all listed.
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
        let is_listed =
            |customer: &&PaymentKey| self.listed.get(*customer).is_some_and(|listed| listed.whole.contains(account));
        let customers: BTreeSet<&PaymentKey> = customers.into_iter().filter(|customer| !is_listed(customer)).collect();
        if customers.is_empty() {
            return Ok(());
        }
        let (first, mut start) = (first_slot(head.counted)?, None);
        loop {
            let (lines, next) = self.store.list_lines_from(self.tenant, account, first, start).await?;
            let Some(left) = self.lines_left.checked_sub(lines.len()) else {
                tracing::warn!(account.partner = %account.partner, account.currency = %account.currency, "an account has too many open lines to look for a shared customer's sales in it before its own visit lists them");
                return Ok(());
            };
            self.lines_left = left;
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
