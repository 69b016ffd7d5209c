//! Worked values of facts.md 8.3, and the laws of a straight line.

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

fn at(text: &str) -> Timestamp {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().expect("an instant")
}

fn service(amount: &str, from: &str, to: &str) -> Service {
    let paid_at = at(from);
    Service { amount: Money::parse(amount, Currency::USD).expect("money"), paid_at, from: at(from), to: at(to) }
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
        let amount = Money::from_minor(minor, Currency::USD);
        let service = Service { amount, paid_at: from, from, to: day(days) };
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
        let (amount, from) = (Money::from_minor(minor, Currency::USD), day(start));
        let service = Service { amount, paid_at: from, from, to: day(start + days) };
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

/// LED-11: paid in November for a year that begins in January, it is deferred from November on.
#[test]
fn what_is_paid_ahead_is_deferred_from_its_payment_on() {
    let year = Service { paid_at: at("2026-11-20"), ..service("1200.00", "2027-01-01", "2028-01-01") };
    let schedule = by(Spread::ByMonth, &year, &[back("2026-12-24", "600.00")]);
    let deferred: Vec<i64> = schedule.values().map(|month| month.deferred.minor()).collect();
    assert_eq!(figures(&schedule)[..3], [0, 0, 5_000]);
    assert_eq!(deferred[..3], [120_000, 60_000, 55_000]);
    assert_eq!(schedule.len(), 14);
}

/// An upgrade on the 21st: ten days of the old plan given back, ten of the new one, and the month that comes.
fn upgrade() -> [ServicePart; 3] {
    let part = |weight, from, to| ServicePart { weight, from: at(from), to: at(to) };
    [
        part(-1_000, "2026-04-21", "2026-05-01"),
        part(2_000, "2026-04-21", "2026-05-01"),
        part(6_000, "2026-05-01", "2026-06-01"),
    ]
}

/// LED-11: each part of an invoice is earned in its own time.
#[test]
fn the_parts_of_an_upgrade_are_each_earned_in_their_own_time() {
    let paid = (Money::from_minor(7_000, Currency::USD), at("2026-04-21"));
    let months = |back: &[PaidBack]| {
        let mut sums: BTreeMap<BusinessDay, (i64, i64)> = BTreeMap::new();
        for (service, back) in divide(paid, &upgrade(), back).expect("divided") {
            for (month, figures) in by(Spread::ByDay, &service, &back) {
                let sum = sums.entry(month).or_default();
                sum.0 += figures.recognised.minor() + figures.contra.minor();
                sum.1 += figures.deferred.minor();
            }
        }
        sums.into_values().collect::<Vec<_>>()
    };
    // By the whole invoice's time, 41 days, April would have had 17.07.
    assert_eq!(months(&[]), [(1_000, 6_000), (6_000, 0)]);
    // A half goes back as May begins: of what was earned the half is lessened, and May earns the half.
    assert_eq!(months(&[back("2026-05-01", "35.00")]), [(1_000, 6_000), (2_500, 0)]);
    assert_eq!(months(&[back("2026-04-21", "70.00")]), [(0, 0), (0, 0)]);
}

/// LED-11: by cents, behind the end of what they are of.
#[test]
fn what_goes_back_cent_by_cent_behind_the_end_is_taken_once() {
    let part = |weight| ServicePart { weight, from: at("2026-01-01"), to: at("2026-02-01") };
    let paid = (Money::from_minor(1_000, Currency::USD), at("2026-01-01"));
    let cents: Vec<PaidBack> = (3..9).map(|month| back(&format!("2026-0{month}-10"), "0.01")).collect();
    for count in 0..=cents.len() {
        let mut sum = 0;
        for (service, back) in divide(paid, &[part(1), part(1), part(1)], &cents[..count]).expect("divided") {
            let months = by(Spread::ByDay, &service, &back);
            sum += months.values().fold(0, |sum, month| sum + month.recognised.minor() + month.contra.minor());
        }
        assert_eq!(sum, 1_000 - i64::try_from(count).expect("a number"), "{count}");
    }
}

proptest! {
    #[test]
    fn the_parts_of_a_sale_add_up_to_it_whatever_went_back(
        minor in prop_oneof![1_i64..300, 1_i64..100_000_000], weights in proptest::collection::vec(-500_i64..2_000, 1..5),
        refunds in proptest::collection::vec((0_i64..200, prop_oneof![1_i64..100, 1_i64..5_000_000]), 0..4),
        spread in any_spread(),
    ) {
        // All together they are above zero.
        let all = weights.iter().fold(0_i64, |all, weight| all.saturating_add(*weight));
        let weights: Vec<i64> = weights.into_iter().chain([1 - all.min(0)]).collect();
        let day = |n: i64| Timestamp::from_second(1_700_000_000 + n * 86_400).expect("an instant");
        let parts: Vec<ServicePart> = weights.iter().zip(0..)
            .map(|(weight, n)| ServicePart { weight: *weight, from: day(n * 30), to: day(n * 30 + 40) }).collect();
        let (mut left, mut back) = (minor, Vec::new());
        for (n, amount) in &refunds {
            let amount = (*amount).min(left);
            left -= amount;
            back.push(PaidBack { at: day(*n), amount: Money::from_minor(amount, Currency::USD) });
        }
        back.retain(|paid| !paid.amount.is_zero());
        back.sort_by_key(|paid| paid.at);
        let mut sum = 0;
        let amount = Money::from_minor(minor, Currency::USD);
        for (service, back) in divide((amount, day(0)), &parts, &back).expect("divided") {
            let months = schedule(&service, &back, spread, &Zone::utc()).expect("a schedule");
            sum += months.values().fold(0, |sum, month| sum + month.recognised.minor() + month.contra.minor());
            prop_assert_eq!(months.values().last().map(|month| month.deferred.minor()), Some(0));
        }
        prop_assert_eq!(sum, left);
    }
}

#[test]
fn a_begun_month_counts_whole() {
    let begun = service("120.00", "2026-06-15", "2026-10-20");
    assert_eq!(figures(&by(Spread::ByMonth, &begun, &[])), [2400; 5]);
}
