//! A world before it happens: its terms, what will be told of it, when, and what will go wrong.
//!
//! A plan is drawn from a seed and nothing else. It is lists, so that whatever fails can be shrunk by leaving things out.

mod deeds;
mod rails;
mod terms;

use std::collections::BTreeMap;

use model::{Caps, Terms};
use serde_json::Value;

use crate::dice::Dice;
use crate::errands::Errand;
use crate::facts::{FACTS, FactKind};

/// The first instant of every world: 2026-03-02, midnight, UTC.
pub const START_MS: i64 = 1_772_409_600_000;
/// A day.
pub const DAY_MS: i64 = 86_400_000;
/// An hour.
pub const HOUR_MS: i64 = 3_600_000;
/// When in the day the schedule of the night fires.
const NIGHT_MS: i64 = 2 * HOUR_MS;
/// How many days things happen at most; after that, everything matures.
pub const DAYS_MAX: i64 = 44;
/// The days of a world that stays within one month: what depends on the order of facts is then settled by no night
/// before all of them are known.
const DAYS_WITHIN_A_MONTH: i64 = 24;
/// How long whoever asks the rail stands still in one fault: several of them are still less than it remembers a key.
pub const RAIL_FREEZE_MS: i64 = 5 * HOUR_MS;
/// From here on a night would settle the first month.
pub const SETTLED_MS: i64 = START_MS + 32 * DAY_MS;

/// What a provider tells, as it arrives.
#[derive(Clone, Debug)]
pub struct Event {
    /// The provider.
    pub provider: &'static str,
    /// The kind of fact that it tells.
    pub kind: &'static str,
    /// Its id at the provider.
    pub id: String,
    /// When it was made there, ms.
    pub at_ms: i64,
    /// The body.
    pub body: Value,
    /// What the model is told.
    pub told: Vec<model::Fact>,
    /// It can never be read: it must be refused, and hold up nobody.
    pub is_poison: bool,
}

/// Something that is set going at a time.
#[derive(Clone, Debug)]
pub struct Deed {
    /// When, ms.
    pub at_ms: i64,
    /// What.
    pub what: What,
}

/// What is set going.
#[derive(Clone, Debug)]
pub enum What {
    /// An event's message comes out of the queue.
    Deliver {
        /// Which event.
        event: usize,
    },
    /// The schedule of the night fires.
    Night,
    /// A partner asks for their balance.
    Ask {
        /// Whose, by number.
        partner: usize,
        /// In which currency.
        currency: &'static str,
        /// The name of the request.
        under: u64,
    },
    /// A person does something to a payout.
    Step {
        /// Whose payout, by number.
        partner: usize,
        /// In which currency.
        currency: &'static str,
        /// What they do.
        step: Step,
    },
    /// A message of the night's own queue.
    Visit {
        /// As it was sent.
        message: String,
    },
    /// A message of the payouts' queue.
    Carry {
        /// As it was sent.
        message: String,
        /// How often it came out of the queue.
        tries: u8,
    },
    /// The clock has outcomes looked for that nobody knew.
    Look,
    /// A person does something at the desk.
    Errand(Errand),
}

/// What a person does to a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Yes, to the seal of the payout.
    Approve,
    /// Yes, to another seal: that of what they saw before.
    ApproveOther,
    /// Yes, by whoever asked.
    ApproveOwn,
    /// No.
    Reject,
    /// Taken back.
    Cancel,
    /// Sent.
    Send,
    /// Arrived.
    Confirm,
    /// Refused by the rail.
    Fail,
    /// Handed to a rail that moves by itself.
    Submit,
    /// The rail is looked at again.
    Retry,
}

/// A fault that will strike at the first thing that it fits, from a step on.
#[derive(Clone, Copy, Debug)]
pub struct PlannedFault {
    /// From which step on.
    pub step: u32,
    /// Which, by its place in [`FAULTS`].
    pub kind: usize,
}

/// A partner.
#[derive(Clone, Debug)]
pub struct PlannedPartner {
    /// Their links, by number.
    pub links: Vec<usize>,
    /// By which connected accounts they are paid, in rank: those that may receive transfers, and those that may not. By
    /// hand, where there is none.
    pub methods: Vec<bool>,
}

/// A sale of the plan, for what later happens to it.
#[derive(Clone, Debug)]
pub struct PlannedSale {
    /// Its natural key.
    pub payment: String,
    /// The names that a provider may call it by.
    pub names: Vec<String>,
    /// When, ms.
    pub at_ms: i64,
    /// What was paid, minor units.
    pub paid: i64,
    /// The currency, lower case.
    pub currency: &'static str,
    /// What was returned so far, as planned.
    pub returned: i64,
}

/// What the rules of a world are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// What a sale earns depends on it alone: the model knows it, however long the world.
    Plain,
    /// Bands, caps, bonuses, all within one month: the model knows what it comes to once all has matured.
    Ordered,
    /// The same across months: what is late depends on when it came, so only the laws are checked.
    Loose,
}

/// A whole world before it happens.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// What its rules are like.
    pub style: Style,
    /// What the model is told of links and rules.
    pub terms: Terms,
    /// The partners.
    pub partners: Vec<PlannedPartner>,
    /// How long lines wait.
    pub hold_days: u16,
    /// How many days things happen.
    pub days: i64,
    /// The programme's zone.
    pub zone: &'static str,
    /// What is told.
    pub events: Vec<Event>,
    /// What is set going, in order of time.
    pub deeds: Vec<Deed>,
    /// What goes wrong.
    pub faults: Vec<PlannedFault>,
    /// Decides who goes next.
    pub schedule: Dice,
    /// Sales, for facts that come later.
    pub sales: Vec<PlannedSale>,
    /// How many natural keys were given out.
    names: u64,
    bursts: Vec<i64>,
    nights: Vec<i64>,
}

/// Apart from the dice that draw the rest.
const RAILS: u64 = 0x7261_696C;

/// Two with an approval band, one without; most is paid in one.
pub const CURRENCIES: [&str; 6] = ["usd", "usd", "usd", "usd", "eur", "jpy"];

impl Plan {
    /// The world of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let style = *dice.pick(&[Style::Plain, Style::Plain, Style::Ordered, Style::Ordered, Style::Loose]);
        let mut plan = Self::furnished(seed, style, &mut dice);
        let weights: Vec<&FactKind> = FACTS.iter().flat_map(|kind| std::iter::repeat_n(kind, kind.weight)).collect();
        let facts = dice.between(34, 58);
        while i64::try_from(plan.told()).unwrap_or(i64::MAX) < facts {
            let kind = *dice.pick(&weights);
            (kind.draw)(&mut plan, &mut dice);
        }
        plan.draw_deliveries(&mut dice);
        plan.draw_nights(&mut dice);
        plan.draw_payouts(&mut dice);
        plan.draw_errands(&mut dice);
        plan.draw_faults(&mut dice);
        plan.draw_rails(&mut Dice::new(seed ^ RAILS));
        plan.deeds.sort_by_key(|deed| deed.at_ms);
        plan
    }

    /// A history of so many facts and nothing else, all of one month: for other orders of it.
    #[must_use]
    pub fn of_facts(seed: u64, facts: usize) -> Self {
        let mut dice = Dice::new(seed);
        let mut plan = Self::furnished(seed, Style::Ordered, &mut dice);
        let weights: Vec<&FactKind> = FACTS.iter().flat_map(|kind| std::iter::repeat_n(kind, kind.weight)).collect();
        while plan.told() < facts {
            (dice.pick(&weights).draw)(&mut plan, &mut dice);
            plan.events.retain(|event| !event.is_poison);
        }
        plan.events.truncate(facts);
        plan
    }

    fn furnished(seed: u64, style: Style, dice: &mut Dice) -> Self {
        let is_within_a_month = match style {
            Style::Plain => dice.percent(50),
            Style::Ordered => true,
            Style::Loose => false,
        };
        let (terms, partners) = terms::drawn(style, dice);
        let days = if is_within_a_month { DAYS_WITHIN_A_MONTH } else { DAYS_MAX };
        let mut bursts: Vec<i64> = (0..24).map(|_| START_MS + dice.between(0, days * DAY_MS)).collect();
        // Nights come when others are at work, too; in a long world most of them behind the end of the first month.
        let first = if is_within_a_month { 1 } else { days / 2 };
        let nights: Vec<i64> =
            (0..dice.between(3, 6)).map(|_| START_MS + dice.between(first, days) * DAY_MS + NIGHT_MS).collect();
        bursts.extend(&nights);
        bursts.sort_unstable();
        Self {
            seed,
            style,
            terms,
            partners,
            days,
            hold_days: u16::try_from(*dice.pick(&[0, 0, 1, 2, 3, 5, 10])).unwrap_or(0),
            zone: *dice.pick(&["UTC", "UTC", "America/New_York", "Asia/Kolkata"]),
            events: Vec::new(),
            deeds: Vec::new(),
            faults: Vec::new(),
            schedule: dice.apart(),
            sales: Vec::new(),
            names: 0,
            bursts,
            nights,
        }
    }

    /// A natural key that nothing else of the world has. Other worlds give out the same ones: tenants never meet.
    pub fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}_{}", self.names)
    }

    /// The number of something that is asked for.
    pub fn number(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    /// A new event is told, of a kind of fact.
    pub fn tell(&mut self, kind: &'static str, at_ms: i64, body: Value, told: Vec<model::Fact>) {
        self.tell_by("stripe", kind, at_ms, body, told);
    }

    /// An event of another provider tells facts.
    pub fn tell_by(
        &mut self,
        provider: &'static str,
        kind: &'static str,
        at_ms: i64,
        body: Value,
        told: Vec<model::Fact>,
    ) {
        let id = self.name("evt");
        self.events.push(Event { provider, kind, id, at_ms, body, told, is_poison: false });
    }

    /// How many facts are told.
    #[must_use]
    pub fn told(&self) -> usize {
        self.events.len()
    }

    /// An instant at which something happens: in the same few minutes as other things do.
    pub fn instant(&self, dice: &mut Dice) -> i64 {
        let second = (dice.pick(&self.bursts) + dice.between(0, 90_000)) / 1_000;
        second * 1_000
    }

    /// Is everything told before the month is settled?
    #[must_use]
    pub fn is_within_a_month(&self) -> bool {
        self.days == DAYS_WITHIN_A_MONTH
    }

    /// Without some of its events, and without their deliveries.
    pub fn leave_out_events(&mut self, from: usize, to: usize) {
        self.events.drain(from..to);
        self.deeds.retain_mut(|deed| match &mut deed.what {
            What::Deliver { event } if (from..to).contains(event) => false,
            What::Deliver { event } => {
                *event -= if *event >= to { to - from } else { 0 };
                true
            }
            _ => true,
        });
    }

    /// Does the model know what sales come to?
    #[must_use]
    pub fn is_modelled(&self) -> bool {
        self.style != Style::Loose
    }

    /// Does a version of the rule cap what a customer, a partner or all of them may have?
    #[must_use]
    pub fn has_caps(&self) -> bool {
        self.terms.rules.iter().map(|rule| &rule.caps).any(|caps| {
            let Caps { customer, partner, program, .. } = caps;
            [customer, partner, program].into_iter().any(Option::is_some)
        })
    }

    /// The last instant at which something may be sold.
    #[must_use]
    pub fn end_ms(&self) -> i64 {
        START_MS + (self.days + 2) * DAY_MS
    }

    /// The facts that the model is told, of the events that are left in the plan.
    #[must_use]
    pub fn model(&self) -> model::Model {
        let mut model = model::Model::new(self.terms.clone());
        self.events.iter().flat_map(|event| &event.told).for_each(|fact| model.tell(fact));
        model
    }

    /// How often each kind of fact is told.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<&'static str, u64> {
        let mut kinds = BTreeMap::new();
        for event in &self.events {
            *kinds.entry(event.kind).or_default() += 1;
        }
        kinds
    }
}

/// The id of a partner, by number: the same in every world.
#[must_use]
pub fn partner_id(number: usize) -> String {
    domain::id::PartnerId::from_ulid((1_000 + number as u128).into()).to_string()
}

/// The id of a link, by number: the same in every world.
#[must_use]
pub fn link_id(number: usize) -> String {
    domain::id::LinkId::from_ulid((2_000 + number as u128).into()).to_string()
}

/// The code of a partner's coupon: the same in every world.
#[must_use]
pub fn coupon(number: usize) -> String {
    format!("COUPON-{number}")
}
