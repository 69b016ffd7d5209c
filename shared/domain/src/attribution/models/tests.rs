use proptest::prelude::*;

use super::*;
use crate::allocate::largest_remainder;
use crate::currency::Currency;
use crate::money::Money;

const DAY_SECONDS: i64 = 86_400;

fn converted_at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("instant")
}

fn touched(ages_days: &[i64]) -> Vec<Timestamp> {
    let now_ms = converted_at().as_millisecond();
    let at = |days: &i64| Timestamp::from_millisecond(now_ms - days * DAY_SECONDS * 1000).expect("instant");
    ages_days.iter().map(at).collect()
}

fn split(total: i64, weights: &[u64]) -> Vec<i64> {
    let parts = largest_remainder(Money::from_minor(total, Currency::USD), weights).expect("in range");
    parts.iter().map(|part| part.minor()).collect()
}

#[test]
fn the_models_share_as_the_oracles_say() {
    // ATT-2, and the oracles of facts.md §6.2.
    let rows: &[(Model, &[i64], i64, &[i64])] = &[
        (Model::LastClick, &[9, 3, 1], 10_000, &[0, 0, 10_000]),
        (Model::FirstClick, &[9, 3, 1], 10_000, &[10_000, 0, 0]),
        (Model::Linear, &[9, 3, 1], 10_000, &[3334, 3333, 3333]),
        (Model::Linear, &[7, 6, 5, 4, 3, 2, 1], 10_000, &[1429, 1429, 1429, 1429, 1428, 1428, 1428]),
        (Model::Position, &[1], 10_000, &[10_000]),
        (Model::Position, &[2, 1], 10_000, &[5000, 5000]),
        (Model::Position, &[4, 3, 2, 1], 10_000, &[4000, 1000, 1000, 4000]),
        (Model::Position, &[5, 4, 3, 2, 1], 10_000, &[4000, 667, 667, 666, 4000]),
        (Model::Position, &[3, 2, 1], 1_001, &[401, 200, 400]),
        (Model::TimeDecay, &[14, 7, 0], 10_000, &[1429, 2857, 5714]),
        (Model::TimeDecay, &[28, 21, 14, 7, 0], 10_000, &[323, 645, 1290, 2581, 5161]),
        (Model::TimeDecay, &[20, 13, 7, 2, 0], 10_000, &[505, 1009, 1829, 3000, 3657]),
        (Model::TimeDecay, &[10, 3, 1], 10_000, &[1839, 3678, 4483]),
    ];
    for (model, ages, total, expected) in rows {
        let weights = model.weights(&touched(ages), converted_at());
        assert_eq!(split(*total, &weights), *expected, "{model:?} {ages:?}");
    }
}

#[test]
fn a_weight_of_time_is_exact_to_its_last_digit() {
    // round(2^(−age / 604800) × 10^12), computed with fifty digits elsewhere.
    let rows = [
        (0, 1_000_000_000_000),
        (604_800, 500_000_000_000),
        (302_400, 707_106_781_187),
        (86_400, 905_723_664_264),
        (1, 999_998_853_924),
        (2 * 604_800 + 1, 249_999_713_481),
        (30 * 86_400, 51_270_959_750),
        (365 * 86_400, 1),
        (u64::MAX, 1),
    ];
    for (age_seconds, expected) in rows {
        assert_eq!(decay_weight(age_seconds), expected, "{age_seconds}");
    }
}

proptest! {
    #[test]
    fn an_older_touch_never_weighs_more(age in 0_u64..40_000_000, more in 0_u64..1_000_000) {
        prop_assert!(decay_weight(age + more) <= decay_weight(age));
    }

    #[test]
    fn a_week_halves_a_weight(age in 0_u64..6_000_000) {
        let (now, then) = (decay_weight(age), decay_weight(age + HALF_LIFE_SECONDS));
        prop_assert!(now.abs_diff(then * 2) <= 1, "{now} {then}");
    }

    #[test]
    fn every_model_gives_some_weight_and_one_to_each_touch(count in 1_usize..12, which in 0_usize..5) {
        let ages: Vec<i64> = (0..count).rev().map(|age| i64::try_from(age).expect("small")).collect();
        let weights = Model::ALL[which].weights(&touched(&ages), converted_at());
        prop_assert_eq!(weights.len(), count);
        prop_assert!(weights.iter().any(|weight| *weight > 0));
    }
}
