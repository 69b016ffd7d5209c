//! COM-1: a qualified lead is one address in a programme. Told under two ids, or at both doors, it is rewarded once.

use cases::desk::{Desk, holds, reattribution};
use domain::audit::Actor;
use domain::fact::Lead;
use domain::id::{ProgramId, SaleId};
use domain::rule::{Clause, Event, Reward, RuleVersion, Terms};

use super::*;

/// A world whose programme rewards qualified leads with 25.00.
async fn rewarding() -> World {
    let world = World::new().await;
    reward(&world, world::program(), 3).await;
    world
}

async fn reward(world: &World, program: ProgramId, id: u128) {
    let reward = Reward::Flat(Money::from_minor(2_500, domain::currency::Currency::USD));
    let clause = Clause { events: [Event::QualifiedLead].into(), ..Clause::simple(reward.clone()) };
    let version = RuleVersion {
        id: domain::id::RuleId::from_ulid(id.into()),
        program,
        effective_from: "2026-01-02T00:00:00Z".parse().expect("instant"),
        terms: Terms { clauses: vec![clause], ..Terms::simple(reward, 30) },
    };
    world.store.create_rule(&world.tenant, &version).await.expect("a rule");
}

fn lead(world: &World, event: &str, address: &str, is_qualified: bool, by_click: bool) -> Fact {
    Fact::Lead(Lead {
        event: world::key(event),
        occurred_at: world.now,
        click_token: Some(world.token.clone()).filter(|_| by_click),
        email: domain::email::digest(address).expect("an address"),
        is_qualified,
    })
}

const ANN: &str = "ann@customer.example";

#[tokio::test]
async fn com_1_a_lead_that_is_told_under_two_ids_is_rewarded_once_in_every_order() {
    for order in permutations(3) {
        let world = rewarding().await;
        let facts = [
            lead(&world, "lead_1", ANN, true, true),
            // The same address, as it is normalised; its click is known by then or not.
            lead(&world, "lead_2", " Ann+news@Customer.example", true, true),
            lead(&world, "lead_3", ANN, true, false),
        ];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        for place in order.iter().rev() {
            assert_eq!(book(&world, facts[*place].clone()).await, Booked::AlreadySeen, "{order:?}");
        }
        assert_eq!(world.total().await, "25.00", "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn com_1_leads_that_were_nobodys_are_rewarded_once_when_a_click_brings_their_address() {
    let world = rewarding().await;
    book(&world, lead(&world, "lead_1", ANN, true, false)).await;
    book(&world, lead(&world, "lead_2", ANN, true, false)).await;
    assert_eq!(world.total().await, "0.00");
    for _ in 0..2 {
        book(&world, lead(&world, "lead_3", ANN, false, true)).await;
        assert_eq!(world.total().await, "25.00");
    }
    book(&world, lead(&world, "lead_4", ANN, true, true)).await;
    assert_eq!(world.total().await, "25.00");
    world.verified().await;
}

/// What a person says of a lead.
async fn reject(world: &World, event: &str) {
    let actor = Actor::new(Role::Admin, "usr_1");
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let reject = holds::Command::Reject { reason: "nobody of that name".to_owned() };
    let sale = SaleId::of(&world::key(event));
    let said = holds::command(&desk, &sale, &reject).await.expect("an answer");
    assert!(matches!(said, holds::Changed::Done(_)), "{said:?}");
}

fn ours(world: &World) -> reattribution::Who {
    reattribution::Who::Partner { partner: world.partner.clone(), program: Some(world::program()) }
}

/// A person says whose a lead is.
async fn give(world: &World, event: &str, who: reattribution::Who) {
    // Another person each time: what one has decided once is decided.
    let actor = Actor::new(Role::Admin, if who == reattribution::Who::Nobody { "usr_2" } else { "usr_3" });
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let sale = SaleId::of(&world::key(event));
    let given = reattribution::reattribute(&desk, &sale, &who, "so it was").await.expect("an answer");
    assert!(matches!(given, reattribution::Reattributed::Done(_)), "{given:?}");
}

#[tokio::test]
async fn com_1_a_lead_that_was_rejected_does_not_stand_in_the_way_of_a_true_one() {
    let world = rewarding().await;
    for (event, is_first) in [("lead_1", true), ("lead_2", false), ("lead_3", false)] {
        book(&world, lead(&world, event, ANN, true, true)).await;
        assert_eq!(world.total().await, "25.00", "{event}");
        if event != "lead_3" {
            reject(&world, event).await;
            assert_eq!(world.total().await, "0.00", "{event}");
        }
        assert_eq!(book(&world, lead(&world, "lead_1", ANN, true, true)).await, Booked::AlreadySeen, "{is_first}");
    }
    book(&world, lead(&world, "lead_4", ANN, true, true)).await;
    assert_eq!(world.total().await, "25.00");
    world.verified().await;
}

#[tokio::test]
async fn com_1_a_lead_that_a_person_credits_is_told_from_then_on() {
    let world = rewarding().await;
    book(&world, lead(&world, "lead_1", ANN, true, false)).await;
    give(&world, "lead_1", ours(&world)).await;
    assert_eq!(world.total().await, "25.00");
    assert_eq!(book(&world, lead(&world, "lead_2", ANN, true, true)).await, Booked::AlreadySeen);
    assert_eq!(world.total().await, "25.00");
    world.verified().await;
}

#[tokio::test]
async fn com_1_a_lead_that_is_credited_to_nobody_by_then_does_not_stand_in_the_way() {
    let world = rewarding().await;
    book(&world, lead(&world, "lead_1", ANN, true, true)).await;
    give(&world, "lead_1", reattribution::Who::Nobody).await;
    assert_eq!(world.total().await, "0.00");
    book(&world, lead(&world, "lead_2", ANN, true, true)).await;
    assert_eq!(world.total().await, "25.00");
    // Whom a person credits has it in any case, and it is told as well: rejecting the other one leaves no room for a third.
    give(&world, "lead_1", ours(&world)).await;
    assert_eq!(world.total().await, "50.00");
    reject(&world, "lead_2").await;
    assert_eq!(world.total().await, "25.00");
    assert_eq!(book(&world, lead(&world, "lead_3", ANN, true, true)).await, Booked::AlreadySeen);
    assert_eq!(world.total().await, "25.00");
    world.verified().await;
}

#[tokio::test]
async fn com_1_leads_of_two_addresses_and_of_two_tenants_are_leads_of_their_own() {
    let mut world = rewarding().await;
    book(&world, lead(&world, "lead_1", ANN, true, true)).await;
    book(&world, lead(&world, "lead_2", "bob@customer.example", true, true)).await;
    assert_eq!(world.total().await, "50.00");
    world.verified().await;
    world.move_to(2).await;
    reward(&world, world::program(), 3).await;
    book(&world, lead(&world, "lead_2", ANN, true, true)).await;
    assert_eq!(world.total().await, "25.00");
    world.verified().await;
}
