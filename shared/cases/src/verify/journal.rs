//! V9, from the other side: each fact of the journal, with lines or without, and its lines where it says they are.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{EntryId, MemberId, SaleId};
use domain::line::Account;
use domain::sale::Sale;
use domain::time::BusinessDay;
use store::journal::Journalled;
use store::{Store, TenantKey};

use super::facts::{look_for_lines, refunds, sale_by_itself};
use super::prints::Print;
use super::{Found, Seen, Verified};
use crate::error::CaseError;

/// How many facts are read at a time.
const PAGE_SIZE: usize = 400;

/// Walks the journal's days. `prints` are those of the accounts' lines.
pub(super) async fn verify(
    store: &Store,
    tenant: &TenantKey,
    days: (BusinessDay, BusinessDay),
    prints: &BTreeMap<Account, Print>,
    (verified, tell): (&mut Verified, &(dyn Fn(Seen) + Sync)),
) -> Result<(), CaseError> {
    let mut found = Found::of(None);
    let count = |more: u64| {
        verified.facts += more;
        tell(Seen::Facts(verified.facts));
    };
    let looked = look(store, tenant, days, prints, (&mut found, count)).await;
    // What was found before something could not be read is told all the same.
    verified.take(found.breaches);
    looked
}

async fn look(
    store: &Store,
    tenant: &TenantKey,
    days: (BusinessDay, BusinessDay),
    prints: &BTreeMap<Account, Print>,
    (found, mut count): (&mut Found, impl FnMut(u64)),
) -> Result<(), CaseError> {
    let mut told: BTreeMap<Account, Print> = BTreeMap::new();
    walk(store, tenant, days, async |sales: &[Sale], entries: &[domain::entry::Entry]| {
        count(sales.len() as u64 + entries.len() as u64);
        for sale in sales {
            // One that has lines was looked at with them.
            if sale.lines.is_empty() {
                sale_by_itself(sale, found)?;
                refunds(store, tenant, sale, found).await?;
            }
            let partners: BTreeSet<_> = sale.lines.iter().map(|line| &line.partner).collect();
            for partner in partners {
                let account = Account { partner: partner.clone(), currency: sale.paid.currency() };
                told.entry(account).or_default().add_sale(sale, partner);
            }
        }
        for entry in entries {
            told.entry(entry.account.clone()).or_default().add_line(&entry.line());
        }
        Ok(())
    })
    .await?;
    let differ = |account: &&Account| prints.get(*account).copied().unwrap_or_default() != told[*account];
    let suspects: BTreeSet<Account> = told.keys().filter(differ).cloned().collect();
    if !suspects.is_empty() {
        for account in suspects.iter().filter(|account| !prints.contains_key(*account)) {
            unknown(store, tenant, account, found).await?;
        }
        look_closer(store, tenant, days, &suspects, found).await?;
    }
    Ok(())
}

/// An account that facts know and the walk did not meet: its partner enrolled meanwhile, or the registry has lost them,
/// and nobody walks their account any more.
async fn unknown(store: &Store, tenant: &TenantKey, account: &Account, found: &mut Found) -> Result<(), CaseError> {
    let member = MemberId::from_ulid(account.partner.ulid());
    let is_member = store.get_member(tenant, &member).await?.is_some();
    if !is_member && !store.is_registered(tenant, &account.partner).await? {
        let partner = format!("{} in the registry of partners", account.partner);
        found.tell("V3", partner, "walked".to_owned(), "not there".to_owned());
    }
    Ok(())
}

/// Looks for each line of the accounts whose lines are others than the journal's facts have. Facts that were booked or
/// changed meanwhile are whole when they are looked at; what the index does not show yet is not missed.
async fn look_closer(
    store: &Store,
    tenant: &TenantKey,
    days: (BusinessDay, BusinessDay),
    suspects: &BTreeSet<Account>,
    found: &mut Found,
) -> Result<(), CaseError> {
    walk(store, tenant, days, async |sales: &[Sale], entries: &[domain::entry::Entry]| {
        for sale in sales {
            let currency = sale.paid.currency();
            let is_suspect = |partner| suspects.contains(&Account { partner, currency });
            if !sale.lines.iter().any(|line| is_suspect(line.partner.clone())) {
                continue;
            }
            let mut of_sale = Found::of(None);
            look_for_lines(store, tenant, sale, None, &mut of_sale).await?;
            let is_as_read = async || -> Result<bool, CaseError> {
                Ok(store.get_sale(tenant, &sale.id).await?.is_some_and(|now| now.version == sale.version))
            };
            if !of_sale.breaches.is_empty() && is_as_read().await? {
                found.breaches.append(&mut of_sale.breaches);
            }
        }
        for entry in entries.iter().filter(|entry| suspects.contains(&entry.account)) {
            let wanted = entry.line();
            let line = store.get_line(tenant, &entry.account, entry.place, &wanted.origin, wanted.n).await?;
            let line = line.map(|line| line.amount);
            let of = || format!("the line of {}", entry.id);
            found.at(&entry.account, |found| found.expect("V9", of, Some(entry.amount), line));
        }
        Ok(())
    })
    .await
}

/// Gives the journal's facts, a page at a time.
async fn walk(
    store: &Store,
    tenant: &TenantKey,
    (first, last): (BusinessDay, BusinessDay),
    mut take: impl AsyncFnMut(&[Sale], &[domain::entry::Entry]) -> Result<(), CaseError>,
) -> Result<(), CaseError> {
    let mut day = first;
    while day <= last {
        let mut after: Option<String> = None;
        loop {
            let page = store.list_journal(tenant, day, after.as_deref(), PAGE_SIZE).await?;
            let (sales, entries) = ids_of(&page.items);
            let sales: Vec<Sale> = store.list_sales_of(tenant, &sales).await?.into_values().collect();
            let entries = store.list_entries(tenant, &entries).await?;
            take(&sales, &entries).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let Ok(next) = day.plus_days(1) else { break };
        day = next;
    }
    Ok(())
}

fn ids_of(facts: &[Journalled]) -> (Vec<SaleId>, Vec<EntryId>) {
    let (mut sales, mut entries) = (Vec::new(), Vec::new());
    for fact in facts {
        match fact {
            Journalled::Sale(sale) => sales.push(sale.clone()),
            Journalled::Entry(entry) => entries.push(entry.clone()),
            Journalled::Other => {}
        }
    }
    (sales, entries)
}
