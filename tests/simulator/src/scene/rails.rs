//! Payouts over a rail that moves by itself: what event-relay sends for them, how they end, and what holds of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cases::payouts::{Command, Moved, command};
use domain::id::PayoutId;
use domain::payout::{PayoutState, Word};
use domain::role::Role;
use queues::PayoutDue;
use store::payouts::StoredPayout;

use super::actors::{End, carry, look};
use super::settle::at_once;
use super::{Scene, Trouble};
use crate::database::{AttributeValue, Item, Place};
use crate::errands::person;
use crate::furniture::Unfurnished;
use crate::furniture::payees::has_form;
use crate::laws::{Breach, text};
use crate::plan::{HOUR_MS, What, partner_id};
use crate::rail::Transfer;

/// How often outcomes are looked for, four hours apart: twice as long as a key is trusted.
const LOOKS_MAX: usize = 12;

impl Scene<'_> {
    /// As event-relay reads the stream: whatever was handed to its rail, or is to be looked at there again, is a message.
    pub(super) fn relay(&mut self, places: &[Place]) {
        for place in places {
            let Some(message) = self.message_of(place) else { continue };
            self.carried.insert(message.clone());
            // A queue gives a message out at least once.
            for _ in 0..=u64::from(self.dice.percent(15)) {
                let at_ms = self.now_ms + self.dice.between(0, 90_000);
                self.plan_deed(at_ms, What::Carry { message: message.clone(), tries: 1 });
            }
        }
    }

    fn message_of(&self, place: &Place) -> Option<String> {
        let (before, after) = self.cloud.with_database(|database| database.last_two(place));
        let after = after.filter(|item| text(item, "entity") == "payout" && text(item, "state") == "submitting")?;
        let is_told = before.is_some_and(|before| before.get("moved_at") == after.get("moved_at"));
        let payout = (!is_told).then(|| PayoutId::parse(text(&after, "id")).ok())??;
        let due = PayoutDue { v: queues::VERSION, tenant: self.tenant.tenant().clone(), payout };
        serde_json::to_string(&due).ok()
    }

    /// PAY-7: however often the rail is asked, a payout is one payment.
    pub(super) fn paid_once(&mut self) -> Result<(), Trouble> {
        let transfers = self.transfers()?;
        self.tally.checked.add("transfers", transfers.len() as u64);
        let mut paid = BTreeSet::new();
        match transfers.into_iter().find(|transfer| !paid.insert(transfer.group.clone())) {
            Some(Transfer { group, .. }) => {
                Err(Breach { law: "transfers", found: format!("{group} was paid twice") }.into())
            }
            None => Ok(()),
        }
    }

    /// What is on its way arrives, is refused, or waits for people; and those say what they see at the rail.
    pub(super) fn settle_rails(&mut self) -> Result<(), Trouble> {
        let rows = self.rows();
        for id in payouts(&rows, "submitting") {
            // Its message may lie among the dead: finance has the rail looked at again.
            self.taken(&id, Role::FinanceManager, "finance", Command::Retry)?;
            self.now_ms += HOUR_MS;
            let due = PayoutDue { v: queues::VERSION, tenant: self.tenant.tenant().clone(), payout: id };
            let message = serde_json::to_string(&due).map_err(Unfurnished::because)?;
            self.carry_at_once(&message)?;
            self.carried.insert(message);
        }
        for _ in 0..LOOKS_MAX {
            if !self.rows().iter().any(|(_, item)| is_looked_for(item)) {
                break;
            }
            self.now_ms += 4 * HOUR_MS;
            self.look_at_once()?;
        }
        let rows = self.rows();
        if let Some((place, _)) = rows.iter().find(|(_, item)| is_looked_for(item)) {
            let found = format!("{} {} is looked for after two days", place.pk, place.sk);
            return Err(Breach { law: "outcomes", found }.into());
        }
        self.now_ms += HOUR_MS;
        for id in payouts(&rows, "outcome_unknown") {
            self.resolve(&id)?;
        }
        let rows = self.rows();
        for state in ["submitting", "outcome_unknown"] {
            if let Some(id) = payouts(&rows, state).first() {
                return Err(Breach { law: "outcomes", found: format!("{id} ends as {state}") }.into());
            }
        }
        self.tally.transfers += self.transfers()?.len() as u64;
        self.as_at_the_rail()
    }

    /// Two people look at the rail and say what they see.
    fn resolve(&mut self, id: &PayoutId) -> Result<(), Trouble> {
        let found = self.transfers()?.into_iter().find(|transfer| transfer.group == id.as_str());
        let word = found.map_or_else(
            || Word::NotPaid { reason: "it is not at the rail".to_owned() },
            |transfer| Word::Paid { completed_at: self.clock(), reference: transfer.id },
        );
        for (role, who) in [(Role::Admin, "admin"), (Role::FinanceManager, "finance")] {
            self.taken(id, role, who, Command::Resolve(word.clone()))?;
        }
        self.tally.resolved += 1;
        Ok(())
    }

    fn taken(&mut self, id: &PayoutId, role: Role, who: &str, wanted: Command) -> Result<(), Trouble> {
        let (who, clock) = (person(role, who), self.clock());
        let moved = at_once(command(&self.clients.store, &self.tenant, id, &wanted, &who, clock))?;
        match moved.map_err(Unfurnished::because)? {
            Moved::Done(_) => Ok(()),
            refused => {
                let found = format!("{id}: {wanted:?} is refused: {refused:?}");
                Err(Breach { law: "outcomes", found }.into())
            }
        }
    }

    /// Every message of a payout once more.
    pub(super) fn carry_all_again(&mut self) -> Result<(), Trouble> {
        for message in self.carried.clone() {
            self.carry_at_once(&message)?;
        }
        self.look_at_once()
    }

    fn carry_at_once(&mut self, message: &str) -> Result<(), Trouble> {
        self.cloud.with_rail(|rail| rail.set_now(self.now_ms));
        let end = at_once(carry(self.clients.clone(), message.to_owned(), self.clock()))?;
        self.ended_well(end, message)
    }

    fn look_at_once(&mut self) -> Result<(), Trouble> {
        self.cloud.with_rail(|rail| rail.set_now(self.now_ms));
        let end = at_once(look(self.clients.clone(), self.clock()))?;
        self.ended_well(end, "a look for outcomes")
    }

    fn ended_well(&self, end: End, what: &str) -> Result<(), Trouble> {
        match end {
            End::Done(Err(why)) => Err(Breach { law: "liveness", found: format!("{what}: {why}") }.into()),
            _ => Ok(()),
        }
    }

    fn transfers(&self) -> Result<Vec<Transfer>, Trouble> {
        Ok(self.cloud.with_rail(|rail| rail.transfers())?)
    }

    /// The transfers at the rail are the payouts that it has paid, each once and of what left; and no outcome is open.
    pub(super) fn as_at_the_rail(&mut self) -> Result<(), Trouble> {
        let (rows, mut transfers) = (self.rows(), BTreeMap::new());
        for transfer in self.transfers()? {
            if let Some(other) = transfers.insert(transfer.group.clone(), transfer) {
                return Err(Breach { law: "transfers", found: format!("{} was paid twice", other.group) }.into());
            }
        }
        let attempts = rows.values().filter(|item| text(item, "entity") == "attempt");
        // What the rail has refused for certain, and people then sent by hand, is none of its transfers.
        let (refused, asked): (Vec<_>, Vec<_>) = attempts.partition(|attempt| is_refused(attempt));
        let asked: BTreeSet<&str> = asked.into_iter().map(|attempt| text(attempt, "payout")).collect();
        self.tally.checked.add("outcomes", refused.len() as u64);
        for id in rows.values().filter(|item| text(item, "entity") == "payout").map(|item| text(item, "id")) {
            let stored = self.payout(id)?;
            let (state, leaves) = (&stored.payout.state, stored.payout.leaving().map(domain::money::Money::minor));
            let is_carried =
                asked.contains(id) && matches!(state, PayoutState::Paid { .. } | PayoutState::Returned { .. });
            let carried = transfers.remove(id).map(|transfer| transfer.amount);
            self.tally.checked.add("transfers", u64::from(is_carried));
            self.tally.checked.add("outcomes", u64::from(asked.contains(id)));
            if carried != if is_carried { leaves } else { None } {
                let found = format!("{id} is {}, {leaves:?} of it leaves, and the rail has {carried:?}", state.word());
                return Err(Breach { law: "transfers", found }.into());
            }
        }
        match transfers.into_keys().next() {
            Some(group) => {
                Err(Breach { law: "transfers", found: format!("{group} is no payout, and was paid") }.into())
            }
            None => Ok(()),
        }
    }

    /// V11: of each payout that was sent, 24 % is withheld to the cent where its payee has no form, and nothing where there
    /// is one.
    pub(super) fn as_withheld(&mut self) -> Result<(), Trouble> {
        let with_form: BTreeSet<String> =
            (0..self.plan.partners.len()).filter(|number| has_form(self.plan, *number)).map(partner_id).collect();
        let rows = self.rows();
        for id in rows.values().filter(|item| text(item, "entity") == "payout").map(|item| text(item, "id")) {
            let payout = self.payout(id)?.payout;
            let Some(net) = payout.net else { continue };
            let is_covered = with_form.contains(payout.partner.as_str());
            // Half a unit and more is one.
            let expected = if is_covered { 0 } else { (payout.amount.minor() * 24 + 50) / 100 };
            if net.withheld.minor() != expected {
                let found = format!("{id} of {}: {expected} should be withheld, {} is", payout.amount, net.withheld);
                return Err(Breach { law: "V11", found }.into());
            }
            self.tally.checked.add("V11 with a form", u64::from(is_covered));
        }
        Ok(())
    }

    fn payout(&self, id: &str) -> Result<StoredPayout, Trouble> {
        let id = PayoutId::parse(id).map_err(Unfurnished::because)?;
        let stored = at_once(self.clients.store.get_payout(&self.tenant, &id))?.map_err(Unfurnished::because)?;
        Ok(stored.ok_or_else(|| Unfurnished::because("a payout is gone"))?)
    }
}

/// The payouts that stand somewhere.
fn payouts(rows: &BTreeMap<Place, Arc<Item>>, state: &str) -> Vec<PayoutId> {
    let there = rows.values().filter(|item| text(item, "entity") == "payout" && text(item, "state") == state);
    there.filter_map(|item| PayoutId::parse(text(item, "id")).ok()).collect()
}

/// Has an attempt ended by a certain no?
fn is_refused(attempt: &Item) -> bool {
    matches!(attempt.get("ended"), Some(AttributeValue::M(ended)) if text(ended, "ended") == "refused")
}

/// Is the outcome of an attempt looked for from time to time?
fn is_looked_for(item: &Item) -> bool {
    text(item, "entity") == "attempt" && item.contains_key("desk_pk")
}
