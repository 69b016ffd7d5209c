//! What a frozen month leaves for later ones: counters of customers and standings of partners.
//!
//! Written before the account is marked, and written whole again when a visit died between: see `store::counts`.

use std::collections::BTreeMap;

use domain::assess::{Occurrence, Standing};
use domain::fact::{PaymentKey, SaleType};
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::line::{Account, LineKind, PartKind};
use domain::month::Month;
use domain::sale::Sale;
use store::Written;
use store::counts::{Counted, CountedSale, CustomerCount, ProgramCount};

use super::Night;
use super::late;
use super::load::{Frames, Loaded};
use super::plan::{Choice, assessed};
use super::shares;
use crate::error::CaseError;

/// Records what the account's sales of months up to one come to. Refused when a recompute has changed a count meanwhile, or
/// a later month is counted: read again.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn record(night: &Night<'_>, loaded: &Loaded, account: &Account, last: Month) -> Result<Written, CaseError> {
    let counted = loaded.heads.get(account).and_then(|head| head.counted);
    let mut of_customers = customers(loaded, account, last);
    shares::count(&mut of_customers, loaded, night.frames, (account, last))?;
    for (customer, within) in of_customers {
        let known = loaded.customer_counts.get(&(account.clone(), customer.clone()));
        let mut count = next((known, counted), customer.to_string(), last, within, add_customer);
        late::forget(&mut count.before, loaded, (account, &customer), last);
        let written = night.store.record_customer_count(night.tenant, account, &customer, known, count).await?;
        if written == Written::ConditionFailed {
            return Ok(written);
        }
    }
    let mut standings = programs(loaded, night.frames, account, last)?;
    late::count_bands(&mut standings, loaded, account, last);
    for (program, within) in standings {
        let known = loaded.program_counts.get(&(account.clone(), program.clone()));
        let count = next((known, counted), program.to_string(), last, within, follow);
        let written = night.store.record_program_count(night.tenant, account, &program, known, count).await?;
        if written == Written::ConditionFailed {
            return Ok(written);
        }
    }
    Ok(Written::Yes)
}

/// The next state of a count: what an earlier freeze counted is history now, what this one counted before is replaced; so is
/// what one before it had counted, where nothing says that it was done.
fn next<T: Clone + Default>(
    (known, counted): (Option<&Counted<T>>, Option<Month>),
    key: String,
    last: Month,
    within: T,
    add: fn(&mut T, &T),
) -> Counted<T> {
    let mut before = known.map(|known| known.before.clone()).unwrap_or_default();
    if let Some(known) = known.filter(|known| known.month <= counted) {
        add(&mut before, &known.within);
    }
    let recomputed = known.and_then(|known| known.recomputed.clone());
    Counted { key, month: Some(last), before, within, recomputed }
}

/// COM-3: how many sales of a subscription a count keeps one by one; of those before it only the number. Two partners who
/// shared in one of those both count it, which is of no consequence: no limit reaches so far.
pub const KEPT_MAX: usize = domain::rule::OCCURRENCES_MAX as usize;

/// What stands before a subscription's id in a count.
pub(super) const SERIES: &str = "=";

/// By programme.
pub(crate) type Standings = BTreeMap<ProgramId, ProgramCount>;

fn is_paid(sale: &Sale) -> bool {
    sale.event_type.is_payment() && sale.paid.minor() > 0
}

/// What is left of a partner's own commission of a sale.
fn earned(sale: &Sale, partner: &PartnerId) -> i64 {
    let own = sale.lines.iter().filter(|line| {
        line.partner == *partner && line.part.kind != PartKind::SecondTier && line.kind != LineKind::HoldMove
    });
    own.fold(0_i64, |sum, line| sum.saturating_add(line.amount.minor()))
}

/// The sales that count for an account in months up to one.
pub(super) fn sales_of<'l>(
    loaded: &'l Loaded,
    account: &'l Account,
    last: Month,
) -> impl Iterator<Item = &'l Sale> + 'l {
    let counting = loaded.counts_in.iter();
    let own = counting.filter(move |((_, partner), counts)| *partner == account.partner && counts.month <= last);
    let sales = own.filter_map(|((sale, _), _)| loaded.sales.get(sale));
    sales.filter(move |sale| sale.paid.currency() == account.currency)
}

fn customers(loaded: &Loaded, account: &Account, last: Month) -> BTreeMap<PaymentKey, CustomerCount> {
    let mut customers: BTreeMap<PaymentKey, CustomerCount> = BTreeMap::new();
    for sale in sales_of(loaded, account, last) {
        let Some(customer) = &sale.customer else { continue };
        // Who has left for another partner is counted too: with nothing.
        let count = customers.entry(customer.clone()).or_default();
        let credit = sale.decision.credits().iter().find(|credit| credit.partner == account.partner);
        let Some(credit) = credit else { continue };
        let moment = (sale.occurred_at, sale.id.clone());
        let first = match sale.event_type {
            SaleType::SignUp => Some(&mut count.signed_up),
            _ if is_paid(sale) => Some(&mut count.first_paid),
            // A lead, or an event of a name of one's own: no first of anything, and yet what it earns is the customer's.
            _ => None,
        };
        if let Some(first) = first.filter(|first| first.as_ref().is_none_or(|first| moment < *first)) {
            *first = Some(moment);
        }
        if let Some(Occurrence { period_ms, at_ms, payment }) = Occurrence::of(sale) {
            let series = count.paid.entry(format!("{SERIES}{}", Occurrence::series(sale))).or_default();
            series.insert(CountedSale(period_ms, at_ms, payment));
        }
        let of_program = count.earned.entry(credit.program.clone()).or_default();
        *of_program = of_program.saturating_add(earned(sale, &account.partner));
    }
    for back in loaded.late_back.iter().filter(|back| back.account == *account && back.month <= last) {
        let Some(customer) = &back.customer else { continue };
        let count = customers.entry(customer.clone()).or_default();
        let of_program = count.earned.entry(back.program.clone()).or_default();
        *of_program = of_program.saturating_add(back.minor);
    }
    customers
}

/// Where the account stands in each programme after those months: also where nothing is to be reached yet, for what is may
/// come with later rules and counts from the beginning.
pub(crate) fn programs(
    loaded: &Loaded,
    frames: &Frames,
    account: &Account,
    last: Month,
) -> Result<Standings, CaseError> {
    let mut frozen = loaded.clone();
    let counts = |sale: &SaleId| loaded.counts_in.get(&(sale.clone(), account.partner.clone()));
    frozen.sales.retain(|id, sale| {
        sale.paid.currency() == account.currency && counts(id).is_some_and(|counts| counts.month <= last)
    });
    let standings = assessed(&frozen, &Choice { frames, includes: &|_| true })?.standings;
    let own = standings.into_iter().filter(|((program, partner, currency), _)| {
        frames.contains_key(program) && *partner == account.partner && *currency == account.currency
    });
    Ok(own
        .map(|((program, _, _), standing)| {
            let Standing { sales, customers, revenue, achieved } = standing;
            (program, ProgramCount { sales, customers, revenue, achieved, bands: BTreeMap::new() })
        })
        .collect())
}

fn add_customer(count: &mut CustomerCount, more: &CustomerCount) {
    for (known, found) in [(&mut count.first_paid, &more.first_paid), (&mut count.signed_up, &more.signed_up)] {
        if let Some(found) = found
            && known.as_ref().is_none_or(|known| found < known)
        {
            *known = Some(found.clone());
        }
    }
    for (series, occurrences) in &more.occurrences {
        let known = count.occurrences.entry(series.clone()).or_default();
        *known = known.saturating_add(*occurrences);
    }
    for (series, paid) in &more.paid {
        let known = count.paid.entry(series.clone()).or_default();
        known.extend(paid.iter().cloned());
        while known.len() > KEPT_MAX {
            known.pop_first();
            let before = count.occurrences.entry(series.clone()).or_default();
            *before = before.saturating_add(1);
        }
    }
    for (program, minor) in &more.earned {
        let known = count.earned.entry(program.clone()).or_default();
        *known = known.saturating_add(*minor);
    }
    shares::follow(&mut count.bands, &more.bands);
}

/// A standing says all that was before it, too.
fn follow(count: &mut ProgramCount, later: &ProgramCount) {
    count.clone_from(later);
}
