//! What was paid, by the year of payment: the one fold behind verification and tax reports, before any exclusion.

use std::collections::BTreeMap;

use crate::id::PartnerId;
use crate::line::Account;
use crate::money::{Money, MoneyError};
use crate::payout::{Payout, PayoutState};
use crate::time::{BusinessDay, Zone};

/// Gross amounts that were paid, and what of them was withheld, by account and calendar year of the payment's date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaidByYear {
    gross: BTreeMap<(Account, i16), Money>,
    withheld: BTreeMap<(Account, i16), Money>,
}

/// The day on which a payout was paid; `None` when it was not.
#[must_use]
pub fn payment_day(payout: &Payout, zone: &Zone) -> Option<BusinessDay> {
    match &payout.state {
        // V8: the date of payment counts, not when it was earned or asked for.
        // What came back later was paid all the same; that it came back is an entry of its own.
        PayoutState::Paid { completed_at, .. } | PayoutState::Returned { completed_at, .. } => {
            Some(zone.day_of(*completed_at))
        }
        _ => None,
    }
}

impl PaidByYear {
    /// Takes a payout in, if it was paid.
    ///
    /// # Errors
    /// Out of range.
    pub fn add(&mut self, payout: &Payout, zone: &Zone) -> Result<(), MoneyError> {
        let Some((year, _, _)) = payment_day(payout, zone).map(BusinessDay::parts) else { return Ok(()) };
        let key = (payout.account(), year);
        let nothing = Money::zero(payout.amount.currency());
        let before = self.withheld.get(&key).copied().unwrap_or(nothing);
        self.withheld.insert(key.clone(), before.try_add(payout.net.map_or(nothing, |net| net.withheld))?);
        let before = self.gross.get(&key).copied().unwrap_or(nothing);
        self.gross.insert(key, before.try_add(payout.amount)?);
        Ok(())
    }

    /// V11: what was withheld from an account in all years.
    ///
    /// # Errors
    /// Out of range.
    pub fn withheld_of(&self, account: &Account) -> Result<Money, MoneyError> {
        let own = self.withheld.iter().filter(|((of, _), _)| of == account).map(|(_, money)| *money);
        Money::try_sum(own, account.currency)
    }

    /// What a partner was paid in a year, one amount a currency.
    #[must_use]
    pub fn of_year(&self, partner: &PartnerId, year: i16) -> Vec<Money> {
        let own = self.gross.iter().filter(|((account, of), _)| account.partner == *partner && *of == year);
        own.map(|(_, money)| *money).collect()
    }

    /// What an account was paid in all years.
    ///
    /// # Errors
    /// Out of range.
    pub fn of_account(&self, account: &Account) -> Result<Money, MoneyError> {
        let own = self.gross.iter().filter(|((of, _), _)| of == account).map(|(_, money)| *money);
        Money::try_sum(own, account.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;
    use crate::currency::Currency;
    use crate::digest::Digest;
    use crate::id::PayoutId;
    use crate::role::Role;
    use crate::slot::Slot;
    use crate::time::Timestamp;

    fn payout(minor: i64, currency: Currency, paid: Option<&str>) -> Payout {
        let partner = PartnerId::from_ulid(ulid::Ulid::from(7_u128));
        let at: Timestamp = "2026-12-31T12:00:00Z".parse().expect("an instant");
        let state = match paid.map(|text| text.parse().expect("an instant")) {
            Some(completed_at) => PayoutState::Paid { sent_at: at, completed_at, reference: "r".to_owned() },
            None => PayoutState::Submitted { sent_at: at, expected_arrival: None, reference: "r".to_owned() },
        };
        Payout {
            id: PayoutId::of(&partner, currency, 1),
            amount: Money::from_minor(minor, currency),
            requested_by: Actor::new(Role::Partner, partner.to_string()),
            partner,
            from: None,
            to: Slot::parse("261231.00").expect("a slot"),
            lines: 1,
            close_hash: Digest::ZERO,
            seal: Digest::ZERO,
            asked_under: String::new(),
            requested_at: at,
            moved_at: at,
            state,
            approvals: Vec::new(),
            terms: crate::payout::Terms::default(),
            net: None,
        }
    }

    #[test]
    fn a_payment_counts_in_the_year_of_its_date_in_the_zone_and_only_when_it_was_made() {
        let berlin = Zone::parse("Europe/Berlin").expect("a zone");
        let (usd, eur) = (Currency::USD, Currency::parse("EUR").expect("a currency"));
        let rows = [
            (payout(100, usd, Some("2026-12-31T22:59:59Z")), Some(2026)),
            (payout(200, usd, Some("2026-12-31T23:00:00Z")), Some(2027)),
            (payout(400, eur, Some("2027-01-01T00:00:00Z")), Some(2027)),
            (payout(800, usd, None), None),
        ];
        let mut paid = PaidByYear::default();
        for (payout, year) in &rows {
            assert_eq!(payment_day(payout, &berlin).map(|day| day.parts().0), *year);
            paid.add(payout, &berlin).expect("in range");
        }
        let partner = &rows[0].0.partner;
        assert_eq!(paid.of_year(partner, 2026), [Money::from_minor(100, usd)]);
        let mut next = paid.of_year(partner, 2027);
        next.sort_by_key(|money| money.minor());
        assert_eq!(next, [Money::from_minor(200, usd), Money::from_minor(400, eur)]);
        assert_eq!(paid.of_year(partner, 2028), []);
        assert_eq!(paid.of_account(&rows[0].0.account()), Ok(Money::from_minor(300, usd)));
    }

    #[test]
    fn v11_what_was_withheld_of_an_account_is_of_all_its_years_and_of_no_other() {
        let (usd, eur) = (Currency::USD, Currency::EUR);
        let withheld = |minor: i64, currency, paid| {
            let amount = |minor| Money::from_minor(minor, currency);
            let net = Some(crate::tax::Net { fee: amount(0), withheld: amount(minor), net: amount(100 - minor) });
            Payout { net, ..payout(100, currency, Some(paid)) }
        };
        let mut paid = PaidByYear::default();
        for payout in [
            withheld(24, usd, "2026-12-31T12:00:00Z"),
            withheld(7, usd, "2027-01-01T12:00:00Z"),
            withheld(30, eur, "2027-01-01T12:00:00Z"),
        ] {
            paid.add(&payout, &Zone::utc()).expect("in range");
        }
        for (currency, expected) in [(usd, 31), (eur, 30), (Currency::JPY, 0)] {
            let account = payout(100, currency, None).account();
            assert_eq!(paid.withheld_of(&account), Ok(Money::from_minor(expected, currency)), "{currency}");
        }
    }
}
