//! Behind the end: the month is counted, and then more of it comes back (COM-22).

use std::collections::BTreeMap;

use model::{Amount, Earned, Fact, Model, Paid};

use super::actors::{End, record, run_errand};
use super::settle::at_once;
use super::{Scene, Trouble};
use crate::dice::Dice;
use crate::errands::{Errand, Office, Told};
use crate::facts::Refund;
use crate::furniture::{Unfurnished, receive};
use crate::laws::Breach;
use crate::plan::{DAY_MS, Event, Style};

/// Apart from the dice that drew the rest.
const AFTERWARDS: u64 = 0x6166_7465;
/// Behind so many days the month in which it comes back is counted, too.
const MONTH_MS: i64 = 36 * DAY_MS;
/// It comes back in so many months.
const LOTS: usize = 2;
/// In so many of a hundred worlds all of it has come back in the end.
const ALL_PERCENT: u64 = 35;
/// Of a hundred sales, so many come back at a time.
const SOME_PERCENT: u64 = 40;
/// Laws of what comes back: of sales, and of what stands beside them.
const LAWS: [&str; 2] = ["behind the count", "bands given back"];

impl Scene<'_> {
    /// In worlds whose sales follow each other: some of what was counted comes back, or all of it, month by month.
    pub(super) fn afterwards(&mut self, told: &Told) -> Result<(), Trouble> {
        if self.plan.style != Style::Ordered {
            return Ok(());
        }
        let mut dice = Dice::new(self.plan.seed ^ AFTERWARDS);
        let ends_with_nothing = dice.percent(ALL_PERCENT);
        let Some(counted) = self.decide_doubts(&mut dice, told)? else { return Ok(()) };
        let (mut now, mut before) = (counted.clone(), counted.earned());
        for lot in 0..LOTS {
            let is_all = ends_with_nothing && lot + 1 == LOTS;
            now = self.come_back(&mut dice, (&now, &before), (lot, if is_all { 100 } else { SOME_PERCENT }))?;
            let earned = counted.earned_by(&now);
            self.tally.checked.add(LAWS[0], changed(&before.sales, &earned.sales));
            self.tally.checked.add(LAWS[1], changed(&before.periods, &earned.periods));
            self.run_night()?;
            self.comes_to(&self.rows(), earned.clone(), &told.booked, LAWS)?;
            // And once the month in which it came back is counted, too.
            self.now_ms += MONTH_MS;
            self.run_night()?;
            self.run_night()?;
            self.comes_to(&self.rows(), earned.clone(), &told.booked, LAWS)?;
            before = earned;
        }
        self.verified()
    }

    /// Refunds and rejections of what is left of sales.
    fn come_back(
        &mut self,
        dice: &mut Dice,
        (before, earned): (&Model, &Earned),
        (lot, share): (usize, u64),
    ) -> Result<Model, Trouble> {
        let mut now = before.clone();
        for (number, sale) in before.payments().enumerate() {
            let left = i64::try_from(before.left_of(sale)).map_err(Unfurnished::because)?;
            if left == 0 || !dice.percent(share) {
                continue;
            }
            // What caps had left of a sale of which a part comes back is the product's to say: the model knows all or nothing.
            let in_part = share != 100 && !self.plan.has_caps() && dice.percent(50);
            let amount = if in_part { dice.between(1, left) } else { left };
            let is_worth = earned.sales.iter().any(|((payment, ..), net)| *payment == sale.payment && *net != 0);
            let name = format!("re_afterwards_{lot}_{number}");
            for fact in self.comes_back(sale, (&name, amount), (in_part || dice.percent(70), is_worth))? {
                now.tell(&fact);
            }
        }
        Ok(now)
    }

    /// Of one sale, by a refund where its provider tells of refunds one by one, else by a person's word.
    fn comes_back(
        &mut self,
        sale: &Paid,
        (id, amount): (&str, i64),
        (by_refund, is_worth): (bool, bool),
    ) -> Result<Vec<Fact>, Trouble> {
        let planned = self.plan.sales.iter().find(|planned| planned.payment == sale.payment);
        match planned.filter(|_| by_refund) {
            Some(planned) => {
                let of = Refund { id, amount, currency: planned.currency, intent: &planned.names[0] };
                self.refunded(&of)
            }
            None => self.rejected(sale, is_worth),
        }
    }

    fn refunded(&mut self, of: &Refund<'_>) -> Result<Vec<Fact>, Trouble> {
        let body = of.told("created", "succeeded", self.now_ms, self.now_ms);
        let (id, at_ms, told) = (format!("evt_{}", of.id), self.now_ms, vec![of.fact()]);
        let event = Event { provider: "stripe", kind: "refund", id, at_ms, body, told, is_poison: false };
        self.note(|| format!("behind the count {} goes back of {}", of.amount, of.intent));
        self.tell(event)
    }

    /// A provider tells of something, twice: a queue gives a message out at least once.
    pub(super) fn tell(&mut self, event: Event) -> Result<Vec<Fact>, Trouble> {
        let message = at_once(receive(self.clients, &self.tenant, &event))??;
        for _ in 0..2 {
            let end = at_once(record(self.clients.clone(), vec![message.clone()], self.clock()))?;
            if !matches!(&end, End::Batch(failed) if failed.is_empty()) {
                let found = format!("{} is refused at the end: {}", event.kind, event.body);
                return Err(Breach { law: "liveness", found }.into());
            }
        }
        Ok(event.told)
    }

    /// What is worth something can be rejected, unless a review of fraud has the word.
    fn rejected(&mut self, sale: &Paid, is_worth: bool) -> Result<Vec<Fact>, Trouble> {
        let (store, tenant) = (self.clients.store.clone(), self.tenant.clone());
        let office = Office { store, tenant, now: self.clock(), hold_days: self.plan.hold_days };
        let errand = Errand { name: "reject", payment: sale.payment.clone(), ..Errand::new() };
        match at_once(run_errand(office, errand))? {
            End::Told(Ok(told)) => {
                self.note(|| format!("behind the count {} is rejected: {}", sale.payment, told.answer));
                if is_worth && told.facts.is_empty() && !told.answer.contains("HeldForRisk") {
                    let found = format!("{} is not rejected behind the count: {}", sale.payment, told.answer);
                    return Err(Breach { law: LAWS[0], found }.into());
                }
                Ok(told.facts)
            }
            End::Told(Err(why)) => {
                let found = format!("{} cannot be rejected behind the count: {why}", sale.payment);
                Err(Breach { law: "liveness", found }.into())
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// How many figures are others than before.
fn changed<K: Ord>(before: &BTreeMap<K, Amount>, now: &BTreeMap<K, Amount>) -> u64 {
    now.iter().filter(|(key, amount)| before.get(*key) != Some(*amount)).count() as u64
}
