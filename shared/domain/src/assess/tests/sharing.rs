//! Several credits of one sale, and the second tier.

use super::given::{World, amounts, credit, invoice, partner, percent, rate, usd};
use crate::attribution::{Credit, PartnerTerms};
use crate::commission::EarningReason;
use crate::id::ProgramId;
use crate::line::PartKind;
use crate::rule::{Band, BandMode, Bands, Overrides, Reward, Terms, VolumeBonus};
use crate::sale::{Decision, Sale};

fn shared(weights: &[u64], paid: &str) -> Sale {
    let credits = (1_u128..).zip(weights).map(|(n, weight)| credit(n, *weight)).collect();
    let decision = Decision::Partners { credits, losers: vec![] };
    Sale { decision, ..invoice("in_1", "2026-11-21", usd(paid)) }
}

fn of_each(world: &World, sale: Sale, partners: u128) -> Vec<String> {
    let assessed = world.assess(&[sale]);
    (1..=partners).flat_map(|n| amounts(&assessed, n, PartKind::Commission)).collect()
}

#[test]
fn the_same_commission_is_split_by_largest_remainder() {
    let world = World::of(Terms::simple(percent("1"), 30));
    // ATT-2: shares are whole weights; what cannot be divided goes to the largest remainder, of equal ones the earlier.
    assert_eq!(of_each(&world, shared(&[50, 30, 20], "100.01"), 3), ["50.01", "30.00", "20.00"]);
    assert_eq!(of_each(&world, shared(&[1, 1, 1], "100.00"), 3), ["33.34", "33.33", "33.33"]);
    assert_eq!(of_each(&world, shared(&[6, 1, 1, 1, 6], "100.00"), 5), ["40.00", "6.67", "6.67", "6.66", "40.00"]);
    assert_eq!(of_each(&world, shared(&[2, 1, 2], "10.01"), 3), ["4.01", "2.00", "4.00"]);
}

#[test]
fn partners_with_different_rates_get_their_weight_of_what_each_would_earn_alone() {
    let overrides = Overrides { partners: [(partner(2), rate("0.5"))].into(), ..Overrides::default() };
    let world = World::of(Terms { overrides, ..Terms::simple(percent("0.1"), 30) });
    // 40 % of 10.00 and 60 % of 50.00.
    assert_eq!(of_each(&world, shared(&[40, 60], "100.00"), 2), ["4.00", "30.00"]);
}

#[test]
fn com_22_each_partner_of_a_retroactively_banded_sale_has_their_part_of_its_volume() {
    for (mode, expected) in
        [(BandMode::Retroactive, [Some(7_501), Some(2_500)]), (BandMode::Marginal, [Some(0), Some(0)])]
    {
        let steps = vec![Band { from: usd("0"), rate: rate("0") }, Band { from: usd("200"), rate: rate("0.2") }];
        let terms = Terms { bands: Some(Bands { mode, steps }), ..Terms::simple(Reward::Banded, 30) };
        let assessed = World::of(terms).assess(&[shared(&[3, 1], "100.01")]);
        let volumes: Vec<Option<i64>> = assessed.sales[0].earnings.iter().map(|earning| earning.volume).collect();
        assert_eq!(volumes, expected, "{mode:?}");
        assert!(assessed.sales[0].earnings.iter().all(|earning| earning.amount.is_zero()));
    }
}

#[test]
fn the_share_of_a_credit_without_a_rule_is_nobodys() {
    let mut sale = shared(&[1, 1], "100.00");
    if let Decision::Partners { credits, .. } = &mut sale.decision {
        credits[1].program = ProgramId::from_ulid(9_u128.into());
    }
    let assessed = World::of(Terms::simple(percent("0.1"), 30)).assess(&[sale]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["5.00"]);
    assert_eq!(assessed.sales[0].without_rule, [partner(2)]);
    assert!(assessed.sales[0].earnings[0].trace.notes.contains(&"share: 1 of 2".to_owned()));
}

fn referred_by(n: u128, sale: Sale) -> Sale {
    let terms = PartnerTerms { referrer: Some(partner(n)), ..PartnerTerms::default() };
    Sale { decision: Decision::one(Credit { terms, ..credit(1, 1) }), ..sale }
}

#[test]
fn whoever_referred_the_partner_gets_a_share_of_the_commission_on_top() {
    let world = World::of(Terms { second_tier: Some(rate("0.1")), ..Terms::simple(percent("0.3"), 30) });
    let assessed = world.assess(&[referred_by(7, invoice("in_1", "2026-11-21", usd("99.00")))]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["29.70"]);
    assert_eq!(amounts(&assessed, 7, PartKind::SecondTier), ["2.97"]);
    let second = &assessed.sales[0].earnings[1].trace;
    assert_eq!((second.reason, second.base.as_str(), second.period), (EarningReason::SecondTier, "29.70", None));
    // Nobody refers themselves, and a share of nothing is no line.
    for sale in [
        referred_by(1, invoice("in_1", "2026-11-21", usd("99.00"))),
        referred_by(7, invoice("in_1", "2026-11-21", usd("0"))),
    ] {
        assert_eq!(world.assess(&[sale]).sales[0].earnings.len(), 1);
    }
}

#[test]
fn com_13_a_referrer_has_no_share_of_a_months_difference_nor_of_a_volume_bonus() {
    let steps = [("0", "0.2"), ("10000", "0.25"), ("25000", "0.3")];
    let steps = steps.map(|(from, share)| Band { from: usd(from), rate: rate(share) }).to_vec();
    let world = World::of(Terms {
        bands: Some(Bands { mode: BandMode::Retroactive, steps }),
        volume_bonus: Some(VolumeBonus { from: usd("0"), bonus: rate("0.5") }),
        second_tier: Some(rate("0.1")),
        ..Terms::simple(Reward::Banded, 30)
    });
    let assessed = world.assess(&[referred_by(7, invoice("in_1", "2026-11-21", usd("26000")))]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["5200.00"]);
    assert_eq!(amounts(&assessed, 1, PartKind::VolumeBonus), ["2600.00"]);
    let added: Vec<_> = assessed.periods.iter().map(|period| (&period.partner, period.amount.to_text())).collect();
    assert_eq!(added, [(&partner(1), "2600.00".to_owned())]);
    assert_eq!(amounts(&assessed, 7, PartKind::SecondTier), ["520.00"]);
}

#[test]
fn one_referrer_of_two_partners_has_one_position() {
    let mut sale = shared(&[1, 1], "100.00");
    if let Decision::Partners { credits, .. } = &mut sale.decision {
        for credit in credits {
            credit.terms.referrer = Some(partner(7));
        }
    }
    let world = World::of(Terms { second_tier: Some(rate("0.1")), ..Terms::simple(percent("0.3"), 30) });
    assert_eq!(amounts(&world.assess(&[sale]), 7, PartKind::SecondTier), ["3.00"]);
}
