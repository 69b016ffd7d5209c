//! The commission engine: from sales, rules and history to what every partner earns. One function for the booking of
//! one sale, the night's look at open periods, the dry run and the recompute.
//!
//! It is pure: the result depends on the set of sales alone, never on their order or on what is booked.

mod caps;
mod doubt;
mod earn;
mod items;
mod net;
mod order;
mod period;
mod quote;
mod retroactive;
mod run;
mod shares;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

pub use doubt::{at_worst, for_certain};
pub use order::Occurrence;
pub use period::{PeriodEarning, PeriodKind};
use thiserror::Error;

use crate::commission::{CommissionError, slot_after};
use crate::currency::Currency;
use crate::fact::PaymentKey;
use crate::id::{PartnerId, ProgramId, SaleId};
use crate::line::{LineTrace, Part};
use crate::money::{Money, MoneyError};
use crate::month::Month;
use crate::retarget::{RetargetError, Target};
use crate::rule::{Event, RuleVersion};
use crate::sale::{Clawback, Sale};
use crate::slot::Slot;
use crate::time::{BusinessDay, Timestamp, Zone};

/// A programme as the engine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRules {
    /// In which calendar questions are asked.
    pub zone: Zone,
    /// Its versions, in any order.
    pub versions: Vec<RuleVersion>,
}

/// What is known of a customer from before the sales in scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Their first paid sale. It may be in scope as well; of all that are known the earliest holds.
    pub first_paid: Option<(Timestamp, SaleId)>,
    /// Their first sign-up.
    pub signed_up: Option<(Timestamp, SaleId)>,
    /// How many paid sales that were not wholly reversed there were before all that are known one by one, by
    /// subscription; "" for none.
    pub occurrences: BTreeMap<String, u32>,
    /// Those that are known one by one, by subscription, whoever was paid for them. They may be in scope as well.
    pub paid: BTreeMap<String, BTreeSet<Occurrence>>,
    /// What was earned by them, net of refunds.
    pub earned: BTreeMap<(ProgramId, PartnerId, Currency), Money>,
}

/// What a partner reached in a programme and currency before the sales in scope, for milestones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Paid sales.
    pub sales: u64,
    /// Customers who paid for the first time.
    pub customers: u64,
    /// Net revenue, minor units.
    pub revenue: i64,
    /// The milestones that were reached.
    pub achieved: BTreeSet<String>,
}

/// What to assess.
pub struct Scope<'a> {
    /// The sales, in any order.
    pub sales: Vec<&'a Sale>,
    /// The programmes of their credits.
    pub programs: &'a BTreeMap<ProgramId, ProgramRules>,
    /// By customer.
    pub histories: &'a BTreeMap<PaymentKey, History>,
    /// By programme, partner and currency.
    pub standings: &'a BTreeMap<(ProgramId, PartnerId, Currency), Standing>,
    /// The month in which a sale counts for a partner whose own month was frozen when it came.
    pub late: &'a BTreeMap<(SaleId, PartnerId), Month>,
}

/// What everything earns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// Per sale, in canonical order.
    pub sales: Vec<SaleEarnings>,
    /// Per partner and period.
    pub periods: Vec<PeriodEarning>,
    /// Where each partner stands after the sales in scope: what the next scope begins with.
    pub standings: BTreeMap<(ProgramId, PartnerId, Currency), Standing>,
}

/// What a sale earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleEarnings {
    /// Which.
    pub sale: SaleId,
    /// What the rules see in it; none where nothing was paid.
    pub event: Option<Event>,
    /// One a position: at least one for every credited partner whose programme has a rule in force.
    pub earnings: Vec<Earning>,
    /// Credited partners whose programme had no rule in force.
    pub without_rule: Vec<PartnerId>,
}

/// What a position earns by the rules, before refunds: [`crate::retarget`] takes those off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earning {
    /// Whose.
    pub partner: PartnerId,
    /// Which part of the sale.
    pub part: Part,
    /// How much.
    pub amount: Money,
    /// What refunds do to it.
    pub clawback: Clawback,
    /// How many days it waits.
    pub hold_days: u16,
    /// A late one is not available before the month that it counts in begins.
    pub not_before: Option<BusinessDay>,
    /// Of a commission: what it adds to the partner's month where retroactive bands give it its rate, and nothing where they
    /// do not, before refunds, minor units.
    pub volume: Option<i64>,
    /// How it came about.
    pub trace: LineTrace,
}

/// Why sales could not be assessed.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum AssessError {
    /// An amount is out of range, or currencies differ.
    #[error("computing what sale {sale} earns")]
    Money {
        /// The sale.
        sale: SaleId,
        /// Why.
        #[source]
        source: MoneyError,
    },
    /// What was taken back could not be computed.
    #[error("computing what was taken back of sale {sale}")]
    TakenBack {
        /// The sale.
        sale: SaleId,
        /// Why.
        #[source]
        source: RetargetError,
    },
    /// The sum of a month is out of range.
    #[error("computing what {month} of program {program} earns")]
    Period {
        /// The programme.
        program: ProgramId,
        /// The month.
        month: Month,
        /// Why.
        #[source]
        source: MoneyError,
    },
    /// The hold leads out of the calendar.
    #[error("finding the slot of sale {sale}")]
    Slot {
        /// The sale.
        sale: SaleId,
        /// Why.
        #[source]
        source: CommissionError,
    },
}

/// What the sales of a scope earn, each and by period.
///
/// # Errors
/// An amount of a sale is out of range, or a sale mixes currencies.
pub fn assess(scope: &Scope<'_>) -> Result<Assessment, AssessError> {
    let mut run = run::Run::new(scope);
    let mut assessment = Assessment::default();
    for placed in order::place(scope) {
        assessment.sales.push(run.assess(&placed)?);
    }
    assessment.standings = run.standings();
    assessment.periods = run.periods()?;
    Ok(assessment)
}

impl SaleEarnings {
    /// What the sale is to be retargeted to: each earning in the slot that its hold ends in.
    ///
    /// # Errors
    /// The hold leads out of the calendar.
    pub fn targets(&self, sale: &Sale, ledger_zone: &Zone) -> Result<Vec<Target>, AssessError> {
        self.earnings.iter().map(|earning| earning.target(sale, ledger_zone)).collect()
    }
}

impl Earning {
    fn target(&self, sale: &Sale, ledger_zone: &Zone) -> Result<Target, AssessError> {
        let slot = slot_after(sale.occurred_at, self.hold_days, ledger_zone)
            .map_err(|source| AssessError::Slot { sale: sale.id.clone(), source })?;
        let slot = self.not_before.map_or(slot, |day| slot.max(Slot::of_day(day)));
        Ok(Target {
            partner: self.partner.clone(),
            part: self.part,
            amount: self.amount,
            clawback: self.clawback,
            slot,
            volume: self.volume,
            trace: self.trace.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
