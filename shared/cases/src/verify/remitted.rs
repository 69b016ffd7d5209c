//! V11 of a tenant: of what was withheld in a year no more is handed on, and the year says how much.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::money::Money;
use domain::paid::payment_day;
use domain::postings::{Balances, Book, of_remittance, of_remittance_taken_back, of_withheld};
use domain::tax::batch::{Remittance, RemittanceState, TaxYear};
use domain::time::{BusinessDay, Zone};
use store::payouts::StoredPayout;
use store::{Store, TenantKey};

use super::Found;
use crate::error::CaseError;

/// How many are read at a time.
const PAGE_SIZE: usize = 200;
/// How often years and what was handed on are read until nothing is booked between.
const READS_MAX: usize = 3;

/// What was withheld, in cents, by the year of payment.
pub(super) type Withheld = BTreeMap<i16, i64>;

/// What an account's payouts say was withheld: in dollars, which the tax office takes.
pub(super) fn withheld_of(payouts: &[StoredPayout], zone: &Zone) -> Withheld {
    let mut withheld = Withheld::new();
    for StoredPayout { payout, .. } in payouts {
        let year = payment_day(payout, zone).map(BusinessDay::parts);
        let kept = payout.net.map(|net| net.withheld).filter(|kept| kept.currency() == Currency::USD);
        if let Some(((year, _, _), kept)) = year.zip(kept) {
            let sum = withheld.entry(year).or_default();
            *sum = sum.saturating_add(kept.minor());
        }
    }
    withheld
}

/// What years say, and what was handed on of them, as of one moment.
pub(super) struct HandedOn {
    years: Vec<TaxYear>,
    booked: Vec<Remittance>,
}

/// Reads years and what was handed on: before the accounts are walked, so that whatever the years know of is in the accounts,
/// however much is paid, counted and handed on meanwhile.
pub(super) async fn read(store: &Store, tenant: &TenantKey) -> Result<HandedOn, CaseError> {
    let mut years = store.list_tax_years(tenant).await?;
    let mut booked = Vec::new();
    for _ in 0..READS_MAX {
        if years.is_empty() {
            break;
        }
        booked = list_booked(store, tenant).await?;
        let again = store.list_tax_years(tenant).await?;
        if again == years {
            break;
        }
        // Something was counted or booked between the two: a year and its remittances are one transaction.
        years = again;
    }
    Ok(HandedOn { years, booked })
}

async fn list_booked(store: &Store, tenant: &TenantKey) -> Result<Vec<Remittance>, CaseError> {
    let (mut booked, mut before) = (Vec::new(), None);
    loop {
        let page = store.list_remittances(tenant, before.as_ref(), PAGE_SIZE).await?;
        before = page.items.last().map(|remittance| remittance.id.clone());
        let was_booked = |remittance: &Remittance| {
            matches!(remittance.state, RemittanceState::Booked { .. } | RemittanceState::TakenBack { .. })
        };
        booked.extend(page.items.into_iter().filter(was_booked));
        if page.next.is_none() {
            return Ok(booked);
        }
    }
}

impl HandedOn {
    /// Holds the years against what the accounts say was withheld, and against what was handed on.
    pub(super) fn verify(&self, withheld: &Withheld, found: &mut Found) -> Result<(), CaseError> {
        if self.years.is_empty() {
            return Ok(());
        }
        let mut books: BTreeMap<i16, Balances> = BTreeMap::new();
        for (year, minor) in withheld {
            let kept = of_withheld(Money::from_minor(*minor, Currency::USD))?;
            let booked = books.entry(*year).or_default().book(&kept);
            found.expect("V1", || format!("tax withheld in {year}"), Ok(true), booked);
        }
        let mut remitted: BTreeMap<i16, i64> = BTreeMap::new();
        for remittance in &self.booked {
            let entry = of_remittance(remittance.amount)?;
            let books = books.entry(remittance.year).or_default();
            let booked = books.book(&entry);
            found.expect("V1", || format!("remittance {}", remittance.id), Ok(true), booked);
            if matches!(remittance.state, RemittanceState::TakenBack { .. }) {
                let booked = books.book(&of_remittance_taken_back(remittance.amount)?);
                found.expect("V1", || format!("remittance {}, taken back", remittance.id), Ok(true), booked);
                continue;
            }
            let sum = remitted.entry(remittance.year).or_default();
            *sum = sum.saturating_add(remittance.amount.minor());
        }
        for year in &self.years {
            let sum = remitted.get(&year.year).copied().unwrap_or_default();
            found.expect("V11", || format!("tax handed on of {}", year.year), sum, year.remitted.minor());
            // The liability is what was withheld less what was handed on: nobody is owed less than nothing.
            let owed = books.get(&year.year).map_or(0, |books| books.minor(Book::Withheld));
            found.expect("V11", || format!("tax owed of {}", year.year), true, owed >= 0);
            let counted = withheld.get(&year.year).copied().unwrap_or_default() >= year.withheld.minor();
            found.expect("V11", || format!("tax withheld in {}, as it was counted", year.year), true, counted);
        }
        Ok(())
    }
}
