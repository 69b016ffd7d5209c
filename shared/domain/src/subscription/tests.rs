use super::*;
use crate::currency::Currency;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("instant")
}

fn told(second: i64, status: SubscriptionStatus) -> Subscription {
    Subscription {
        subscription: PaymentKey::parse("stripe:sub_1").expect("key"),
        customer: None,
        status,
        plan: None,
        product: None,
        item: None,
        quantity: 1,
        amount: None,
        every: Some(Every { interval: Interval::Month, count: 1 }),
        period_start: None,
        period_end: None,
        started_at: None,
        cancel_at: None,
        cancel_at_period_end: false,
        canceled_at: None,
        ended_at: None,
        trial_end: None,
        paused: false,
        resumes_at: None,
        told_at: at(second),
    }
}

fn failed(second: i64, standing: FailedStanding, attempts: u32) -> FailedPayment {
    FailedPayment {
        payment: PaymentKey::parse("stripe:in_1").expect("key"),
        customer: None,
        subscription: None,
        amount: Money::from_minor(9_900, Currency::USD),
        attempts,
        next_attempt_at: None,
        standing,
        reason: None,
        told_at: at(second),
    }
}

/// What holds after tellings in an order, each held against what holds so far.
fn last<T: Clone>(tellings: &[T], order: &[usize], holds_over: impl Fn(&T, &T) -> bool) -> T {
    let mut known = tellings[order[0]].clone();
    for place in order {
        if holds_over(&tellings[*place], &known) {
            known = tellings[*place].clone();
        }
    }
    known
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[test]
fn the_newest_state_of_a_subscription_holds_in_every_order() {
    // ING-11
    use SubscriptionStatus::{Active, Canceled, Incomplete, PastDue, Trialing};
    let worlds = [
        ([(1, Incomplete), (1, Active), (5, PastDue)], (5, PastDue)),
        ([(1, Trialing), (1, Active), (1, Canceled)], (1, Canceled)),
        ([(1, Active), (9, Canceled), (9, Active)], (9, Canceled)),
    ];
    for (rows, expected) in worlds {
        let tellings = rows.map(|(second, status)| told(second, status));
        for order in ORDERS {
            let known = last(&tellings, &order, Subscription::holds_over);
            assert_eq!((known.told_at, known.status), (at(expected.0), expected.1), "{order:?}");
        }
    }
}

#[test]
fn two_tellings_of_one_instant_that_differ_elsewhere_end_alike_in_every_order() {
    let mut more = told(3, SubscriptionStatus::Active);
    more.quantity = 2;
    let mut none = told(3, SubscriptionStatus::Active);
    none.paused = true;
    let tellings = [told(3, SubscriptionStatus::Active), more, none];
    let ends: Vec<Subscription> = ORDERS.iter().map(|order| last(&tellings, order, Subscription::holds_over)).collect();
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:?}");
    assert!(!tellings[0].holds_over(&tellings[0]), "told again it is no news");
}

#[test]
fn a_failed_payment_that_is_settled_stays_so_in_every_order() {
    // ING-11
    use FailedStanding::{Open, Paid, Uncollectible, Voided};
    for settled in [Paid, Voided, Uncollectible] {
        let tellings = [failed(1, Open, 1), failed(2, settled, 1), failed(5, Open, 2)];
        for order in ORDERS {
            assert_eq!(last(&tellings, &order, FailedPayment::holds_over).standing, settled, "{order:?}");
        }
    }
}

#[test]
fn every_word_is_read_as_it_is_written() {
    for status in ["incomplete", "trialing", "active", "past_due", "unpaid", "paused", "incomplete_expired", "canceled"]
    {
        assert_eq!(SubscriptionStatus::parse(status).map(SubscriptionStatus::word), Some(status));
    }
    for interval in ["day", "week", "month", "year"] {
        assert_eq!(Interval::parse(interval).map(Interval::word), Some(interval));
    }
    assert_eq!((SubscriptionStatus::parse("moon"), Interval::parse("moon")), (None, None));
}

#[test]
fn of_a_provider_object_the_newest_telling_holds_and_what_went_back_only_grows() {
    let key = |id: &str| PaymentKey::parse(id).expect("key");
    let transfer = |second: i64, back: i64| ProviderObject {
        kind: ProviderObjectKind::Transfer,
        object: key("stripe:tr_1"),
        state: "created".to_owned(),
        amount: Some(Money::from_minor(1_000, Currency::USD)),
        returned: Some(Money::from_minor(back, Currency::USD)),
        of: None,
        details: std::collections::BTreeMap::new(),
        told_at: at(second),
    };
    let tellings = [transfer(1, 0), transfer(2, 100), transfer(2, 400)];
    for order in ORDERS {
        assert_eq!(last(&tellings, &order, ProviderObject::holds_over).returned.map(Money::minor), Some(400));
    }
}
