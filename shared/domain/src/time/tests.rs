use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

#[test]
fn the_day_is_the_day_of_the_zone() {
    let rows = [
        ("2026-11-21T23:30:00Z", "UTC", "2026-11-21"),
        ("2026-11-21T23:30:00Z", "Europe/Berlin", "2026-11-22"),
        ("2026-11-21T03:30:00Z", "America/Los_Angeles", "2026-11-20"),
        ("2026-11-21T10:30:00Z", "Pacific/Kiritimati", "2026-11-22"),
    ];
    for (instant, zone, day) in rows {
        assert_eq!(Zone::parse(zone).expect("zone").day_of(at(instant)).to_string(), day, "{instant} {zone}");
    }
}

#[test]
fn a_day_of_the_clock_change_has_23_or_25_hours() {
    let zone = Zone::parse("Europe/Berlin").expect("zone");
    for (day, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-21", 24)] {
        let period = zone.period_of(BusinessDay::parse(day).expect("day")).expect("period");
        assert_eq!(period.to().duration_since(period.from()).as_hours(), hours, "{day}");
    }
}

#[test]
fn a_period_is_half_open() {
    let period = Zone::utc().period_of(BusinessDay::parse("2026-11-21").expect("day")).expect("period");
    assert!(period.contains(at("2026-11-21T00:00:00Z")));
    assert!(period.contains(at("2026-11-21T23:59:59.999Z")));
    assert!(!period.contains(at("2026-11-22T00:00:00Z")));
}

#[test]
fn a_wrong_zone_or_date_is_refused() {
    for zone in ["", "Mars/Olympus", "+02:00", "CEST2"] {
        assert_eq!(Zone::parse(zone), Err(UnknownZone), "{zone}");
    }
    for date in [
        "",
        "2026-13-01",
        "2026-02-29",
        "26-01-01",
        "2026-1-1",
        "2026/01/01",
        "1999-12-31",
        "2100-01-01",
        "２026-01-01",
    ] {
        assert!(BusinessDay::parse(date).is_err(), "{date}");
    }
}

#[test]
fn sortable_text_has_one_width() {
    assert_eq!(sortable(at("2026-11-21T03:24:00Z")), "2026-11-21T03:24:00.000Z");
    assert_eq!(sortable(at("2026-11-21T03:24:00.1Z")), "2026-11-21T03:24:00.100Z");
}

proptest! {
    #[test]
    fn every_instant_lies_in_the_period_of_its_day(second in 946_771_200_i64..4_102_272_000, zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])) {
        let zone = Zone::parse(zone).expect("zone");
        let at = Timestamp::from_second(second).expect("instant");
        prop_assert!(zone.period_of(zone.day_of(at)).expect("period").contains(at));
    }
}
