//! When sales that are booked may be another's: what says that they are not must be right, or they would stay where they are.

use super::*;

/// As much is told as a customer knows, and then more.
fn told_more(told: &[Told], more: &[Told]) -> (Customer, Customer) {
    let all: Vec<Told> = told.iter().chain(more).cloned().collect();
    let credited = || [partner(7), partner(9)].into();
    let with_sales = |customer: Customer| Customer { credited: credited(), ..customer };
    (with_sales(customer_of(told)), with_sales(customer_of(&all)))
}

proptest! {
    #[test]
    fn where_nothing_moves_every_sale_is_decided_as_before(
        told in prop::collection::vec(told(), 0..8),
        more in prop::collection::vec(told(), 1..3),
    ) {
        let (before, after) = told_more(&told, &more);
        if after.moves_from(&before).is_empty() {
            for minute in (0..7_000).step_by(350) {
                let sold_at = minutes_before(at("2026-11-01T00:00:00Z"), -minute);
                for coupon in [None, Some("SAVE20")] {
                    prop_assert!(pays_the_same(&before.decide(sold_at, coupon), &after.decide(sold_at, coupon)));
                }
            }
        }
    }
}

#[test]
fn what_decides_otherwise_moves_from_everybody_who_was_credited_and_what_is_no_news_from_nobody() {
    let late = meeting("t:2", "2026-11-21T12:00:00Z", vec![click(2, "2026-11-21T11:00:00Z")]);
    let early = meeting("t:1", "2026-11-20T12:00:00Z", vec![click(1, "2026-11-20T11:00:00Z")]);
    let later = meeting("t:3", "2026-11-22T12:00:00Z", vec![click(3, "2026-11-22T11:00:00Z")]);
    let before = Customer { credited: [partner(2)].into(), ..met(&[late]) };
    let told = |meeting: &Meeting| {
        let mut after = before.clone();
        after.meet(meeting);
        after
    };
    let mut paid = before.clone();
    paid.pay(at("2026-11-22T12:00:00Z"), &sale(1));
    let mut was_one_before = before.clone();
    was_one_before.pay(at("2026-11-01T12:00:00Z"), &sale(1));
    let assigned = Assigned {
        source: Source::Managed,
        partner: partner(5),
        program: ProgramId::from_ulid(1_u128.into()),
        from: at("2026-11-21T00:00:00Z"),
        until: None,
    };
    let mut given = before.clone();
    given.assign(assigned);
    let rows = [
        ("an earlier meeting", told(&early), vec![partner(2)]),
        ("a later meeting", told(&later), Vec::new()),
        ("a payment", paid, Vec::new()),
        ("a payment before the click", was_one_before, vec![partner(2)]),
        ("a person's word", given, vec![partner(2)]),
    ];
    for (title, after, expected) in rows {
        assert_eq!(after.moves_from(&before), expected, "{title}");
    }
    assert_eq!(told(&early).moves_from(&Customer::default()), Vec::new(), "nothing of theirs is anybody's yet");
}

#[test]
fn a_guest_is_kept_under_their_sale_and_a_customer_is_not() {
    let name = Customer::key_of_guest(&sale(3)).expect("a name");
    assert_eq!((Customer::guest_sale(&name), Customer::guest_sale(&key("stripe:cus_1"))), (Some(sale(3)), None));
}
