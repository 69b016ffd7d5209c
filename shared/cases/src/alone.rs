//! What a sale earns alone: what the rules give for it where nothing is known of other sales. Whoever books a sale, decides
//! it anew or credits it by hand, books this; what depends on other sales is provisional, and the night puts it right.

mod back;

use std::collections::BTreeMap;

use domain::assess::{AssessError, History, ProgramRules, Scope, assess};
use domain::attribution::Credit;
use domain::attribution::customer::Customer;
use domain::fact::SaleType;
use domain::id::ProgramId;
use domain::line::Account;
use domain::money::Money;
use domain::month::Month;
use domain::retarget::Target;
use domain::sale::Sale;
use domain::time::{DateOutOfRange, Zone};
use store::{Store, StoreError, TenantKey};
use thiserror::Error;

use crate::adjust::counts_in::Counting;
use crate::adjust::load::{Frames, is_capped_as_a_whole};

/// Where it is asked, and what is known there already.
pub struct Alone<'a> {
    /// The store.
    pub store: &'a Store,
    /// The tenant.
    pub tenant: &'a TenantKey,
    /// The ledger's zone.
    pub ledger_zone: &'a Zone,
    /// The programmes, where they were read.
    pub frames: Option<&'a Frames>,
    /// The months, where they were read.
    pub counting: Option<&'a Counting>,
    /// How far accounts are frozen.
    pub frozen: Frozen<'a>,
}

/// How far accounts are frozen.
#[derive(Clone, Copy)]
pub enum Frozen<'a> {
    /// The heads say it.
    Read,
    /// It is known where it matters: a booking into a month that turns out to be frozen is refused, and asks again.
    Known(&'a (dyn Fn(&Account) -> Option<Month> + Sync)),
}

/// What a sale earns alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// A target for each position; none where no programme had a rule in force.
    pub targets: Vec<Target>,
    /// Programmes with a cap over all partners: a month that one of them has frozen when this is booked is not to be booked
    /// to.
    pub open_in: Vec<ProgramId>,
}

/// Why that cannot be said.
#[derive(Debug, Error)]
pub enum AloneError {
    /// The store.
    #[error("reading what a sale is assessed by")]
    Store(#[from] StoreError),
    /// The rules cannot be computed.
    #[error("computing what a sale earns alone")]
    Assess(#[from] AssessError),
    /// The calendar ends.
    #[error("finding the month in which a sale counts")]
    Month(#[from] DateOutOfRange),
}

/// What is known of a customer from their own item: enough for what a sale is.
#[must_use]
pub fn history_of(customer: &Customer) -> History {
    let Customer { first_paid, signed_up, .. } = customer;
    History { first_paid: first_paid.clone(), signed_up: signed_up.clone(), ..History::default() }
}

/// A sale of nothing is of the currency of the programme that rewards it; until then of no matter which. Whoever credits one
/// asks this first, or its reward would be of another currency, and nothing.
///
/// # Errors
/// The store does not answer.
pub async fn settle_currency(store: &Store, tenant: &TenantKey, sale: &mut Sale) -> Result<(), StoreError> {
    let is_of_nothing = matches!(sale.event_type, SaleType::SignUp | SaleType::QualifiedLead);
    let Some(credit) = sale.decision.credits().first().filter(|_| is_of_nothing && sale.lines.is_empty()) else {
        return Ok(());
    };
    if let Some(program) = store.get_program(tenant, &credit.program).await? {
        let nothing = Money::zero(program.currency);
        (sale.paid, sale.total, sale.tax) = (nothing, nothing, nothing);
        (sale.shipping, sale.fees, sale.refunded) = (nothing, nothing, nothing);
    }
    Ok(())
}

impl Alone<'_> {
    /// What a sale earns alone, by its decision. `until_now` are those who are credited with it until now: for them it
    /// counts where it does, for others it begins to.
    ///
    /// # Errors
    /// The store does not answer, amounts are out of range, or the calendar ends.
    pub async fn worth(
        &self,
        sale: &Sale,
        until_now: &[Credit],
        history: Option<History>,
    ) -> Result<Worth, AloneError> {
        let (mut programs, mut late, mut open_in) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for credit in sale.decision.credits() {
            let rules = match programs.remove(&credit.program) {
                Some(rules) => rules,
                None => match self.rules(&credit.program).await? {
                    Some(rules) => rules,
                    None => continue,
                },
            };
            if let Some(month) = self.late_in(sale, (credit, until_now), &rules).await? {
                late.insert((sale.id.clone(), credit.partner.clone()), month);
            }
            if is_capped_as_a_whole(&rules) && !open_in.contains(&credit.program) {
                open_in.push(credit.program.clone());
            }
            programs.insert(credit.program.clone(), rules);
        }
        let histories = sale.customer.iter().cloned().zip(history).collect();
        let scope = Scope {
            sales: vec![sale],
            programs: &programs,
            histories: &histories,
            standings: &BTreeMap::new(),
            late: &late,
        };
        let earned = assess(&scope)?.sales.pop();
        let mut targets = earned.map(|earned| earned.targets(sale, self.ledger_zone)).transpose()?.unwrap_or_default();
        self.begin(sale, until_now, &programs, &mut targets).await?;
        Ok(Worth { targets, open_in })
    }

    async fn rules(&self, program: &ProgramId) -> Result<Option<ProgramRules>, StoreError> {
        if let Some(frames) = self.frames {
            return Ok(frames.get(program).map(|frame| frame.rules.clone()));
        }
        let Some(found) = self.store.get_program(self.tenant, program).await? else { return Ok(None) };
        let versions = self.store.list_rules(self.tenant, program).await?;
        Ok(Some(ProgramRules { zone: found.zone, versions }))
    }

    /// The month in which a sale counts for a partner, where its own is frozen.
    async fn late_in(
        &self,
        sale: &Sale,
        (credit, until_now): (&Credit, &[Credit]),
        rules: &ProgramRules,
    ) -> Result<Option<Month>, AloneError> {
        let known = self.counting.and_then(|counting| counting.get(&(sale.id.clone(), credit.partner.clone())));
        // COM-10: for whoever had it once and has it again it is as new: that month may be frozen by now.
        if let Some(known) = known.filter(|_| back::has(until_now, &credit.partner)) {
            return Ok(known.late.then_some(known.month));
        }
        let account = Account { partner: credit.partner.clone(), currency: sale.paid.currency() };
        let of_account = match self.frozen {
            Frozen::Read => self.store.get_head(self.tenant, &account).await?.frozen,
            Frozen::Known(frozen) => frozen(&account),
        };
        // COM-10: a cap over all partners that is used up is so for those who sold nothing in the month, too.
        let of_all = if is_capped_as_a_whole(rules) {
            self.store.get_program_closing(self.tenant, &credit.program).await?.frozen
        } else {
            None
        };
        let frozen = of_account.max(of_all);
        let own = Month::of(rules.zone.day_of(sale.occurred_at));
        // COM-21: it counts in the first month that is not.
        Ok(frozen.filter(|frozen| *frozen >= own).map(Month::successor).transpose()?)
    }
}
