//! What a sale is to the links that brought it: a conversion, and a share of what is left of what was paid.

use std::collections::BTreeMap;

use crate::allocate::largest_remainder;
use crate::id::LinkId;
use crate::money::{Money, MoneyError};
use crate::sale::Sale;

/// What is left of a sale, by the link that brought it: what was paid less what went back, split by the weights of its
/// credits. Nothing is left of a sale that a person rejected, nor for a credit that no link brought.
///
/// # Errors
/// An amount out of range.
pub fn brought(sale: &Sale) -> Result<BTreeMap<LinkId, Money>, MoneyError> {
    let mut brought = BTreeMap::new();
    if sale.rejected {
        return Ok(brought);
    }
    let left = sale.paid.try_sub(sale.went_back())?;
    let credits = sale.decision.credits();
    let weights: Vec<u64> = credits.iter().map(|credit| credit.weight).collect();
    for (credit, share) in credits.iter().zip(largest_remainder(left, &weights)?) {
        let Some(link) = credit.link.clone() else { continue };
        let share = match brought.get(&link) {
            Some(before) => share.try_add(*before)?,
            None => share,
        };
        brought.insert(link, share);
    }
    Ok(brought)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attribution::{Credit, NobodyReason};
    use crate::currency::Currency;
    use crate::fact::PaymentKey;
    use crate::id::{PartnerId, ProgramId};
    use crate::sale::Decision;
    use crate::time::{Timestamp, Zone};

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn link(n: u128) -> LinkId {
        LinkId::from_ulid(n.into())
    }

    fn credit(n: u128, weight: u64) -> Credit {
        let (partner, program) = (PartnerId::from_ulid(n.into()), ProgramId::from_ulid(1_u128.into()));
        Credit { weight, ..Credit::by_click(partner, program, link(n), Timestamp::UNIX_EPOCH) }
    }

    fn sale(minor: i64, credits: Vec<Credit>) -> Sale {
        let at = Timestamp::from_second(1_788_422_400).expect("a time");
        let payment = PaymentKey::parse("stripe:in_1").expect("a key");
        let plain = Sale::plain(payment, usd(minor), at, Zone::utc().day_of(at));
        Sale { decision: Decision::Partners { credits, losers: Vec::new() }, ..plain }
    }

    #[test]
    fn a_link_brought_what_is_left_of_its_sales() {
        let whole = sale(10_000, vec![credit(1, 1)]);
        assert_eq!(brought(&whole), Ok(BTreeMap::from([(link(1), usd(10_000))])));
        let refunded = Sale { refunded: usd(2_500), ..whole.clone() };
        assert_eq!(brought(&refunded), Ok(BTreeMap::from([(link(1), usd(7_500))])));
        let all_of_it = Sale { refunded: usd(10_000), ..whole.clone() };
        assert_eq!(brought(&all_of_it), Ok(BTreeMap::from([(link(1), usd(0))])));
        let rejected = Sale { rejected: true, ..whole.clone() };
        assert_eq!(brought(&rejected), Ok(BTreeMap::new()));
        let nobodys = Sale { decision: Decision::nobody(NobodyReason::NoTouch), ..whole };
        assert_eq!(brought(&nobodys), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_credit_without_a_link_takes_its_share_with_it() {
        let shared = sale(10_000, vec![credit(1, 1), Credit { link: None, ..credit(2, 1) }]);
        assert_eq!(brought(&shared), Ok(BTreeMap::from([(link(1), usd(5_000))])));
    }

    proptest! {
        #[test]
        fn the_shares_of_links_come_to_what_is_left_of_the_sale(
            minor in 0_i64..1_000_000,
            back in 0_i64..1_200_000,
            credits in proptest::collection::vec((1_u128..4, 1_u64..9), 1..5),
        ) {
            let sale = Sale { refunded: usd(back), ..sale(minor, credits.iter().map(|(n, w)| credit(*n, *w)).collect()) };
            let shares: Vec<Money> = brought(&sale).expect("amounts").into_values().collect();
            prop_assert_eq!(Money::try_sum(shares, Currency::USD), Ok(usd(minor - back.min(minor))));
        }
    }
}
