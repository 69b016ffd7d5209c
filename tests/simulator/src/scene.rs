//! A world as it happens: who is at work, who goes next, what goes wrong, and what holds after every write.

mod actors;
mod afterwards;
pub mod doubts;
mod rails;
pub mod replay;
mod settle;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::task::{Context, Poll};

use domain::digest::Digest;
use futures::task::noop_waker_ref;
use store::TenantKey;

use crate::cloud::{ActorId, Cloud};
use crate::database::{Item, Lag, Place, Visibility};
use crate::dice::Dice;
use crate::errands::Errand;
use crate::faults::{Blow, FAULTS, Seen, Strikes};
use crate::furniture::{Clients, Unfurnished, furnish, receive, tenant_of};
use crate::laws::{Breach, Checked, after_write, text};
use crate::plan::{DAY_MS, Plan, PlannedFault, What};
use crate::rail::Rail;

use actors::{Actor, End, Work};

/// The most steps of a world: a bound, so that one that never ends is found out.
const STEPS_MAX: u32 = 60_000;
/// What lies so close together is at work at the same time.
const TOGETHER_MS: i64 = 5 * 60_000;
/// The most who are at work at once.
const ACTORS_MAX: usize = 7;

/// What a world did, in numbers.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Partners.
    pub partners: u64,
    /// Facts told, by kind.
    pub facts: BTreeMap<&'static str, u64>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Nights that ran.
    pub nights: u64,
    /// Visits that ran.
    pub visits: u64,
    /// Payouts that were born.
    pub payouts: u64,
    /// Payouts that were paid.
    pub paid: u64,
    /// Transfers that the rail has made.
    pub transfers: u64,
    /// Outcomes that two people had to find out.
    pub resolved: u64,
    /// Errands that were run, by kind.
    pub errands: BTreeMap<&'static str, u64>,
    /// Requests to the cloud.
    pub requests: u64,
    /// Lines at the end.
    pub lines: u64,
    /// Laws checked.
    pub checked: Checked,
}

impl Tally {
    /// With everything of another.
    pub fn merge(&mut self, other: &Self) {
        self.partners += other.partners;
        self.nights += other.nights;
        self.visits += other.visits;
        self.payouts += other.payouts;
        self.paid += other.paid;
        self.transfers += other.transfers;
        self.resolved += other.resolved;
        self.requests += other.requests;
        self.lines += other.lines;
        other.errands.iter().for_each(|(name, times)| *self.errands.entry(name).or_default() += times);
        other.facts.iter().for_each(|(name, times)| *self.facts.entry(name).or_default() += times);
        other.faults.iter().for_each(|(name, times)| *self.faults.entry(name).or_default() += times);
        self.checked.merge(&other.checked);
    }
}

/// Why a world did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A law does not hold.
    #[error("{0}")]
    Broken(Breach),
    /// The simulation itself is at fault.
    #[error(transparent)]
    Unfurnished(#[from] Unfurnished),
}

impl From<Breach> for Trouble {
    fn from(breach: Breach) -> Self {
        Self::Broken(breach)
    }
}

/// A world while it happens.
pub struct Scene<'a> {
    cloud: &'a Cloud,
    clients: &'a Clients,
    plan: &'a Plan,
    tenant: TenantKey,
    dice: Dice,
    now_ms: i64,
    steps: u32,
    agenda: BinaryHeap<Reverse<(i64, u64)>>,
    deeds: BTreeMap<u64, What>,
    next_deed: u64,
    actors: BTreeMap<ActorId, Actor>,
    next_actor: ActorId,
    messages: Vec<String>,
    booked: Vec<bool>,
    faults: Vec<PlannedFault>,
    pages_until: u32,
    seals: BTreeMap<String, Digest>,
    /// Every message of a payout that was handed to its rail.
    carried: BTreeSet<String>,
    tally: Tally,
    log: Option<Vec<String>>,
}

/// Lets the world of a plan happen in a cloud, to its end, and holds it to every law.
///
/// # Errors
/// The first law that does not hold.
pub fn happen(cloud: &Cloud, clients: &Clients, plan: &Plan, log: Option<&mut Vec<String>>) -> Result<Tally, Trouble> {
    let mut scene = Scene::new(cloud, clients, plan, log.is_some())?;
    let ended = scene.run().and_then(|()| scene.settle());
    scene.leave();
    if let Some(log) = log {
        *log = scene.log.take().unwrap_or_default();
    }
    ended.map(|()| scene.tally)
}

impl<'a> Scene<'a> {
    fn new(cloud: &'a Cloud, clients: &'a Clients, plan: &'a Plan, is_logged: bool) -> Result<Self, Trouble> {
        let tenant = TenantKey::from(&tenant_of(plan.seed));
        cloud.set_polled(None);
        cloud.with_database(|database| {
            database.shorten_pages(None);
            database.begin(tenant.tenant().as_str());
        });
        cloud.with_rail(|rail| *rail = Rail::new());
        let at_once = |future: Option<Result<(), Unfurnished>>| {
            future.unwrap_or_else(|| Err(Unfurnished::because("the furniture waits for something")))
        };
        at_once(futures::FutureExt::now_or_never(furnish(clients, &tenant, plan)))?;
        let mut messages = Vec::new();
        for event in &plan.events {
            let message = futures::FutureExt::now_or_never(receive(clients, &tenant, event));
            messages.push(message.unwrap_or_else(|| Err(Unfurnished::because("an event waits for something")))?);
        }
        let mut scene = Self {
            cloud,
            clients,
            plan,
            tenant,
            dice: plan.schedule.clone(),
            now_ms: crate::plan::START_MS,
            steps: 0,
            agenda: BinaryHeap::new(),
            deeds: BTreeMap::new(),
            next_deed: 0,
            actors: BTreeMap::new(),
            next_actor: 0,
            messages,
            booked: vec![false; plan.events.len()],
            faults: plan.faults.clone(),
            pages_until: 0,
            seals: BTreeMap::new(),
            carried: BTreeSet::new(),
            tally: Tally { partners: plan.partners.len() as u64, facts: plan.kinds(), ..Tally::default() },
            log: is_logged.then(Vec::new),
        };
        for deed in &plan.deeds {
            scene.plan_deed(deed.at_ms, deed.what.clone());
        }
        Ok(scene)
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        let (steps, now) = (self.steps, crate::furniture::instant(self.now_ms));
        if let Some(log) = &mut self.log {
            log.push(format!("{steps:>5} {now} {}", text()));
        }
    }

    fn plan_deed(&mut self, at_ms: i64, what: What) {
        self.deeds.insert(self.next_deed, what);
        self.agenda.push(Reverse((at_ms, self.next_deed)));
        self.next_deed += 1;
    }

    /// Until nothing is left to happen.
    fn run(&mut self) -> Result<(), Trouble> {
        loop {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err(Breach { law: "liveness", found: format!("{STEPS_MAX} steps, and no end") }.into());
            }
            if self.steps == self.pages_until {
                self.cloud.with_database(|database| database.shorten_pages(None));
            }
            let calls = self.calls_that_go_on();
            let next_ms = self.agenda.peek().map(|Reverse((at_ms, _))| *at_ms);
            let is_near = next_ms.is_some_and(|at_ms| at_ms <= self.now_ms + TOGETHER_MS);
            let may_start = is_near && self.actors.len() < ACTORS_MAX;
            if may_start && (calls.is_empty() || self.dice.percent(35)) {
                self.start_next()?;
            } else if !calls.is_empty() {
                let call = calls[self.dice.place(calls.len())];
                self.go_on(call)?;
            } else if !self.pass_time(next_ms) {
                return Ok(());
            }
        }
    }

    /// Nobody can go on now: time passes until somebody wakes, or something is set going. `false` when neither is left.
    fn pass_time(&mut self, next_ms: Option<i64>) -> bool {
        let wakes = self.actors.values().map(|actor| actor.wakes_ms).min();
        match [wakes, next_ms].into_iter().flatten().min() {
            Some(at_ms) => {
                self.now_ms = self.now_ms.max(at_ms);
                true
            }
            None => false,
        }
    }

    /// The calls that may go on: those of everybody who is not frozen, and what the dead left half seen.
    fn calls_that_go_on(&self) -> Vec<u64> {
        let awake = |actor: ActorId| self.actors.get(&actor).is_none_or(|actor| actor.wakes_ms <= self.now_ms);
        self.cloud.with_calls(|calls| calls.iter().filter(|call| awake(call.actor)).map(|call| call.id).collect())
    }

    fn go_on(&mut self, id: u64) -> Result<(), Trouble> {
        let found = self.cloud.with_calls(|calls| {
            let call = calls.iter().find(|call| call.id == id)?;
            let asked = (call.ask.operation().to_owned(), call.ask.is_write(), call.ask.ends_live());
            Some((call.actor, asked, call.is_half_seen()))
        });
        let Some((actor, (operation, is_write, ends_live), is_half_seen)) = found else { return Ok(()) };
        if is_half_seen {
            let which = self.dice.place(8);
            self.cloud.show_next(id, which);
            return self.poll(actor);
        }
        let is_transaction = operation == "TransactWriteItems";
        let blow = self.blow_for(&Seen { operation: &operation, is_write, is_transaction, ends_live });
        self.tally.requests += 1;
        self.note(|| format!("{actor:>3} {operation}{}", blow.map(|blow| format!(" {blow:?}")).unwrap_or_default()));
        self.carry_out(id, (actor, operation == "AskRail"), blow)
    }

    fn carry_out(
        &mut self,
        id: u64,
        (actor, is_asked_of_rail): (ActorId, bool),
        blow: Option<Blow>,
    ) -> Result<(), Trouble> {
        let (mut lag, mut visibility, mut answer_arrives) = (Lag::default(), Visibility::AtOnce, true);
        match blow {
            None | Some(Blow::CrashAfter) => {}
            Some(Blow::Refuse(refusal)) => {
                self.cloud.refuse(id, refusal);
                return self.poll(actor);
            }
            Some(Blow::CrashBefore) => return self.crash(actor),
            Some(Blow::Freeze { ms }) => {
                let wakes_ms = self.now_ms + ms;
                if let Some(actor) = self.actors.get_mut(&actor) {
                    actor.wakes_ms = wakes_ms;
                }
                return Ok(());
            }
            Some(Blow::LoseAnswer | Blow::LoseAnswerForLong) => answer_arrives = false,
            Some(Blow::Tear) => visibility = Visibility::OneByOne,
            Some(Blow::ReadStale { writes }) => lag.reads = writes,
            Some(Blow::LagIndex { writes }) => lag.index = writes,
            Some(Blow::Rail(strain)) => self.cloud.with_rail(|rail| rail.strain(strain)),
        }
        self.cloud.with_rail(|rail| rail.set_now(self.now_ms));
        let places = self.cloud.carry_out(id, lag, visibility, answer_arrives);
        self.check(&places)?;
        self.held_still(&places, actor)?;
        self.relay(&places);
        if is_asked_of_rail {
            self.paid_once()?;
        }
        for message in self.cloud.take_sent() {
            // A queue gives a message out at least once.
            let is_twice = self.dice.percent(15);
            for message in std::iter::repeat_n(message, 1 + usize::from(is_twice)) {
                let at_ms = self.now_ms + self.dice.between(0, 90_000);
                self.plan_deed(at_ms, What::Visit { message });
            }
        }
        if blow == Some(Blow::LoseAnswerForLong) {
            self.cloud.with_database(crate::database::Database::forget_tokens);
        }
        if blow == Some(Blow::CrashAfter) { self.crash(actor) } else { self.poll(actor) }
    }

    fn check(&mut self, places: &[Place]) -> Result<(), Trouble> {
        if places.is_empty() {
            return Ok(());
        }
        let (tenant, ahead_ms) = (self.tenant.tenant().as_str(), self.now_ms + 2 * DAY_MS);
        let day = domain::time::Zone::utc().day_of(crate::furniture::instant(ahead_ms));
        let today = domain::slot::Slot::last_of_day(day).to_string();
        let checked = &mut self.tally.checked;
        self.cloud.with_database(|database| after_write(database, tenant, places, &today, checked))?;
        Ok(())
    }

    /// FRD-4: a hold ends by a person's word and by nothing else.
    fn held_still(&mut self, places: &[Place], actor: ActorId) -> Result<(), Trouble> {
        let of_sales = places.iter().filter(|place| place.sk == "sale");
        let ends_holds = |errand: &Errand| errand.kind().is_some_and(|kind| kind.ends_holds);
        let is_by_a_person =
            matches!(self.actors.get(&actor), Some(Actor { work: Work::Errand(errand), .. }) if ends_holds(errand));
        for place in of_sales {
            let (before, after) = self.cloud.with_database(|database| database.last_two(place));
            let held = |item: Option<Arc<Item>>| item.is_some_and(|item| !text(&item, "hold").is_empty());
            let (was_held, is_held) = (held(before), held(after));
            self.tally.checked.add("holds", u64::from(was_held));
            if was_held && !is_held && !is_by_a_person {
                return Err(Breach { law: "holds", found: format!("{} is held no more", place.pk) }.into());
            }
        }
        Ok(())
    }

    /// The next fault that is due and fits a call, if any.
    fn blow_for(&mut self, seen: &Seen<'_>) -> Option<Blow> {
        self.strike(|strikes| match strikes {
            Strikes::Call(fits, blow) | Strikes::Rail(fits, blow) if fits(seen) => Some(*blow),
            _ => None,
        })
    }

    /// The first fault that is due and fits, which then is over.
    fn strike<T>(&mut self, fits: impl Fn(&Strikes) -> Option<T>) -> Option<T> {
        let due = self.faults.iter().take_while(|fault| fault.step <= self.steps);
        let (place, effect) =
            due.enumerate().find_map(|(place, fault)| Some((place, fits(&FAULTS[fault.kind].strikes)?)))?;
        let fault = self.faults.remove(place);
        *self.tally.faults.entry(FAULTS[fault.kind].name).or_default() += 1;
        Some(effect)
    }

    /// Whoever it is goes on until they wait again, or end.
    fn poll(&mut self, id: ActorId) -> Result<(), Trouble> {
        let Some(mut actor) = self.actors.remove(&id) else { return Ok(()) };
        self.cloud.set_polled(Some(id));
        let polled = actor.future.as_mut().poll(&mut Context::from_waker(noop_waker_ref()));
        self.cloud.set_polled(None);
        match polled {
            Poll::Ready(end) => self.ended(actor.work, end),
            Poll::Pending => {
                let waits = self.cloud.with_calls(|calls| calls.iter().any(|call| call.actor == id));
                if !waits {
                    let found = format!("{:?} waits for what no one owns", actor.work);
                    return Err(Breach { law: "liveness", found }.into());
                }
                self.actors.insert(id, actor);
                Ok(())
            }
        }
    }

    /// Whoever it is is no more: what they had in hand is taken up again by others.
    fn crash(&mut self, id: ActorId) -> Result<(), Trouble> {
        let Some(actor) = self.actors.remove(&id) else { return Ok(()) };
        self.cloud.abandon(id);
        drop(actor.future);
        self.ended(actor.work, End::Died)
    }

    fn leave(&mut self) {
        for id in std::mem::take(&mut self.actors).into_keys() {
            self.cloud.abandon(id);
        }
        self.cloud.clear_calls();
        self.cloud.with_database(|database| {
            database.shorten_pages(None);
            database.retire(self.tenant.tenant().as_str());
            database.forget("code#");
            // The register of tenants stands with the default one.
            database.forget(domain::id::TenantId::default_tenant().as_str());
        });
    }
}
