//! What a ledger must come to, said a second time and plainly: maps, whole numbers, no closes, no slots, no store.
//!
//! What lives here: facts in the simulation's own words, and the net that each sale owes each partner once everything
//! has matured. What does not: anything of the product. This crate uses no room of the workspace, and
//! `infra/lint/walls.py` holds it to that: a mistake made in the product is not made here by the same hand.
//!
//! To add a kind of fact: a variant of [`Fact`], what it changes in [`Model::tell`], and its part in [`Model::earned`].

mod bound;
mod earned;
mod share;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

pub use bound::{Credit, Touch};
use bound::{Meeting, Part};
pub use earned::Earned;
use earned::{Placed, Walk};
pub use share::{Amount, half_away};
pub use terms::{Bands, Caps, Count, Link, Milestone, Pay, Rule, Shares, Terms};

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The payment's natural key.
    pub payment: String,
    /// Its other names that are told with it.
    pub names: Vec<String>,
    /// Who paid, if they are known.
    pub customer: Option<String>,
    /// The subscription that it is for; what is for none is a series of its own.
    pub series: Option<String>,
    /// When, ms.
    pub at_ms: i64,
    /// What was paid.
    pub paid: Amount,
    /// What was asked, tax and shipping included.
    pub total: Amount,
    /// Of that, tax.
    pub tax: Amount,
    /// Of that, shipping.
    pub shipping: Amount,
    /// The currency.
    pub currency: String,
    /// The touches that came with it.
    pub touches: Vec<Touch>,
}

/// How far a dispute is; the greatest that was told holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A question.
    Inquiry,
    /// The bank has the money.
    Opened,
    /// It came back.
    Won,
    /// It is gone.
    Lost,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A customer was met at a check-out.
    Met {
        /// The check-out's natural key.
        key: String,
        /// Who.
        customer: String,
        /// When, ms.
        at_ms: i64,
        /// The touches that came along.
        touches: Vec<Touch>,
    },
    /// Money came in.
    Paid(Paid),
    /// A payment has another name.
    Named {
        /// The payment.
        payment: String,
        /// The other name.
        name: String,
    },
    /// Money went back.
    Returned {
        /// The refund's natural key.
        refund: String,
        /// Of which payment, by any name.
        payment: String,
        /// How much.
        amount: Amount,
    },
    /// All that went back of a payment so far: the greatest that was ever told holds.
    ReturnedSoFar {
        /// Of which payment, by its own key.
        payment: String,
        /// How much, in all.
        amount: Amount,
    },
    /// A refund failed after it was told: for good.
    ReturnFailed {
        /// The refund's natural key.
        refund: String,
        /// Of which payment, by any name.
        payment: String,
    },
    /// A customer's bank asks for the money.
    Disputed {
        /// The dispute's natural key.
        dispute: String,
        /// Of which payment, by any name.
        payment: String,
        /// How much.
        amount: Amount,
        /// How far it is.
        phase: Phase,
    },
    /// A person said whose a sale is; of several the last that was told holds.
    Given {
        /// Which.
        payment: String,
        /// Whose; `None` for nobody's.
        partner: Option<String>,
    },
    /// A person said that a sale never was valid.
    Rejected {
        /// Which.
        payment: String,
    },
    /// A person changed what a time before paid.
    Repriced {
        /// For sales from this instant on, ms.
        from_ms: i64,
        /// And before this one.
        to_ms: i64,
        /// What they pay.
        rule: Rule,
    },
}

/// The sum of everything that was told, in whatever order and however often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    terms: Terms,
    sales: BTreeMap<String, Paid>,
    /// By other name.
    names: BTreeMap<String, String>,
    meetings: BTreeMap<String, BTreeSet<Meeting>>,
    /// By the name of the payment, and the refund.
    returned: BTreeMap<(String, String), Amount>,
    failed: BTreeSet<(String, String)>,
    disputes: BTreeMap<(String, String), (Phase, Amount)>,
    given: BTreeMap<String, Option<String>>,
    rejected: BTreeSet<String>,
}

/// What a sale owes a partner in a currency: keyed by payment, partner, currency.
pub type Nets = BTreeMap<(String, String, String), Amount>;

impl Model {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self { terms, ..Self::default() }
    }

    /// Something happened. Told again, it changes nothing.
    pub fn tell(&mut self, fact: &Fact) {
        match fact {
            Fact::Met { key, customer, at_ms, touches } => {
                self.meet(customer, Meeting { at_ms: *at_ms, key: key.clone(), touches: touches.clone() });
            }
            Fact::Paid(paid) => self.pay(paid),
            Fact::Named { payment, name } => {
                self.names.insert(name.clone(), payment.clone());
            }
            Fact::Returned { refund, payment, amount } => {
                self.returned.entry((payment.clone(), refund.clone())).or_insert(*amount);
            }
            Fact::ReturnedSoFar { payment, amount } => {
                let told = self.returned.entry((payment.clone(), "so far".to_owned())).or_insert(*amount);
                *told = (*told).max(*amount);
            }
            Fact::ReturnFailed { refund, payment } => {
                self.failed.insert((payment.clone(), refund.clone()));
            }
            Fact::Disputed { dispute, payment, amount, phase } => {
                let told = self.disputes.entry((payment.clone(), dispute.clone())).or_insert((*phase, *amount));
                if *phase > told.0 {
                    *told = (*phase, *amount);
                }
            }
            Fact::Given { payment, partner } => {
                self.given.insert(payment.clone(), partner.clone());
            }
            Fact::Rejected { payment } => {
                self.rejected.insert(payment.clone());
            }
            Fact::Repriced { from_ms, to_ms, rule } => self.reprice(*from_ms, *to_ms, rule),
        }
    }

    fn pay(&mut self, paid: &Paid) {
        // A sale without a touch meets nobody.
        if let Some(customer) = paid.customer.as_ref().filter(|_| !paid.touches.is_empty()) {
            let meeting = Meeting { at_ms: paid.at_ms, key: paid.payment.clone(), touches: paid.touches.clone() };
            self.meet(customer, meeting);
        }
        for name in &paid.names {
            self.names.insert(name.clone(), paid.payment.clone());
        }
        self.sales.entry(paid.payment.clone()).or_insert_with(|| paid.clone());
    }

    fn meet(&mut self, customer: &str, meeting: Meeting) {
        self.meetings.entry(customer.to_owned()).or_default().insert(meeting);
    }

    /// Versions begin at the edges of the span: the new one, and the old one again behind it.
    fn reprice(&mut self, from_ms: i64, to_ms: i64, rule: &Rule) {
        let rules = &mut self.terms.rules;
        let back = rules.iter().filter(|old| old.from_ms <= to_ms).max_by_key(|old| old.from_ms).cloned();
        rules.retain(|old| !(from_ms..to_ms).contains(&old.from_ms));
        rules.retain(|old| old.from_ms != to_ms);
        rules.push(Rule { from_ms, ..rule.clone() });
        rules.extend(back.map(|back| Rule { from_ms: to_ms, ..back }));
    }

    /// Who brought each customer who was met; empty for nobody.
    #[must_use]
    pub fn bindings(&self) -> BTreeMap<String, Vec<Credit>> {
        let credits = |customer: &String| self.terms.credits(&self.bound(customer));
        self.meetings.keys().map(|customer| (customer.clone(), credits(customer))).collect()
    }

    fn bound(&self, customer: &str) -> Vec<Part> {
        let is_theirs = |sale: &&Paid| sale.customer.as_deref() == Some(customer) && sale.paid > 0;
        let first_paid_ms = self.sales.values().filter(is_theirs).map(|sale| sale.at_ms).min();
        self.meetings.get(customer).map_or_else(Vec::new, |meetings| self.terms.bound(meetings, first_paid_ms))
    }

    /// Whose each sale is; empty for nobody's.
    #[must_use]
    pub fn decisions(&self) -> BTreeMap<&str, Vec<Credit>> {
        let mut decisions = BTreeMap::new();
        for sale in self.sales.values() {
            let by_touch = || {
                let mut parts = match &sale.customer {
                    Some(customer) => self.bound(customer),
                    None => self.terms.of_guest(sale),
                };
                // A click after the sale never counts.
                parts.retain(|part| part.touch.counts_from_ms() <= sale.at_ms);
                self.terms.credits(&parts)
            };
            let credits = match self.given.get(&sale.payment) {
                Some(given) => {
                    // By no link, so at no link's rate.
                    let whole = |partner: &String| Credit { partner: partner.clone(), weight: 1, own_rate: None };
                    given.iter().map(whole).collect()
                }
                None => by_touch(),
            };
            let has_rule = self.terms.in_force(sale.at_ms).is_some();
            decisions.insert(sale.payment.as_str(), if has_rule { credits } else { Vec::new() });
        }
        decisions
    }

    /// The payments that are known, in the order of their keys.
    pub fn payments(&self) -> impl Iterator<Item = &Paid> {
        self.sales.values()
    }

    /// How much of a payment is left to go back.
    #[must_use]
    pub fn left_of(&self, sale: &Paid) -> Amount {
        (sale.paid - self.back_or_rejected(sale)).max(0)
    }

    /// What everybody has earned, refunds taken off.
    #[must_use]
    pub fn earned(&self) -> Earned {
        self.earned_by(self)
    }

    /// What everybody has earned while some sales are held. What those, and the ones that a bank may still take back, would
    /// add to a month or to what there is to reach is nobody's yet.
    #[must_use]
    pub fn earned_while(&self, held: &BTreeSet<String>) -> Earned {
        let mut all_lost = self.clone();
        all_lost.rejected.extend(held.iter().cloned());
        for (phase, _) in all_lost.disputes.values_mut().filter(|(phase, _)| *phase == Phase::Opened) {
            *phase = Phase::Lost;
        }
        self.earned().at_most(&all_lost.earned())
    }

    /// The sales of partners that somebody has still to decide.
    #[must_use]
    pub fn in_doubt(&self, held: &BTreeSet<String>) -> Vec<&Paid> {
        let decisions = self.decisions();
        let is_disputed = |sale: &Paid| {
            let of_sale = |name: &str| name == sale.payment || self.names.get(name) == Some(&sale.payment);
            self.open_disputes().any(|(name, _, amount)| amount > 0 && of_sale(name))
        };
        let open = self.sales.values().filter(|sale| sale.paid > 0 && self.left_of(sale) > 0);
        let open = open.filter(|sale| held.contains(&sale.payment) || is_disputed(sale));
        open.filter(|sale| decisions.get(sale.payment.as_str()).is_some_and(|of| !of.is_empty())).collect()
    }

    /// The disputes that nobody has won yet: of which payment, by which name, and about how much.
    pub fn open_disputes(&self) -> impl Iterator<Item = (&str, &str, Amount)> {
        let open = self.disputes.iter().filter(|(_, (phase, _))| *phase == Phase::Opened);
        open.map(|((payment, dispute), (_, amount))| (payment.as_str(), dispute.as_str(), *amount))
    }

    /// What everybody has earned where the month was counted when all this was known, and nothing but refunds and
    /// rejections came since: what else is known by now is told by the other model. Shared sales are in no month.
    #[must_use]
    pub fn earned_by(&self, now: &Self) -> Earned {
        let decisions = self.decisions();
        let mut first: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
        for sale in self.sales.values().filter(|sale| sale.paid > 0) {
            let Some(customer) = &sale.customer else { continue };
            let moment = (sale.at_ms, sale.payment.as_str());
            let known = first.entry(customer).or_insert(moment);
            *known = moment.min(*known);
        }
        let mut ordered: Vec<&Paid> = self.sales.values().collect();
        ordered.sort_by(|a, b| (a.at_ms, &a.payment).cmp(&(b.at_ms, &b.payment)));
        let mut walk = Walk::new(&self.terms);
        for sale in ordered {
            let first = sale.customer.as_deref().and_then(|customer| first.get(customer));
            let is_first = first.is_some_and(|(_, payment)| *payment == sale.payment);
            let (back, by_now) = (self.back_or_rejected(sale), now.back_or_rejected(sale));
            let credits = decisions.get(sale.payment.as_str()).map_or(&[][..], Vec::as_slice);
            let placed = |credit| Placed { sale, credit, back, by_now, is_first };
            match credits {
                [] => walk.pass(sale, back),
                [credit] => walk.take(&placed(credit)),
                several => walk.take_shared(&several.iter().map(|credit| placed(credit).now()).collect::<Vec<_>>()),
            }
        }
        walk.end()
    }

    fn back_or_rejected(&self, sale: &Paid) -> Amount {
        if self.rejected.contains(&sale.payment) { sale.paid } else { self.back(sale) }
    }

    /// What went back of a payment, or is gone.
    fn back(&self, sale: &Paid) -> Amount {
        let of_sale = |name: &String| *name == sale.payment || self.names.get(name) == Some(&sale.payment);
        let mut back: Amount = 0;
        for (key, amount) in self.returned.iter().filter(|((name, _), _)| of_sale(name)) {
            if !self.failed.contains(key) {
                back += amount;
            }
        }
        for ((name, _), (phase, amount)) in &self.disputes {
            if of_sale(name) && *phase == Phase::Lost {
                back += amount;
            }
        }
        back
    }
}

#[cfg(test)]
mod tests;
