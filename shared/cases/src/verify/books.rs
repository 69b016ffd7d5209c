//! V1, V2, V3, V8, V11: the fold of every row's postings is the head, and what was paid is told the same by all.

use domain::ledger::Head;
use domain::line::Account;
use domain::money::Money;
use domain::paid::PaidByYear;
use domain::postings::{self, Balances, Book, Posting};
use domain::time::Zone;
use store::payouts::StoredPayout;

use super::Found;
use crate::error::CaseError;

/// The books of one account.
#[derive(Default)]
pub(super) struct Books(Balances);

impl Books {
    /// Books an entry.
    pub(super) fn book(
        &mut self,
        entry: impl FnOnce() -> String,
        postings: &[Posting],
        found: &mut Found,
    ) -> Result<(), CaseError> {
        let balanced = self.0.book(postings)?;
        found.expect("V1", entry, true, balanced);
        Ok(())
    }

    /// Holds the balances against the head.
    pub(super) fn close(
        mut self,
        head: &Head,
        payouts: &[StoredPayout],
        zone: &Zone,
        found: &mut Found,
    ) -> Result<(), CaseError> {
        let mut paid = PaidByYear::default();
        for StoredPayout { payout, .. } in payouts {
            self.book(|| format!("payout {}", payout.id), &postings::of_payout(payout)?, found)?;
            paid.add(payout, zone)?;
        }
        let balances = self.0;
        found.expect("V2", || "all accounts of the book".to_owned(), 0, balances.sum_minor()?);
        let minor = |minor: i64| Money::from_minor(minor, head.currency);
        let open = Money::try_sum(head.open.values().map(|open| minor(*open)), head.currency)?;
        let kept = [
            (Book::Pending, open.minor()),
            (Book::Held, head.held),
            (Book::Available, head.available),
            (Book::Reserved, head.reserved),
            (Book::Cash, head.settled),
        ];
        for (book, kept) in kept {
            found.expect("V3", || format!("{book:?}"), balances.minor(book), kept);
        }
        if let Some(StoredPayout { payout, .. }) = payouts.first() {
            let account: Account = payout.account();
            let by_date = paid.of_account(&account)?.minor();
            found.expect("V8", || "paid, by date of payment".to_owned(), by_date, head.settled);
        }
        Ok(())
    }
}
