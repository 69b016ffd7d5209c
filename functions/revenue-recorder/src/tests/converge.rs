//! R7: every handled event of Stripe and of Lemon Squeezy, all in one story, told once, twice, five times, in reverse, money
//! back first, or ten days late, ends in one ledger.

use std::collections::{BTreeMap, BTreeSet};

use domain::fact::{Fact, PaymentKey};
use domain::id::SaleId;
use domain::subscription::ProviderObjectKind;
use domain::time::Timestamp;
use serde_json::Value;
use store::parked::WaitingFor;
use world::World;

use super::try_book;
use crate::booking::BookingError;

/// The token in the event files: in its place comes one that the world has signed.
const TOKEN: &str = "AVgBoGQ6zAABnwECAwQFBgcICQoLDA0ODxESExQVFhcYGRobHB0eHyAhIiMkJSYn";
/// The day on which the event files begin: 2026-09-03T08:00:00Z.
const BEGIN_S: i64 = 1_788_422_400;

/// How the events of a story come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    Once,
    Times(usize),
    Reversed,
    MoneyBackFirst,
    /// Every second one ten days after the others: from the first on, or from the second.
    TenDaysLate {
        from: usize,
    },
}

const COMINGS: [Coming; 7] = [
    Coming::Once,
    Coming::Times(2),
    Coming::Times(5),
    Coming::Reversed,
    Coming::MoneyBackFirst,
    Coming::TenDaysLate { from: 0 },
    Coming::TenDaysLate { from: 1 },
];

struct Told {
    case: String,
    facts: Vec<Fact>,
}

impl Told {
    fn is_money_back(&self) -> bool {
        self.facts.iter().any(|fact| matches!(fact, Fact::Refund(_) | Fact::Dispute(_)))
    }
}

fn folder(provider: &str) -> String {
    format!("{}/../../events/webhook-ingest/{provider}", env!("CARGO_MANIFEST_DIR"))
}

fn cases(provider: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(provider)).expect("the events folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut cases: Vec<String> = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    cases.sort();
    cases
}

/// Every instant is moved by so many seconds, so that the story begins now.
fn moved(value: &mut Value, by_s: i64) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| moved(member, by_s)),
        Value::Array(items) => items.iter_mut().for_each(|item| moved(item, by_s)),
        Value::Number(number) => {
            if let Some(second) = number.as_i64().filter(|second| (1_780_000_000..1_800_000_000).contains(second)) {
                *value = Value::from(second + by_s);
            }
        }
        Value::String(text) => {
            let instant = text.parse::<Timestamp>().ok().filter(|_| text.contains('T'));
            if let Some(at) = instant {
                *value = Value::from(Timestamp::from_second(at.as_second() + by_s).expect("instant").to_string());
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn told(world: &World, provider: &str, case: &str) -> Told {
    let text = std::fs::read_to_string(format!("{}/{case}.json", folder(provider))).expect("an event file");
    let mut event: Value = serde_json::from_str(&text.replace(TOKEN, &world.token)).expect("JSON");
    moved(&mut event, world.now.as_second() - BEGIN_S);
    let facts = match provider {
        "stripe" => crate::stripe::translate(&event),
        _ => crate::lemon_squeezy::translate(&event),
    };
    Told { case: case.to_owned(), facts: facts.expect("translates") }
}

/// Every fact of an event, each whole; what contradicts must be the same in every order, and there is nothing here that does.
async fn deliver(world: &World, told: &Told) {
    for fact in &told.facts {
        match try_book(world, fact).await {
            Ok(_) => {}
            Err(BookingError::AliasTaken { payment }) => {
                panic!("{}: {payment} has a name that is another's", told.case)
            }
            Err(error) => panic!("{}: {error}", told.case),
        }
    }
}

async fn happen(world: &mut World, story: &[Told], coming: Coming) {
    let mut order: Vec<usize> = (0..story.len()).collect();
    match coming {
        Coming::Once | Coming::Times(_) => {}
        Coming::Reversed => order.reverse(),
        Coming::MoneyBackFirst => order.sort_by_key(|place| !story[*place].is_money_back()),
        Coming::TenDaysLate { from } => order.sort_by_key(|place| place % 2 == from),
    }
    let times = if let Coming::Times(times) = coming { times } else { 1 };
    for (n, place) in order.iter().enumerate() {
        if matches!(coming, Coming::TenDaysLate { .. }) && n == order.len() / 2 {
            world.pass_days(10);
        }
        for _ in 0..times {
            deliver(world, &story[*place]).await;
        }
    }
}

/// What the ledger and all that is kept beside it come to, whatever way it came about.
async fn end_of(world: &World, story: &[Told]) -> Vec<String> {
    let mut end = BTreeSet::new();
    let (store, tenant) = (&world.store, &world.tenant);
    for fact in story.iter().flat_map(|told| &told.facts) {
        match fact {
            Fact::SalePaid(sale) => end.extend(sale_of(world, &sale.payment).await),
            Fact::PaidAgain(told) => end.extend(sale_of(world, &told.sale.payment).await),
            Fact::SubscriptionChanged(told) => {
                let kept = store.get_subscription(tenant, &told.id()).await.expect("store").expect("kept");
                end.insert(format!("{:?}", kept.told));
            }
            Fact::PaymentFailed(told) => {
                let kept = store.get_failed_payment(tenant, &told.payment).await.expect("store").expect("kept");
                end.insert(format!("{:?}", kept.told));
            }
            Fact::ProviderObject(told) => {
                let kept = object(world, told.kind, &told.object).await;
                end.insert(kept);
            }
            _ => {}
        }
    }
    let waiting = store.list_waiting(tenant, None, 500).await.expect("store");
    for waits in waiting.items {
        if let WaitingFor::Payment(name) = waits.what {
            end.insert(format!("waits under {name}"));
        }
    }
    end.insert(format!("total {}", world.total().await));
    end.into_iter().collect()
}

async fn object(world: &World, kind: ProviderObjectKind, object: &PaymentKey) -> String {
    let kept = world.store.get_provider_object(&world.tenant, kind, object).await.expect("store").expect("kept");
    format!("{:?}", kept.told)
}

async fn sale_of(world: &World, payment: &PaymentKey) -> Option<String> {
    let sale = world.store.get_sale(&world.tenant, &SaleId::of(payment)).await.expect("store")?;
    let mut nets: BTreeMap<String, i64> = BTreeMap::new();
    for line in &sale.lines {
        *nets.entry(line.partner.to_string()).or_default() += line.amount.minor();
    }
    let phases: Vec<_> = sale.disputes.iter().map(|(key, dispute)| (key.to_string(), dispute.phase)).collect();
    let (paid, back, at) = (sale.paid, sale.refunded, sale.occurred_at);
    Some(format!("{payment} {paid} back {back} at {at} {phases:?} nets {nets:?}"))
}

async fn every_event_converges(provider: &str) {
    // One database for all: each world is a tenant's of its own.
    let mut world = World::new().await;
    let mut first: Option<Vec<String>> = None;
    for (n, coming) in (1_000_u128..).zip(COMINGS) {
        world.move_to(n).await;
        let (begin, cases) = (world.now, cases(provider));
        let story: Vec<Told> = cases.iter().map(|case| told(&world, provider, case)).collect();
        happen(&mut world, &story, coming).await;
        let end = end_of(&world, &story).await;
        world.verified().await;
        world.now = begin;
        match &first {
            Some(first) => assert_eq!(end, *first, "{coming:?}"),
            None => first = Some(end),
        }
    }
    let things = first.map_or(0, |end| end.len());
    assert!(things > 9, "{provider}: {things} things were compared");
}

#[tokio::test]
async fn every_handled_event_of_stripe_ends_in_one_ledger_however_it_comes() {
    // ING-17
    every_event_converges("stripe").await;
}

#[tokio::test]
async fn every_handled_event_of_lemon_squeezy_ends_in_one_ledger_however_it_comes() {
    // ING-17
    every_event_converges("lemon-squeezy").await;
}

/// Which events, in any order; the sales that there are, each with what was paid; and what they earn.
type FirstPayment = (&'static [&'static str], &'static [(&'static str, &'static str)], &'static str);

#[tokio::test]
async fn the_first_payment_of_a_subscription_is_one_sale_in_every_order() {
    // ING-14
    let rows: [FirstPayment; 3] = [
        (
            &["order_created", "subscription_created", "subscription_payment_success.initial"],
            &[("order-1001", "99.00")],
            "29.70",
        ),
        (
            &[
                "order_created",
                "subscription_created",
                "subscription_payment_success.initial",
                "subscription_payment_refunded.initial",
            ],
            &[("order-1001", "99.00")],
            "0.00",
        ),
        (
            &["order_created.trial", "subscription_created.trialing", "subscription_payment_success.after-trial"],
            &[("order-1003", "0.00"), ("invoice-9003", "99.00")],
            "29.70",
        ),
    ];
    let mut tenant = 9_000_u128;
    let mut world = World::new().await;
    for (names, sales, total) in rows {
        for order in super::permutations(names.len()) {
            tenant += 1;
            world.move_to(tenant).await;
            for place in &order {
                deliver(&world, &told(&world, "lemon-squeezy", names[*place])).await;
            }
            for place in &order {
                deliver(&world, &told(&world, "lemon-squeezy", names[*place])).await;
            }
            let mut found = Vec::new();
            for id in ["order-1001", "order-1003", "invoice-9001", "invoice-9003"] {
                let payment = PaymentKey::parse(&format!("lemon_squeezy:{id}")).expect("key");
                let sale = world.store.get_sale(&world.tenant, &SaleId::of(&payment)).await;
                // The place of a sale may hold another name of it.
                let sale = sale.ok().flatten().filter(|sale| sale.payment == payment);
                found.extend(sale.map(|sale| (id, sale.paid.to_text())));
            }
            let expected: Vec<(&str, String)> = sales.iter().map(|(id, paid)| (*id, (*paid).to_owned())).collect();
            assert_eq!(found, expected, "{names:?} {order:?}");
            assert_eq!(world.total().await, total, "{names:?} {order:?}");
            world.verified().await;
        }
    }
}
