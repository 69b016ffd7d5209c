//! The revenue that awards are counted by: all paid sales less what went back.

use domain::currency::Currency;
use domain::id::SaleId;
use domain::money::Money;
use domain::time::BusinessDay;
use store::journal::Journalled;
use store::{Store, TenantKey};

use crate::error::CaseError;
use crate::verify;

/// How many facts are read at a time.
const PAGE_SIZE: usize = 400;

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
    let mut day = first;
    while day <= last {
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
                None => break,
            }
        }
        let Ok(next) = day.plus_days(1) else { break };
        day = next;
    }
    Ok((revenue, count))
}

fn sale_of(fact: &Journalled) -> Option<SaleId> {
    match fact {
        Journalled::Sale(sale) => Some(sale.clone()),
        Journalled::Entry(_) | Journalled::Other => None,
    }
}
