//! From signals to points to bands, each row by its rule; and the laws.

mod habits;
mod purchase;
mod review;

use proptest::prelude::*;

use super::policy::{Policy, shipped};
use super::*;
use crate::id::ProgramId;

pub(super) fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

pub(super) fn program(n: u128) -> ProgramId {
    ProgramId::from_ulid(n.into())
}

pub(super) fn as_shipped(reasons: &[Reason]) -> Vec<Signal> {
    reasons.iter().filter_map(|reason| Policy::default().signal(*reason, "")).collect()
}

#[test]
fn signals_make_points_and_points_make_a_band() {
    use Reason::*;
    let rows: [(&[Reason], u16, Band); 14] = [
        (&[], 0, Band::Watch),
        (&[DisposableEmail], 15, Band::Watch),
        (&[QuickSale], 20, Band::Watch),
        (&[PaidTraffic], 20, Band::Watch),
        (&[SelfReferralDevice], 20, Band::Watch),
        (&[DisposableEmail, QuickSale], 35, Band::Hold),
        (&[BannedReferrer], 30, Band::Hold),
        (&[SelfReferralAddress], 30, Band::Hold),
        (&[SelfReferralAddress, SelfReferralDevice], 50, Band::Hold),
        (&[SelfReferralEmail], 60, Band::Hold),
        (&[SelfReferralCard], 60, Band::Hold),
        (&[SelfReferralPayout], 70, Band::Suspend),
        (&[SelfReferralEmail, DisposableEmail], 75, Band::Suspend),
        (&[SelfReferralEmail, SelfReferralCard, SelfReferralPayout], 100, Band::Suspend),
    ];
    for (reasons, points, band) in rows {
        let points_made = score(&as_shipped(reasons));
        assert_eq!((points_made, Band::of(points_made)), (points, band), "FRD-4: {reasons:?}");
    }
}

#[test]
fn the_bands_begin_at_thirty_and_seventy() {
    let rows = [(0, Band::Watch), (29, Band::Watch), (30, Band::Hold), (69, Band::Hold), (70, Band::Suspend)];
    for (points, band) in rows.into_iter().chain([(100, Band::Suspend), (u16::MAX, Band::Suspend)]) {
        assert_eq!(Band::of(points), band, "FRD-4: {points} points");
    }
    let what = [Band::Watch, Band::Hold, Band::Suspend].map(|band| (band.holds(), band.stops_payouts()));
    assert_eq!(what, [(false, false), (true, false), (true, true)]);
}

#[test]
fn every_reason_has_a_code_and_points() {
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.code()), Some(reason));
        assert_eq!(serde_json::to_value(reason).expect("json"), reason.code());
        assert!((1..=SCORE_MAX).contains(&shipped(reason)), "{reason:?}");
    }
    assert_eq!(Reason::parse("no_such_reason"), None);
}

#[test]
fn points_are_data_and_none_switches_a_signal_off() {
    let policy = Policy { points: [(Reason::QuickSale, 44), (Reason::Velocity, 0)].into(), ..Policy::default() };
    assert_eq!(policy.signal(Reason::QuickSale, "3 s").map(|signal| signal.points), Some(44));
    assert_eq!(policy.signal(Reason::Velocity, "99"), None);
    assert_eq!(policy.points_of(Reason::DisposableEmail), 15);
    let text = serde_json::to_string(&policy).expect("json");
    assert_eq!(serde_json::from_str::<Policy>(&text).expect("policy"), policy);
    assert_eq!(serde_json::from_str::<Policy>("{}").expect("policy"), Policy::default());
    assert!(serde_json::from_str::<Policy>(r#"{"points": {"quick_sail": 1}}"#).is_err());
    assert!(serde_json::from_str::<Policy>(r#"{"velocity": 1}"#).is_err());
}

#[test]
fn the_limits_of_a_policy_are_still_allowed() {
    let least = Policy {
        points: Reason::ALL.into_iter().map(|reason| (reason, 0)).collect(),
        quick_sale_seconds: 0,
        velocity_customers: 2,
        shared_address_customers: 2,
        refund_rate: crate::rate::Rate::parse("0.000001").expect("rate"),
        refund_rate_sales: 1,
        banned_referrers: Default::default(),
    };
    let most = Policy {
        points: Reason::ALL.into_iter().map(|reason| (reason, SCORE_MAX)).collect(),
        quick_sale_seconds: 3_600,
        refund_rate: crate::rate::Rate::parse("1").expect("rate"),
        ..Policy::default()
    };
    for policy in [least, most] {
        assert_eq!(policy.faults(), [], "{policy:?}");
    }
    let hosts = |names: &[usize]| Policy {
        banned_referrers: [(program(1), names.iter().map(|length| "a".repeat(*length)).collect())].into(),
        ..Policy::default()
    };
    let long = |bytes: usize| {
        // Hosts of 60 and fewer letters, each with its quotes and a comma, until there is room for one more.
        let mut names: Vec<usize> = (30..60).collect();
        while hosts(&names).to_json().len() > bytes {
            names.pop();
        }
        let missing = bytes - hosts(&names).to_json().len();
        let mut policy = hosts(&names);
        let last = policy.banned_referrers.values_mut().next().expect("hosts");
        let widened = last.pop_last().expect("a host") + &"a".repeat(missing);
        last.insert(widened);
        policy
    };
    let too_many = |policy: Policy| {
        policy.faults().iter().any(|fault| fault.pointer == "/banned_referrers" && fault.why.contains("too many"))
    };
    assert_eq!((long(2_000).to_json().len(), long(2_001).to_json().len()), (2_000, 2_001));
    assert!(!too_many(long(2_000)) && too_many(long(2_001)));
}

#[test]
fn a_policy_that_makes_no_sense_is_refused_with_the_place() {
    let faults = |policy: Policy| policy.faults().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
    assert_eq!(faults(Policy::default()), Vec::<String>::new());
    let hosts = |host: &str| [(program(1), [host.to_owned()].into())].into();
    let wrong = Policy {
        points: [(Reason::QuickSale, 101)].into(),
        quick_sale_seconds: 3_601,
        velocity_customers: 1,
        shared_address_customers: 0,
        refund_rate: crate::rate::Rate::parse("0").expect("rate"),
        refund_rate_sales: 0,
        banned_referrers: hosts("https://coupons.example/"),
    };
    let expected = [
        "/points/quick_sale".to_owned(),
        "/velocity_customers".to_owned(),
        "/shared_address_customers".to_owned(),
        "/quick_sale_seconds".to_owned(),
        "/refund_rate_sales".to_owned(),
        format!("/banned_referrers/{}", program(1)),
        "/refund_rate".to_owned(),
    ];
    // API-2: a rate of nothing is a rate; all others are not of their form.
    let clashing: Vec<String> =
        wrong.faults().into_iter().filter(|fault| !fault.is_form).map(|fault| fault.pointer).collect();
    assert_eq!((faults(wrong), clashing), (expected.to_vec(), vec!["/refund_rate".to_owned()]));
    for host in ["Coupons.example", "localhost", "a..b", "", ".example"] {
        assert_eq!(faults(Policy { banned_referrers: hosts(host), ..Policy::default() }).len(), 1, "{host}");
    }
    assert_eq!(faults(Policy { banned_referrers: hosts("coupons.example"), ..Policy::default() }).len(), 0);
    let many = (0..200).map(|n| format!("host{n}.example")).collect();
    let long = Policy { banned_referrers: [(program(1), many)].into(), ..Policy::default() };
    assert_eq!(faults(long), ["/banned_referrers"]);
}

#[test]
fn of_two_signals_that_weigh_the_same_the_one_known_before_stays() {
    let of = |points, detail: &str| Signal { code: Reason::Velocity, points, detail: detail.to_owned() };
    let mut finding = Finding { partner: partner(1), signals: vec![of(20, "before")] };
    finding.add(&[of(20, "again"), of(19, "lighter")]);
    assert_eq!(finding.signals, [of(20, "before")]);
    finding.add(&[of(21, "heavier")]);
    assert_eq!(finding.signals, [of(21, "heavier")]);
}

fn any_signal() -> impl Strategy<Value = Signal> {
    (proptest::sample::select(Reason::ALL.to_vec()), 0_u16..=SCORE_MAX).prop_map(|(code, points)| Signal {
        code,
        points,
        detail: String::new(),
    })
}

proptest! {
    #[test]
    fn more_signals_never_make_fewer_points(
        signals in proptest::collection::vec(any_signal(), 0..12),
        more in proptest::collection::vec(any_signal(), 0..6),
    ) {
        let all: Vec<Signal> = signals.iter().chain(&more).cloned().collect();
        prop_assert!(score(&all) >= score(&signals));
        prop_assert!(Band::of(score(&all)) >= Band::of(score(&signals)));
        prop_assert!(score(&all) <= SCORE_MAX);
        prop_assert!(more.iter().all(|signal| score(&all) >= signal.points.min(SCORE_MAX)));
    }

    #[test]
    fn what_is_added_to_a_finding_never_makes_it_lighter_and_adding_it_again_changes_nothing(
        known in proptest::collection::vec(any_signal(), 0..8),
        more in proptest::collection::vec(any_signal(), 0..8),
    ) {
        let mut finding = Finding { partner: partner(1), signals: vec![] };
        finding.add(&known);
        let before = score(&finding.signals);
        finding.add(&more);
        let all: Vec<Signal> = known.iter().chain(&more).cloned().collect();
        prop_assert_eq!(score(&finding.signals), score(&all));
        prop_assert!(score(&finding.signals) >= before);
        let after = finding.clone();
        finding.add(&more);
        prop_assert_eq!(finding, after);
    }

    #[test]
    fn neither_the_order_nor_a_repetition_of_signals_matters(
        signals in proptest::collection::vec(any_signal(), 0..12),
    ) {
        let mut turned = signals.clone();
        turned.reverse();
        turned.extend(signals.clone());
        prop_assert_eq!(score(&turned), score(&signals));
    }
}
