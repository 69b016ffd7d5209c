//! V13: the same facts in any order, with duplicates, end in the same net of every sale and the same totals.
//!
//! Other than in a world nothing goes wrong here: what is tried is order alone, over more facts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::fact::PaymentKey;
use domain::id::SaleId;
use futures::FutureExt;
use store::TenantKey;

use crate::dice::Dice;
use crate::furniture::{furnish, instant, receive, tenant_of};
use crate::laws::{entries, nets};
use crate::plan::{DAY_MS, HOUR_MS, Plan, START_MS};
use crate::run::Stage;
use crate::scene::{doubts, replay};

/// How many facts are permuted.
pub const FACTS: usize = 200;
/// By then everything has matured.
const END_MS: i64 = START_MS + 90 * DAY_MS;

/// What each sale comes to, and each account in all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ended {
    nets: BTreeMap<(String, String, String), i128>,
    totals: BTreeMap<(String, String), i128>,
}

/// What orders came to.
#[derive(Clone, Debug, Default)]
pub struct Permuted {
    /// How many facts.
    pub facts: usize,
    /// How many orders.
    pub orders: u64,
    /// How many sales have a net.
    pub sales: usize,
    /// The orders that ended otherwise than the model says, and by what.
    pub differing: Vec<(u64, String)>,
}

impl fmt::Display for Permuted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (order, found) in &self.differing {
            writeln!(out, "order {order}: {found}")?;
        }
        write!(
            out,
            "{} facts with duplicates in {} orders: {} sales with a net, {} orders that end otherwise",
            self.facts,
            self.orders,
            self.sales,
            self.differing.len()
        )
    }
}

/// A history is told in many orders, and what it comes to is compared with the model and so with every other order.
///
/// # Errors
/// The simulation itself is at fault.
pub fn permute(seed: u64, orders: u64, facts: usize) -> Result<Permuted, String> {
    let plan = Plan::of_facts(seed, facts);
    let (next, outcome) = (AtomicU64::new(0), Mutex::new((modelled(&plan)?, Vec::new(), None::<String>)));
    let work = || {
        loop {
            let order = next.fetch_add(1, Ordering::Relaxed);
            if order >= orders {
                return;
            }
            let ended = in_order(&plan, seed, order);
            let Ok(mut outcome) = outcome.lock() else { return };
            match ended {
                Err(why) => outcome.2 = Some(why),
                Ok(ended) => {
                    let found = difference(&outcome.0, &ended);
                    outcome.1.extend(found.map(|found| (order, found)));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (expected, differing, trouble) = outcome.into_inner().map_err(|_| "a thread has died".to_owned())?;
    if let Some(why) = trouble {
        return Err(why);
    }
    let sales = expected.nets.values().filter(|net| **net != 0).count();
    Ok(Permuted { facts: plan.told(), orders, sales, differing })
}

/// What the model says that every order ends in.
fn modelled(plan: &Plan) -> Result<Ended, String> {
    let earned = plan.model().earned();
    let (mut nets, mut totals) = (BTreeMap::new(), earned.beside());
    for ((payment, partner, currency), net) in earned.sales {
        let payment = PaymentKey::parse(&payment).map_err(|error| error.to_string())?;
        *totals.entry((partner.clone(), currency.clone())).or_default() += net;
        nets.insert((SaleId::of(&payment).to_string(), partner, currency), net);
    }
    totals.retain(|_, total| *total != 0);
    Ok(Ended { nets, totals })
}

fn difference(first: &Ended, other: &Ended) -> Option<String> {
    // Whose a sale was for a while has a line that was taken back: nothing.
    let net = |ended: &Ended, key: &(String, String, String)| ended.nets.get(key).copied().unwrap_or(0);
    let differs = |key: &&(String, String, String)| net(first, key) != net(other, key);
    if let Some(key) = first.nets.keys().chain(other.nets.keys()).find(differs) {
        return Some(format!("{key:?}: {} and {}", net(first, key), net(other, key)));
    }
    (first.totals != other.totals).then(|| format!("totals {:?} and {:?}", first.totals, other.totals))
}

/// The history in one order, some of it twice, with nights between; what it comes to.
fn in_order(plan: &Plan, seed: u64, order: u64) -> Result<Ended, String> {
    let stage = Stage::new();
    let (cloud, clients) = stage.parts();
    let tenant = TenantKey::from(&tenant_of(seed));
    let at_once = |future: Option<Result<(), String>>| future.unwrap_or_else(|| Err("something waits".to_owned()));
    let furnished = furnish(clients, &tenant, plan).map(|done| done.map_err(|error| error.to_string()));
    at_once(furnished.now_or_never())?;
    let mut dice = Dice::new(order ^ 0x0DDE_55ED);
    let mut messages = Vec::new();
    for event in &plan.events {
        let message = receive(clients, &tenant, event).now_or_never().ok_or("an event waits")?;
        messages.push(message.map_err(|error| error.to_string())?);
    }
    let mut told: Vec<usize> = (0..messages.len()).collect();
    let again: Vec<usize> = told.iter().copied().filter(|_| dice.percent(30)).collect();
    told.extend(again);
    dice.shuffle(&mut told);
    let mut clock = START_MS + 30 * DAY_MS;
    for (number, event) in told.iter().enumerate() {
        replay::deliver(clients, &messages[*event], instant(clock))?;
        // All within the days before the month is settled, so that no fact is late.
        if number % 64 == 63 {
            clock += 3 * HOUR_MS;
            // What is known so far is put in order, and must not stand in the way of what comes.
            replay::night(cloud, clients, &tenant, instant(clock))?;
        }
    }
    // Which sales signals of fraud hold goes by what came before: all stand in the end, and so do those that banks ask for.
    let deciding = doubts::let_all_stand(clients, &tenant, plan, instant(END_MS));
    deciding.now_or_never().ok_or("deciding waits")??;
    for night in 0..3 {
        replay::night(cloud, clients, &tenant, instant(END_MS + night * DAY_MS))?;
    }
    let rows = cloud.with_database(|database| database.committed(tenant.tenant().as_str()));
    let nets = nets(&rows);
    let mut totals = BTreeMap::new();
    for ((_, partner, currency), net) in &nets {
        *totals.entry((partner.clone(), currency.clone())).or_default() += net;
    }
    for (account, net) in entries(&rows) {
        *totals.entry(account).or_default() += net;
    }
    totals.retain(|_, total| *total != 0);
    Ok(Ended { nets, totals })
}
