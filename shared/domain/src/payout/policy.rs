//! What a tenant has decided about payouts: minimums, bands of approval, and what must be there first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::approvers_needed;
use super::schedule::Schedule;
use crate::fault::Fault;
use crate::id::PartnerId;
use crate::money::Money;
use crate::payee::Rail;
use crate::tax::WithholdingBase;
use crate::tier::Tier;

/// How long a policy may be as JSON.
const BYTES_MAX: usize = 20_000;
/// How many minimums, or bands, it may have.
const ROWS_MAX: usize = 100;

/// PAY-2: from how much on is paid, to whom this row applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// The least amount; its currency is the row's.
    pub amount: Money,
    /// Only for this partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Only for partners of this tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Only by this rail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rail: Option<Rail>,
}

/// PAY-4: how many approve which amounts of a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Amounts below this are approved by themselves; none are, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_below: Option<Money>,
    /// Two distinct people approve from here on.
    pub two_from: Money,
}

/// What becomes of a payee without a valid tax form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingTaxForm {
    /// They are paid, less what is withheld.
    #[default]
    Withhold,
    /// They are not paid.
    Block,
}

/// A tenant's decisions. What it does not say is as shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PayoutPolicy {
    /// Least amounts.
    pub minimums: Vec<Minimum>,
    /// Bands of approval, one a currency.
    pub bands: Vec<Band>,
    /// What becomes of a payee without a valid tax form.
    pub missing_tax_form: MissingTaxForm,
    /// Of what tax is withheld.
    pub withholding_base: WithholdingBase,
    /// Is nobody paid who has not said where to? Without it, finance pays them by hand.
    pub requires_method: bool,
    /// PAY-1: when payouts are built by the night; never, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// Who is paid, as far as minimums ask.
#[derive(Clone, Debug)]
pub struct PayeeFacts<'a> {
    /// Who.
    pub partner: &'a PartnerId,
    /// Their tiers, in all their programmes.
    pub tiers: &'a BTreeSet<Tier>,
    /// By which rail.
    pub rail: Rail,
}

impl Minimum {
    fn applies(&self, payee: &PayeeFacts<'_>) -> bool {
        self.partner.as_ref().is_none_or(|partner| partner == payee.partner)
            && self.tier.is_none_or(|tier| payee.tiers.contains(&tier))
            && self.rail.is_none_or(|rail| rail == payee.rail)
    }

    /// What speaks of the partner goes before what speaks of a tier, and that before a rail.
    fn exactness(&self) -> u8 {
        u8::from(self.partner.is_some()) * 4 + u8::from(self.tier.is_some()) * 2 + u8::from(self.rail.is_some())
    }
}

impl PayoutPolicy {
    /// PAY-2: from how much on a payee is paid: the row that speaks most exactly of them; of several, the least.
    #[must_use]
    pub fn minimum(&self, of: Money, payee: &PayeeFacts<'_>) -> Money {
        let rows = self.minimums.iter().filter(|row| row.amount.currency() == of.currency() && row.applies(payee));
        let best = rows.max_by_key(|row| (row.exactness(), std::cmp::Reverse(row.amount.minor())));
        best.map_or(Money::zero(of.currency()), |row| row.amount)
    }

    /// PAY-4: how many distinct people must approve an amount; none where it approves by itself.
    #[must_use]
    pub fn approvers(&self, amount: Money) -> u8 {
        let Some(band) = self.bands.iter().find(|band| band.two_from.currency() == amount.currency()) else {
            return u8::try_from(approvers_needed(amount)).unwrap_or(2);
        };
        if amount.minor() >= band.two_from.minor() {
            return 2;
        }
        let automatic = band.automatic_below.is_some_and(|below| amount.minor() < below.minor());
        u8::from(!automatic)
    }

    /// As it is kept.
    ///
    /// # Errors
    /// Never: a struct of texts.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// What cannot be meant.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.schedule.is_some_and(|schedule| !schedule.is_fine()) {
            faults.push(Fault::form("/schedule/day_of_month", "must be from 1 to 28: every month has those"));
        }
        for (pointer, rows) in [("/minimums", self.minimums.len()), ("/bands", self.bands.len())] {
            if rows > ROWS_MAX {
                faults.push(Fault::form(pointer, format!("at most {ROWS_MAX} rows")));
            }
        }
        for (at, _) in self.minimums.iter().enumerate().filter(|(_, row)| row.amount.is_negative()) {
            faults.push(Fault::form(format!("/minimums/{at}/amount"), "must not be negative"));
        }
        if self.to_json().map_or(usize::MAX, |text| text.len()) > BYTES_MAX {
            faults.push(Fault::clash("/minimums", "too many rows"));
        }
        let mut note = |pointer: String, why: &str| faults.push(Fault::clash(pointer, why));
        for (at, row) in self.minimums.iter().enumerate() {
            let key = |row: &Minimum| (row.amount.currency(), row.partner.clone(), row.tier, row.rail);
            if self.minimums[..at].iter().any(|other| key(other) == key(row)) {
                note(format!("/minimums/{at}"), "another row speaks of the same payees");
            }
        }
        for (at, band) in self.bands.iter().enumerate() {
            if band.two_from.minor() <= 0 {
                note(format!("/bands/{at}/two_from"), "must be above zero");
            }
            if let Some(below) = band.automatic_below {
                if below.currency() != band.two_from.currency() || below.is_negative() {
                    note(format!("/bands/{at}/automatic_below"), "must be an amount of the band's currency");
                } else if below.minor() > band.two_from.minor() {
                    // PAY-4: nothing that two must approve goes by itself.
                    note(format!("/bands/{at}/automatic_below"), "must not be above two_from");
                }
            }
            let same = |other: &Band| other.two_from.currency() == band.two_from.currency();
            if self.bands[..at].iter().any(same) {
                note(format!("/bands/{at}"), "another band is of the same currency");
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).expect("amount")
    }

    fn partner(n: u128) -> PartnerId {
        PartnerId::from_ulid(n.into())
    }

    fn row(amount: &str, of: Option<u128>, tier: Option<Tier>, rail: Option<Rail>) -> Minimum {
        Minimum { amount: usd(amount), partner: of.map(partner), tier, rail }
    }

    #[test]
    fn the_row_that_speaks_most_exactly_of_a_payee_is_their_minimum() {
        let policy = PayoutPolicy {
            minimums: vec![
                row("50.00", None, None, None),
                row("20.00", None, None, Some(Rail::Paypal)),
                row("30.00", None, Some(Tier::Tier3), None),
                row("25.00", None, Some(Tier::Tier2), None),
                row("10.00", None, Some(Tier::Tier3), Some(Rail::Paypal)),
                row("500.00", Some(7), None, None),
            ],
            ..PayoutPolicy::default()
        };
        let rows: [(u128, &[Tier], Rail, &str); 7] = [
            (1, &[Tier::Tier1], Rail::Ach, "50.00"),
            (1, &[], Rail::Ach, "50.00"),
            (1, &[Tier::Tier1], Rail::Paypal, "20.00"),
            (1, &[Tier::Tier3], Rail::Ach, "30.00"),
            // An account spans programmes: the least of what its tiers have.
            (1, &[Tier::Tier2, Tier::Tier3], Rail::Ach, "25.00"),
            (1, &[Tier::Tier3], Rail::Paypal, "10.00"),
            (7, &[Tier::Tier3], Rail::Paypal, "500.00"),
        ];
        for (who, tiers, rail, expected) in rows {
            let (partner, tiers) = (partner(who), tiers.iter().copied().collect());
            let payee = PayeeFacts { partner: &partner, tiers: &tiers, rail };
            assert_eq!(policy.minimum(usd("1.00"), &payee), usd(expected), "{who} {tiers:?} {rail:?}");
            let euro = Money::parse("1.00", Currency::EUR).expect("amount");
            assert_eq!(policy.minimum(euro, &payee), Money::zero(Currency::EUR));
        }
    }

    #[test]
    fn a_band_says_who_approves_and_without_one_it_is_as_shipped() {
        let band = Band { automatic_below: Some(usd("100.00")), two_from: usd("5000.00") };
        let policy = PayoutPolicy { bands: vec![band], ..PayoutPolicy::default() };
        for (amount, expected) in [("99.99", 0), ("100.00", 1), ("4999.99", 1), ("5000.00", 2)] {
            assert_eq!(policy.approvers(usd(amount)), expected, "{amount}");
        }
        for (amount, expected) in [("0.01", 1), ("99999.99", 1), ("100000.00", 2)] {
            assert_eq!(PayoutPolicy::default().approvers(usd(amount)), expected, "{amount}");
            let koruna = Money::parse(amount, Currency::parse("CZK").expect("currency")).expect("amount");
            assert_eq!(policy.approvers(koruna), 2, "{amount} CZK");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named_and_the_rest_is_read_as_it_was_written() {
        let euro = Money::parse("1.00", Currency::EUR).expect("amount");
        let band = |automatic_below, two_from| Band { automatic_below, two_from };
        let policy = PayoutPolicy {
            minimums: vec![
                row("1.00", None, None, None),
                row("2.00", None, None, None),
                row("-1.00", Some(1), None, None),
            ],
            bands: vec![
                band(Some(usd("6.00")), usd("5.00")),
                band(Some(euro), usd("5.00")),
                band(None, Money::zero(Currency::EUR)),
            ],
            schedule: Some(Schedule::DayOfMonth(31)),
            ..PayoutPolicy::default()
        };
        let told: Vec<String> = policy.faults().into_iter().map(|fault| fault.pointer).collect();
        let expected = [
            "/schedule/day_of_month",
            "/minimums/2/amount",
            "/minimums/1",
            "/bands/0/automatic_below",
            "/bands/1/automatic_below",
            "/bands/1",
            "/bands/2/two_from",
        ];
        assert_eq!(told, expected);
        let forms: Vec<String> = policy.faults().into_iter().filter(|fault| fault.is_form).map(|f| f.pointer).collect();
        assert_eq!(forms, expected[..2], "the others are of their form, and contradict one another");
        let text = policy.to_json().expect("json");
        assert_eq!(serde_json::from_str::<PayoutPolicy>(&text).expect("json"), policy);
        assert_eq!(serde_json::from_str::<PayoutPolicy>("{}").expect("json"), PayoutPolicy::default());
    }

    proptest! {
        /// PAY-4: no policy that is allowed lets what two must approve go by itself.
        #[test]
        fn nothing_goes_by_itself_where_two_must_approve(below in 0_i64..1000, two in 1_i64..1000, amount in 1_i64..2000) {
            let usd = |minor| Money::from_minor(minor, Currency::USD);
            let band = Band { automatic_below: Some(usd(below)), two_from: usd(two) };
            let policy = PayoutPolicy { bands: vec![band], ..PayoutPolicy::default() };
            if policy.faults().is_empty() {
                prop_assert!(policy.approvers(usd(amount)) == 2 || amount < two);
                prop_assert!(policy.approvers(usd(amount)) > 0 || amount < below);
            }
        }
    }

    #[test]
    fn a_row_of_a_tier_goes_before_one_of_a_rail() {
        let minimums = vec![
            row("50.00", None, None, None),
            row("20.00", None, None, Some(Rail::Paypal)),
            row("30.00", None, Some(Tier::Tier3), None),
        ];
        let policy = PayoutPolicy { minimums, ..PayoutPolicy::default() };
        let (partner, tiers) = (partner(1), [Tier::Tier3].into());
        let payee = PayeeFacts { partner: &partner, tiers: &tiers, rail: Rail::Paypal };
        assert_eq!(policy.minimum(usd("1.00"), &payee), usd("30.00"));
    }

    #[test]
    fn as_many_rows_and_letters_as_there_is_room_for_and_not_one_more() {
        let rows = |count: usize| {
            let row = |n: usize| row("1.00", u128::try_from(n).ok(), None, None);
            PayoutPolicy { minimums: (0..count).map(row).collect(), ..PayoutPolicy::default() }
        };
        let pointers =
            |policy: &PayoutPolicy| policy.faults().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
        assert_eq!(pointers(&rows(ROWS_MAX)), Vec::<String>::new());
        assert_eq!(pointers(&rows(ROWS_MAX + 1)), ["/minimums"]);
        // Rows of all that they can say, and their amounts so long that all of it just fits.
        let bands: Vec<Band> = Currency::all()
            .take(ROWS_MAX)
            .map(|currency| Money::from_minor(100_000_000_000_000_000, currency))
            .map(|money| Band { automatic_below: Some(money), two_from: money })
            .collect();
        assert_eq!(bands.len(), ROWS_MAX);
        let wide = |digits: usize| {
            let mut left = digits;
            let mut minimum = |n: usize| {
                let zeros = left.min(15);
                left -= zeros;
                let minor = 100 * 10_i64.pow(u32::try_from(zeros).expect("few"));
                let row = row("1.00", u128::try_from(n).ok(), Some(Tier::Tier3), Some(Rail::StripeConnect));
                Minimum { amount: Money::from_minor(minor, Currency::USD), ..row }
            };
            let minimums = (0..ROWS_MAX).map(&mut minimum).collect();
            PayoutPolicy { minimums, bands: bands.clone(), ..PayoutPolicy::default() }
        };
        let length = |policy: &PayoutPolicy| policy.to_json().map_or(0, |text| text.len());
        let missing = BYTES_MAX.checked_sub(length(&wide(0))).expect("rows with short amounts fit");
        let full = wide(missing);
        assert_eq!((length(&full), pointers(&full)), (BYTES_MAX, Vec::new()));
        assert_eq!(pointers(&wide(missing + 1)), ["/minimums"]);
    }

    #[test]
    fn what_approves_by_itself_may_reach_to_where_two_are_asked_for() {
        let faults = |below: &str| {
            let band = Band { automatic_below: Some(usd(below)), two_from: usd("5.00") };
            PayoutPolicy { bands: vec![band], ..PayoutPolicy::default() }.faults().len()
        };
        assert_eq!([faults("4.99"), faults("5.00"), faults("5.01")], [0, 0, 1]);
    }
}
