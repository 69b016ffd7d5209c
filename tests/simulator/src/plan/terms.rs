//! The terms of a world: partners, links, coupons, and versions of the rule.

use model::{Bands, Caps, Count, Link, Milestone, Pay, Rule, Shares, Terms};

use super::{DAY_MS, DAYS_MAX, PlannedPartner, START_MS, Style, coupon, link_id, partner_id};
use crate::dice::Dice;

const RATES: [i128; 8] = [50_000, 75_000, 100_000, 125_000, 200_000, 250_000, 333_333, 500_000];

/// The terms, and the partners with their links.
pub(super) fn drawn(style: Style, dice: &mut Dice) -> (Terms, Vec<PlannedPartner>) {
    let (mut terms, mut partners, mut link) = (Terms::default(), Vec::new(), 0);
    terms.window_ms = dice.between(5, 30) * DAY_MS;
    for partner in 0..usize::try_from(dice.between(4, 8)).unwrap_or(4) {
        let links: Vec<usize> = (link..=link + dice.place(2)).collect();
        link += links.len();
        for own in &links {
            let rate = dice.percent(20).then(|| i128::from(dice.between(1, 60) * 10_000));
            terms.links.insert(link_id(*own), Link { partner: partner_id(partner), rate });
        }
        if dice.percent(60) {
            terms.coupons.insert(coupon(partner), partner_id(partner));
        }
        if partner > 0 && dice.percent(40) {
            terms.referrers.insert(partner_id(partner), partner_id(dice.place(partner)));
        }
        partners.push(PlannedPartner { links, methods: Vec::new() });
    }
    // One version that everything falls under, or one that begins later: then early sales are nobody's.
    let first = if dice.percent(15) { START_MS + dice.between(1, 5) * DAY_MS } else { START_MS - 100 * DAY_MS };
    for version in 0..dice.between(1, 3) {
        let from_ms = if version == 0 { first } else { START_MS + dice.between(6, DAYS_MAX) * DAY_MS + version };
        terms.rules.push(rule(style, from_ms, dice));
    }
    // Where sales follow each other, what each partner of a sale had sold before would be another's as well.
    if style != Style::Ordered && dice.percent(40) {
        terms.shares = *dice.pick(&[Shares::First, Shares::Alike, Shares::Alike, Shares::Ends]);
    }
    (terms, partners)
}

fn rule(style: Style, from_ms: i64, dice: &mut Dice) -> Rule {
    let mut rule = Rule::simple(from_ms, pay(dice));
    if dice.percent(20) {
        rule.caps.line = Some(i128::from(dice.between(50, 4_000)));
    }
    if dice.percent(25) {
        rule.second_tier = Some(i128::from(dice.between(1, 4) * 50_000));
    }
    if style == Style::Plain {
        return rule;
    }
    match dice.below(5) {
        0 | 1 => rule.pay = Pay::Bands(bands(dice)),
        2 => rule.first = Some(i128::from(dice.between(1, 10) * 100_000)),
        3 => rule.occurrences = Some(u32::try_from(dice.between(1, 3)).unwrap_or(1)),
        _ => rule.bonus = Some((i128::from(dice.between(0, 60_000)), i128::from(dice.between(1, 10) * 50_000))),
    }
    if dice.percent(40) && rule.second_tier.is_none() {
        rule.caps = Caps { line: rule.caps.line, ..caps(dice) };
    }
    if dice.percent(30) {
        rule.milestones = milestones(dice);
    }
    rule
}

fn pay(dice: &mut Dice) -> Pay {
    if dice.percent(12) {
        Pay::Flat(i128::from(dice.between(100, 3_000)), "USD".to_owned())
    } else {
        Pay::Rate(*dice.pick(&RATES))
    }
}

fn bands(dice: &mut Dice) -> Bands {
    let (mut steps, mut from, mut rate) = (Vec::new(), 0, i128::from(dice.between(1, 4)) * 50_000);
    for _ in 0..dice.between(2, 4) {
        steps.push((from, rate));
        from += i128::from(dice.between(1_000, 40_000));
        rate += i128::from(dice.between(1, 4)) * 50_000;
    }
    if dice.percent(25) {
        // Bands that fall are allowed, with a warning.
        let rates: Vec<i128> = steps.iter().rev().map(|(_, rate)| *rate).collect();
        steps.iter_mut().zip(rates).for_each(|((_, own), rate)| *own = rate);
    }
    Bands { steps, is_retroactive: dice.percent(50) }
}

fn caps(dice: &mut Dice) -> Caps {
    let amount = Some(i128::from(dice.between(500, 15_000)));
    match dice.below(4) {
        0 => Caps { customer: amount, ..Caps::default() },
        1 => Caps { partner: amount, ..Caps::default() },
        2 => Caps { customer: amount, partner: amount.map(|amount| amount * 2), ..Caps::default() },
        _ => Caps { program: amount.map(|amount| amount * 3), ..Caps::default() },
    }
}

fn milestones(dice: &mut Dice) -> Vec<Milestone> {
    let count = match dice.below(3) {
        0 => Count::Sales(dice.below(4) + 1),
        1 => Count::Customers(dice.below(3) + 1),
        _ => Count::Revenue(i128::from(dice.between(1_000, 60_000))),
    };
    vec![Milestone { name: "a milestone".to_owned(), count, bonus: i128::from(dice.between(100, 5_000)) }]
}
