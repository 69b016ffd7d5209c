//! What the rules give for one sale at its booking. What depends on other sales is provisional: the night knows them.

use std::collections::BTreeMap;

use cases::adjust::load::closed;
use domain::assess::{History, ProgramRules, Scope, assess};
use domain::attribution::NobodyReason;
use domain::attribution::customer::Customer;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::line::Account;
use domain::month::Month;
use domain::retarget::Target;
use domain::sale::{Decision, Sale};

use crate::booking::{BookingError, Fences, Recorder};

impl Recorder<'_> {
    /// A target for each position. Without a rule in force the sale is nobody's, with that reason.
    pub(crate) async fn targets_of(
        &self,
        sale: &mut Sale,
        customer: Option<&Customer>,
        fences: &Fences,
    ) -> Result<Vec<Target>, BookingError> {
        self.settle_currency(sale).await?;
        let programs = self.programs_of(sale).await?;
        let late = self.late_in(sale, &programs, fences).await?;
        let history = |known: &Customer| History {
            first_paid: known.first_paid.clone(),
            signed_up: known.signed_up.clone(),
            ..History::default()
        };
        let histories = sale.customer.iter().cloned().zip(customer.map(history)).collect();
        let standings = BTreeMap::new();
        let scope = Scope {
            sales: vec![&*sale],
            programs: &programs,
            histories: &histories,
            standings: &standings,
            late: &late,
        };
        let earned = assess(&scope)?.sales.pop();
        let targets = earned.map(|earned| earned.targets(sale, self.ledger_zone)).transpose()?.unwrap_or_default();
        if targets.is_empty() && !sale.decision.credits().is_empty() {
            let losers = sale.decision.losers().to_vec();
            sale.decision = Decision::Nobody { reason: NobodyReason::NoRule, losers };
        }
        Ok(targets)
    }

    /// The rules of the programmes that a sale is credited under.
    async fn programs_of(&self, sale: &Sale) -> Result<BTreeMap<ProgramId, ProgramRules>, BookingError> {
        let mut programs = BTreeMap::new();
        for credit in sale.decision.credits() {
            if programs.contains_key(&credit.program) {
                continue;
            }
            let Some(program) = self.store.get_program(self.tenant, &credit.program).await? else { continue };
            let versions = self.store.list_rules(self.tenant, &credit.program).await?;
            programs.insert(credit.program.clone(), ProgramRules { zone: program.zone, versions });
        }
        Ok(programs)
    }

    /// Whose account has frozen the month of the sale already, as far as heads were read, or whose programme has counted
    /// it for all: there it counts in the month after those.
    async fn late_in(
        &self,
        sale: &Sale,
        programs: &BTreeMap<ProgramId, ProgramRules>,
        fences: &Fences,
    ) -> Result<BTreeMap<(SaleId, PartnerId), Month>, BookingError> {
        let mut late = BTreeMap::new();
        for credit in sale.decision.credits() {
            let account = Account { partner: credit.partner.clone(), currency: sale.paid.currency() };
            let Some(rules) = programs.get(&credit.program) else { continue };
            let frozen = fences.frozen(&account).max(closed(self.store, self.tenant, (&credit.program, rules)).await?);
            let Some(frozen) = frozen else { continue };
            if Month::of(rules.zone.day_of(sale.occurred_at)) <= frozen {
                late.insert((sale.id.clone(), credit.partner.clone()), frozen.successor()?);
            }
        }
        Ok(late)
    }
}
