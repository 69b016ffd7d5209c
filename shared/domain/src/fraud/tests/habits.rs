//! The signals of many sales.

use super::*;
use crate::fact::PaymentKey;
use crate::fraud::habits::{HabitSale, signals};
use crate::time::Timestamp;
use crate::touch::VisitorHash;

const START_MS: i64 = 1_795_262_400_000;
const MINUTE_MS: i64 = 60_000;

fn at_minute(minute: i64) -> Timestamp {
    Timestamp::from_millisecond(START_MS + minute * MINUTE_MS).expect("instant")
}

/// A first sale of a customer of its own, at a minute, ten minutes after the click.
fn sale(n: i64, minute: i64) -> HabitSale {
    let [.., last] = n.to_be_bytes();
    HabitSale {
        occurred_at: at_minute(minute),
        customer: PaymentKey::parse(&format!("stripe:cus_{n}")).ok(),
        clicked_at: Some(at_minute(minute - 10)),
        visitor: Some(VisitorHash::from_bytes([1, 0, 0, 0, 0, 0, 0, last])),
        is_paid: true,
        is_returned: false,
    }
}

fn noticed(sales: &[HabitSale]) -> Vec<Reason> {
    signals(sales, &Policy::default()).into_iter().map(|signal| signal.code).collect()
}

#[test]
fn twenty_new_customers_within_an_hour_are_too_many() {
    let every = |minutes: i64, count: i64| (0..count).map(|n| sale(n, n * minutes)).collect::<Vec<_>>();
    assert_eq!(noticed(&every(3, 20)), [Reason::Velocity], "FRD-2: 20 within 57 minutes");
    assert_eq!(noticed(&every(3, 19)), [], "FRD-2: 19");
    assert_eq!(noticed(&every(4, 200)), [], "FRD-2: 15 an hour, for long");
    let one_customer: Vec<HabitSale> =
        every(1, 60).into_iter().map(|sale| HabitSale { customer: self::sale(0, 0).customer, ..sale }).collect();
    assert!(!noticed(&one_customer).contains(&Reason::Velocity), "one customer is one");
    let renewals: Vec<HabitSale> = every(1, 60)
        .into_iter()
        .map(|sale| HabitSale { clicked_at: Some(at_minute(-60 * 24 * 30)), visitor: None, ..sale })
        .collect();
    assert_eq!(noticed(&renewals), [], "renewals come in crowds by themselves");
    let guests: Vec<HabitSale> = every(1, 20).into_iter().map(|sale| HabitSale { customer: None, ..sale }).collect();
    assert_eq!(noticed(&guests), [Reason::Velocity], "each guest may be another");
}

#[test]
fn the_hour_and_the_day_of_velocity_end_before_their_last_millisecond_is_over() {
    let at_ms = |ms: i64| Timestamp::from_millisecond(START_MS + ms).expect("instant");
    let hour_ms = 60 * MINUTE_MS;
    let crowd = |last_ms: i64| {
        let mut sales: Vec<HabitSale> = (0..19).map(|n| sale(n, 0)).collect();
        let last = at_ms(last_ms);
        sales.push(HabitSale { occurred_at: last, clicked_at: Some(last), ..sale(19, 0) });
        sales
    };
    assert_eq!(noticed(&crowd(hour_ms - 1)), [Reason::Velocity], "FRD-2: within the hour");
    assert_eq!(noticed(&crowd(hour_ms)), [], "FRD-2: an hour later");
    let after_click = |elapsed_ms: i64| {
        let clicked = |n| HabitSale { clicked_at: Some(at_ms(-elapsed_ms)), ..sale(n, 0) };
        (0..20).map(clicked).collect::<Vec<_>>()
    };
    assert_eq!(noticed(&after_click(24 * hour_ms - 1)), [Reason::Velocity], "FRD-2: within a day of the click");
    assert_eq!(noticed(&after_click(24 * hour_ms)), [], "FRD-2: a day after the click");
}

#[test]
fn three_customers_from_one_address_on_one_day_are_too_many() {
    let from =
        |n, minute, visitor: [u8; 8]| HabitSale { visitor: Some(VisitorHash::from_bytes(visitor)), ..sale(n, minute) };
    let three = [from(1, 0, [5; 8]), from(2, 90, [5; 8]), from(3, 200, [5; 8])];
    assert_eq!(noticed(&three), [Reason::SharedAddress], "FRD-2: three customers");
    assert_eq!(noticed(&three[..2]), []);
    let again = [from(1, 0, [5; 8]), from(2, 90, [5; 8]), from(2, 95, [5; 8])];
    assert_eq!(noticed(&again), [], "two customers, one of them twice");
    let over_midnight = [from(1, 0, [5; 8]), from(2, 90, [5; 8]), from(3, 2000, [5; 8])];
    assert_eq!(noticed(&over_midnight), [], "another day hashes otherwise: equal by chance");
    let private = [1, 2, 3].map(|n| HabitSale { visitor: Some(VisitorHash::NOBODY), ..sale(n, n) });
    assert_eq!(noticed(&private), [], "whoever asks for privacy is nobody in particular");
}

#[test]
fn a_partner_whose_sales_go_back_is_noticed() {
    let some = |count: i64, returned: i64| {
        let back = move |n| HabitSale { is_returned: n < returned, ..sale(n, n * 60) };
        (0..count).map(back).collect::<Vec<_>>()
    };
    assert_eq!(noticed(&some(10, 3)), [Reason::RefundRate], "FRD-2: 30 %");
    assert_eq!(noticed(&some(10, 2)), [], "FRD-2: 20 %");
    assert_eq!(noticed(&some(101, 30)), [], "FRD-2: 29.7 %");
    assert_eq!(noticed(&some(9, 9)), [], "FRD-2: too few to tell");
    let trials: Vec<HabitSale> = (0..40).map(|n| HabitSale { is_paid: false, ..sale(100 + n, n * 60) }).collect();
    let mixed: Vec<HabitSale> = some(10, 3).into_iter().chain(trials).collect();
    assert_eq!(noticed(&mixed), [Reason::RefundRate], "trials do not hide it");
    assert_eq!(noticed(&[]), []);
}

proptest! {
    #[test]
    fn the_order_of_sales_does_not_matter(
        rows in proptest::collection::vec((0_i64..40, 0_i64..300, 0_u8..4, any::<bool>()), 0..60),
        seed in any::<u64>(),
    ) {
        let sales: Vec<HabitSale> = rows
            .iter()
            .map(|(n, minute, visitor, is_returned)| HabitSale {
                visitor: Some(VisitorHash::from_bytes([*visitor; 8])),
                is_returned: *is_returned,
                ..sale(*n, *minute)
            })
            .collect();
        let mut shuffled = sales.clone();
        let by = |place: usize| seed.rotate_left(u32::try_from(place % 64).unwrap_or(0)) ^ place as u64;
        let mut places: Vec<usize> = (0..sales.len()).collect();
        places.sort_by_key(|place| by(*place));
        for (to, from) in places.into_iter().enumerate() {
            shuffled[to] = sales[from].clone();
        }
        prop_assert_eq!(signals(&shuffled, &Policy::default()), signals(&sales, &Policy::default()));
    }
}
