//! What a version pays beside its clauses: volume bonus, sign-up bonus by tier, milestones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::rate::Rate;
use crate::tier::Tier;

/// COM-8: more on every sale, from the one on that brings the month to a volume. A line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeBonus {
    /// The net volume of the month from which it holds, the sale itself counted.
    pub from: Money,
    /// How much more: a quarter more is "0.25".
    pub bonus: Rate,
}

/// COM-9: what a sign-up pays, by the partner's tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignUpBonus(BTreeMap<Tier, Money>);

/// COM-9: the defaults that are shipped, in whole units of the programme's currency.
const SHIPPED: [(Tier, &str); 4] =
    [(Tier::Tier1, "50"), (Tier::Tier2, "100"), (Tier::Tier3, "500"), (Tier::Tier4, "200")];

impl SignUpBonus {
    /// The shipped amounts in a currency.
    ///
    /// # Errors
    /// Never, for a currency of the table.
    pub fn shipped(currency: Currency) -> Result<Self, MoneyError> {
        Self::with(BTreeMap::new(), currency)
    }

    /// These amounts, and the shipped ones for the tiers left out.
    ///
    /// # Errors
    /// Never, for a currency of the table.
    pub fn with(mut own: BTreeMap<Tier, Money>, currency: Currency) -> Result<Self, MoneyError> {
        for (tier, amount) in SHIPPED {
            if let std::collections::btree_map::Entry::Vacant(place) = own.entry(tier) {
                place.insert(Money::parse(amount, currency)?);
            }
        }
        Ok(Self(own))
    }

    /// What a sign-up pays a partner of a tier; a tier without an amount is paid as tier1.
    #[must_use]
    pub fn of(&self, tier: Tier) -> Option<Money> {
        self.0.get(&tier).or_else(|| self.0.get(&Tier::Tier1)).copied()
    }

    /// The amounts by tier.
    pub fn iter(&self) -> impl Iterator<Item = (Tier, Money)> {
        self.0.iter().map(|(tier, money)| (*tier, *money))
    }
}

/// What a milestone counts, over the whole time of a partner in a programme and currency, net of refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// So many paid sales.
    Sales(u64),
    /// So many customers who paid for the first time.
    Customers(u64),
    /// So much net revenue.
    Revenue(Money),
}

/// COM-14: something to reach, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// What people call it; unique in its version, and reached once under that name.
    pub name: String,
    /// What must be reached.
    pub metric: Metric,
    /// The currency whose sales count.
    pub currency: Currency,
    /// What is paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bonus: Option<Money>,
    /// The badge that is shown for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_sign_up_bonus_is_by_tier_and_a_tier_without_one_is_paid_as_tier1() {
        let shipped = SignUpBonus::shipped(Currency::USD).expect("amounts");
        let amounts: Vec<String> = Tier::ALL.iter().filter_map(|tier| shipped.of(*tier)).map(Money::to_text).collect();
        assert_eq!(amounts, ["50.00", "100.00", "500.00", "200.00"]);
        let yen = SignUpBonus::shipped(Currency::JPY).expect("amounts");
        assert_eq!(yen.of(Tier::Tier3), Some(Money::from_minor(500, Currency::JPY)));
        let one = SignUpBonus(BTreeMap::from([(Tier::Tier1, Money::from_minor(7, Currency::USD))]));
        assert_eq!(one.of(Tier::Tier4), Some(Money::from_minor(7, Currency::USD)));
        assert_eq!(SignUpBonus(BTreeMap::new()).of(Tier::Tier2), None);
    }

    #[test]
    fn an_own_amount_goes_above_the_shipped_one_of_its_tier_only() {
        let own = BTreeMap::from([(Tier::Tier2, Money::from_minor(1, Currency::USD))]);
        let bonus = SignUpBonus::with(own, Currency::USD).expect("amounts");
        let amounts: Vec<i64> = bonus.iter().map(|(_, money)| money.minor()).collect();
        assert_eq!(amounts, [5_000, 1, 50_000, 20_000]);
    }
}
