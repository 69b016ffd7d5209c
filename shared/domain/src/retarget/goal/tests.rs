use super::*;
use crate::currency::Currency;
use crate::fact::{PaymentKey, SoldItem};
use crate::money::Money;
use crate::time::{Timestamp, Zone};

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// 100.00 for two things: 60.00 and 40.00.
fn sale() -> Sale {
    let payment = PaymentKey::parse("stripe:in_1").expect("a name");
    let item = |product: &str, minor| SoldItem { product: product.to_owned(), amount: usd(minor) };
    let at = Timestamp::UNIX_EPOCH;
    Sale {
        items: vec![item("a", 6_000), item("b", 4_000)],
        ..Sale::plain(payment, usd(10_000), at, Zone::utc().day_of(at))
    }
}

/// What is taken back of 10.00 earned by each of the two, after refunds of the whole and of each.
fn back(whole: i64, first: i64, second: i64) -> [i64; 2] {
    let mut sale = Sale { refunded: usd(whole), ..sale() };
    for (item, minor) in [(0, first), (1, second)] {
        if minor != 0 {
            sale.item_refunds.insert(item, usd(minor));
        }
    }
    [0, 1].map(|item| taken_back(&sale, item, Clawback::Proportional, 1_000).expect("in range"))
}

#[test]
fn each_item_shrinks_by_its_own_refunds_and_its_part_of_those_of_all() {
    let rows = [
        ((0, 0, 0), [0, 0]),
        ((5_000, 0, 0), [500, 500]),
        ((0, 3_000, 0), [500, 0]),
        ((0, 0, 4_000), [0, 1_000]),
        // Half of the first is gone and a tenth of everything.
        ((1_000, 3_000, 0), [600, 100]),
        ((1_000, 3_000, 1_000), [600, 350]),
        // More than all of the first, though not of the whole.
        ((5_000, 4_000, 0), [1_000, 500]),
        // Together it is all there was.
        ((4_000, 3_000, 3_000), [1_000, 1_000]),
        ((3_999, 3_000, 3_000), [900, 1_000]),
        ((10_000, 0, 0), [1_000, 1_000]),
    ];
    for ((whole, first, second), expected) in rows {
        assert_eq!(back(whole, first, second), expected, "{whole} {first} {second}");
    }
}

#[test]
fn of_what_nothing_was_paid_for_nothing_goes_back() {
    let free =
        Sale { items: vec![SoldItem { product: String::new(), amount: usd(0) }], refunded: usd(5_000), ..sale() };
    assert_eq!(taken_back(&free, 0, Clawback::Proportional, 1_000), Ok(0));
}

#[test]
fn where_nothing_went_back_nothing_is_taken_however_little_is_enough() {
    let from = |refunded| {
        let sale = Sale { refunded: usd(refunded), ..sale() };
        taken_back(&sale, 0, Clawback::From(crate::rate::Rate::ZERO), 1_000).expect("in range")
    };
    assert_eq!([from(0), from(1)], [0, 1_000]);
}
