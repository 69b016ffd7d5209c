//! A rule as it is shown: what could be sent to make it again.

use std::collections::BTreeMap;

use domain::money::{AmountText, Money};
use domain::rate::Rounding;
use domain::rule::{BandMode, Caps, Clause, Event, Matching, Metric, Milestone, Overrides, Reward, RuleVersion, Terms};
use domain::sale::Clawback;

use super::RuleBody;
use super::body::{
    BandBody, BandModeWord, BandsBody, BaseBody, CapsBody, ClauseBody, EventWord, FlatRefundBody, FlatRefundWord,
    MatchingWord, MetricWord, MilestoneBody, OverridesBody, RewardBody, RoundingWord, RuleKind, VolumeBonusBody,
    WarningBody,
};
use super::condition;

impl From<&RuleVersion> for RuleBody {
    fn from(rule: &RuleVersion) -> Self {
        let terms = &rule.terms;
        // A rule of one clause for every sale is shown as simply as it is sent.
        let simple = match terms.clauses.as_slice() {
            [one] if *one == Clause::simple(one.reward.clone()) => Some(reward(&one.reward)),
            _ => None,
        };
        let currency = match terms.clauses.first().map(|clause| &clause.reward) {
            Some(Reward::Flat(money)) if simple.is_some() => Some(money.currency().to_string()),
            _ => None,
        };
        let (kind, rate, amount) =
            simple.map_or((RuleKind::Clauses, None, None), |simple| (simple.kind, simple.rate, simple.amount));
        Self {
            id: rule.id.to_string(),
            program_id: rule.program.to_string(),
            kind,
            rate,
            amount,
            currency,
            hold_days: terms.hold_days,
            managed_hold_days: terms.managed_hold_days,
            rounding: match terms.rounding {
                Rounding::HalfAwayFromZero => RoundingWord::HalfAwayFromZero,
                Rounding::HalfEven => RoundingWord::HalfEven,
            },
            effective_from: rule.effective_from,
            base: BaseBody { net_of_shipping: terms.base.net_of_shipping, net_of_fees: terms.base.net_of_fees },
            matching: match terms.matching {
                Matching::First => MatchingWord::First,
                Matching::BestMoney => MatchingWord::BestMoney,
                Matching::Sum => MatchingWord::Sum,
            },
            clauses: terms.clauses.iter().map(clause).collect(),
            bands: bands(terms),
            volume_bonus: terms
                .volume_bonus
                .map(|bonus| VolumeBonusBody { from: bonus.from.into(), bonus: bonus.bonus.to_string() }),
            caps: caps(&terms.caps),
            overrides: overrides(&terms.overrides),
            second_tier: terms.second_tier.map(|rate| rate.to_string()),
            sign_up_bonus: terms
                .sign_up_bonus
                .as_ref()
                .map(|bonus| bonus.iter().map(|(tier, amount)| (tier.word().to_owned(), amount.into())).collect()),
            milestones: terms.milestones.iter().map(milestone).collect(),
            flat_refund: flat_refund(terms.flat_refund),
            warnings: warnings(terms),
        }
    }
}

/// What may not be meant of a rule, by name.
pub(crate) fn warnings(terms: &Terms) -> Vec<WarningBody> {
    let found = terms.check();
    // What is refused by now and was taken before is in force all the same: whoever looks at it is told.
    let warnings = found.faults.into_iter().chain(found.warnings);
    warnings.map(|found| WarningBody { name: found.name, pointer: found.pointer, reason: found.why }).collect()
}

fn reward(reward: &Reward) -> RewardBody {
    let (kind, rate, amount) = match reward {
        Reward::Percentage(rate) => (RuleKind::Percentage, Some(rate.to_string()), None),
        Reward::Flat(money) => (RuleKind::Flat, None, Some((*money).into())),
        Reward::Banded => (RuleKind::Banded, None, None),
    };
    RewardBody { kind, rate, amount }
}

fn event(event: Event) -> EventWord {
    match event {
        Event::SignUp => EventWord::SignUp,
        Event::QualifiedLead => EventWord::QualifiedLead,
        Event::FirstSale => EventWord::FirstSale,
        Event::Renewal => EventWord::Renewal,
        Event::OneOffSale => EventWord::OneOffSale,
        Event::Custom => EventWord::Custom,
    }
}

fn clause(clause: &Clause) -> ClauseBody {
    ClauseBody {
        name: clause.name.clone(),
        events: Some(clause.events.iter().copied().map(event).collect()),
        when: clause.when.as_ref().map(condition::shown),
        reward: reward(&clause.reward),
        max_months: clause.limits.max_months,
        max_occurrences: clause.limits.max_occurrences,
    }
}

fn bands(terms: &Terms) -> Option<BandsBody> {
    let bands = terms.bands.as_ref()?;
    Some(BandsBody {
        mode: match bands.mode {
            BandMode::Marginal => BandModeWord::Marginal,
            BandMode::Retroactive => BandModeWord::Retroactive,
        },
        steps: bands
            .steps
            .iter()
            .map(|band| BandBody { from: band.from.into(), rate: band.rate.to_string() })
            .collect(),
    })
}

fn caps(caps: &Caps) -> Option<CapsBody> {
    let text = |cap: Option<Money>| cap.map(AmountText::from);
    (!caps.is_empty()).then(|| CapsBody {
        per_line: text(caps.per_line),
        per_customer: text(caps.per_customer),
        per_partner_period: text(caps.per_partner_period),
        per_program_period: text(caps.per_program_period),
    })
}

fn overrides(overrides: &Overrides) -> Option<OverridesBody> {
    (!overrides.is_empty()).then(|| OverridesBody {
        partners: overrides.partners.iter().map(|(partner, rate)| (partner.to_string(), rate.to_string())).collect(),
        tiers: overrides.tiers.iter().map(|(tier, rate)| (tier.word().to_owned(), rate.to_string())).collect(),
        groups: overrides
            .groups
            .iter()
            .map(|(group, rate)| (group.clone(), rate.to_string()))
            .collect::<BTreeMap<_, _>>(),
    })
}

pub(super) fn milestone(milestone: &Milestone) -> MilestoneBody {
    let (metric, threshold) = match milestone.metric {
        Metric::Sales(count) => (MetricWord::Sales, count.to_string()),
        Metric::Customers(count) => (MetricWord::Customers, count.to_string()),
        Metric::Revenue(money) => (MetricWord::Revenue, money.to_text()),
    };
    MilestoneBody {
        name: milestone.name.clone(),
        metric,
        threshold,
        bonus: milestone.bonus.map(AmountText::from),
        badge: milestone.badge.clone(),
    }
}

fn flat_refund(clawback: Clawback) -> FlatRefundBody {
    let (mode, from) = match clawback {
        Clawback::Keep => (FlatRefundWord::Keep, None),
        Clawback::Proportional => (FlatRefundWord::Proportional, None),
        Clawback::From(rate) => (FlatRefundWord::Reverse, Some(rate.to_string())),
    };
    FlatRefundBody { mode, from }
}
