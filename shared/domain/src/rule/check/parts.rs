//! What a version has beside its clauses: bands, bonuses, caps, milestones.

use std::collections::BTreeSet;

use super::{Findings, logic};
use crate::money::Money;
use crate::rate::Rate;
use crate::rule::bands::MILLION;
use crate::rule::{BandMode, Bands, Clause, Condition, Matching, Metric, Reward, Terms};

/// The most bands, milestones and overrides that a version has room for.
const MANY: usize = 200;
/// The most bands.
const BANDS_MAX: usize = 20;

pub(super) fn check(terms: &Terms, findings: &mut Findings) {
    let is_banded = |reward: &Reward| *reward == Reward::Banded;
    let banded = terms.clauses.iter().position(|clause| is_banded(&clause.reward));
    match (&terms.bands, banded) {
        (None, Some(place)) => {
            let why = "a banded clause needs the bands of the rule";
            findings.refuse(format_args!("/clauses/{place}/reward"), "bands_missing", why);
        }
        (Some(_), None) => findings.warn("/bands", "bands_unused", "no clause is banded, so the bands pay nothing"),
        _ => {}
    }
    let adds = terms.matching == Matching::Sum;
    if let Some(place) = banded.filter(|_| adds) {
        let others = terms
            .clauses
            .iter()
            .enumerate()
            .any(|(other, clause)| other != place && !matches!(clause.reward, Reward::Flat(_)));
        if others {
            let why = "bands are rounded over the month and cannot be added to other shares; use first, or best_money \
                where the bands are marginal";
            findings.refuse(format_args!("/clauses/{place}/reward"), "not_addable", why);
        }
    }
    if let Some(bands) = &terms.bands {
        check_bands(bands, findings);
    }
    check_unused(terms, findings);
    check_raised(terms, findings);
    findings.not_negative("/volume_bonus/from", terms.volume_bonus.map(|bonus| bonus.from));
    for (tier, amount) in terms.sign_up_bonus.iter().flat_map(|bonus| bonus.iter()) {
        findings.not_negative(format_args!("/sign_up_bonus/{}", tier.word()), Some(amount));
    }
    check_caps(terms, findings);
    check_milestones(terms, findings);
    let overrides = &terms.overrides;
    if overrides.partners.len() + overrides.groups.len() > MANY {
        findings.refuse("/overrides", "too_large", format_args!("at most {MANY} overrides"));
    }
}

/// What is there and can never pay.
fn check_unused(terms: &Terms, findings: &mut Findings) {
    let shares = terms.clauses.iter().any(|clause| !matches!(clause.reward, Reward::Flat(_)));
    let sales = terms.clauses.iter().any(|clause| clause.events.iter().any(|event| event.is_sale()));
    if let Some(bonus) = terms.volume_bonus {
        if bonus.bonus == Rate::ZERO {
            findings.warn("/volume_bonus/bonus", "pays_nothing", "a bonus of nothing pays nothing");
        } else if !shares && terms.overrides.is_empty() {
            let why = "no clause pays a share that it could raise";
            findings.warn("/volume_bonus", "bonus_without_effect", why);
        }
    }
    if !terms.overrides.is_empty() && !sales {
        let why = "own rates are for sales, and no clause is about them";
        findings.warn("/overrides", "overrides_unused", why);
    }
    if terms.second_tier == Some(Rate::ZERO) {
        findings.warn("/second_tier", "pays_nothing", "a share of nothing pays nothing");
    } else if terms.second_tier.is_some() && terms.clauses.is_empty() {
        findings.warn("/second_tier", "second_tier_unused", "no clause pays a commission that it could be a share of");
    }
    for (place, milestone) in terms.milestones.iter().enumerate() {
        if milestone.badge.is_none() && milestone.bonus.is_some_and(Money::is_zero) {
            findings.warn(format_args!("/milestones/{place}/bonus"), "pays_nothing", "a bonus of nothing pays nothing");
        }
    }
}

/// A share that is raised by the volume bonus, and again by what a referrer gets on top, can come to more than the sale.
fn check_raised(terms: &Terms, findings: &mut Findings) {
    let of_clauses = terms.clauses.iter().map(|clause| match &clause.reward {
        Reward::Percentage(rate) => Some(*rate),
        Reward::Flat(_) | Reward::Banded => None,
    });
    let of_bands = terms.bands.iter().flat_map(|bands| &bands.steps).map(|band| Some(band.rate));
    let own = &terms.overrides;
    let own = own.partners.values().chain(own.tiers.values()).chain(own.groups.values()).map(|rate| Some(*rate));
    let highest = of_clauses.chain(of_bands).chain(own).flatten().max().unwrap_or(Rate::ZERO);
    // In millionths of millionths of millionths: nothing is rounded.
    let raised = |by: Option<Rate>| MILLION + by.map_or(0, Rate::millionths);
    let with_bonus = highest.millionths() * raised(terms.volume_bonus.map(|bonus| bonus.bonus));
    if terms.is_over_the_sale(highest) {
        let why = "from nothing on, this bonus always brings the highest share to more than the sale";
        findings.refuse("/volume_bonus/bonus", "over_the_sale", why);
    } else if with_bonus > MILLION * MILLION {
        let why = "with this bonus the highest share comes to more than the sale";
        findings.warn("/volume_bonus/bonus", "over_the_sale", why);
    } else if with_bonus * raised(terms.second_tier) > MILLION * MILLION * MILLION {
        let why = "with the referrer's share the highest share comes to more than the sale";
        findings.warn("/second_tier", "over_the_sale", why);
    }
}

/// COM-7: a sale is booked by the first of retroactive bands, so that one alone decides which clause pays best.
pub(super) fn check_first_band(terms: &Terms, findings: &mut Findings) {
    let Some(bands) = terms.bands.as_ref().filter(|bands| bands.mode == BandMode::Retroactive) else { return };
    let rates = bands.steps.iter().map(|band| band.rate);
    let (Some(first), Some(lowest), Some(highest)) = (rates.clone().next(), rates.clone().min(), rates.max()) else {
        return;
    };
    // What is above every band, or below, wins or loses by any of them.
    let is_undecided = |reward: &Reward| match reward {
        Reward::Percentage(rate) => first <= *rate && *rate < highest || lowest < *rate && *rate <= first,
        Reward::Flat(_) => lowest < highest,
        Reward::Banded => false,
    };
    for (place, clause) in terms.clauses.iter().enumerate().filter(|(_, clause)| clause.reward == Reward::Banded) {
        let other = terms.clauses.iter().find(|other| is_undecided(&other.reward) && can_meet(clause, other));
        if let Some(other) = other {
            let why = format!(
                "each sale is compared by the first band alone, whatever the month reaches: where \"{}\" pays more \
                than that, it always wins over the bands, and never where it pays less",
                other.name
            );
            findings.warn(format_args!("/clauses/{place}/reward"), "first_band_counts", why);
        }
    }
}

/// Can both clauses apply to one sale?
fn can_meet(left: &Clause, right: &Clause) -> bool {
    let whens: Vec<&Condition> = [left, right].into_iter().filter_map(|clause| clause.when.as_ref()).collect();
    let mut both = left.events.iter().filter(|event| event.has_amount() && right.events.contains(event));
    both.any(|event| logic::can_all(&whens, *event))
}

/// COM-7: from zero, ascending.
fn check_bands(bands: &Bands, findings: &mut Findings) {
    if bands.steps.is_empty() {
        findings.refuse("/bands/steps", "empty", "name at least one band");
    }
    if bands.steps.len() > BANDS_MAX {
        findings.refuse("/bands/steps", "too_large", format_args!("at most {BANDS_MAX} bands"));
    }
    if bands.steps.first().is_some_and(|band| !band.from.is_zero()) {
        findings.refuse("/bands/steps/0/from", "out_of_order", "the first band begins at 0");
    }
    for (place, pair) in bands.steps.windows(2).enumerate() {
        let [left, right] = pair else { continue };
        let at = format!("/bands/steps/{}", place + 1);
        if left.from.currency() != right.from.currency() || left.from.minor() >= right.from.minor() {
            findings.refuse(format_args!("{at}/from"), "out_of_order", "each band begins above the one before");
        } else if right.rate < left.rate {
            findings.warn(format_args!("{at}/rate"), "bands_fall", "more volume pays a lower rate here");
        }
    }
}

fn check_caps(terms: &Terms, findings: &mut Findings) {
    let caps = &terms.caps;
    let all = [
        ("per_line", caps.per_line),
        ("per_customer", caps.per_customer),
        ("per_partner_period", caps.per_partner_period),
        ("per_program_period", caps.per_program_period),
    ];
    for (name, cap) in all {
        findings.not_negative(format_args!("/caps/{name}"), cap);
        if cap.is_some_and(Money::is_zero) {
            findings.warn(format_args!("/caps/{name}"), "cap_of_nothing", "with this cap nothing is paid");
        }
    }
    // One line, one partner's month, the whole programme's month: each is part of the next.
    for ((narrow, inner), (wide, outer)) in [(all[0], all[1]), (all[0], all[2]), (all[0], all[3]), (all[2], all[3])] {
        if let (Some(inner), Some(outer)) = (inner, outer)
            && inner.currency() == outer.currency()
            && inner.minor() > outer.minor()
        {
            let why = format!("{wide} is lower and always cuts first");
            findings.warn(format_args!("/caps/{narrow}"), "cap_without_effect", why);
        }
    }
}

fn check_milestones(terms: &Terms, findings: &mut Findings) {
    if terms.milestones.len() > MANY {
        findings.refuse("/milestones", "too_large", format_args!("at most {MANY} milestones"));
    }
    let mut names = BTreeSet::new();
    for (place, milestone) in terms.milestones.iter().enumerate() {
        let at = format!("/milestones/{place}");
        if milestone.name.trim().is_empty() || milestone.name.contains(['/', '#']) {
            findings.refuse(format_args!("{at}/name"), "empty", "a milestone needs a name without / and #");
        }
        if !names.insert(&milestone.name) {
            findings.refuse(format_args!("{at}/name"), "not_unique", "another milestone has this name");
        }
        let is_there = match milestone.metric {
            Metric::Sales(count) | Metric::Customers(count) => count > 0,
            Metric::Revenue(money) => money.minor() > 0,
        };
        if !is_there {
            findings.refuse(format_args!("{at}/threshold"), "out_of_range", "must be above 0");
        }
        findings.not_negative(format_args!("{at}/bonus"), milestone.bonus);
        if milestone.bonus.is_none() && milestone.badge.is_none() {
            findings.refuse(format_args!("{at}/bonus"), "empty", "a milestone needs a bonus or a badge");
        }
    }
}
