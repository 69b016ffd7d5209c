//! Revenue recognition: what the sales of subscriptions earn, month by month.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::fact::{DisputePhase, ServicePart};
use domain::money::{Money, MoneyError};
use domain::rate::{Base, Rounding};
use domain::recognition::{MonthOfService, PaidBack, Spread, divide, month_of, next_month, schedule};
use domain::sale::Sale;
use domain::time::{BusinessDay, Timestamp};
use futures::future::try_join_all;
use store::journal::Journalled;

use super::Desk;
use crate::error::CaseError;

/// How long before its first month, or behind its last, a sale that still counts may have been booked, unless it is said: a
/// year's service, paid a month ahead.
pub const LOOK_BACK_DAYS: u16 = 400;
/// How many facts of the journal are read at a time.
const PAGE: usize = 500;
/// How many days of the journal are read at once.
const DAYS_ABREAST: usize = 8;

/// Months by currency and first day.
pub type Recognised = BTreeMap<(Currency, BusinessDay), MonthOfService>;

/// What was found of the months.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognition {
    /// What each of them earns.
    pub months: Recognised,
    /// Sales of subscriptions that were read and are in no month, for nobody told how long was paid for.
    pub without_period: BTreeMap<Currency, WithoutPeriod>,
}

/// Sales that cannot be spread, of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithoutPeriod {
    /// How many.
    pub sales: u64,
    /// What was paid for them, net of tax, before anything went back.
    pub amount: Money,
}

/// LED-11: what was earned in the months from one until another, both whole, of all sales of subscriptions whose
/// service runs then. It walks the journal from so many days before until as many behind: a service that is longer and
/// older, or booked later, is not seen.
/// A sale without a period is counted apart: any span that we chose for it would be made up.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn recognised(
    desk: &Desk<'_>,
    (first, last): (BusinessDay, BusinessDay),
    spread: Spread,
    look_back_days: u16,
) -> Result<Recognition, CaseError> {
    let (first, last) = (month_of(first)?, month_of(last)?);
    // No ledger has a day before 2000 or behind 2099: what lies there is not looked back on.
    let tomorrow = desk.today().plus_days(1)?;
    let over = next_month(last).unwrap_or(tomorrow);
    // What is booked behind the months may have served in them: an invoice that failed first, a webhook that came late.
    let end = over.plus_days(i32::from(look_back_days)).map_or(tomorrow, |end| end.min(tomorrow));
    let mut days = Vec::new();
    let mut day = first.plus_days(-i32::from(look_back_days)).or_else(|_| BusinessDay::new(2000, 1, 1))?;
    while day < end {
        days.push(day);
        day = day.plus_days(1)?;
    }
    let mut found = Recognition::default();
    for abreast in days.chunks(DAYS_ABREAST) {
        let mut reads = Vec::new();
        for day in abreast {
            reads.push(subscriptions_of(desk, *day));
        }
        for (day, sales) in abreast.iter().zip(try_join_all(reads).await?) {
            // Behind the months nothing says that a sale without a period has to do with them.
            for sale in sales.iter().filter(|sale| *day < over || sale.period_end.is_some()) {
                add(desk, &mut found, sale, spread).await?;
            }
        }
    }
    found.months.retain(|(_, month), _| (first..=last).contains(month));
    Ok(found)
}

/// The sales of subscriptions that were booked on a day.
async fn subscriptions_of(desk: &Desk<'_>, day: BusinessDay) -> Result<Vec<Sale>, CaseError> {
    let mut sales = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = desk.store.list_journal(desk.tenant, day, after.as_deref(), PAGE).await?;
        for fact in page.items {
            let Journalled::Sale(id) = fact else { continue };
            let sale = desk.store.get_sale(desk.tenant, &id).await?;
            sales.extend(sale.filter(|sale| sale.subscription.is_some()));
        }
        after = page.next;
        if after.is_none() {
            return Ok(sales);
        }
    }
}

async fn add(desk: &Desk<'_>, found: &mut Recognition, sale: &Sale, spread: Spread) -> Result<(), CaseError> {
    // The customer paid for the service also where a person said that nobody earns a commission by it.
    let revenue = net_of_tax(sale)?;
    if revenue.is_zero() {
        return Ok(());
    }
    let zero = Money::zero(revenue.currency());
    let (Some(from), Some(to)) = (sale.period_start, sale.period_end) else {
        let nothing = WithoutPeriod { sales: 0, amount: zero };
        let sum = found.without_period.entry(revenue.currency()).or_insert(nothing);
        sum.sales = sum.sales.saturating_add(1);
        sum.amount = sum.amount.try_add(revenue)?;
        return Ok(());
    };
    let back = paid_back(sale, revenue, went_back(desk, sale).await?)?;
    let one = [ServicePart { weight: 1, from, to }];
    // Weights that come to nothing divide nothing, whoever told them.
    let weight = sale.services.iter().fold(0_i64, |sum, part| sum.saturating_add(part.weight));
    let parts = if weight > 0 { &sale.services } else { &one[..] };
    for (service, back) in divide((revenue, sale.occurred_at), parts, &back)? {
        for (month, figures) in schedule(&service, &back, spread, &desk.zone)? {
            let nothing = MonthOfService { recognised: zero, contra: zero, deferred: zero };
            let sum = found.months.entry((revenue.currency(), month)).or_insert(nothing);
            sum.recognised = sum.recognised.try_add(figures.recognised)?;
            sum.contra = sum.contra.try_add(figures.contra)?;
            sum.deferred = sum.deferred.try_add(figures.deferred)?;
        }
    }
    Ok(())
}

/// Tax is nobody's revenue: paid × (total − tax) / total, rounded once.
fn net_of_tax(sale: &Sale) -> Result<Money, MoneyError> {
    Base::share(sale.paid, sale.total.try_sub(sale.tax)?, sale.total)?.rounded(Rounding::HalfAwayFromZero)
}

/// What went back of a payment, as it was told: by refunds and lost disputes, tax included, oldest first.
async fn went_back(desk: &Desk<'_>, sale: &Sale) -> Result<Vec<(Timestamp, i64)>, CaseError> {
    let mut back = Vec::new();
    let items_refunded = sale.item_refunds.values().any(|money| !money.is_zero());
    if !sale.refunded.is_zero() || items_refunded {
        let mut running = 0;
        let mut refunds = desk.store.list_refunds(desk.tenant, &sale.id).await?;
        refunds.sort_by_key(|refund| refund.occurred_at);
        for refund in refunds {
            let minor = refund.amount.minor();
            if refund.is_running_total {
                // A total that is told again counts only as far as it grew.
                back.push((refund.occurred_at, (minor - running).max(0)));
                running = running.max(minor);
            } else {
                back.push((refund.occurred_at, minor));
            }
        }
    }
    let lost = sale.disputes.values().filter(|dispute| dispute.phase == DisputePhase::Lost);
    back.extend(lost.map(|dispute| (dispute.occurred_at, dispute.amount.minor())));
    back.sort_unstable();
    Ok(back)
}

/// The same of the revenue: cumulative shares, so that a whole refund takes back the whole revenue, to the cent.
fn paid_back(sale: &Sale, revenue: Money, back: Vec<(Timestamp, i64)>) -> Result<Vec<PaidBack>, MoneyError> {
    let (mut gone, mut told) = (0_i64, Money::zero(revenue.currency()));
    let mut paid = Vec::new();
    for (at, minor) in back {
        gone = gone.saturating_add(minor).min(sale.paid.minor());
        let gone = Money::from_minor(gone, sale.paid.currency());
        let to_date = Base::share(revenue, gone, sale.paid)?.rounded(Rounding::HalfAwayFromZero)?;
        let amount = to_date.try_sub(told)?;
        told = to_date;
        if !amount.is_zero() {
            paid.push(PaidBack { at, amount });
        }
    }
    Ok(paid)
}
