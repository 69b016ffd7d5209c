//! kill -9 at random points: of functions while sales, refunds, nights and payouts flow, and of the cloud itself.
//!
//! Fifty kills in all of functions at work; `CRASH_KILLS=50` (`make crash`) is so many of each function, at work or at
//! rest; `CRASH_ONLY=payout-executor,payout-approval` (`make crash-payouts`) are the only ones that are killed. Rounds of business go on until enough were killed; then as many rounds without a kill must end in the same
//! ledger.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Cloud, CloudOptions};
use tributary::demo::stripe::signature;

use crate::api::Asked;
use crate::operator::{assert_lawful, dead_letters, redrive};
use crate::rail::Rail;
use crate::world::{Partner, World, purchase, text};

const FUNCTIONS: [&str; 10] = [
    "click-tracker",
    "webhook-ingest",
    "revenue-recorder",
    "commission-batch",
    "payout-approval",
    "payout-executor",
    "event-relay",
    "notifier",
    "report-generator",
    "partner-api",
];
const PARTNERS: usize = 3;
const PURCHASES: usize = 4;
/// A function that dies sooner is held back by the cloud, as one that crashes at its start.
const LIFE_MIN: Duration = Duration::from_millis(2_100);
/// One that was not met at work for so long is killed at rest.
const REST_MIN: Duration = Duration::from_secs(8);
const PAUSE_SHORT: Duration = Duration::from_millis(15);
/// A caller gives up after so many tries.
const TRIES: usize = 200;
const ROUNDS_MAX: usize = 200;

/// Numbers that differ from run to run: where a kill falls is chance.
fn chance(below: usize) -> usize {
    let bytes = ulid_bytes();
    usize::from(bytes[15]) % below.max(1)
}

fn ulid_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("random bytes");
    bytes
}

/// How many are to be killed, and were.
struct Kills {
    victims: Vec<&'static str>,
    wanted: usize,
    of_each: bool,
    done: Cell<usize>,
    in_flight: Cell<usize>,
    by_function: RefCell<BTreeMap<&'static str, usize>>,
    last: RefCell<BTreeMap<&'static str, Instant>>,
}

impl Kills {
    fn wanted() -> Self {
        let of_each = std::env::var("CRASH_KILLS").ok().and_then(|text| text.parse().ok());
        let only = std::env::var("CRASH_ONLY").unwrap_or_default();
        let is_meant = |name: &&&str| only.is_empty() || only.split(',').any(|meant| meant == **name);
        Self {
            victims: FUNCTIONS.iter().filter(is_meant).copied().collect(),
            wanted: of_each.unwrap_or(50),
            of_each: of_each.is_some(),
            done: Cell::new(0),
            in_flight: Cell::new(0),
            by_function: RefCell::default(),
            last: RefCell::default(),
        }
    }

    fn are_enough(&self) -> bool {
        if self.of_each {
            return self
                .victims
                .iter()
                .all(|name| self.by_function.borrow().get(name).is_some_and(|n| *n >= self.wanted));
        }
        // Those that were met at rest are a bonus.
        self.in_flight.get() >= self.wanted
    }

    /// Kills one process after another for as long as it is let: the next that is at work, and one that is never met
    /// at work at rest.
    async fn go_on(&self, cloud: &Cloud) {
        loop {
            let name = self.victims[chance(self.victims.len())];
            let since = self.last.borrow().get(name).map_or(REST_MIN, Instant::elapsed);
            if since >= LIFE_MIN {
                let at_work = cloud.kill_function(name, true).await > 0;
                if at_work || (since >= REST_MIN && cloud.kill_function(name, false).await > 0) {
                    self.count(name, at_work);
                    tokio::time::sleep(Duration::from_millis(chance(120) as u64)).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn count(&self, name: &'static str, at_work: bool) {
        self.done.set(self.done.get() + 1);
        self.in_flight.set(self.in_flight.get() + usize::from(at_work));
        *self.by_function.borrow_mut().entry(name).or_default() += 1;
        self.last.borrow_mut().insert(name, Instant::now());
    }
}

/// Does some business, under fire or not.
async fn under_fire<T>(world: &World, kills: Option<&Kills>, work: impl Future<Output = T>) -> T {
    let Some(kills) = kills else { return work.await };
    tokio::select! {
        done = work => done,
        () = kills.go_on(&world.cloud) => unreachable!("it goes on for ever"),
    }
}

/// A caller that tries again until its answer is none of a crash's.
async fn insist(world: &World, method: Method, path: &str, key: &str, body: Option<&Value>) -> (u16, Value) {
    for _ in 0..TRIES {
        let once = hex::encode(ulid_bytes());
        let asked = Asked { key, once: Some(&once), body };
        if let Ok(answer) = world.api.try_send(method.clone(), path, asked).await
            && answer.status < 500
        {
            return (answer.status, answer.body);
        }
        tokio::time::sleep(PAUSE_SHORT).await;
    }
    panic!("{path} does not answer");
}

/// Stripe delivers an event until it is taken.
async fn deliver(world: &World, body: &str) {
    for _ in 0..TRIES {
        let header = signature(&world.secret, body, world.cloud.now().await);
        if world.api.try_stripe(&header, body).await.is_ok_and(|answer| answer.status == 200) {
            return;
        }
        tokio::time::sleep(PAUSE_SHORT).await;
    }
    panic!("an event was not taken");
}

async fn click(world: &World, partner: &Partner, n: usize) -> String {
    for _ in 0..TRIES {
        if let Some(token) =
            world.api.click(&partner.code, &format!("Mozilla/5.0 Gecko visitor/{n}")).await.cookie("trb_id")
        {
            return token;
        }
    }
    panic!("no click was answered");
}

/// The events of a round, out of order: each purchase, a third of them refunded in part before they mature, and one of
/// the round before, which was paid out since.
async fn events_of(world: &World, partners: &[Partner], round: usize) -> Vec<String> {
    let at = world.cloud.now().await;
    let mut events = Vec::new();
    for (p, partner) in partners.iter().enumerate() {
        for n in 0..PURCHASES {
            let token = click(world, partner, n).await;
            let amount = format!("{}.{:02}", 40 + 7 * n + p, (31 * n + round) % 100);
            let late = jiff::Timestamp::from_second(at.as_second() + 60).expect("an instant");
            let bought = purchase(&format!("r{round}p{p}n{n}"), &amount, &token, late);
            if n % 3 == 1 {
                events.push((bought.refund)("13.37"));
            }
            events.extend([bought.paid, bought.checkout, bought.payment]);
        }
        if let Some(before) = round.checked_sub(1) {
            let bought = purchase(&format!("r{before}p{p}n0"), "1.00", "", at);
            events.push((bought.refund)("5.55"));
        }
    }
    events
}

/// One payout from the request to its end, step by step as a person would who looks where it stands.
async fn pay(world: &World, partner: &Partner) {
    let asked = json!({"currency": "USD"});
    let (status, body) = insist(world, Method::POST, "/v1/revenue/payouts/request", &partner.key, Some(&asked)).await;
    assert!([201, 409, 422].contains(&status), "{status} {body}");
    let (_, dashboard) = insist(world, Method::GET, "/v1/partners/dashboard", &partner.key, None).await;
    let Some(id) = dashboard["balances"][0]["open_payout_id"].as_str() else { return };
    let path = format!("/v1/revenue/payouts/{id}");
    for _ in 0..TRIES {
        let (_, payout) = insist(world, Method::GET, &path, &world.admin, None).await;
        let at = text(&payout["created_at"]);
        let (method, step, key, body) = match payout["state"].as_str() {
            Some("pending_approval") => (Method::PUT, "approve", &world.admin, json!({"seal": payout["seal"]})),
            // A rail that moves by itself is asked by the executor, and says itself what came of it.
            Some("approved") if payout["payment_method"] == "stripe_connect" => {
                (Method::POST, "submit", &world.finance, Value::Null)
            }
            Some("approved") => {
                (Method::POST, "mark-sent", &world.finance, json!({"sent_at": at, "payment_reference": "SEPA"}))
            }
            Some("submitted") => (
                Method::POST,
                "confirm",
                &world.finance,
                json!({"completed_at": at, "payment_reference": format!("BANK {id}")}),
            ),
            _ => return,
        };
        insist(world, method, &format!("{path}/{step}"), key, Some(&body)).await;
    }
}

async fn one_after_another<T>(work: impl Iterator<Item = impl Future<Output = T>>) {
    for one in work {
        one.await;
    }
}

/// Five lanes beside each other.
async fn deliver_all(world: &World, events: &[String]) {
    let lane = |n: usize| one_after_another(events.iter().skip(n).step_by(5).map(|event| deliver(world, event)));
    tokio::join!(lane(0), lane(1), lane(2), lane(3), lane(4));
}

/// Until nothing is left to do. What a killed process had in hand comes back when its time has run out: half an hour is
/// longer than any queue hides a message and any lease lasts. What was given up, an operator hands out again.
async fn rest(world: &World) {
    for _ in 0..TRIES {
        for _ in 0..150 {
            if world.cloud.state().await["idle"] == true && redrive(&world.cloud).await == 0 {
                return;
            }
            tokio::time::sleep(PAUSE_SHORT).await;
        }
        world.cloud.advance("31m").await;
    }
    panic!("there is no end of work: {:#}", world.cloud.state().await);
}

/// A month of business.
async fn round(world: &mut World, partners: &[Partner], number: usize, kills: Option<&Kills>) {
    let events = under_fire(world, kills, events_of(world, partners, number)).await;
    under_fire(world, kills, deliver_all(world, &events)).await;
    if kills.is_some() {
        // What the queues hold at this moment must outlive the cloud.
        world.crash().await;
    }
    under_fire(world, kills, rest(world)).await;
    world.cloud.advance("744h").await;
    let night = async {
        for _ in 0..TRIES {
            let tick = world.cloud.client().post(world.cloud.url("/local/tick/commission-batch")).send().await;
            if tick.is_ok_and(|answer| answer.status().is_success()) {
                return rest(world).await;
            }
        }
        panic!("no night came to its end");
    };
    under_fire(world, kills, night).await;
    let payouts = async {
        let [one, two, three] = partners else { panic!("three partners") };
        tokio::join!(pay(world, one), pay(world, two), pay(world, three));
        rest(world).await;
        // What a killed executor left unknown is looked at, ever more rarely.
        for _ in 0..3 {
            world.cloud.advance("61m").await;
            let _ = world.cloud.client().post(world.cloud.url("/local/tick/payout-executor")).send().await;
            rest(world).await;
        }
    };
    under_fire(world, kills, payouts).await;
}

/// The ledger as its owners see it, without what is minted anew in each world.
async fn ledger(world: &World, partners: &[Partner]) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for partner in partners {
        let balance = world.balance(partner).await;
        for place in ["pending", "available", "held", "reserved", "paid"] {
            rows.insert(format!("{} {place} {}", partner.code, balance[place]));
        }
        for (path, names) in [
            ("commissions", ["invoice_id", "commission_amount", "status"]),
            ("payouts", ["total_amount", "commission_count", "state"]),
        ] {
            let path = format!("/v1/partners/revenue/{path}?limit=500");
            let listed = world.api.get(&partner.key, &path).await.expect(200);
            assert_eq!(listed["next_cursor"], Value::Null, "one page is enough");
            let data = listed["data"].as_array().cloned().unwrap_or_default();
            let told = data.iter().map(|row| names.map(|name| row[name].to_string()).join(" "));
            // The same row twice is two rows.
            rows.extend(numbered(told).map(|row| format!("{} {row}", partner.code)));
        }
    }
    rows
}

fn numbered(rows: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    rows.map(move |row| {
        let n = seen.entry(row.clone()).or_default();
        *n += 1;
        format!("{row} #{n}")
    })
}

async fn world_of_three() -> (World, Vec<Partner>) {
    let options = CloudOptions { retry_after_ms: None, ..CloudOptions::default() };
    let world = World::on(Cloud::start_with(options).await).await;
    let mut partners = Vec::new();
    for name in ["ada", "bela", "chidi"].into_iter().take(PARTNERS) {
        partners.push(world.partner(name).await);
    }
    // One of them is paid by Stripe.
    if let Some(last) = partners.last() {
        Rail::of(&world).await.pays(&world, last).await;
    }
    (world, partners)
}

/// Nothing is left to do, every paid payout has its receipt, and every law holds.
async fn assert_whole(world: &World) {
    rest(world).await;
    assert_eq!(dead_letters(&world.cloud).await, BTreeMap::new());
    let paid = world.api.get(&world.admin, "/v1/revenue/payouts?status=completed&limit=500").await.expect(200);
    let paid = paid["data"].as_array().map_or(0, Vec::len);
    assert_eq!(world.cloud.files().await.len(), paid, "each paid payout has its receipt");
    assert_lawful(&world.cloud).await;
}

#[tokio::test]
async fn a_crash_anywhere_leaves_the_ledger_of_a_life_without_one() {
    let kills = Kills::wanted();
    let (mut world, partners) = world_of_three().await;
    let mut rounds = 0;
    while !kills.are_enough() && rounds < ROUNDS_MAX {
        round(&mut world, &partners, rounds, Some(&kills)).await;
        rounds += 1;
    }
    assert!(kills.are_enough(), "only {:?} were killed", kills.by_function);
    println!(
        "{} processes killed, {} of them at work, over {rounds} rounds and as many crashes of the cloud: {:?}",
        kills.done.get(),
        kills.in_flight.get(),
        kills.by_function.borrow()
    );
    assert_whole(&world).await;
    let crashed = ledger(&world, &partners).await;
    drop(world);

    let (mut world, partners) = world_of_three().await;
    for number in 0..rounds {
        round(&mut world, &partners, number, None).await;
    }
    assert_whole(&world).await;
    let whole = ledger(&world, &partners).await;
    let differing: Vec<_> = crashed.symmetric_difference(&whole).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}
