//! From what was sent to what the engine applies: each part is read, all faults are told at once.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::id::PartnerId;
use domain::money::{AmountText, Money};
use domain::rate::{Rate, Rounding};
use domain::rule::{
    Band, BandMode, Bands, BasePolicy, Caps, Clause, Event, Limits, Matching, Metric, Milestone, Overrides, Reward,
    SignUpBonus, VolumeBonus, reverse_when_all_is_back,
};
use domain::sale::Clawback;
use domain::tier::Tier;
use edge::faults::{Faults, of_amount};

use super::body::{
    BandModeWord, BandsBody, BaseBody, CapsBody, ClauseBody, EventWord, FlatRefundBody, FlatRefundWord, MatchingWord,
    MetricWord, MilestoneBody, OverridesBody, RewardBody, RoundingWord, RuleKind, VolumeBonusBody,
};
use super::condition;

/// The most characters that a name or a badge has.
const NAME_LENGTH_MAX: usize = 80;

/// Reads the parts of a rule of a programme in a currency, under a pointer.
pub(super) struct Reader<'a> {
    pub(super) faults: &'a mut Faults,
    pub(super) at: &'a str,
    pub(super) currency: Currency,
}

pub(super) fn rounding(word: RoundingWord) -> Rounding {
    match word {
        RoundingWord::HalfAwayFromZero => Rounding::HalfAwayFromZero,
        RoundingWord::HalfEven => Rounding::HalfEven,
    }
}

pub(super) fn matching(word: MatchingWord) -> Matching {
    match word {
        MatchingWord::First => Matching::First,
        MatchingWord::BestMoney => Matching::BestMoney,
        MatchingWord::Sum => Matching::Sum,
    }
}

pub(super) fn base(body: Option<BaseBody>) -> BasePolicy {
    body.map_or(BasePolicy::default(), |body| BasePolicy {
        net_of_shipping: body.net_of_shipping,
        net_of_fees: body.net_of_fees,
    })
}

fn event(word: EventWord) -> Event {
    match word {
        EventWord::SignUp => Event::SignUp,
        EventWord::QualifiedLead => Event::QualifiedLead,
        EventWord::FirstSale => Event::FirstSale,
        EventWord::Renewal => Event::Renewal,
        EventWord::OneOffSale => Event::OneOffSale,
        EventWord::Custom => Event::Custom,
    }
}

impl Reader<'_> {
    fn place(&self, field: &str) -> String {
        format!("{}{field}", self.at)
    }

    fn amount(&mut self, field: &str, amount: &AmountText) -> Option<Money> {
        let at = self.place(field);
        self.faults.amount(&at, amount, self.currency)
    }

    fn name(&mut self, field: &str, text: &str) -> Option<String> {
        let at = self.place(&format!("{field}/name"));
        Some(self.faults.text(&at, text, NAME_LENGTH_MAX)).filter(|name| !name.is_empty())
    }

    /// An amount that may be left out: the outer `None` is a fault.
    fn maybe(&mut self, field: &str, amount: Option<&AmountText>) -> Option<Option<Money>> {
        amount.map_or(Some(None), |amount| self.amount(field, amount).map(Some))
    }

    pub(super) fn rate(&mut self, field: &str, text: &str) -> Option<Rate> {
        let at = self.place(field);
        self.faults.check(&at, Rate::parse(text))
    }

    /// A reward whose rate and amount stand at `field`.
    pub(super) fn reward(&mut self, field: &str, body: &RewardBody) -> Option<Reward> {
        let (of_rate, of_amount) = (format!("{field}/rate"), format!("{field}/amount"));
        let takes = match body.kind {
            RuleKind::Percentage => (true, false),
            RuleKind::Flat => (false, true),
            RuleKind::Banded => (false, false),
            // Refused below, whatever stands beside it.
            RuleKind::Clauses => (true, true),
        };
        for (part, is_there, is_taken) in
            [(&of_rate, body.rate.is_some(), takes.0), (&of_amount, body.amount.is_some(), takes.1)]
        {
            if is_there && !is_taken {
                let at = self.place(part);
                self.faults.clash(&at, "this kind of reward has none");
            }
        }
        match body.kind {
            RuleKind::Percentage => {
                let at = self.place(&of_rate);
                let text = self.faults.fit(&at, body.rate.as_deref().ok_or("a percentage needs a rate"))?;
                self.rate(&of_rate, text).map(Reward::Percentage)
            }
            RuleKind::Flat => {
                let at = self.place(&of_amount);
                let amount = self.faults.fit(&at, body.amount.as_ref().ok_or("a flat reward needs an amount"))?;
                self.amount(&of_amount, amount).map(Reward::Flat)
            }
            RuleKind::Banded => Some(Reward::Banded),
            RuleKind::Clauses => {
                let at = self.place(&format!("{field}/kind"));
                self.faults.clash(&at, "a clause pays percentage, flat or banded");
                None
            }
        }
    }

    pub(super) fn clauses(&mut self, bodies: Vec<ClauseBody>) -> Option<Vec<Clause>> {
        let read: Vec<Option<Clause>> =
            bodies.into_iter().enumerate().map(|(place, body)| self.clause(place, body)).collect();
        read.into_iter().collect()
    }

    fn clause(&mut self, place: usize, body: ClauseBody) -> Option<Clause> {
        let field = format!("/clauses/{place}");
        let name = self.name(&field, &body.name);
        let when = match body.when {
            Some(when) => {
                let at = self.place(&format!("{field}/when"));
                condition::read(when, &at, self.currency, self.faults).map(Some)
            }
            None => Some(None),
        };
        let reward = self.reward(&format!("{field}/reward"), &body.reward);
        let events = body.events.map_or(Event::SALES.to_vec(), |words| words.into_iter().map(event).collect());
        let limits = Limits { max_months: body.max_months, max_occurrences: body.max_occurrences };
        Some(Clause { name: name?, events, when: when?, reward: reward?, limits })
    }

    pub(super) fn bands(&mut self, body: Option<BandsBody>) -> Option<Option<Bands>> {
        let Some(body) = body else { return Some(None) };
        let steps: Vec<Option<Band>> = body
            .steps
            .iter()
            .enumerate()
            .map(|(place, step)| {
                let from = self.amount(&format!("/bands/steps/{place}/from"), &step.from);
                let rate = self.rate(&format!("/bands/steps/{place}/rate"), &step.rate);
                Some(Band { from: from?, rate: rate? })
            })
            .collect();
        let mode = match body.mode {
            BandModeWord::Marginal => BandMode::Marginal,
            BandModeWord::Retroactive => BandMode::Retroactive,
        };
        Some(Some(Bands { mode, steps: steps.into_iter().collect::<Option<_>>()? }))
    }

    pub(super) fn volume_bonus(&mut self, body: Option<&VolumeBonusBody>) -> Option<Option<VolumeBonus>> {
        let Some(body) = body else { return Some(None) };
        let from = self.amount("/volume_bonus/from", &body.from);
        let bonus = self.rate("/volume_bonus/bonus", &body.bonus);
        Some(Some(VolumeBonus { from: from?, bonus: bonus? }))
    }

    pub(super) fn caps(&mut self, body: Option<&CapsBody>) -> Option<Caps> {
        let Some(body) = body else { return Some(Caps::default()) };
        let per_line = self.maybe("/caps/per_line", body.per_line.as_ref());
        let per_customer = self.maybe("/caps/per_customer", body.per_customer.as_ref());
        let per_partner_period = self.maybe("/caps/per_partner_period", body.per_partner_period.as_ref());
        let per_program_period = self.maybe("/caps/per_program_period", body.per_program_period.as_ref());
        Some(Caps {
            per_line: per_line?,
            per_customer: per_customer?,
            per_partner_period: per_partner_period?,
            per_program_period: per_program_period?,
        })
    }

    pub(super) fn overrides(&mut self, body: Option<OverridesBody>) -> Option<Overrides> {
        let body = body.unwrap_or_default();
        let partners =
            self.rates("partners", &body.partners, |text| PartnerId::parse(text).map_err(|why| why.to_string()));
        let tiers = self.rates("tiers", &body.tiers, tier);
        let groups = self.rates("groups", &body.groups, |text| Ok(text.to_owned()));
        Some(Overrides { partners: partners?, tiers: tiers?, groups: groups? })
    }

    fn rates<K: Ord>(
        &mut self,
        of: &str,
        body: &BTreeMap<String, String>,
        key: impl Fn(&str) -> Result<K, String>,
    ) -> Option<BTreeMap<K, Rate>> {
        let read: Vec<Option<(K, Rate)>> = body
            .iter()
            .map(|(name, text)| {
                let field = format!("/overrides/{of}/{name}");
                let at = self.place(&field);
                let name = self.faults.check(&at, key(name));
                let rate = self.rate(&field, text);
                name.zip(rate)
            })
            .collect();
        read.into_iter().collect()
    }

    /// COM-9: the tiers that are left out have the shipped amounts.
    pub(super) fn sign_up_bonus(&mut self, body: Option<&BTreeMap<String, AmountText>>) -> Option<Option<SignUpBonus>> {
        let Some(body) = body else { return Some(None) };
        let read: Vec<Option<(Tier, Money)>> = body
            .iter()
            .map(|(name, amount)| {
                let field = format!("/sign_up_bonus/{name}");
                let at = self.place(&field);
                let tier = self.faults.check(&at, tier(name));
                let amount = self.amount(&field, amount);
                tier.zip(amount)
            })
            .collect();
        let own = read.into_iter().collect::<Option<_>>()?;
        let at = self.place("/sign_up_bonus");
        self.faults.fit(&at, SignUpBonus::with(own, self.currency)).map(Some)
    }

    pub(super) fn milestones(&mut self, bodies: &[MilestoneBody]) -> Option<Vec<Milestone>> {
        let read: Vec<Option<Milestone>> =
            bodies.iter().enumerate().map(|(n, body)| self.milestone(&format!("/milestones/{n}"), body)).collect();
        read.into_iter().collect()
    }

    pub(super) fn milestone(&mut self, field: &str, body: &MilestoneBody) -> Option<Milestone> {
        let name = self.name(field, &body.name);
        let at = self.place(&format!("{field}/threshold"));
        let metric = match body.metric {
            MetricWord::Sales => self.count(&at, &body.threshold).map(Metric::Sales),
            MetricWord::Customers => self.count(&at, &body.threshold).map(Metric::Customers),
            MetricWord::Revenue => {
                let read = Money::parse(&body.threshold, self.currency);
                read.map_err(|error| self.faults.extend([of_amount(&at, &error)])).ok().map(Metric::Revenue)
            }
        };
        let bonus = self.maybe(&format!("{field}/bonus"), body.bonus.as_ref());
        let at = self.place(&format!("{field}/badge"));
        let badge = body.badge.as_deref().map(|badge| self.faults.text(&at, badge, NAME_LENGTH_MAX));
        Some(Milestone { name: name?, metric: metric?, currency: self.currency, bonus: bonus?, badge })
    }

    /// How many. An amount with places is of the form that is told of a threshold, and still no number of things.
    fn count(&mut self, at: &str, text: &str) -> Option<u64> {
        let why = "a whole number as text, such as \"10\"";
        let is_form = Money::parse(text, self.currency).is_err_and(|error| error.is_form());
        let read = text.parse();
        read.map_err(|_| if is_form { self.faults.note(at, why) } else { self.faults.clash(at, why) }).ok()
    }

    pub(super) fn flat_refund(&mut self, body: Option<&FlatRefundBody>) -> Option<Clawback> {
        let Some(body) = body else { return Some(reverse_when_all_is_back()) };
        if body.from.is_some() && body.mode != FlatRefundWord::Reverse {
            let at = self.place("/flat_refund/from");
            self.faults.clash(&at, "only reverse has one");
        }
        match (body.mode, &body.from) {
            (FlatRefundWord::Keep, _) => Some(Clawback::Keep),
            (FlatRefundWord::Proportional, _) => Some(Clawback::Proportional),
            (FlatRefundWord::Reverse, None) => Some(reverse_when_all_is_back()),
            (FlatRefundWord::Reverse, Some(text)) => self.rate("/flat_refund/from", text).map(Clawback::From),
        }
    }
}

fn tier(text: &str) -> Result<Tier, String> {
    let found = Tier::ALL.into_iter().find(|tier| tier.word() == text);
    found.ok_or_else(|| "unknown tier; use tier1, tier2, tier3 or tier4".to_owned())
}
