//! Double entry: what each row of the ledger debits and credits. A pure function of rows; nothing stores it.

use std::collections::BTreeMap;

use crate::ledger::Close;
use crate::line::{Line, Place};
use crate::money::{Money, MoneyError};
use crate::payout::{Payout, PayoutState};

/// An account of the book, within one partner's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Book {
    /// What commission costs the tenant.
    CommissionExpense,
    /// Earned, its day has not been closed.
    Pending,
    /// Held by a person.
    Held,
    /// Closed and free to pay.
    Available,
    /// Covered by an open payout.
    Reserved,
    /// Paid out through a rail.
    Cash,
}

/// One side of an entry, in minor units: positive is a credit.
pub type Posting = (Book, Money);

/// A line: expense → pending or held.
///
/// # Errors
/// Out of range.
pub fn of_line(line: &Line) -> Result<Vec<Posting>, MoneyError> {
    let to = match line.place {
        Place::Slot(_) => Book::Pending,
        Place::Held => Book::Held,
    };
    transfer(Book::CommissionExpense, to, line.amount)
}

/// A close: pending → available.
///
/// # Errors
/// Out of range.
pub fn of_close(close: &Close) -> Result<Vec<Posting>, MoneyError> {
    transfer(Book::Pending, Book::Available, close.net)
}

/// A payout: available → reserved, and from there to cash, or back.
///
/// # Errors
/// Out of range.
pub fn of_payout(payout: &Payout) -> Result<Vec<Posting>, MoneyError> {
    let mut postings = transfer(Book::Available, Book::Reserved, payout.amount)?;
    match payout.state {
        PayoutState::Paid { .. } => postings.extend(transfer(Book::Reserved, Book::Cash, payout.amount)?),
        PayoutState::Rejected { .. } | PayoutState::Cancelled { .. } | PayoutState::Failed { .. } => {
            postings.extend(transfer(Book::Reserved, Book::Available, payout.amount)?);
        }
        PayoutState::PendingApproval | PayoutState::Approved | PayoutState::Submitted { .. } => {}
    }
    Ok(postings)
}

fn transfer(from: Book, to: Book, amount: Money) -> Result<Vec<Posting>, MoneyError> {
    Ok(vec![(from, amount.negate()?), (to, amount)])
}

/// Balances of the book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<Book, Money>);

impl Balances {
    /// Books an entry. Answers whether it sums to zero (V1).
    ///
    /// # Errors
    /// Out of range, or currencies meet.
    pub fn book(&mut self, entry: &[Posting]) -> Result<bool, MoneyError> {
        let mut sum: Option<Money> = None;
        for (book, amount) in entry {
            let balance = self.of(*book, *amount)?;
            self.0.insert(*book, balance);
            sum = Some(match sum {
                Some(sum) => sum.try_add(*amount)?,
                None => *amount,
            });
        }
        Ok(sum.is_none_or(Money::is_zero))
    }

    fn of(&self, book: Book, plus: Money) -> Result<Money, MoneyError> {
        self.0.get(&book).map_or(Ok(plus), |balance| balance.try_add(plus))
    }

    /// The balance of an account of the book, in minor units.
    #[must_use]
    pub fn minor(&self, book: Book) -> i64 {
        self.0.get(&book).map_or(0, |balance| balance.minor())
    }

    /// All of them, which must sum to zero (V2).
    ///
    /// # Errors
    /// Out of range.
    pub fn sum_minor(&self) -> Result<i64, MoneyError> {
        self.0.values().try_fold(0_i64, |sum, balance| sum.checked_add(balance.minor()).ok_or(MoneyError::OutOfRange))
    }
}
