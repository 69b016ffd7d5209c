//! Sales that a person or a bank has still to decide at the end of a world: what is held, and how it is decided (FRD-4, LED-5).

use std::collections::BTreeSet;

use domain::fact::PaymentKey;
use domain::id::SaleId;
use domain::time::Timestamp;
use model::{Fact, Model, Phase, Rule};
use store::{Store, TenantKey};

use super::actors::{End, record, run_errand};
use super::settle::at_once;
use super::{Scene, Trouble};
use crate::dice::Dice;
use crate::errands::{Errand, Office, Told};
use crate::facts::Dispute;
use crate::furniture::{Clients, receive};
use crate::laws::Breach;
use crate::plan::{Event, Plan};

/// How often whoever decides looks again: a person's hold may lie over that of a review.
const ROUNDS_MAX: usize = 3;
/// Of a hundred sales in doubt, so many stand.
const STAND_PERCENT: u64 = 60;

/// The payments whose commission is held: some signals of fraud go by what came before, so it is the product that knows.
///
/// # Errors
/// The store does not answer, or the plan names no payment.
pub async fn held_of(store: &Store, tenant: &TenantKey, plan: &Plan) -> Result<BTreeSet<String>, String> {
    let mut held = BTreeSet::new();
    for planned in &plan.sales {
        let payment = PaymentKey::parse(&planned.payment).map_err(|error| error.to_string())?;
        let sale = store.get_sale(tenant, &SaleId::of(&payment)).await.map_err(|error| error.to_string())?;
        if sale.is_some_and(|sale| sale.hold.is_some() && !sale.rejected) {
            held.insert(planned.payment.clone());
        }
    }
    Ok(held)
}

/// Whatever is held is released, and every dispute is won.
///
/// # Errors
/// Something cannot be decided.
pub async fn let_all_stand(clients: &Clients, tenant: &TenantKey, plan: &Plan, now: Timestamp) -> Result<(), String> {
    for name in ["review released", "release"] {
        for payment in held_of(&clients.store, tenant, plan).await? {
            let office =
                Office { store: clients.store.clone(), tenant: tenant.clone(), now, hold_days: plan.hold_days };
            let errand = Errand { name, payment, ..Errand::new() };
            match run_errand(office, errand).await {
                End::Told(told) => drop(told?),
                _ => return Err(format!("{name} does not end")),
            }
        }
    }
    if let Some(payment) = held_of(&clients.store, tenant, plan).await?.first() {
        return Err(format!("nobody can release {payment}"));
    }
    for (of, intent) in open_disputes(&plan.model(), plan) {
        let event = of.ended(&intent, "won", Phase::Won, now.as_millisecond());
        let message = receive(clients, tenant, &event).await.map_err(|error| error.to_string())?;
        match record(clients.clone(), vec![message], now).await {
            End::Batch(failed) if failed.is_empty() => {}
            _ => return Err(format!("{} is refused", event.body)),
        }
    }
    Ok(())
}

/// A dispute that nobody has won yet.
struct OpenDispute {
    id: String,
    amount: i64,
    currency: &'static str,
}

impl OpenDispute {
    /// Its end, as it is told.
    fn ended(&self, intent: &str, status: &str, phase: Phase, at_ms: i64) -> Event {
        let of = Dispute { id: &self.id, amount: self.amount, currency: self.currency, intent };
        let (body, told) = (of.told("closed", status, at_ms), vec![of.fact(phase)]);
        let id = format!("evt_{}_{status}", self.id);
        Event { provider: "stripe", kind: "dispute", id, at_ms, body, told, is_poison: false }
    }
}

/// The disputes of payments that were planned, each with its payment's name.
fn open_disputes(model: &Model, plan: &Plan) -> Vec<(OpenDispute, String)> {
    let bare = |key: &str| key.strip_prefix("stripe:").unwrap_or(key).to_owned();
    let open = model.open_disputes().filter_map(|(payment, dispute, amount)| {
        let (intent, id) = (bare(payment), bare(dispute));
        let planned = plan.sales.iter().find(|planned| planned.names.contains(&intent))?;
        let amount = i64::try_from(amount).ok()?;
        Some((OpenDispute { id, amount, currency: planned.currency }, intent))
    });
    open.collect()
}

impl Scene<'_> {
    /// The payments whose commission is held.
    pub(super) fn held(&self) -> Result<BTreeSet<String>, Trouble> {
        let held = at_once(held_of(&self.clients.store, &self.tenant, self.plan))?;
        held.map_err(|found| Breach { law: "liveness", found }.into())
    }

    /// Where what is in doubt keeps months from being counted, everything in doubt is decided, and the months come to what was
    /// decided. The model as they are counted; `None` where sales of a customer limit each other across partners, some of
    /// whom are counted before: those stay as they were, and the model has one count for all.
    pub(super) fn decide_doubts(&mut self, dice: &mut Dice, told: &Told) -> Result<Option<Model>, Trouble> {
        let mut model = self.model_with(told);
        let held = self.held()?;
        let adds = self.rules_ever(told).any(Rule::adds_to_months);
        if !adds || model.in_doubt(&held).is_empty() {
            return Ok(Some(model));
        }
        let before = model.earned_while(&held);
        for _ in 0..ROUNDS_MAX {
            for payment in self.held()? {
                for fact in self.decide_hold(&payment, dice.percent(STAND_PERCENT))? {
                    model.tell(&fact);
                }
            }
        }
        if let Some(payment) = self.held()?.first() {
            return Err(Breach { law: "liveness", found: format!("nobody can decide {payment}") }.into());
        }
        for fact in self.decide_disputes(&model, dice)? {
            model.tell(&fact);
        }
        self.run_night()?;
        self.run_night()?;
        if self.rules_ever(told).any(|rule| rule.occurrences.is_some()) {
            self.verified()?;
            return Ok(None);
        }
        let earned = model.earned();
        let changed = earned.periods.iter().filter(|(name, amount)| before.periods.get(*name) != Some(*amount)).count();
        self.tally.checked.add("doubts decided", changed as u64);
        self.comes_to(&self.rows(), earned, &told.booked, ["doubts decided"; 2])?;
        Ok(Some(model))
    }

    /// Every rule that a sale may have been looked at by, those that a recompute has replaced as well.
    fn rules_ever<'t>(&'t self, told: &'t Told) -> impl Iterator<Item = &'t Rule> {
        let replacing = told.facts.iter().filter_map(|fact| match fact {
            Fact::Repriced { rule, .. } => Some(rule),
            _ => None,
        });
        self.plan.terms.rules.iter().chain(replacing)
    }

    /// A person looks at what is held: by its review, where signals hold it, or by hand.
    fn decide_hold(&mut self, payment: &str, stands: bool) -> Result<Vec<Fact>, Trouble> {
        let names = if stands { ["review released", "release"] } else { ["review rejected", "reject"] };
        let mut facts = Vec::new();
        for name in names {
            let office = Office {
                store: self.clients.store.clone(),
                tenant: self.tenant.clone(),
                now: self.clock(),
                hold_days: self.plan.hold_days,
            };
            let errand = Errand { name, payment: payment.to_owned(), ..Errand::new() };
            match at_once(run_errand(office, errand))? {
                End::Told(Ok(told)) => {
                    self.note(|| format!("in the end {name} {payment}: {}", told.answer));
                    facts.extend(told.facts);
                }
                End::Told(Err(why)) => {
                    return Err(Breach { law: "liveness", found: format!("{name} of {payment}: {why}") }.into());
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    /// The banks decide.
    fn decide_disputes(&mut self, model: &Model, dice: &mut Dice) -> Result<Vec<Fact>, Trouble> {
        let mut facts = Vec::new();
        for (of, intent) in open_disputes(model, self.plan) {
            let (status, phase) = if dice.percent(STAND_PERCENT) { ("won", Phase::Won) } else { ("lost", Phase::Lost) };
            self.note(|| format!("in the end {intent} is {status} at its bank"));
            facts.extend(self.tell(of.ended(&intent, status, phase, self.now_ms))?);
        }
        Ok(facts)
    }
}
