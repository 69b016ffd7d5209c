use super::*;

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("day")
}

fn slot(text: &str) -> Slot {
    Slot::parse(text).expect("slot")
}

fn head() -> Head {
    let mut head = Head::new(Currency::USD);
    head.open = [(slot("261120.00"), 500), (slot("261121.00"), -200), (slot("261125.00"), 1000)].into();
    head.available = 50;
    head.settled = 300;
    head.paid = Some(slot("261101.00"));
    head.covered = Some(slot("261110.00"));
    head.closed = Some(slot("261115.00"));
    head.fence = Some(slot("261115.00"));
    head
}

#[test]
fn maturing_is_a_matter_of_the_day_alone() {
    let rows = [
        ("2026-11-19", "0.50", "13.00"),
        ("2026-11-20", "5.50", "8.00"),
        ("2026-11-21", "3.50", "10.00"),
        ("2026-11-25", "13.50", "0.00"),
    ];
    for (today, available, pending) in rows {
        assert_eq!(head().available_on(day(today)).map(Money::to_text), Ok(available.to_owned()), "{today}");
        assert_eq!(head().pending_on(day(today)).map(Money::to_text), Ok(pending.to_owned()), "{today}");
    }
    assert_eq!(head().total().map(Money::minor), Ok(1650));
}

#[test]
fn a_line_is_where_its_slot_is() {
    let today = day("2026-11-21");
    let rows = [
        ("261101.00", LineState::Paid),
        ("261105.00", LineState::InPayout),
        ("261110.00", LineState::InPayout),
        ("261115.00", LineState::Approved),
        ("261121.07", LineState::Approved),
        ("261122.00", LineState::Pending),
    ];
    for (text, expected) in rows {
        assert_eq!(head().state_of(Place::Slot(slot(text)), today), expected, "{text}");
    }
    assert_eq!(head().state_of(Place::Held, today), LineState::Held);
    assert_eq!(Head::new(Currency::USD).state_of(Place::Slot(slot("261121.00")), today), LineState::Approved);
}

#[test]
fn a_head_out_of_order_is_a_breach() {
    assert_eq!(head().check(), Ok(()));
    let mut paid_too_far = head();
    paid_too_far.paid = Some(slot("261111.00"));
    assert!(matches!(paid_too_far.check(), Err(HeadBreach::Order { .. })));
    let mut open_below = head();
    open_below.open.insert(slot("261115.00"), 1);
    assert!(matches!(open_below.check(), Err(HeadBreach::OpenBelowClosed { .. })));
    let mut reserved_below_zero = head();
    reserved_below_zero.reserved = -1;
    assert!(matches!(reserved_below_zero.check(), Err(HeadBreach::Negative { what: "reserved", minor: -1 })));
}

#[test]
fn the_last_matured_slot_is_what_a_close_goes_up_to() {
    assert_eq!(head().last_matured(day("2026-11-19")), None);
    assert_eq!(head().last_matured(day("2026-11-22")), Some(slot("261121.00")));
    assert_eq!(head().open_up_to(slot("261121.00")).map(Money::minor), Ok(300));
    assert_eq!(
        head().next_maturing(day("2026-11-21")).map(|(day, money)| (day.to_string(), money.minor())),
        Some(("2026-11-25".to_owned(), 1000))
    );
}
