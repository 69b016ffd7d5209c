//! The revenue that awards are counted by: all paid sales less what went back.

use std::iter::successors;

use domain::currency::Currency;
use domain::id::SaleId;
use domain::money::Money;
use domain::time::BusinessDay;
use futures::stream::{self, StreamExt, TryStreamExt};
use store::journal::Journalled;
use store::{Store, TenantKey};

use crate::error::CaseError;
use crate::verify;

/// How many facts are read at a time.
const PAGE_SIZE: usize = 400;
/// How many days are read side by side: one after the other, some hundred days would take longer than a request has.
const DAYS_AT_ONCE: usize = 16;

/// AWD-1: paid sales less refunds and lost disputes, of all time, in one currency; and how many sales there were. Sales in
/// other currencies are left out: nothing is exchanged by a guess.
pub(super) async fn of(
    store: &Store,
    tenant: &TenantKey,
    currency: Currency,
    today: BusinessDay,
) -> Result<(Money, u64), CaseError> {
    let (mut revenue, mut count) = (Money::zero(currency), 0);
    let Some((first, last)) = verify::whole(store, tenant, today).await?.journal else {
        return Ok((revenue, count));
    };
    let days = successors(Some(first), |day| day.plus_days(1).ok()).take_while(|day| *day <= last);
    let asking: Vec<_> = days.map(|day| of_day(store, tenant, currency, day)).collect();
    // A sum has no order.
    let mut found = stream::iter(asking).buffer_unordered(DAYS_AT_ONCE);
    while let Some((of_day, sales)) = found.try_next().await? {
        revenue = revenue.try_add(of_day)?;
        count += sales;
    }
    Ok((revenue, count))
}

async fn of_day(
    store: &Store,
    tenant: &TenantKey,
    currency: Currency,
    day: BusinessDay,
) -> Result<(Money, u64), CaseError> {
    let (mut revenue, mut count) = (Money::zero(currency), 0);
    let mut after: Option<String> = None;
    loop {
        let page = store.list_journal(tenant, day, after.as_deref(), PAGE_SIZE).await?;
        let ids: Vec<SaleId> = page.items.iter().filter_map(sale_of).collect();
        for sale in store.list_sales_of(tenant, &ids).await?.values() {
            if sale.paid.currency() == currency {
                revenue = revenue.try_add(sale.paid)?.try_sub(sale.went_back())?;
                count += 1;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok((revenue, count)),
        }
    }
}

fn sale_of(fact: &Journalled) -> Option<SaleId> {
    match fact {
        Journalled::Sale(sale) => Some(sale.clone()),
        Journalled::Entry(_) | Journalled::Other => None,
    }
}
