//! The end of a world: the clouds clear, the queues run dry, everything matures, and every law is checked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use domain::fact::{DisputePhase, PaymentKey};
use domain::id::SaleId;
use domain::line::Place::Held;
use domain::time::Timestamp;
use futures::FutureExt;
use model::Fact;

use super::actors::{End, run_errand};
use super::{Scene, Trouble};
use crate::database::{Item, Place};
use crate::errands::{Errand, Office, Told};
use crate::furniture::{Unfurnished, instant};
use crate::laws::{Breach, entries, nets, text};
use crate::plan::{DAY_MS, DAYS_MAX, START_MS, What};

/// By then every hold is over.
const END_MS: i64 = START_MS + (DAYS_MAX + 40) * DAY_MS;
/// In each so many worlds the journal is verified, too.
const JOURNAL_EACH: u64 = 8;
/// How often what failed is tried in full health before it is called stuck.
const ROUNDS_MAX: usize = 4;

impl Scene<'_> {
    /// Everything that is left is delivered, nights run, and the laws are checked.
    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        self.cloud.with_database(|database| database.shorten_pages(None));
        // What is within a month is all told before a night settles it, and that night comes weeks later.
        self.now_ms = self.now_ms.max(END_MS);
        self.deliver_all(false)?;
        self.settle_rails()?;
        let told = self.run_errands_again()?;
        self.run_night()?;
        self.run_night()?;
        let before = self.rows();
        // V12: every message once more, and another night over what is settled.
        self.deliver_all(true)?;
        self.run_night()?;
        self.carry_all_again()?;
        self.unchanged(&before)?;
        // What is redelivered may move money and write nothing: the rail is looked at, too.
        self.as_at_the_rail()?;
        self.tally.checked.add("V12", 1);
        self.verified()?;
        self.as_withheld()?;
        self.as_modelled(&before, &told)?;
        self.held_whole()?;
        self.afterwards(&told)
    }

    /// Whoever was sent and heard no answer asks once more: what the ledger then says is what holds.
    fn run_errands_again(&mut self) -> Result<Told, Trouble> {
        let errands = self.plan.deeds.iter().filter_map(|deed| match &deed.what {
            What::Errand(errand) => Some(errand),
            _ => None,
        });
        let mut again: Vec<(u8, &Errand)> =
            errands.filter_map(|errand| Some((errand.kind().and_then(|kind| kind.again)?, errand))).collect();
        again.sort_by_key(|(rank, _)| *rank);
        let mut all = Told::default();
        for (_, errand) in again {
            let (store, tenant) = (self.clients.store.clone(), self.tenant.clone());
            let office = Office { store, tenant, now: self.clock(), hold_days: self.plan.hold_days };
            match at_once(run_errand(office, errand.clone()))? {
                End::Told(Ok(told)) => {
                    self.note(|| format!("at the end {} {}: {}", errand.name, errand.payment, told.answer));
                    all.facts.extend(told.facts);
                    all.booked.extend(told.booked);
                }
                End::Told(Err(why)) => {
                    let found = format!("{} of {} cannot be done: {why}", errand.name, errand.payment);
                    return Err(Breach { law: "liveness", found }.into());
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// LED-5: what is held is held whole, and nothing is held that nobody holds.
    fn held_whole(&mut self) -> Result<(), Trouble> {
        for planned in &self.plan.sales {
            let sale = at_once(self.clients.store.get_sale(&self.tenant, &sale_id(&planned.payment)?))?;
            let Some(sale) = sale.map_err(Unfurnished::because)? else { continue };
            // What went back, is gone, or may still go: from all of the payment on, all of it is at stake.
            let open = sale.disputed(DisputePhase::Opened);
            let gone = sale.refunded.minor() + sale.disputed(DisputePhase::Lost);
            let (mut net, mut held) = (0, 0);
            for line in &sale.lines {
                let minor = i128::from(line.amount.minor());
                net += minor;
                held += if line.place == Held { minor } else { 0 };
            }
            let is_all_at_stake = open > 0 && gone + open >= sale.paid.minor();
            let expected = if sale.hold.is_some() || is_all_at_stake { net } else { 0 };
            let is_part_at_stake = open > 0 && sale.hold.is_none() && !is_all_at_stake;
            let is_right = if is_part_at_stake { (0..=net).contains(&held) } else { held == expected };
            if !is_right {
                let found = format!("{}: {expected} should be held, {held} is", planned.payment);
                return Err(Breach { law: "holds", found }.into());
            }
            self.tally.checked.add("holds", u64::from(held != 0));
        }
        Ok(())
    }

    pub(super) fn rows(&self) -> BTreeMap<Place, Arc<Item>> {
        let tenant = self.tenant.tenant().as_str();
        self.cloud.with_database(|database| database.committed(tenant))
    }

    /// Each event comes out of the queue once more, in some order, in full health.
    fn deliver_all(&mut self, is_again: bool) -> Result<(), Trouble> {
        let mut left: Vec<usize> =
            (0..self.plan.events.len()).filter(|event| is_again || !self.booked[*event]).collect();
        for _ in 0..ROUNDS_MAX {
            self.dice.shuffle(&mut left);
            let mut failed = Vec::new();
            for event in left {
                if !self.deliver(event)? {
                    failed.push(event);
                }
            }
            left = failed.into_iter().filter(|event| !self.plan.events[*event].is_poison).collect();
            if left.is_empty() {
                self.tally.checked.add("liveness", 1);
                return Ok(());
            }
        }
        let event = &self.plan.events[left[0]];
        let found = format!("{} {} is refused each time: {}", event.kind, event.id, event.body);
        Err(Breach { law: "liveness", found }.into())
    }

    /// One event comes out of the queue; `false` when it is refused.
    fn deliver(&mut self, event: usize) -> Result<bool, Trouble> {
        if self.plan.events[event].is_poison {
            return self.refused_alone(event).map(|()| false);
        }
        let bodies = vec![self.messages[event].clone()];
        let end = at_once(super::actors::record(self.clients.clone(), bodies, self.clock()))?;
        Ok(matches!(&end, End::Batch(failed) if failed.is_empty()))
    }

    /// What no one can read is refused by itself, and not whoever comes in one batch with it.
    fn refused_alone(&mut self, poison: usize) -> Result<(), Trouble> {
        let events = &self.plan.events;
        let is_good = |event: &usize| self.booked[*event] && !events[*event].is_poison;
        let neighbour = (poison + 1..events.len()).chain(0..poison).find(is_good);
        let batch = [poison].into_iter().chain(neighbour);
        let bodies = batch.map(|event| self.messages[event].clone()).collect();
        let end = at_once(super::actors::record(self.clients.clone(), bodies, self.clock()))?;
        let End::Batch(failed) = end else {
            return Err(Breach { law: "poison", found: format!("{}: no batch is answered", events[poison].id) }.into());
        };
        if failed != [0] {
            let beside = neighbour.map_or("nothing", |event| events[event].id.as_str());
            let found = format!("{} at place 0 beside {beside}: places {failed:?} are refused", events[poison].id);
            return Err(Breach { law: "poison", found }.into());
        }
        self.tally.checked.add("poison", u64::from(neighbour.is_some()));
        Ok(())
    }

    pub(super) fn clock(&self) -> Timestamp {
        instant(self.now_ms)
    }

    /// A night and its visits, in full health.
    pub(super) fn run_night(&mut self) -> Result<(), Trouble> {
        let clock = self.clock();
        let end = at_once(super::actors::night(self.clients.clone(), self.tenant.clone(), clock, clock))?;
        let mut troubles: Vec<String> = Vec::new();
        if let End::Done(Err(why)) = end {
            troubles.push(format!("the night at {clock}: {why}"));
        }
        for message in self.cloud.take_sent() {
            if let End::Done(Err(why)) = at_once(super::actors::visit(self.clients.clone(), message.clone(), clock))? {
                troubles.push(format!("{message}: {why}; {}", self.told_of_failures()));
            }
        }
        match troubles.pop() {
            Some(found) => Err(Breach { law: "liveness", found }.into()),
            None => {
                self.now_ms += DAY_MS;
                Ok(())
            }
        }
    }

    /// What the records of nights say of units that failed.
    fn told_of_failures(&self) -> String {
        let rows = self.rows();
        let failed = rows.values().filter(|item| text(item, "outcome") == "failed");
        failed.map(|item| format!("{item:?}")).collect::<Vec<_>>().join("; ")
    }

    /// V12: running any batch or delivering any message again changes nothing. A night leaves its own record.
    fn unchanged(&self, before: &BTreeMap<Place, Arc<Item>>) -> Result<(), Trouble> {
        let after = self.rows();
        let is_record = |place: &Place| place.pk.ends_with("#runs") || place.pk.contains("#run#");
        for (place, item) in after.iter().filter(|(place, _)| !is_record(place)) {
            if before.get(place).map(|item| settled(place, item)) != Some(settled(place, item)) {
                let was = before.get(place).map_or_else(|| "nothing".to_owned(), |item| format!("{item:?}"));
                let found = format!("{} / {} was {was}, is {item:?}", place.pk, place.sk);
                return Err(Breach { law: "V12", found }.into());
            }
        }
        match before.keys().find(|place| !after.contains_key(place)) {
            Some(place) => Err(Breach { law: "V12", found: format!("{} / {} is gone", place.pk, place.sk) }.into()),
            None => Ok(()),
        }
    }

    /// V1 to V14 as the product's own verification sees them.
    pub(super) fn verified(&mut self) -> Result<(), Trouble> {
        // The journal is walked day by day: in some worlds, or every world would be half a verification.
        let days = (START_MS - DAY_MS, self.now_ms + DAY_MS);
        let day = |ms| domain::time::Zone::utc().day_of(instant(ms));
        let journal = self.plan.seed.is_multiple_of(JOURNAL_EACH).then(|| (day(days.0), day(days.1)));
        let scope = cases::verify::Scope { journal };
        let verified = at_once(cases::verify::verify_within(&self.clients.store, &self.tenant, &scope))?;
        let verified = verified.map_err(|error| Breach { law: "V14", found: error.to_string() })?;
        if let Some(breach) = verified.breaches.first() {
            return Err(Breach { law: breach.law, found: breach.to_string() }.into());
        }
        self.tally.lines = verified.lines;
        let (lines, closes) = (verified.lines, verified.closes);
        let paid = self.tally.paid;
        // Of a world in which nothing was withheld, V11 says nothing.
        let withheld = verified.withheld.values().filter(|minor| **minor > 0).count() as u64;
        for (law, times) in [
            ("V1", lines + closes),
            ("V2", verified.accounts),
            ("V3", verified.accounts),
            ("V4", verified.payouts),
            ("V5", verified.payouts),
            ("V7", lines),
            ("V8", paid),
            ("V9", verified.sales),
            ("V9 journal", verified.facts),
            ("V10", verified.audit_entries),
            ("V11", withheld),
            ("V14", closes),
        ] {
            self.tally.checked.add(law, times);
        }
        Ok(())
    }

    /// The ledger comes to what the model says.
    fn as_modelled(&mut self, rows: &BTreeMap<Place, Arc<Item>>, told: &Told) -> Result<(), Trouble> {
        let model = self.model_with(told);
        for (customer, credits) in model.bindings() {
            self.bound(&customer, &credits)?;
        }
        self.decided(&model, told)?;
        if !self.plan.is_modelled() {
            return Ok(());
        }
        let held = self.held()?;
        let earned = model.earned_while(&held);
        self.tally.checked.add("V13", earned.sales.len() as u64);
        let others_than_zero = |nets: &mut dyn Iterator<Item = &i128>| nets.filter(|net| **net != 0).count() as u64;
        self.tally.checked.add("model", others_than_zero(&mut earned.sales.values()));
        self.tally.checked.add("periods", others_than_zero(&mut earned.periods.values()));
        self.comes_to(rows, earned, &told.booked, ["model", "periods"])
    }

    /// The model, with what errands came to.
    pub(super) fn model_with(&self, told: &Told) -> model::Model {
        let mut model = self.plan.model();
        told.facts.iter().for_each(|fact| model.tell(fact));
        model
    }

    /// Each sale comes to what it should, and each account beside its sales.
    pub(super) fn comes_to(
        &mut self,
        rows: &BTreeMap<Place, Arc<Item>>,
        earned: model::Earned,
        booked: &[(String, String, i128)],
        [of_sales, beside]: [&'static str; 2],
    ) -> Result<(), Trouble> {
        let (mut expected, mut names, expected_beside) = (BTreeMap::new(), BTreeMap::new(), earned.beside());
        for ((payment, partner, currency), net) in earned.sales {
            let sale = sale_id(&payment)?.to_string();
            names.insert(sale.clone(), payment);
            expected.insert((sale, partner, currency), net);
        }
        let found = nets(rows);
        if let Some((key, net)) = differing(&expected, &found).into_iter().next() {
            let name = names.get(&key.0).map_or("", String::as_str);
            let found = format!("{name} {key:?}: the model says {}, the ledger {}", net.0, net.1);
            self.tell_lines(rows, &key.0, (&key.1, &key.2));
            return Err(Breach { law: of_sales, found }.into());
        }
        let mut expected = expected_beside;
        for (partner, currency, minor) in booked {
            *expected.entry((partner.clone(), currency.clone())).or_default() += minor;
        }
        if let Some((key, net)) = differing(&expected, &entries(rows)).into_iter().next() {
            let found = format!("{key:?}: the model says {} beside all sales, the ledger {}", net.0, net.1);
            self.tell_lines(rows, "", (&key.0, &key.1));
            return Err(Breach { law: beside, found }.into());
        }
        Ok(())
    }

    /// What an account's lines say, for whoever looks for the reason: and those of one sale, wherever they are.
    fn tell_lines(&mut self, rows: &BTreeMap<Place, Arc<Item>>, sale: &str, (partner, currency): (&str, &str)) {
        for (place, item) in rows {
            let Some((_, owner)) = place.pk.split_once("#account#") else { continue };
            let Some((of, line)) = place.sk.split_once("#line#") else { continue };
            let is_its_own = owner == partner && of == currency;
            if is_its_own || (!sale.is_empty() && line.contains(sale)) {
                self.note(|| {
                    format!("{owner} {} {}", place.sk, serde_json::to_string(item.as_ref()).unwrap_or_default())
                });
            }
        }
    }

    /// V9: each sale is whose the model says.
    fn decided(&mut self, model: &model::Model, told: &Told) -> Result<(), Trouble> {
        for (payment, credits) in model.decisions() {
            // Whoever had it when it was rejected has it for good.
            if told.facts.contains(&Fact::Rejected { payment: payment.to_owned() }) {
                continue;
            }
            let sale = at_once(self.clients.store.get_sale(&self.tenant, &sale_id(payment)?))?;
            let sale = sale.map_err(Unfurnished::because)?;
            let found = sale.map(|sale| parts_of(&sale.decision)).unwrap_or_default();
            if found != parts(&credits) {
                let found = format!("{payment}: the model says {:?}, the ledger {found:?}", parts(&credits));
                return Err(Breach { law: "decisions", found }.into());
            }
            self.tally.checked.add("decisions", 1);
            self.tally.checked.add("shares", u64::from(found.len() > 1));
        }
        Ok(())
    }

    fn bound(&mut self, customer: &str, credits: &[model::Credit]) -> Result<(), Trouble> {
        let key = PaymentKey::parse(customer).map_err(Unfurnished::because)?;
        let known = at_once(self.clients.store.get_customer(&self.tenant, &key))?.map_err(Unfurnished::because)?;
        // Of a sale that is still to come.
        let found = known.map(|known| parts_of(&known.decide(self.clock(), None))).unwrap_or_default();
        if found != parts(credits) {
            let found = format!("{customer}: the model says {:?}, the ledger {found:?}", parts(credits));
            return Err(Breach { law: "bindings", found }.into());
        }
        self.tally.checked.add("bindings", 1);
        Ok(())
    }
}

/// Who has which part of a sale, as the model says it.
fn parts(credits: &[model::Credit]) -> Vec<(String, i128)> {
    credits.iter().map(|credit| (credit.partner.clone(), credit.weight)).collect()
}

/// The same, as the ledger has it.
fn parts_of(decision: &domain::sale::Decision) -> Vec<(String, i128)> {
    let part = |credit: &domain::attribution::Credit| (credit.partner.to_string(), i128::from(credit.weight));
    decision.credits().iter().map(part).collect()
}

/// What of an item a delivery more may not change: all of it. Only when an event last made trouble is the last time.
fn settled<'a>(place: &Place, item: &'a Arc<Item>) -> Cow<'a, Item> {
    if !place.pk.contains("#raw#") || !item.contains_key("trouble_ms") {
        return Cow::Borrowed(item);
    }
    let mut item = Item::clone(item);
    item.remove("trouble_ms");
    Cow::Owned(item)
}

/// What is nobody's request is answered at once, so whoever asks ends at once.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Result<T, Trouble> {
    let waits = || Breach { law: "liveness", found: "somebody waits for what no one owns".to_owned() };
    Ok(future.now_or_never().ok_or_else(waits)?)
}

/// The id of the sale of a payment.
fn sale_id(payment: &str) -> Result<SaleId, Trouble> {
    let payment = PaymentKey::parse(payment).map_err(Unfurnished::because)?;
    Ok(SaleId::of(&payment))
}

/// What two say differently, nothing and zero being the same.
fn differing<K: Ord + Clone>(one: &BTreeMap<K, i128>, other: &BTreeMap<K, i128>) -> Vec<(K, (i128, i128))> {
    let of = |map: &BTreeMap<K, i128>, key: &K| map.get(key).copied().unwrap_or(0);
    let keys: BTreeSet<&K> = one.keys().chain(other.keys()).collect();
    let both = keys.into_iter().map(|key| (key.clone(), (of(one, key), of(other, key))));
    both.filter(|(_, (one, other))| one != other).collect()
}
