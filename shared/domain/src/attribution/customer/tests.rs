mod moving;
mod news;

use proptest::prelude::*;

use super::*;
use crate::attribution::fixtures::{at, candidate, click, coupon, lead, minutes_before, touched_by};
use crate::attribution::models::Model;
use crate::attribution::settings::{AttributionSettings, Binding};

fn key(text: &str) -> PaymentKey {
    PaymentKey::parse(text).expect("key")
}

fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

fn sale(n: u128) -> SaleId {
    SaleId::from_ulid(n.into())
}

fn meeting(name: &str, when: &str, candidates: Vec<Candidate>) -> Meeting {
    Meeting { at: at(when), by: key(name), candidates, token_refused: false }
}

fn met(meetings: &[Meeting]) -> Customer {
    let mut customer = Customer::default();
    for meeting in meetings {
        customer.meet(meeting);
    }
    customer
}

fn with(settings: AttributionSettings, mut touch: Candidate) -> Candidate {
    if let Some(target) = &mut touch.target {
        target.settings = settings;
    }
    touch
}

fn partners(decision: &Decision) -> Vec<PartnerId> {
    decision.credits().iter().map(|credit| credit.partner.clone()).collect()
}

fn nobody(decision: &Decision) -> Option<NobodyReason> {
    match decision {
        Decision::Nobody { reason, .. } => Some(*reason),
        Decision::Partners { .. } => None,
    }
}

#[test]
fn nobody_is_paid_for_a_reason() {
    // ATT-5: a row for each "why nobody".
    let noon = "2026-11-21T12:00:00Z";
    let refused = Meeting { token_refused: true, ..meeting("t:1", noon, Vec::new()) };
    let mut paid_before = met(&[meeting("t:1", noon, vec![click(1, "2026-11-21T11:00:00Z")])]);
    paid_before.pay(at("2026-11-21T10:59:59.999Z"), &sale(1));
    let late_click = met(&[meeting("t:1", noon, vec![click(1, "2026-11-21T11:30:00Z")])]);
    let rows = [
        (Customer::default(), NobodyReason::CustomerUnknown),
        (met(&[meeting("t:1", noon, Vec::new())]), NobodyReason::NoTouch),
        (met(&[refused]), NobodyReason::TokenRefused),
        (met(&[meeting("t:1", noon, vec![click(1, "2026-10-01T11:00:00Z")])]), NobodyReason::NoEligibleTouch),
        (late_click, NobodyReason::BeforeTheClick),
        (paid_before, NobodyReason::ExistingCustomer),
    ];
    for (customer, expected) in rows {
        let decision = customer.decide(at("2026-11-21T11:15:00Z"), None);
        assert_eq!(nobody(&decision), Some(expected));
    }
}

#[test]
fn the_earliest_meeting_at_which_a_touch_counts_binds_for_good() {
    // ATT-4.
    let first = meeting("t:1", "2026-11-10T12:00:00Z", vec![click(1, "2026-11-10T11:00:00Z")]);
    let second = meeting("t:2", "2026-11-12T12:00:00Z", vec![click(2, "2026-11-12T11:00:00Z")]);
    for order in [[first.clone(), second.clone()], [second, first]] {
        let decision = met(&order).decide(at("2027-11-21T12:00:00Z"), None);
        assert_eq!(partners(&decision), [partner(1)]);
        assert_eq!(decision.losers().iter().map(|loser| loser.reason).collect::<Vec<_>>(), [LossReason::BoundBefore]);
    }
}

#[test]
fn of_two_meetings_at_once_the_lesser_natural_key_binds() {
    let noon = "2026-11-10T12:00:00Z";
    let a = meeting("t:a", noon, vec![click(2, "2026-11-10T11:00:00Z")]);
    let b = meeting("t:b", noon, vec![click(1, "2026-11-10T11:30:00Z")]);
    for order in [[a.clone(), b.clone()], [b, a]] {
        assert_eq!(partners(&met(&order).decide(at(noon), None)), [partner(2)]);
    }
}

#[test]
fn a_touch_that_cannot_count_does_not_bind_and_the_next_meeting_does() {
    let first = meeting(
        "t:1",
        "2026-11-10T12:00:00Z",
        vec![Candidate { refused: Some(LossReason::InactivePartner), ..click(1, "2026-11-10T11:00:00Z") }],
    );
    let second = meeting("t:2", "2026-11-12T12:00:00Z", vec![click(2, "2026-11-10T11:30:00Z")]);
    let decision = met(&[second, first]).decide(at("2026-11-21T12:00:00Z"), None);
    assert_eq!(partners(&decision), [partner(2)]);
    assert_eq!(decision.losers().iter().map(|loser| loser.reason).collect::<Vec<_>>(), [LossReason::InactivePartner]);
}

#[test]
fn per_window_each_sale_is_decided_by_the_touches_in_the_window_before_it() {
    let per_window = AttributionSettings { binding: Binding::PerWindow, ..AttributionSettings::default() };
    let first = meeting("t:1", "2026-09-01T12:00:00Z", vec![with(per_window, click(1, "2026-09-01T11:00:00Z"))]);
    let second = meeting("t:2", "2026-11-12T12:00:00Z", vec![with(per_window, click(2, "2026-11-12T11:00:00Z"))]);
    let customer = met(&[first, second]);
    let rows = [
        ("2026-09-01T12:00:00Z", Some(1)),
        ("2026-10-01T11:00:00Z", Some(1)),
        ("2026-10-01T11:00:00.001Z", None),
        ("2026-11-12T11:00:00Z", Some(2)),
        ("2026-12-12T11:00:00Z", Some(2)),
        ("2026-12-12T11:00:00.001Z", None),
    ];
    for (sold_at, expected) in rows {
        let decision = customer.decide(at(sold_at), None);
        assert_eq!(partners(&decision), expected.map(partner).into_iter().collect::<Vec<_>>(), "{sold_at}");
    }
}

#[test]
fn a_coupon_counts_for_the_sale_that_it_paid_whatever_the_order_of_check_out_and_invoice() {
    // ATT-6: the invoice may be dated a second before its check-out, and a day counts as the same purchase.
    let customer = met(&[meeting("t:1", "2026-11-10T12:00:00Z", vec![coupon(7, "2026-11-10T12:00:00Z")])]);
    assert_eq!(partners(&customer.decide(at("2026-11-10T11:59:59Z"), None)), [partner(7)]);
    assert_eq!(nobody(&customer.decide(at("2026-11-09T11:59:59.999Z"), None)), Some(NobodyReason::BeforeTheClick));
    assert_eq!(partners(&customer.decide(at("2026-11-09T11:59:59.999Z"), Some("CODE7"))), [partner(7)]);
}

#[test]
fn a_lead_of_the_partner_brings_the_customer() {
    let customer = met(&[meeting("t:1", "2026-11-10T12:00:00Z", vec![lead(3, "2026-11-01T12:00:00Z")])]);
    let decision = customer.decide(at("2026-11-10T12:00:00Z"), None);
    assert_eq!(decision.credits().iter().map(|credit| credit.source).collect::<Vec<_>>(), [Source::LeadEmail]);
}

#[test]
fn whoever_referred_themselves_once_did_so_however_often_the_touch_is_told() {
    let told = |refused| vec![Candidate { refused, ..click(1, "2026-11-10T11:00:00Z") }];
    let plain = meeting("t:1", "2026-11-10T12:00:00Z", told(None));
    let caught = meeting("t:2", "2026-11-10T13:00:00Z", told(Some(LossReason::SelfReferral)));
    for order in [[plain.clone(), caught.clone()], [caught, plain]] {
        let decision = met(&order).decide(at("2026-11-21T12:00:00Z"), None);
        assert_eq!(nobody(&decision), Some(NobodyReason::NoEligibleTouch));
        assert_eq!(decision.losers().first().map(|loser| loser.reason), Some(LossReason::SelfReferral));
    }
}

#[test]
fn an_account_list_pays_each_sale_from_its_day_on_without_a_click() {
    // COM-17.
    let mut customer = met(&[meeting("t:1", "2026-11-01T12:00:00Z", vec![click(1, "2026-11-01T11:00:00Z")])]);
    let listed = |n: u128, from: &str| Assigned {
        source: Source::Managed,
        partner: partner(n),
        program: ProgramId::from_ulid(1_u128.into()),
        from: at(from),
        until: None,
    };
    customer.assign(listed(5, "2026-11-10T00:00:00Z"));
    customer.assign(listed(6, "2026-11-15T00:00:00Z"));
    customer.unassign(Source::Managed, at("2026-11-20T00:00:00Z"));
    let rows = [
        ("2026-11-09T23:59:59Z", 1),
        ("2026-11-10T00:00:00Z", 5),
        ("2026-11-14T23:59:59Z", 5),
        ("2026-11-15T00:00:00Z", 6),
        ("2026-11-19T23:59:59Z", 6),
        ("2026-11-20T00:00:00Z", 1),
    ];
    for (sold_at, expected) in rows {
        assert_eq!(partners(&customer.decide(at(sold_at), None)), [partner(expected)], "{sold_at}");
    }
}

#[test]
fn of_all_that_speaks_for_a_partner_the_highest_wins() {
    // ATT-3: manual > account list > claim > coupon > click > lead > nobody. Each row has what is below it as well.
    let noon = "2026-11-10T12:00:00Z";
    let touches = [lead(1, "2026-11-10T10:00:00Z"), click(2, "2026-11-10T11:00:00Z"), coupon(3, noon)];
    let given = |source, n| Assigned {
        source,
        partner: partner(n),
        program: ProgramId::from_ulid(1_u128.into()),
        from: at("2026-11-01T00:00:00Z"),
        until: None,
    };
    let sources =
        [Source::LeadEmail, Source::Click, Source::Coupon, Source::Claim, Source::Managed, Source::Manual].map(Some);
    for (level, expected) in std::iter::once(None).chain(sources).enumerate() {
        let mut customer = met(&[meeting("t:1", noon, touches[..level.min(3)].to_vec())]);
        for (n, source) in [(4, Source::Claim), (5, Source::Managed)].into_iter().take(level.saturating_sub(3)) {
            customer.assign(given(source, n));
        }
        let mut decision = customer.decide(at(noon), None);
        if level == 6 {
            let credit = Credit { source: Source::Manual, ..given(Source::Manual, 6).credit() };
            let payment = key("t:in_1");
            let paid = crate::money::Money::zero(crate::currency::Currency::USD);
            let plain = Sale::plain(payment, paid, at(noon), crate::time::Zone::utc().day_of(at(noon)));
            decision = decision_for(&Sale { decision: Decision::one(credit), ..plain }, Some(&customer));
        }
        let won = decision.credits().first().map(|credit| (credit.source, credit.partner.clone()));
        let n = u128::try_from(level).expect("small");
        assert_eq!(won, expected.map(|source| (source, partner(n))), "level {level}");
    }
}

#[test]
fn several_who_share_are_paid_only_for_clicks_before_the_sale() {
    let linear = AttributionSettings { model: Model::Linear, ..AttributionSettings::default() };
    let touches = vec![with(linear, click(1, "2026-11-10T09:00:00Z")), with(linear, click(2, "2026-11-10T11:00:00Z"))];
    let customer = met(&[meeting("t:1", "2026-11-10T12:00:00Z", touches)]);
    let of = |sold_at| partners(&customer.decide(at(sold_at), None));
    assert_eq!(of("2026-11-10T12:00:00Z"), [partner(1), partner(2)]);
    assert_eq!(of("2026-11-10T10:00:00Z"), [partner(1)]);
}

/// A meeting a day from 1 January 2026 on, each with a click of its own partner an hour before.
fn daily(settings: AttributionSettings, days: std::ops::Range<u128>) -> Vec<Meeting> {
    let noon = at("2026-01-01T12:00:00Z");
    let of_day = |n: u128| {
        let seen_at = minutes_before(noon, -1_440 * i64::try_from(n).expect("small"));
        let touch = with(settings, candidate(Source::Click, n, n, minutes_before(seen_at, 60)));
        Meeting { at: seen_at, by: key(&format!("t:{n}")), candidates: vec![touch], token_refused: false }
    };
    days.map(of_day).collect()
}

fn day(n: i64) -> Timestamp {
    minutes_before(at("2026-01-01T12:00:00Z"), -1_440 * n)
}

#[test]
fn of_touches_that_bind_for_good_the_earliest_are_kept() {
    let mut meetings = daily(AttributionSettings::default(), 0..40);
    meetings.reverse();
    let customer = met(&meetings);
    let kept: Vec<_> = customer.sightings.iter().map(|seen| seen.candidate.at).collect();
    let earliest: Vec<_> = (0..16).map(|n| minutes_before(day(n), 60)).collect();
    assert_eq!(kept, earliest);
    assert_eq!(partners(&customer.decide(day(400), None)), [partner(0)]);
}

#[test]
fn per_window_the_newest_touches_are_kept_and_pay_however_many_came_before() {
    // ATT-4: the fortieth touch brings the fortieth day's sale.
    let per_window = AttributionSettings { binding: Binding::PerWindow, ..AttributionSettings::default() };
    let forward = daily(per_window, 0..40);
    let backward: Vec<_> = forward.iter().rev().cloned().collect();
    for meetings in [forward, backward] {
        let customer = met(&meetings);
        let kept: Vec<_> = customer.sightings.iter().map(|seen| seen.candidate.at).collect();
        let expected: Vec<_> = [0].into_iter().chain(25..40).map(|n| minutes_before(day(n), 60)).collect();
        assert_eq!(kept, expected, "the first, which says that partners brought the customer, and the newest");
        for n in 25..40 {
            let expected = partner(u128::try_from(n).expect("small"));
            assert_eq!(partners(&customer.decide(day(n), None)), [expected], "day {n}");
        }
        assert!(!customer.is_existing());
    }
}

#[test]
fn touches_that_bind_for_good_and_those_of_a_window_do_not_push_each_other_out() {
    let per_window = AttributionSettings { binding: Binding::PerWindow, ..AttributionSettings::default() };
    let once = met(&[daily(per_window, 0..40), daily(AttributionSettings::default(), 40..80)].concat());
    assert_eq!(once.sightings.len(), 2 * SIGHTINGS_MAX);
    assert_eq!(partners(&once.decide(day(400), None)), [partner(40)]);
}

#[test]
fn what_was_decided_by_touches_that_are_forgotten_stands() {
    let rows = [
        // Model, the day of the sale: is it decided by what is kept, of which the oldest but the first is of day 25?
        (Model::LastClick, 24, false),
        (Model::LastClick, 25, true),
        (Model::Linear, 54, false),
        (Model::Linear, 55, true),
    ];
    for (model, sold_on, is_decided_again) in rows {
        let settings = AttributionSettings { binding: Binding::PerWindow, model, ..AttributionSettings::default() };
        let mut customer = met(&daily(settings, 0..40));
        let paid = crate::money::Money::zero(crate::currency::Currency::USD);
        let plain = Sale::plain(key("t:in_1"), paid, day(sold_on), crate::time::Zone::utc().day_of(day(sold_on)));
        let sold = Sale { decision: Decision::one(given(Source::Click, 77).credit()), ..plain };
        let again = partners(&decision_for(&sold, Some(&customer)));
        assert_eq!(again != [partner(77)], is_decided_again, "{model:?} on day {sold_on}");
        // ATT-1: both ends of a window are inside, so at its very end the oldest kept touch takes part.
        let ends = minutes_before(day(if model == Model::Linear { 55 } else { 25 }), 60);
        for (at_ms, is_inside) in [(0, true), (-1, false)] {
            let occurred_at = Timestamp::from_millisecond(ends.as_millisecond() + at_ms).expect("an instant");
            let again = partners(&decision_for(&Sale { occurred_at, ..sold.clone() }, Some(&customer)));
            assert_eq!(again != [partner(77)], is_inside, "{model:?} {at_ms} ms from the end");
        }
        // ATT-3: a person's word is no matter of touches.
        customer.assign(given(Source::Claim, 5));
        assert_eq!(partners(&decision_for(&sold, Some(&customer))), [partner(5)]);
    }
}

fn given(source: Source, n: u128) -> Assigned {
    Assigned {
        source,
        partner: partner(n),
        program: ProgramId::from_ulid(1_u128.into()),
        from: at("2026-01-01T00:00:00Z"),
        until: None,
    }
}

/// What may be told of a customer.
#[derive(Clone, Debug)]
enum Told {
    Met(Meeting),
    Paid(Timestamp, SaleId),
}

fn told() -> impl Strategy<Value = Told> {
    let start = at("2026-11-01T00:00:00Z");
    let touch = (0_u128..5, 0_i64..6_000, 0_u8..3, any::<bool>(), any::<bool>(), prop::option::of(0_u8..2));
    let touch = touch.prop_map(move |(partner, minute, kind, per_window, allowed, refused)| {
        let source = [Source::Click, Source::Coupon, Source::LeadEmail][usize::from(kind)];
        let settings = AttributionSettings {
            binding: if per_window && partner == 4 { Binding::PerWindow } else { Binding::Once },
            existing_customers_allowed: allowed && partner == 3,
            ..AttributionSettings::default()
        };
        // What a link or coupon stands for is the same whoever tells it; only self-referral may be noticed later.
        let mut touch = with(settings, candidate(source, partner, partner, minutes_before(start, -minute)));
        touch.refused = refused.filter(|n| *n == 0 && partner == 2).map(|_| LossReason::SelfReferral);
        if let Some(target) = &mut touch.target {
            target.settings = AttributionSettings {
                binding: if partner == 4 { Binding::PerWindow } else { Binding::Once },
                existing_customers_allowed: partner == 3,
                ..AttributionSettings::default()
            };
        }
        touch
    });
    let meeting = (0_i64..6_000, 0_u8..9, prop::collection::vec(touch, 0..4), any::<bool>());
    let meeting = meeting.prop_map(move |(minute, by, candidates, token_refused)| {
        let (at, by) = (minutes_before(start, -minute), key(&format!("t:{by}-{minute}")));
        Told::Met(Meeting { at, by, candidates, token_refused })
    });
    let paid =
        (0_i64..6_000, 0_u128..9).prop_map(move |(minute, n)| Told::Paid(minutes_before(start, -minute), sale(n)));
    prop_oneof![3 => meeting, 1 => paid]
}

fn customer_of(told: &[Told]) -> Customer {
    let mut customer = Customer::default();
    for one in told {
        match one {
            Told::Met(meeting) => {
                customer.meet(meeting);
            }
            Told::Paid(at, sale) => {
                customer.pay(*at, sale);
            }
        }
    }
    customer
}

proptest! {
    #[test]
    fn whatever_the_order_and_however_often_it_is_told_the_customer_is_the_same(
        told in prop::collection::vec(told(), 0..12),
        seed in any::<u64>(),
    ) {
        // V13.
        let mut mixed: Vec<Told> = told.iter().chain(&told).cloned().collect();
        let mut n = 0_u64;
        mixed.sort_by_cached_key(|one| {
            n += 1;
            crate::digest::Digest::of(&[&seed.to_be_bytes(), &n.to_be_bytes(), format!("{one:?}").as_bytes()])
        });
        let (a, b) = (customer_of(&told), customer_of(&mixed));
        prop_assert_eq!(&a, &b);
        for minute in (0..6_000).step_by(700) {
            let sold_at = minutes_before(at("2026-11-01T00:00:00Z"), -minute);
            prop_assert_eq!(a.decide(sold_at, None), b.decide(sold_at, None));
        }
    }

    #[test]
    fn more_touches_than_are_kept_make_the_same_customer_in_any_order(
        once in 0_u128..40,
        per_window in 0_u128..40,
        seed in any::<u64>(),
    ) {
        // V13: what is let go of is let go of whatever came in first.
        let rolling = AttributionSettings { binding: Binding::PerWindow, ..AttributionSettings::default() };
        let mut meetings = daily(rolling, 0..per_window);
        meetings.extend(daily(AttributionSettings::default(), 100..100 + once));
        // Each touch is told again a week after, with the next meeting of its kind.
        let again: Vec<Meeting> = meetings
            .iter()
            .map(|meeting| Meeting {
                at: minutes_before(meeting.at, -10_080),
                by: key(&format!("{}-again", meeting.by)),
                ..meeting.clone()
            })
            .collect();
        meetings.extend(again);
        let straight = met(&meetings);
        meetings.sort_by_cached_key(|one| {
            crate::digest::Digest::of(&[&seed.to_be_bytes(), format!("{one:?}").as_bytes()])
        });
        prop_assert_eq!(&met(&meetings), &straight);
        prop_assert!(straight.sightings.len() <= 2 * SIGHTINGS_MAX);
    }

    #[test]
    fn every_touch_takes_part_or_has_a_reason(told in prop::collection::vec(told(), 0..12), minute in 0_i64..9_000) {
        let customer = customer_of(&told);
        let decision = customer.decide(minutes_before(at("2026-11-01T00:00:00Z"), -minute), None);
        let losers = decision.losers().len();
        prop_assert!(losers <= customer.sightings.len());
        prop_assert!(losers + usize::from(!decision.credits().is_empty()) >= customer.sightings.len().min(1));
        if decision.credits().is_empty() {
            prop_assert_eq!(losers, customer.sightings.len());
        }
    }
}

#[test]
fn a_second_partner_with_the_same_link_time_is_told_apart_by_link() {
    let a = touched_by(1, 1, "2026-11-10T11:00:00Z");
    let b = touched_by(2, 2, "2026-11-10T11:00:00Z");
    let customer = met(&[meeting("t:1", "2026-11-10T12:00:00Z", vec![b, a])]);
    assert_eq!(partners(&customer.decide(at("2026-11-10T12:00:00Z"), None)), [partner(2)]);
}
