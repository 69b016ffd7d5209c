//! Sales, rules and scopes for the tests, in a few words each.

use std::collections::BTreeMap;

use crate::assess::{Assessment, History, ProgramRules, Scope, Standing, assess};
use crate::attribution::{Credit, PartnerTerms, Source};
use crate::currency::Currency;
use crate::fact::{PaymentKey, SaleType};
use crate::id::{PartnerId, ProgramId, RuleId, SaleId};
use crate::line::{Part, PartKind};
use crate::money::Money;
use crate::month::Month;
use crate::rate::Rate;
use crate::rule::{Clause, Event, Limits, Reward, RuleVersion, Terms};
use crate::sale::{Decision, Sale};
use crate::time::{BusinessDay, Timestamp, Zone};

pub(super) fn usd(text: &str) -> Money {
    money(text, Currency::USD)
}

pub(super) fn money(text: &str, currency: Currency) -> Money {
    Money::parse(text, currency).expect("amount")
}

pub(super) fn rate(text: &str) -> Rate {
    Rate::parse(text).expect("rate")
}

pub(super) fn percent(text: &str) -> Reward {
    Reward::Percentage(rate(text))
}

pub(super) fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

pub(super) fn program() -> ProgramId {
    ProgramId::from_ulid(1_u128.into())
}

pub(super) fn key(text: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{text}")).expect("key")
}

/// An instant: a day at noon, or as it stands.
pub(super) fn at(text: &str) -> Timestamp {
    let text = if text.len() == 10 { format!("{text}T12:00:00Z") } else { text.to_owned() };
    text.parse().expect("instant")
}

pub(super) fn credit(of: u128, weight: u64) -> Credit {
    Credit {
        partner: partner(of),
        program: program(),
        link: None,
        source: Source::Click,
        clicked_at: None,
        weight,
        terms: PartnerTerms::default(),
    }
}

/// A paid invoice of customer 1 and subscription `sub`, partner 1's.
pub(super) fn invoice(name: &str, when: &str, paid: Money) -> Sale {
    let day = BusinessDay::parse("2026-11-21").expect("day");
    Sale {
        customer: Some(key("cus_1")),
        subscription: Some("sub".to_owned()),
        decision: Decision::one(credit(1, 1)),
        event_type: SaleType::InvoicePayment,
        ..Sale::plain(key(name), paid, at(when), day)
    }
}

pub(super) fn of_customer(customer: &str, sale: Sale) -> Sale {
    Sale { customer: Some(key(customer)), ..sale }
}

pub(super) fn clause(name: &str, events: &[Event], reward: Reward) -> Clause {
    Clause { name: name.to_owned(), events: events.to_vec(), when: None, reward, limits: Limits::default() }
}

pub(super) fn version(n: u128, from: &str, terms: Terms) -> RuleVersion {
    RuleVersion { id: RuleId::from_ulid(n.into()), program: program(), effective_from: at(from), terms }
}

/// What sales are assessed in.
pub(super) struct World {
    pub(super) programs: BTreeMap<ProgramId, ProgramRules>,
    pub(super) histories: BTreeMap<PaymentKey, History>,
    pub(super) standings: BTreeMap<(ProgramId, PartnerId, Currency), Standing>,
    pub(super) late: BTreeMap<(SaleId, PartnerId), Month>,
}

impl World {
    pub(super) fn of(terms: Terms) -> Self {
        Self::versions(vec![version(1, "2020-01-01", terms)])
    }

    pub(super) fn versions(versions: Vec<RuleVersion>) -> Self {
        let rules = ProgramRules { zone: Zone::utc(), versions };
        Self {
            programs: BTreeMap::from([(program(), rules)]),
            histories: BTreeMap::new(),
            standings: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }

    pub(super) fn assess(&self, sales: &[Sale]) -> Assessment {
        assess(&Scope {
            sales: sales.iter().collect(),
            programs: &self.programs,
            histories: &self.histories,
            standings: &self.standings,
            late: &self.late,
        })
        .expect("assessed")
    }

    /// The commissions of partner 1, in canonical order.
    pub(super) fn commissions(&self, sales: &[Sale]) -> Vec<String> {
        amounts(&self.assess(sales), 1, PartKind::Commission)
    }
}

/// The amounts of a partner's positions of a kind, in canonical order.
pub(super) fn amounts(assessment: &Assessment, of: u128, kind: PartKind) -> Vec<String> {
    let earnings = assessment.sales.iter().flat_map(|sale| &sale.earnings);
    let own = earnings.filter(|earning| earning.partner == partner(of) && earning.part.kind == kind);
    own.map(|earning| earning.amount.to_text()).collect()
}

/// Reason and notes of a position of a sale.
pub(super) fn traced(
    assessment: &Assessment,
    sale: usize,
    part: Part,
) -> (crate::commission::EarningReason, Vec<String>) {
    let earnings = &assessment.sales[sale].earnings;
    let earning = earnings.iter().find(|earning| earning.part == part).expect("a position");
    (earning.trace.reason, earning.trace.notes.clone())
}

/// What is left of all that a partner earns in all, after refunds, with the periods: minor units.
pub(super) fn net(assessment: &Assessment, sales: &[Sale], of: u128) -> i64 {
    let mut sum = 0;
    for earned in &assessment.sales {
        let sale = sales.iter().find(|sale| sale.id == earned.sale).expect("a sale");
        for earning in earned.earnings.iter().filter(|earning| earning.partner == partner(of)) {
            let gross = earning.amount.minor();
            sum += gross
                - crate::retarget::taken_back(sale, earning.part.item, earning.clawback, gross).expect("in range");
        }
    }
    let periods = assessment.periods.iter().filter(|period| period.partner == partner(of));
    periods.fold(sum, |sum, period| sum + period.amount.minor())
}
