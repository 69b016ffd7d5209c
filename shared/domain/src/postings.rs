//! Double entry: what each row of the ledger debits and credits. A pure function of rows; nothing stores it.

use std::collections::BTreeMap;

use crate::entry::{EntryKind, kind_of};
use crate::ledger::Close;
use crate::line::{Line, Place};
use crate::money::{Money, MoneyError};
use crate::payout::{Payout, PayoutState};

/// An account of the book, within one partner's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Book {
    /// What commission costs the tenant.
    CommissionExpense,
    /// What bonuses of milestones cost the tenant.
    BonusExpense,
    /// What awards cost the tenant.
    AwardExpense,
    /// Debts of partners that were given up.
    WriteOffExpense,
    /// What was changed out of this currency, or into it.
    Fx,
    /// Handed to a rail, and not yet known to have arrived.
    InTransit,
    /// What came back from a rail, until the account has it again: nothing stays here.
    Returning,
    /// Tax that was withheld from payments, owed to the tax office.
    Withheld,
    /// What was kept of payments as a fee.
    RetentionIncome,
    /// Earned, its day has not been closed.
    Pending,
    /// Held by a person.
    Held,
    /// Closed and free to pay.
    Available,
    /// Covered by an open payout.
    Reserved,
    /// Left through a rail: less what came back.
    Cash,
}

/// One side of an entry, in minor units: positive is a credit.
pub type Posting = (Book, Money);

/// A line: expense → pending or held. An entry's line comes from where its kind says.
///
/// # Errors
/// Out of range.
pub fn of_line(line: &Line) -> Result<Vec<Posting>, MoneyError> {
    let to = match line.place {
        Place::Slot(_) => Book::Pending,
        Place::Held => Book::Held,
    };
    let from = match kind_of(line) {
        // LED-4: a debt that is given up is an expense of its own.
        Some(EntryKind::WriteOff) => Book::WriteOffExpense,
        Some(EntryKind::Milestone) => Book::BonusExpense,
        // AWD-3: awards are no commission: they are reported on another form.
        Some(EntryKind::Award | EntryKind::AwardWithdrawn) => Book::AwardExpense,
        // LED-6: each currency's half of an exchange is settled with that currency's exchange account.
        Some(EntryKind::FxOut | EntryKind::FxIn) => Book::Fx,
        // What comes back after it was paid stays told as paid; what is released of it goes from `held` to its slot.
        Some(EntryKind::Returned | EntryKind::Released) => Book::Returning,
        Some(EntryKind::PeriodBands | EntryKind::ManualAdjustment | EntryKind::Carry | EntryKind::Recompute) | None => {
            Book::CommissionExpense
        }
    };
    transfer(from, to, line.amount)
}

/// A close: pending → available.
///
/// # Errors
/// Out of range.
pub fn of_close(close: &Close) -> Result<Vec<Posting>, MoneyError> {
    transfer(Book::Pending, Book::Available, close.net)
}

/// A payout: available → reserved → in transit, and from there to cash, the tax office and the fee, or back.
///
/// # Errors
/// Out of range.
pub fn of_payout(payout: &Payout) -> Result<Vec<Posting>, MoneyError> {
    let mut postings = transfer(Book::Available, Book::Reserved, payout.amount)?;
    match payout.state {
        PayoutState::Paid { .. } => postings.extend(left(payout)?),
        PayoutState::Returned { .. } => {
            postings.extend(left(payout)?);
            // PAY-9: what had left came back; fee and tax had not.
            let back = payout.net.map_or(payout.amount, |net| net.net);
            postings.extend(transfer(Book::Cash, Book::Returning, back)?);
        }
        PayoutState::Rejected { .. } | PayoutState::Cancelled { .. } | PayoutState::Failed { .. } => {
            postings.extend(transfer(Book::Reserved, Book::Available, payout.amount)?);
        }
        PayoutState::PendingApproval | PayoutState::Approved => {}
        PayoutState::Submitted { .. } | PayoutState::Submitting { .. } | PayoutState::OutcomeUnknown { .. } => {
            postings.extend(transfer(Book::Reserved, Book::InTransit, payout.amount)?);
        }
    }
    Ok(postings)
}

/// V11: the net leaves as cash; what is withheld is owed to the tax office, and the fee is the tenant's.
fn left(payout: &Payout) -> Result<Vec<Posting>, MoneyError> {
    let mut postings = transfer(Book::Reserved, Book::InTransit, payout.amount)?;
    let Some(net) = payout.net else {
        postings.extend(transfer(Book::InTransit, Book::Cash, payout.amount)?);
        return Ok(postings);
    };
    postings.extend(transfer(Book::InTransit, Book::Cash, net.net)?);
    postings.extend(transfer(Book::InTransit, Book::Withheld, net.withheld)?);
    postings.extend(transfer(Book::InTransit, Book::RetentionIncome, net.fee)?);
    Ok(postings)
}

/// V11: what payouts withheld, owed to the tax office. Part of [`of_payout`], alone.
///
/// # Errors
/// Out of range.
pub fn of_withheld(amount: Money) -> Result<Vec<Posting>, MoneyError> {
    transfer(Book::InTransit, Book::Withheld, amount)
}

/// V11: what is handed on to the tax office is owed no longer: it leaves as cash.
///
/// # Errors
/// Out of range.
pub fn of_remittance(amount: Money) -> Result<Vec<Posting>, MoneyError> {
    transfer(Book::Withheld, Book::Cash, amount)
}

/// V11: what was booked as handed on by mistake is owed again.
///
/// # Errors
/// Out of range.
pub fn of_remittance_taken_back(amount: Money) -> Result<Vec<Posting>, MoneyError> {
    transfer(Book::Cash, Book::Withheld, amount)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::entry::Entry;
    use crate::id::PartnerId;
    use crate::line::Account;
    use crate::time::Timestamp;

    /// LED-1, LED-4, LED-6: whatever an entry is, it sums to zero; its kind says where its money comes from.
    #[test]
    fn each_kind_of_entry_is_booked_against_its_own_account() {
        let account = Account { partner: PartnerId::from_ulid(ulid::Ulid::from(7_u128)), currency: Currency::USD };
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        for kind in EntryKind::ALL {
            let amount = Money::from_minor(470, Currency::USD);
            let entry = Entry::new("k".to_owned(), kind, account.clone(), amount, Place::Held, at);
            let postings = of_line(&entry.line()).expect("in range");
            let expected = match kind {
                EntryKind::WriteOff => Book::WriteOffExpense,
                EntryKind::Milestone => Book::BonusExpense,
                EntryKind::Award | EntryKind::AwardWithdrawn => Book::AwardExpense,
                EntryKind::FxOut | EntryKind::FxIn => Book::Fx,
                EntryKind::Returned | EntryKind::Released => Book::Returning,
                _ => Book::CommissionExpense,
            };
            assert_eq!(postings[0], (expected, Money::from_minor(-470, Currency::USD)), "{kind:?}");
            let mut balances = Balances::default();
            assert_eq!(balances.book(&postings), Ok(true), "{kind:?}");
            assert_eq!((balances.minor(Book::Held), balances.sum_minor()), (470, Ok(0)), "{kind:?}");
        }
    }

    /// A payout of all that a close has, in a state.
    fn payout_of(close: &Close, state: PayoutState) -> Payout {
        let partner = PartnerId::from_ulid(ulid::Ulid::from(7_u128));
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let (role, id) = (crate::role::Role::Admin, "admin".to_owned());
        Payout {
            id: crate::id::PayoutId::of(&partner, Currency::USD, 1),
            partner,
            amount: close.net,
            from: None,
            to: close.to,
            lines: 2,
            close_hash: close.hash,
            seal: close.hash,
            asked_under: "a request".to_owned(),
            requested_by: crate::audit::Actor::new(role, id),
            requested_at: at,
            moved_at: at,
            state,
            approvals: Vec::new(),
            terms: crate::payout::Terms::default(),
            net: None,
        }
    }

    #[test]
    fn a_close_makes_available_and_a_payout_reserves_pays_or_gives_back() {
        let amount = Money::from_minor(470, Currency::USD);
        let close = Close {
            no: 1,
            from: None,
            to: crate::slot::Slot::parse("261120.00").expect("a slot"),
            count: 2,
            net: amount,
            previous: crate::digest::Digest::ZERO,
            hash: crate::digest::Digest::ZERO,
        };
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let why = || "why".to_owned();
        let paid = PayoutState::Paid { sent_at: at, completed_at: at, reference: why() };
        let sent = PayoutState::Submitted { sent_at: at, expected_arrival: None, reference: why() };
        let returned =
            PayoutState::Returned { sent_at: at, completed_at: at, reference: why(), returned_at: at, reason: why() };
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let net = Some(crate::tax::Net { fee: usd(3), withheld: usd(113), net: usd(354) });
        let rows = [
            (PayoutState::PendingApproval, None, [-470, 0, 470, 0, 0, 0, 0, 0]),
            (sent, net, [-470, 0, 0, 470, 0, 0, 0, 0]),
            (paid.clone(), None, [-470, 0, 0, 0, 470, 0, 0, 0]),
            // V11: what is withheld is no cash, and nor is the fee.
            (paid, net, [-470, 0, 0, 0, 354, 113, 3, 0]),
            (returned, net, [-470, 0, 0, 0, 0, 113, 3, 354]),
            (PayoutState::Failed { reason: why() }, net, [-470, 470, 0, 0, 0, 0, 0, 0]),
        ];
        for (state, parts, expected) in rows {
            let payout = Payout { net: parts, ..payout_of(&close, state) };
            let mut balances = Balances::default();
            assert_eq!(balances.book(&of_close(&close).expect("in range")), Ok(true));
            assert_eq!(balances.book(&of_payout(&payout).expect("in range")), Ok(true));
            let books = [
                Book::Pending,
                Book::Available,
                Book::Reserved,
                Book::InTransit,
                Book::Cash,
                Book::Withheld,
                Book::RetentionIncome,
                Book::Returning,
            ];
            assert_eq!(books.map(|book| balances.minor(book)), expected, "{:?}", payout.state);
        }
    }

    #[test]
    fn a_book_that_does_not_balance_is_seen() {
        let mut balances = Balances::default();
        let one_sided = [(Book::Cash, Money::from_minor(1, Currency::USD))];
        assert_eq!(balances.book(&one_sided), Ok(false));
        assert_eq!(balances.sum_minor(), Ok(1));
    }

    /// The worked payout of 100,000.00 without a valid form: 24 % withheld, a fee of 300.00, the rest paid.
    #[test]
    fn v11_a_large_payout_leaves_as_net_withheld_and_fee_and_comes_back_as_net_alone() {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let close = Close {
            no: 1,
            from: None,
            to: crate::slot::Slot::parse("261120.00").expect("a slot"),
            count: 2,
            net: usd(10_000_000),
            previous: crate::digest::Digest::ZERO,
            hash: crate::digest::Digest::ZERO,
        };
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let why = || "R03".to_owned();
        let paid = PayoutState::Paid { sent_at: at, completed_at: at, reference: why() };
        let returned =
            PayoutState::Returned { sent_at: at, completed_at: at, reference: why(), returned_at: at, reason: why() };
        let net = Some(crate::tax::Net { fee: usd(30_000), withheld: usd(2_400_000), net: usd(7_570_000) });
        for (state, expected) in
            [(paid, [7_570_000, 2_400_000, 30_000, 0]), (returned, [0, 2_400_000, 30_000, 7_570_000])]
        {
            let payout = Payout { net, ..payout_of(&close, state) };
            let mut balances = Balances::default();
            assert_eq!(balances.book(&of_close(&close).expect("in range")), Ok(true));
            assert_eq!(balances.book(&of_payout(&payout).expect("in range")), Ok(true));
            let books = [Book::Cash, Book::Withheld, Book::RetentionIncome, Book::Returning];
            assert_eq!(books.map(|book| balances.minor(book)), expected, "{:?}", payout.state);
        }
    }

    /// V11: what is withheld is owed until it is handed on, and owed again where that was a mistake.
    #[test]
    fn v11_what_is_withheld_is_owed_until_it_is_handed_on() {
        let amount = Money::from_minor(113, Currency::USD);
        let mut balances = Balances::default();
        for (postings, expected) in [
            (of_withheld(amount), [-113, 113, 0]),
            (of_remittance(amount), [-113, 0, 113]),
            (of_remittance_taken_back(amount), [-113, 113, 0]),
        ] {
            assert_eq!(balances.book(&postings.expect("in range")), Ok(true));
            assert_eq!([Book::InTransit, Book::Withheld, Book::Cash].map(|book| balances.minor(book)), expected);
        }
    }
}
