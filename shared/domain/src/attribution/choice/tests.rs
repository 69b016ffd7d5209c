use proptest::prelude::*;

use super::*;
use crate::allocate::largest_remainder;
use crate::attribution::fixtures::{at, candidate, click, coupon, lead, minutes_before, touched_by};
use crate::attribution::settings::{AttributionSettings, Binding};
use crate::currency::Currency;
use crate::money::Money;

fn sold() -> Moment<'static> {
    Moment { at: at("2026-11-21T12:00:00Z"), is_existing: false, coupon: None }
}

fn with(settings: AttributionSettings, mut touch: Candidate) -> Candidate {
    if let Some(target) = &mut touch.target {
        target.settings = settings;
    }
    touch
}

#[test]
fn the_window_is_inclusive_at_both_ends() {
    // ATT-1.
    let rows = [
        ("2026-11-21T12:00:00Z", None),
        ("2026-11-21T12:00:00.001Z", Some(LossReason::AfterConversion)),
        ("2026-10-22T12:00:00Z", None),
        ("2026-10-22T11:59:59.999Z", Some(LossReason::OutsideWindow)),
    ];
    for (clicked_at, expected) in rows {
        let touches = [click(1, clicked_at)];
        let choice = choose(&touches, &sold());
        assert_eq!(choice.losers.first().map(|loser| loser.reason), expected, "{clicked_at}");
        assert_eq!(choice.shares.is_empty(), expected.is_some(), "{clicked_at}");
    }
}

#[test]
fn every_loser_hears_why() {
    // ATT-5: a row for each reason that a touch can lose by.
    let early = || click(1, "2026-11-20T12:00:00Z");
    let late = || click(2, "2026-11-21T11:00:00Z");
    let refused = |reason| Candidate { refused: Some(reason), ..late() };
    let first_click = AttributionSettings { model: Model::FirstClick, ..AttributionSettings::default() };
    let mut other_program = early();
    if let Some(target) = &mut other_program.target {
        target.program = crate::id::ProgramId::from_ulid(99_u128.into());
    }
    let is_existing = Moment { is_existing: true, ..sold() };
    let rows = [
        (vec![early(), late()], sold(), LossReason::EarlierThanWinner),
        (vec![with(first_click, early()), with(first_click, late())], sold(), LossReason::LaterThanWinner),
        (vec![other_program, late()], sold(), LossReason::OtherProgram),
        (vec![coupon(1, "2026-11-21T11:00:00Z"), late()], sold(), LossReason::LowerPrecedence),
        (vec![click(1, "2026-11-21T12:00:01Z")], sold(), LossReason::AfterConversion),
        (vec![click(1, "2026-10-01T12:00:00Z")], sold(), LossReason::OutsideWindow),
        (vec![Candidate { target: None, ..early() }], sold(), LossReason::UnknownLink),
        (vec![refused(LossReason::InactivePartner)], sold(), LossReason::InactivePartner),
        (vec![refused(LossReason::ExpiredCoupon)], sold(), LossReason::ExpiredCoupon),
        (vec![refused(LossReason::SelfReferral)], sold(), LossReason::SelfReferral),
        (vec![Candidate { target: None, ..refused(LossReason::UnknownCoupon) }], sold(), LossReason::UnknownCoupon),
        (vec![early()], is_existing, LossReason::ExistingCustomer),
    ];
    for (touches, moment, expected) in rows {
        let reasons: Vec<_> = choose(&touches, &moment).losers.iter().map(|loser| loser.reason).collect();
        assert_eq!(reasons, [expected]);
    }
}

#[test]
fn a_coupon_goes_above_a_click_and_a_click_above_a_lead() {
    // ATT-3: by default, and where the coupon's programme lets a click go above it.
    let click_first = AttributionSettings { click_over_coupon: true, ..AttributionSettings::default() };
    let all = |settings| {
        let touches =
            [click(1, "2026-11-21T11:00:00Z"), coupon(2, "2026-11-21T10:00:00Z"), lead(3, "2026-11-21T11:30:00Z")];
        touches.map(|touch| with(settings, touch))
    };
    let none = AttributionSettings::default();
    let rows: [(AttributionSettings, &[usize], Option<Source>); 7] = [
        (none, &[0, 1, 2], Some(Source::Coupon)),
        (none, &[0, 2], Some(Source::Click)),
        (none, &[2], Some(Source::LeadEmail)),
        (none, &[], None),
        (click_first, &[0, 1, 2], Some(Source::Click)),
        (click_first, &[1, 2], Some(Source::Coupon)),
        (click_first, &[2], Some(Source::LeadEmail)),
    ];
    for (settings, which, expected) in rows {
        let touches = all(settings);
        let choice = choose(which.iter().map(|place| &touches[*place]), &sold());
        assert_eq!(choice.shares.first().map(|share| share.candidate.source), expected, "{settings:?} {which:?}");
    }
}

#[test]
fn existing_customers_count_where_the_programme_allows_it() {
    let allowed = AttributionSettings { existing_customers_allowed: true, ..AttributionSettings::default() };
    let touches = [with(allowed, click(1, "2026-11-21T11:00:00Z"))];
    let choice = choose(&touches, &Moment { is_existing: true, ..sold() });
    assert_eq!(choice.shares.len(), 1);
}

#[test]
fn a_partner_with_several_touches_has_one_credit_for_all_of_them() {
    let linear = AttributionSettings { model: Model::Linear, ..AttributionSettings::default() };
    let touches = [
        with(linear, touched_by(1, 10, "2026-11-18T12:00:00Z")),
        with(linear, touched_by(2, 11, "2026-11-19T12:00:00Z")),
        with(linear, touched_by(1, 12, "2026-11-20T12:00:00Z")),
    ];
    let credits = credits(&choose(&touches, &sold()).shares);
    let shown: Vec<_> =
        credits.iter().map(|credit| (credit.partner.clone(), credit.weight, credit.clicked_at)).collect();
    let partner = |n: u128| crate::id::PartnerId::from_ulid(n.into());
    let rows = [(partner(1), 2, Some(at("2026-11-20T12:00:00Z"))), (partner(2), 1, Some(at("2026-11-19T12:00:00Z")))];
    assert_eq!(shown, rows);
}

proptest! {
    #[test]
    fn the_order_of_touches_does_not_matter(
        ages in prop::collection::vec((0_i64..60_000, 0_u128..4, 0_u8..3), 0..9),
        seed in any::<u64>(),
        model in 0_usize..5,
    ) {
        let settings = AttributionSettings { model: Model::ALL[model], binding: Binding::Once, ..AttributionSettings::default() };
        let touches: Vec<Candidate> = ages
            .iter()
            .enumerate()
            .map(|(n, (age, partner, kind))| {
                let source = [Source::Click, Source::Coupon, Source::LeadEmail][usize::from(*kind)];
                with(settings, candidate(source, *partner, n as u128, minutes_before(sold().at, *age)))
            })
            .collect();
        let mut mixed = touches.clone();
        mixed.sort_by_key(|touch| crate::digest::Digest::of(&[&seed.to_be_bytes(), format!("{touch:?}").as_bytes()]));
        let (a, b) = (choose(&touches, &sold()), choose(&mixed, &sold()));
        prop_assert_eq!(credits(&a.shares), credits(&b.shares));
        prop_assert_eq!(a, b);
    }

    #[test]
    fn shares_add_up_to_the_whole(
        ages in prop::collection::vec((0_i64..43_200, 0_u128..4), 1..9),
        model in 0_usize..5,
        total in 0_i64..10_000_000,
    ) {
        let settings = AttributionSettings { model: Model::ALL[model], ..AttributionSettings::default() };
        let touches: Vec<Candidate> = ages
            .iter()
            .enumerate()
            .map(|(n, (age, partner))| with(settings, touched_by(*partner, n as u128, &minutes_before(sold().at, *age).to_string())))
            .collect();
        let choice = choose(&touches, &sold());
        let weights: Vec<u64> = credits(&choice.shares).iter().map(|credit| credit.weight).collect();
        let parts = largest_remainder(Money::from_minor(total, Currency::USD), &weights).expect("in range");
        prop_assert_eq!(parts.iter().fold(0_i64, |sum, part| sum + part.minor()), total);
        // Every touch takes part or has a reason.
        prop_assert_eq!(choice.shares.len() + choice.losers.len(), touches.len());
    }
}
