//! V1, V2, V3, V8, V11: the fold of every row's postings is the head, and what was paid is told the same by all.

use domain::ledger::Head;
use domain::line::Account;
use domain::money::Money;
use domain::paid::PaidByYear;
use domain::payout::PayoutState;
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
        let (mut paid, mut back) = (PaidByYear::default(), 0_i64);
        for StoredPayout { payout, .. } in payouts {
            self.book(|| format!("payout {}", payout.id), &postings::of_payout(payout)?, found)?;
            // V11, PAY-13: nobody is paid more than was approved, and no part is below nothing.
            let of = || format!("the parts of payout {}", payout.id);
            found.expect("V11", of, true, payout.leaving().is_some());
            if matches!(payout.state, PayoutState::Returned { .. }) {
                back = back.saturating_add(payout.leaving().map_or(0, Money::minor));
            }
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
            // PAY-9: what came back is with the account again, in the same breath as the payout says so.
            (Book::Returning, 0),
        ];
        for (book, kept) in kept {
            found.expect("V3", || format!("{book:?}"), balances.minor(book), kept);
        }
        // What is on its way is reserved as long as nobody knows that it arrived.
        let sum = |books: &[Book]| books.iter().map(|book| balances.minor(*book)).fold(0, i64::saturating_add);
        let reserved = sum(&[Book::Reserved, Book::InTransit]);
        found.expect("V3", || "what is reserved or in transit".to_owned(), reserved, head.reserved);
        // What was settled left as cash, or is owed to the tax office, or was kept; or it came back.
        let left = sum(&[Book::Cash, Book::Withheld, Book::RetentionIncome]).saturating_add(back);
        found.expect("V3", || "cash, tax withheld, fees, and what came back".to_owned(), left, head.settled);
        if let Some(StoredPayout { payout, .. }) = payouts.first() {
            let account: Account = payout.account();
            // V11: the liability is what the payments say was withheld, of which nothing is remitted by this ledger.
            let withheld = paid.withheld_of(&account)?.minor();
            found.expect("V11", || "tax withheld".to_owned(), withheld, balances.minor(Book::Withheld));
            let by_date = paid.of_account(&account)?.minor();
            found.expect("V8", || "paid, by date of payment".to_owned(), by_date, head.settled);
        }
        Ok(())
    }
}
