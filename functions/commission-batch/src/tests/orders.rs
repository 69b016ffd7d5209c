//! V13, where what another partner was paid for moves: whichever facts are told first, the nights end alike.

use domain::fact::{CustomerSeen, Fact, Lead, SalePaid};
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{LinkId, PartnerId};
use domain::touch::{Touch, Touches};
use queues::VisitDue;
use store::links::Link;
use world::World;

use super::adjusting::{SECOND, book, furnish_second, sale, second_partner};
use super::{LATER, at, due};
use crate::visit;

const ORDERS_OF_3: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

async fn visited(world: &World, partner: &PartnerId) {
    let visit_due = VisitDue { partner: partner.clone(), ..due(world, "2026-12-03") };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
}

fn lead(world: &World, event: &str, link: LinkId, when: &str) -> Fact {
    let touch = Touch { at: at(when), link, visitor: world::visitor() };
    Fact::Lead(Lead {
        event: world::key(event),
        occurred_at: at(when),
        click_token: Some(world.sign(&Touches::from(touch))),
        email: domain::email::digest("ann@customer.example").expect("an address"),
        is_qualified: false,
    })
}

/// What is left of a sale, by partner: first the world's own.
async fn left(world: &World, invoice: &str) -> (i64, i64) {
    let sale = world.kept_sale(invoice).await;
    let of = |partner: &PartnerId| {
        let lines = sale.lines.iter().filter(|line| line.partner == *partner);
        lines.fold(0, |sum, line| sum + line.amount.minor())
    };
    (of(&world.partner), of(&second_partner()))
}

#[tokio::test]
async fn v13_the_nearest_lead_brings_a_guest_whichever_is_told_first() {
    for order in ORDERS_OF_3 {
        let (world, other) = (World::new().await, second_partner());
        furnish_second(&world, &other).await;
        let Fact::SalePaid(paid) = sale(&world, "in_1", "nobody", "10", SECOND) else { unreachable!("a sale") };
        let email = domain::email::digest("ann@customer.example");
        let guest = Fact::SalePaid(SalePaid { customer: None, click_token: None, email, ..paid });
        let facts = [
            lead(&world, "lead_1", world::link(), "2026-11-20T12:00:00Z"),
            lead(&world, "lead_2", LinkId::from_ulid(10_u128.into()), "2026-11-21T12:00:00Z"),
            guest,
        ];
        for place in order {
            book(&world, &facts[place]).await;
        }
        for partner in [&world.partner, &other] {
            visited(&world, partner).await;
        }
        assert_eq!(left(&world, "in_1").await, (0, 300), "{order:?}");
        world.verified().await;
        // Told once more, nothing is news.
        for place in order {
            book(&world, &facts[place]).await;
        }
        assert_eq!(left(&world, "in_1").await, (0, 300), "{order:?}");
    }
}

#[tokio::test]
async fn v13_a_customer_who_was_one_before_the_click_and_a_lead_before_that_is_brought_in_every_order() {
    for order in ORDERS_OF_3 {
        let (world, other) = (World::new().await, second_partner());
        furnish_second(&world, &other).await;
        let told = |name: &str, when: &str| {
            let Fact::SalePaid(paid) = sale(&world, name, "cus_1", "10", when) else { unreachable!("a sale") };
            paid
        };
        // By itself the click brought somebody who had paid before it. The lead is older than both, and says that it was
        // partners who brought them; among the touches of the one meeting the click then goes above it.
        let email = domain::email::digest("ann@customer.example");
        let facts = [
            lead(&world, "lead_1", LinkId::from_ulid(10_u128.into()), "2026-11-18T12:00:00Z"),
            Fact::SalePaid(SalePaid { click_token: None, ..told("in_0", "2026-11-19T12:00:00Z") }),
            Fact::SalePaid(SalePaid { email, ..told("in_1", SECOND) }),
        ];
        for place in order {
            book(&world, &facts[place]).await;
        }
        for partner in [&world.partner, &other] {
            visited(&world, partner).await;
        }
        assert_eq!((left(&world, "in_0").await, left(&world, "in_1").await), ((0, 0), (300, 0)), "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn v13_a_links_own_rate_is_paid_where_that_link_brought_the_customer_in_every_order() {
    for order in ORDERS_OF_3 {
        // The world's link pays 50 %; the partner's other one pays as the rule does.
        let world = World::with_rates("0.3", Some("0.5")).await;
        let plain = LinkId::from_ulid(30_u128.into());
        let known = world.store.get_link(&world.tenant, &world::link()).await.expect("store").expect("a link");
        let second = Link { id: plain.clone(), code: "second".to_owned(), commission_rate: None, ..known };
        world.store.create_link(&world.tenant, &second).await.expect("a link");
        let met = |event: &str, link: LinkId, when: &str| {
            let touch = Touch { at: at("2026-11-20T12:00:00Z"), link, visitor: world::visitor() };
            let token = world.sign(&Touches::from(touch));
            let Fact::CustomerSeen(seen) = world.seen("cus_1", Some(&token)) else { unreachable!("a check-out") };
            Fact::CustomerSeen(CustomerSeen { event: world::key(event), occurred_at: at(when), ..seen })
        };
        let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "10", SECOND) else { unreachable!("a sale") };
        let facts = [
            met("cs_1", plain.clone(), "2026-11-20T13:00:00Z"),
            met("cs_2", world::link(), "2026-11-21T13:00:00Z"),
            Fact::SalePaid(SalePaid { click_token: None, ..paid }),
        ];
        for place in order {
            book(&world, &facts[place]).await;
        }
        visited(&world, &world.partner).await;
        assert_eq!(left(&world, "in_1").await, (300, 0), "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn v13_an_address_counts_from_the_earliest_meeting_that_told_it_in_every_order() {
    let email = || domain::email::digest("ann@customer.example");
    for start in 0..12 {
        let (world, other) = (World::new().await, second_partner());
        furnish_second(&world, &other).await;
        let own = domain::email::digest("owner@partner.example").expect("an address");
        let mark = Mark { kind: MarkKind::Email, digest: own };
        world.store.record_marks(&world.tenant, &world.partner, &[mark], world.now).await.expect("recorded");
        let click =
            |clicked: &str| Touches::from(Touch { at: at(clicked), link: world::link(), visitor: world::visitor() });
        let met = |event: &str, when: &str, clicked: Option<&str>, email: Option<domain::digest::Digest>| {
            let token = clicked.map(|clicked| world.sign(&click(clicked)));
            let Fact::CustomerSeen(seen) = world.seen("cus_1", token.as_deref()) else { unreachable!("a check-out") };
            Fact::CustomerSeen(CustomerSeen { event: world::key(event), occurred_at: at(when), email, ..seen })
        };
        let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "10", SECOND) else { unreachable!("a sale") };
        let facts = [
            lead(&world, "lead_1", LinkId::from_ulid(10_u128.into()), "2026-11-17T12:00:00Z"),
            // Asked about first, and with a later date than the next meeting that gives it.
            met("cs_4", "2026-11-20T16:00:00Z", None, email()),
            // A click binds before all of them, and is its own partner's, as turns out.
            met("cs_1", "2026-11-20T13:00:00Z", Some("2026-11-20T12:00:00Z"), None),
            met("cs_2", "2026-11-20T14:00:00Z", None, email()),
            met("cs_5", "2026-11-20T17:00:00Z", Some("2026-11-20T12:00:00Z"), Some(own)),
            // Another click binds behind the first meeting with the address, and before the second.
            met("cs_3", "2026-11-20T15:00:00Z", Some("2026-11-20T14:30:00Z"), None),
            Fact::SalePaid(SalePaid { click_token: None, ..paid }),
        ];
        let forward: Vec<usize> = (0..facts.len()).map(|place| (place + start) % facts.len()).collect();
        let order: Vec<usize> = if start < 7 { forward } else { forward.into_iter().rev().collect() };
        for place in &order {
            book(&world, &facts[*place]).await;
        }
        for partner in [&world.partner, &other] {
            visited(&world, partner).await;
        }
        assert_eq!(left(&world, "in_1").await, (0, 300), "{order:?}");
        world.verified().await;
    }
}
