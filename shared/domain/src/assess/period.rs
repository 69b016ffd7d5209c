//! What is earned by a month or by a partner's whole standing, and by no single sale: its shape, and milestones.

use std::collections::BTreeMap;

use super::{Scope, Standing};
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::PaymentKey;
use crate::id::{PartnerId, ProgramId, RuleId};
use crate::line::LineTrace;
use crate::money::Money;
use crate::month::Month;
use crate::rule::{Metric, Milestone, RuleVersion};
use crate::sale::Sale;
use crate::time::Timestamp;

/// What a period's earning is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeriodKind {
    /// COM-7: the whole month at the rate that it reached.
    Bands,
    /// COM-14: a milestone, by its name.
    Milestone(String),
}

/// What a partner should have for a period in all: whoever books it, books the difference to what is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodEarning {
    /// The programme.
    pub program: ProgramId,
    /// Whose.
    pub partner: PartnerId,
    /// The currency of the account.
    pub currency: Currency,
    /// The month; of a milestone the one in which it was reached.
    pub month: Month,
    /// What for.
    pub kind: PeriodKind,
    /// How much. Bands that fall make it negative, and so do roundings of many small sales under a cap.
    pub amount: Money,
    /// Of that, what uses up a cap on what is paid for a customer, minor units: only where the month has such a cap.
    pub customers: BTreeMap<PaymentKey, i64>,
    /// The badge that goes with it.
    pub badge: Option<String>,
    /// When the last sale that it rests on happened.
    pub occurred_at: Timestamp,
    /// How many days it waits.
    pub hold_days: u16,
    /// How it came about.
    pub trace: LineTrace,
}

impl PeriodEarning {
    /// What it is booked under: bands by month, a milestone once.
    #[must_use]
    pub fn key(&self) -> String {
        let Self { program, partner, currency, month, .. } = self;
        match &self.kind {
            PeriodKind::Bands => format!("bands/{program}/{partner}/{currency}/{month}"),
            PeriodKind::Milestone(name) => format!("milestone/{program}/{partner}/{currency}/{name}"),
        }
    }
}

/// Whose month.
pub(super) type Account<'a> = (&'a ProgramId, &'a PartnerId, Currency);

/// What partners have reached, sale by sale.
#[derive(Default)]
pub(super) struct Standings<'a> {
    standings: BTreeMap<Account<'a>, Standing>,
    reached: Vec<PeriodEarning>,
}

/// What a sale adds to a standing.
pub(super) struct Step<'a> {
    pub(super) sale: &'a Sale,
    pub(super) account: Account<'a>,
    pub(super) version: &'a RuleVersion,
    pub(super) month: Month,
    pub(super) is_first: bool,
    pub(super) revenue: i64,
}

impl<'a> Standings<'a> {
    /// COM-14: the sale counts, and what it reaches is reached. A sale that wholly went back counts for nothing.
    pub(super) fn add(&mut self, scope: &Scope<'_>, step: &Step<'a>) {
        let (program, partner, currency) = step.account;
        let standing = self.standings.entry(step.account).or_insert_with(|| {
            let key = (program.clone(), partner.clone(), currency);
            scope.standings.get(&key).cloned().unwrap_or_default()
        });
        if step.sale.is_wholly_reversed() {
            return;
        }
        standing.sales = standing.sales.saturating_add(1);
        standing.customers = standing.customers.saturating_add(u64::from(step.is_first));
        standing.revenue = standing.revenue.saturating_add(step.revenue);
        for milestone in &step.version.terms.milestones {
            if milestone.currency == currency
                && is_reached(milestone, standing)
                && standing.achieved.insert(milestone.name.clone())
            {
                self.reached.push(earning_of(milestone, step));
            }
        }
    }

    pub(super) fn into_reached(self) -> Vec<PeriodEarning> {
        self.reached
    }

    /// Where everybody stands after the sales in scope.
    pub(super) fn after(&self) -> BTreeMap<(ProgramId, PartnerId, Currency), Standing> {
        let owned = |((program, partner, currency), standing): (&Account<'a>, &Standing)| {
            (((*program).clone(), (*partner).clone(), *currency), standing.clone())
        };
        self.standings.iter().map(owned).collect()
    }
}

fn is_reached(milestone: &Milestone, standing: &Standing) -> bool {
    match milestone.metric {
        Metric::Sales(count) => standing.sales >= count,
        Metric::Customers(count) => standing.customers >= count,
        Metric::Revenue(money) => standing.revenue >= money.minor(),
    }
}

fn earning_of(milestone: &Milestone, step: &Step<'_>) -> PeriodEarning {
    let (program, partner, currency) = step.account;
    let mut trace = trace_of(program, &step.version.id, EarningReason::Milestone);
    trace.customer.clone_from(&step.sale.customer);
    trace.invoice.clone_from(&step.sale.invoice);
    trace.period = Some(step.month);
    trace.notes.push(format!("milestone: {}", milestone.name));
    trace.notes.push(match milestone.metric {
        Metric::Sales(count) => format!("reached: sales {count}"),
        Metric::Customers(count) => format!("reached: customers {count}"),
        Metric::Revenue(money) => format!("reached: revenue {money}"),
    });
    PeriodEarning {
        program: program.clone(),
        partner: partner.clone(),
        currency,
        month: step.month,
        kind: PeriodKind::Milestone(milestone.name.clone()),
        amount: milestone.bonus.filter(|bonus| bonus.currency() == currency).unwrap_or(Money::zero(currency)),
        customers: BTreeMap::new(),
        badge: milestone.badge.clone(),
        occurred_at: step.sale.occurred_at,
        hold_days: step.version.terms.hold_days,
        trace,
    }
}

pub(super) fn trace_of(program: &ProgramId, rule: &RuleId, reason: EarningReason) -> LineTrace {
    LineTrace { program: Some(program.clone()), rule: Some(rule.clone()), ..LineTrace::because(reason) }
}
