//! Two recorders at once, as the queue lets run: the same facts in two orders, each raced by the other.

use std::collections::BTreeMap;

use domain::fact::{Lead, SalePaid, SignUp};
use domain::id::PartnerId;
use domain::time::Timestamp;

use super::*;

const INVOICES: [&str; 4] = ["in_1", "in_2", "in_3", "sub_1"];

fn facts(world: &World) -> Vec<Fact> {
    let email = domain::email::digest("ann@customer.example");
    let names = vec![world::key("pi_1"), world::key("ch_1")];
    let lead = Lead {
        event: world::key("lead_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        email: email.expect("an address"),
        is_qualified: false,
    };
    let sign_up = SignUp {
        event: world::key("sub_1"),
        customer: world::key("cus_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        coupon: None,
        email: None,
    };
    vec![
        world.seen("cus_1", Some(&world.token)),
        Fact::SalePaid(SalePaid { aliases: names, ..world.paid("in_1", "cus_1", "99.99") }),
        world.sale("in_2", "cus_1", "20.00"),
        Fact::SalePaid(SalePaid { email, customer: None, ..world.paid("in_3", "nobody", "30.00") }),
        world.alias("in_2", "pi_2"),
        world.refund("re_1", "pi_1", "33.33"),
        world.refund("re_2", "ch_1", "11.11"),
        world.refund("re_3", "pi_2", "20.00"),
        world.refund("re_3", "in_2", "0.00"),
        world.dispute("dp_1", "pi_1", "20.00", DisputePhase::Opened),
        world.dispute("dp_1", "ch_1", "20.00", DisputePhase::Lost),
        Fact::Lead(lead),
        Fact::SignUp(sign_up),
    ]
}

/// In an order that a number stands for.
fn mixed(facts: &[Fact], seed: u64) -> Vec<Fact> {
    let mut facts = facts.to_vec();
    facts.sort_by_cached_key(|fact| domain::digest::Digest::of(&[&seed.to_be_bytes(), format!("{fact:?}").as_bytes()]));
    facts
}

/// One recorder, whose clock is its own. What others were faster at comes again, as the queue does.
async fn record(world: &World, facts: Vec<Fact>, now: Timestamp) {
    for fact in facts {
        let mut tries = 0;
        while let Err(error) =
            Recorder::new(&world.store, &world.tenant, &world.keys, &Zone::utc(), now).book(&fact).await
        {
            tries += 1;
            assert!(tries < 20 && matches!(policy_of(error), Failure::Retry(_)), "{fact:?}");
        }
    }
}

/// What is booked of each sale for each partner, net.
async fn nets(world: &World) -> BTreeMap<(&'static str, PartnerId), i64> {
    let mut nets = BTreeMap::new();
    for invoice in INVOICES {
        for line in world.kept_sale(invoice).await.lines {
            *nets.entry((invoice, line.partner)).or_default() += line.amount.minor();
        }
    }
    nets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_recorders_of_the_same_facts_end_where_one_does() {
    let mut world = World::new().await;
    record(&world, facts(&world), world.now).await;
    let expected = nets(&world).await;
    // 30 % of 99.99 is 30.00, of which 64.44 of 99.99 went back; 20.00 failed to go back; 30.00 by a lead.
    let partner = world.partner.clone();
    let rows = [("in_1", 1_067), ("in_2", 600), ("in_3", 900), ("sub_1", 0)];
    assert_eq!(expected, rows.map(|(invoice, net)| ((invoice, partner.clone()), net)).into());
    for seed in 1..=12 {
        world.move_to(u128::from(seed) + 1).await;
        let later = Timestamp::from_millisecond(world.now.as_millisecond() + 7).expect("instant");
        let all = facts(&world);
        tokio::join!(record(&world, mixed(&all, seed), world.now), record(&world, mixed(&all, seed + 1_000), later),);
        assert_eq!(nets(&world).await, expected, "seed {seed}");
        assert_eq!(world.store.list_waiting(&world.tenant, None, 9).await.expect("store").items, [], "seed {seed}");
        world.verified().await;
    }
}
