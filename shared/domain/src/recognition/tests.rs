//! Worked values of facts.md 8.3, and the laws of a straight line.

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

fn at(text: &str) -> Timestamp {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().expect("an instant")
}

fn service(amount: &str, from: &str, to: &str) -> Service {
    Service { amount: Money::parse(amount, Currency::USD).expect("money"), from: at(from), to: at(to) }
}

fn back(when: &str, amount: &str) -> PaidBack {
    PaidBack { at: at(when), amount: Money::parse(amount, Currency::USD).expect("money") }
}

fn figures(schedule: &Schedule) -> Vec<i64> {
    schedule.values().map(|month| month.recognised.minor()).collect()
}

fn by(spread: Spread, service: &Service, back: &[PaidBack]) -> Schedule {
    schedule(service, back, spread, &Zone::utc()).expect("a schedule")
}

/// LED-11: the oracles that vendors publish, and our own year.
#[test]
fn the_worked_values_of_a_straight_line_hold() {
    let month = service("31.00", "2026-01-15", "2026-02-15");
    let schedule = by(Spread::ByDay, &month, &[]);
    assert_eq!(figures(&schedule), [1700, 1400]);
    assert_eq!(schedule.values().next().map(|month| month.deferred.minor()), Some(1400));
    let four = service("120.00", "2026-06-15T12:00:00Z", "2026-10-13T12:00:00Z");
    assert_eq!(figures(&by(Spread::ByTime, &four, &[])), [1550, 3100, 3100, 3000, 1250]);
    assert_eq!(figures(&by(Spread::ByDay, &four, &[])), [1600, 3100, 3100, 3000, 1200]);
    assert_eq!(figures(&by(Spread::ByMonth, &four, &[])), [3000, 3000, 3000, 3000]);
    let quarter = service("120.00", "2026-01-01", "2026-04-01");
    let credited = by(Spread::ByDay, &quarter, &[back("2026-01-01", "30.00")]);
    assert_eq!(figures(&credited), [3100, 2800, 3100]);
    let year = service("1200.00", "2026-11-21", "2027-11-21");
    let expected = [3288, 10191, 10192, 9206, 10191, 9864, 10191, 9863, 10192, 10192, 9863, 10192, 6575];
    assert_eq!(figures(&by(Spread::ByDay, &year, &[])), expected);
    assert_eq!(figures(&by(Spread::ByMonth, &year, &[])), [10_000; 12]);
    let calendar = service("1200.00", "2027-01-01", "2028-01-01");
    let expected = [10192, 9205, 10192, 9863, 10192, 9863, 10192, 10191, 9863, 10192, 9863, 10192];
    assert_eq!(figures(&by(Spread::ByDay, &calendar, &[])), expected);
}

/// LED-11: an upgrade is recognised as its proration: 20 days at 3.00, ten at 4.00.
#[test]
fn an_upgrade_in_the_middle_of_a_month_is_its_two_rates() {
    let whole = service("90.00", "2026-04-01", "2026-05-01");
    let proration = service("10.00", "2026-04-21", "2026-05-01");
    let sum = figures(&by(Spread::ByDay, &whole, &[]))[0] + figures(&by(Spread::ByDay, &proration, &[]))[0];
    assert_eq!(sum, 10_000);
}

/// LED-11: what goes back is taken from what is not earned yet, then from the month that it goes back in.
#[test]
fn a_refund_lessens_what_is_deferred_first_and_then_its_own_month() {
    let year = service("365.00", "2027-01-01", "2028-01-01");
    let schedule = by(Spread::ByDay, &year, &[back("2027-07-01T09:00:00Z", "184.00")]);
    let rows: Vec<_> =
        schedule.values().map(|m| (m.recognised.minor(), m.contra.minor(), m.deferred.minor())).collect();
    assert_eq!(rows[5], (3_000, 0, 18_400), "June: 181 days are earned");
    assert_eq!(rows[6], (0, 0, 0), "July: all that was deferred went back");
    let all = by(Spread::ByDay, &year, &[back("2027-07-01T09:00:00Z", "300.00")]);
    let july = all.values().nth(6).expect("July");
    assert_eq!((july.recognised.minor(), july.contra.minor(), july.deferred.minor()), (0, -11_600, 0));
    let late = by(Spread::ByDay, &year, &[back("2028-03-05", "10.00")]);
    let march = late.values().last().expect("March 2028");
    assert_eq!((march.recognised.minor(), march.contra.minor()), (0, -1_000));
}

#[test]
fn a_service_that_ends_where_it_begins_is_earned_at_once() {
    let once = service("5.00", "2026-03-31", "2026-03-31");
    for spread in [Spread::ByDay, Spread::ByTime, Spread::ByMonth] {
        assert_eq!(figures(&by(spread, &once, &[])), [500], "{spread:?}");
    }
}

#[test]
fn days_are_counted_in_the_zone_that_is_named() {
    let zone = Zone::parse("America/New_York").expect("a zone");
    // 2026-02-01T03:00Z is still January there.
    let month = service("31.00", "2026-02-01T03:00:00Z", "2026-03-04T03:00:00Z");
    let schedule = schedule(&month, &[], Spread::ByDay, &zone).expect("a schedule");
    let first = schedule.keys().next().map(ToString::to_string);
    assert_eq!(first.as_deref(), Some("2026-01-01"));
    assert_eq!(figures(&schedule), [100, 2_800, 200]);
}

fn any_spread() -> impl Strategy<Value = Spread> {
    prop_oneof![Just(Spread::ByDay), Just(Spread::ByTime), Just(Spread::ByMonth)]
}

proptest! {
    #[test]
    fn the_months_add_up_to_what_was_paid_less_what_went_back(
        minor in 0_i64..10_000_000_000, start in 1_600_000_000_i64..1_800_000_000, days in 0_i64..800,
        refunds in proptest::collection::vec((0_i64..900, 1_i64..5_000_000_000), 0..4), spread in any_spread(),
    ) {
        let from = Timestamp::from_second(start).expect("an instant");
        let day = |n: i64| Timestamp::from_second(start + n * 86_400).expect("an instant");
        let service = Service { amount: Money::from_minor(minor, Currency::USD), from, to: day(days) };
        let back: Vec<PaidBack> = refunds.iter()
            .map(|(n, amount)| PaidBack { at: day(*n), amount: Money::from_minor(*amount, Currency::USD) }).collect();
        let schedule = schedule(&service, &back, spread, &Zone::utc()).expect("a schedule");
        let sum: i64 = schedule.values().fold(0, |sum, m| sum + m.recognised.minor() + m.contra.minor());
        let gone: i64 = refunds.iter().fold(0, |gone, (_, amount)| gone + amount);
        prop_assert_eq!(sum, (minor - gone).max(0));
        for month in schedule.values() {
            prop_assert!(month.recognised.minor() >= 0 && month.contra.minor() <= 0 && month.deferred.minor() >= 0);
        }
        prop_assert_eq!(schedule.values().last().map(|month| month.deferred.minor()), Some(0));
    }

    #[test]
    fn a_month_by_days_is_within_one_unit_of_its_exact_share(
        minor in 0_i64..10_000_000_000, start in 18_000_i64..20_000, days in 1_i64..800,
    ) {
        let day = |n: i64| Timestamp::from_second(n * 86_400).expect("an instant");
        let service = Service { amount: Money::from_minor(minor, Currency::USD), from: day(start), to: day(start + days) };
        let mut begin = i128::from(start);
        for (month, figure) in by(Spread::ByDay, &service, &[]) {
            let end = number_of(next_month(month).expect("a month")).expect("a day").min(i128::from(start + days));
            let exact = i128::from(minor) * (end - begin);
            let off = (i128::from(figure.recognised.minor()) * i128::from(days) - exact).abs();
            prop_assert!(off <= i128::from(days), "{month}: off by {off} of {days}");
            begin = end;
        }
    }
}

/// LED-11: what is left behind a refund is spread over the days that are left.
#[test]
fn behind_a_refund_the_rest_is_spread_over_the_rest() {
    let year = service("365.00", "2027-01-01", "2028-01-01");
    let schedule = by(Spread::ByDay, &year, &[back("2027-07-01T09:00:00Z", "92.00")]);
    let expected = [3100, 2800, 3100, 3000, 3100, 3000, 1550, 1550, 1500, 1550, 1500, 1550];
    assert_eq!(figures(&schedule), expected);
}

#[test]
fn a_begun_month_counts_whole() {
    let begun = service("120.00", "2026-06-15", "2026-10-20");
    assert_eq!(figures(&by(Spread::ByMonth, &begun, &[])), [2400; 5]);
}
