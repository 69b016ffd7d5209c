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

#[test]
fn slots_mature_one_by_one_and_a_close_may_be_under_way() {
    let rows = [("2026-11-19", 0), ("2026-11-20", 1), ("2026-11-24", 2), ("2026-11-25", 3)];
    for (today, expected) in rows {
        assert_eq!(head().matured_slots(day(today)), expected, "{today}");
    }
    assert!(!head().close_is_unfinished());
    let fenced = Head { fence: Some(slot("261121.00")), ..head() };
    assert!(fenced.close_is_unfinished());
}

#[test]
fn the_night_need_not_come_when_nothing_at_all_is_left() {
    let rest = || Head { open: std::collections::BTreeMap::new(), available: 0, ..head() };
    assert!(rest().is_at_rest());
    let month = crate::month::Month::parse("2026-11").expect("a month");
    let busy = [
        ("open", Head { open: [(slot("261120.00"), 0)].into(), ..rest() }),
        ("available", Head { available: -1, ..rest() }),
        ("reserved", Head { reserved: 1, ..rest() }),
        ("held", Head { held: 1, ..rest() }),
        ("booked", Head { bookings: 2, adjusted: 1, ..rest() }),
        ("period", Head { open_period: Some(month), ..rest() }),
    ];
    for (what, head) in busy {
        assert!(!head.is_at_rest(), "{what}");
        assert_eq!(head.is_adjusted(), what != "booked", "{what}");
    }
}

#[test]
fn periods_are_counted_after_they_are_frozen_and_never_before() {
    let month = |text| crate::month::Month::parse(text).ok();
    let of = |counted, frozen| Head { counted: month(counted), frozen: month(frozen), ..head() }.check();
    assert_eq!(of("2026-09", "2026-10"), Ok(()));
    assert_eq!(of("2026-10", "2026-10"), Ok(()));
    assert!(matches!(of("2026-11", "2026-10"), Err(HeadBreach::Periods { .. })));
    assert_eq!(Head { available: -5, ..head() }.check(), Ok(()), "a debt is carried");
    assert!(matches!(Head { held: -1, ..head() }.check(), Err(HeadBreach::Negative { what: "held", minor: -1 })));
}

#[test]
fn a_recount_counts_sums_and_chains_line_after_line() {
    let account =
        crate::line::Account { partner: crate::id::PartnerId::from_ulid(7_u128.into()), currency: Currency::USD };
    let line = |key: &str, minor| {
        let amount = Money::from_minor(minor, Currency::USD);
        let (kind, place) = (crate::entry::EntryKind::ManualAdjustment, Place::Slot(slot("261120.00")));
        crate::entry::Entry::new(
            key.to_owned(),
            kind,
            account.clone(),
            amount,
            place,
            crate::time::Timestamp::UNIX_EPOCH,
        )
        .line()
    };
    let (one, other) = (line("one", 300), line("other", -100));
    let folded = |lines: [&crate::line::Line; 2]| {
        lines.into_iter().try_fold(Recount::after(&head()), Recount::fold).expect("in range")
    };
    let both = folded([&one, &other]);
    assert_eq!((both.count, both.net.minor()), (2, 200));
    assert_ne!(both.hash, folded([&other, &one]).hash, "the order of keys is part of the chain");
    assert_eq!(both.hash, head().close_hash.then(one.chain_row().as_bytes()).then(other.chain_row().as_bytes()));
}

#[test]
fn what_matures_between_two_days_is_what_lies_behind_the_first_and_not_behind_the_last() {
    let rows = [
        ("2026-11-19", "2026-11-25", 1_300),
        ("2026-11-20", "2026-11-25", 800),
        ("2026-11-20", "2026-11-24", -200),
        ("2026-11-21", "2026-11-25", 1_000),
        ("2026-11-25", "2026-11-30", 0),
    ];
    for (after, last, expected) in rows {
        assert_eq!(head().maturing(day(after), day(last)).map(Money::minor), Ok(expected), "{after} to {last}");
    }
}
