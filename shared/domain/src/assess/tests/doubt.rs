//! FRD-4, LED-5: what a month earns for certain while some of its sales are held or disputed.

use super::given::{World, at, invoice, key, of_customer, rate, usd};
use crate::assess::{PeriodEarning, at_worst, for_certain};
use crate::currency::Currency;
use crate::fact::DisputePhase;
use crate::rule::{Band, BandMode, Bands, Caps, Metric, Milestone, Reward, Terms};
use crate::sale::{HoldReason, Sale, SaleDispute};

fn disputed(mut sale: Sale, amount: &str, phase: DisputePhase) -> Sale {
    let occurred_at = at("2026-11-22T10:00:00Z");
    let dispute = SaleDispute { amount: usd(amount), phase, evidence_due: None, occurred_at };
    sale.disputes.insert(key(&format!("dp_{amount}_{phase:?}")), dispute);
    sale
}

fn held(sale: Sale, by: HoldReason) -> Sale {
    Sale { hold: Some(by), ..sale }
}

fn sold(number: usize, paid: &str) -> Sale {
    of_customer(&format!("cus_{number}"), invoice(&format!("in_{number:03}"), "2026-11-21", usd(paid)))
}

#[test]
fn frd_4_a_sale_is_in_doubt_while_somebody_has_to_decide_it() {
    let one = || sold(1, "100");
    for (sale, left_at_worst) in [
        (held(one(), HoldReason::Risk), 0),
        (held(one(), HoldReason::Manual), 0),
        (disputed(one(), "100", DisputePhase::Opened), 0),
        (disputed(one(), "40", DisputePhase::Opened), 60),
        (disputed(disputed(one(), "40", DisputePhase::Opened), "10", DisputePhase::Lost), 50),
        (disputed(Sale { refunded: usd("30"), ..one() }, "40", DisputePhase::Opened), 30),
    ] {
        assert!(sale.is_in_doubt());
        let worst = at_worst(&sale).expect("in doubt");
        let left = if worst.rejected { 0 } else { worst.paid.minor() - worst.went_back().minor() };
        assert_eq!(left, left_at_worst * 100, "{:?}", sale.disputes);
    }
    for decided in [
        one(),
        disputed(one(), "40", DisputePhase::Inquiry),
        disputed(one(), "40", DisputePhase::Won),
        disputed(one(), "40", DisputePhase::Lost),
        held(Sale { refunded: usd("100"), ..one() }, HoldReason::Risk),
        Sale { rejected: true, ..disputed(one(), "40", DisputePhase::Opened) },
    ] {
        assert_eq!(at_worst(&decided), None, "{decided:?}");
    }
}

/// Bands that rise or fall, a cap that binds, and something to reach.
fn terms(rates: [&str; 3], cap: Option<&str>) -> Terms {
    let step = |(from, share): (&str, &str)| Band { from: usd(from), rate: rate(share) };
    let steps = ["0", "100", "250"].into_iter().zip(rates).map(step).collect();
    let milestone = Milestone {
        name: "Three".to_owned(),
        metric: Metric::Sales(3),
        currency: Currency::USD,
        bonus: Some(usd("7")),
        badge: None,
    };
    Terms {
        bands: Some(Bands { mode: BandMode::Retroactive, steps }),
        caps: Caps { per_partner_period: cap.map(usd), ..Caps::default() },
        milestones: vec![milestone],
        ..Terms::simple(Reward::Banded, 30)
    }
}

fn all_lost(sales: &[Sale]) -> Vec<Sale> {
    sales.iter().map(|sale| at_worst(sale).unwrap_or_else(|| sale.clone())).collect()
}

fn certain(world: &World, sales: &[Sale]) -> Vec<PeriodEarning> {
    for_certain(world.assess(sales).periods, &world.assess(&all_lost(sales)).periods)
}

fn minor_of(periods: &[PeriodEarning], key: &str) -> i64 {
    periods.iter().find(|earning| earning.key() == key).map_or(0, |earning| earning.amount.minor())
}

#[test]
fn frd_4_a_month_earns_for_certain_no_more_than_with_all_its_doubts_lost_or_none() {
    let mut waiting = 0;
    for (rates, cap) in [
        (["0.2", "0.25", "0.3"], None),
        (["0", "0.25", "0.3"], None),
        (["0.3", "0.2", "0.1"], None),
        (["0.2", "0.25", "0.3"], Some("60")),
    ] {
        let world = World::of(terms(rates, cap));
        // Each of five sales stands, is held, or is disputed in part: 243 months.
        for mut month in 0..243_usize {
            let mut sales = Vec::new();
            for (number, paid) in ["90", "60", "120", "35", "80"].into_iter().enumerate() {
                let sale = sold(number, paid);
                sales.push(match month % 3 {
                    0 => sale,
                    1 => held(sale, HoldReason::Risk),
                    _ => disputed(sale, "20", DisputePhase::Opened),
                });
                month /= 3;
            }
            let (all_stand, found) = (world.assess(&sales).periods, certain(&world, &sales));
            let worst = world.assess(&all_lost(&sales)).periods;
            for earning in &all_stand {
                let (key, whole) = (earning.key(), earning.amount.minor());
                let least = whole.min(minor_of(&worst, &key));
                assert_eq!(minor_of(&found, &key), least, "{rates:?} {cap:?} {key}");
                waiting += usize::from(least != whole);
            }
            let is_decided = sales.iter().all(|sale| !sale.is_in_doubt());
            assert!(!is_decided || found == all_stand, "{rates:?} {cap:?}");
        }
    }
    assert!(waiting > 500, "{waiting}");
}

#[test]
fn frd_4_what_is_in_doubt_is_told_beside_what_is_certain() {
    let world = World::of(terms(["0.2", "0.25", "0.3"], None));
    let sales = [sold(1, "90"), sold(2, "60"), held(sold(3, "100"), HoldReason::Manual)];
    let found = certain(&world, &sales);
    // 150.00 at 25 % for 20 %; with the third 250.00 at 30 %. Three sales are two for certain.
    let told: Vec<(String, String)> = found.iter().map(|earning| (earning.key(), earning.amount.to_text())).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].1, "7.50");
    assert_eq!(found[0].trace.notes.last().map(String::as_str), Some("in_doubt: 17.50"));
}
