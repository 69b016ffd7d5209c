//! A process that dies, a store that goes away, an answer that is lost: at any request of any fact.

use domain::fact::{CustomerSeen, Lead, SalePaid, SignUp};
use testkit::Fault;

use super::*;

/// What happens, and what the account comes to: the last fact is under fire, those before it are booked in peace.
struct Scene {
    name: &'static str,
    facts: fn(&World) -> Vec<Fact>,
    total: &'static str,
}

fn met(world: &World) -> Fact {
    world.seen("cus_1", Some(&world.token))
}

fn sold(world: &World, change: impl FnOnce(SalePaid) -> SalePaid) -> Fact {
    Fact::SalePaid(change(world.paid("in_1", "cus_1", "99.00")))
}

fn with_names(world: &World) -> Fact {
    let names = vec![world::key("pi_1"), world::key("ch_1")];
    sold(world, |paid| SalePaid { aliases: names, click_token: Some(world.token.clone()), ..paid })
}

fn addressed(world: &World) -> Fact {
    let email = domain::email::digest("ann@customer.example");
    sold(world, |paid| SalePaid { email, ..paid })
}

fn guest(world: &World) -> Fact {
    let email = domain::email::digest("ann@customer.example");
    sold(world, |paid| SalePaid { email, customer: None, ..paid })
}

fn lead(world: &World, is_qualified: bool) -> Fact {
    Fact::Lead(Lead {
        event: world::key("lead_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        email: domain::email::digest("ann@customer.example").expect("an address"),
        is_qualified,
    })
}

fn signed_up(world: &World) -> Fact {
    Fact::SignUp(SignUp {
        event: world::key("sub_1"),
        customer: world::key("cus_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        coupon: None,
        email: None,
    })
}

const SALES: [Scene; 7] = [
    Scene {
        name: "a sale of a met customer",
        facts: |world| vec![met(world), sold(world, |paid| paid)],
        total: "29.70",
    },
    Scene { name: "a first sale with its names", facts: |world| vec![with_names(world)], total: "29.70" },
    Scene {
        name: "a sale told again with its click",
        facts: |world| {
            let again = sold(world, |paid| SalePaid { click_token: Some(world.token.clone()), ..paid });
            vec![sold(world, |paid| paid), again]
        },
        total: "29.70",
    },
    Scene {
        name: "a sale told again with its names",
        facts: |world| vec![met(world), sold(world, |paid| paid), with_names(world)],
        total: "29.70",
    },
    Scene {
        name: "a sale for which a refund and a dispute wait",
        facts: |world| {
            let lost = world.dispute("dp_1", "ch_1", "9.90", DisputePhase::Lost);
            vec![world.refund("re_1", "pi_1", "49.50"), lost, with_names(world)]
        },
        total: "11.88",
    },
    Scene {
        name: "a sale that was told under another name",
        facts: |world| {
            let by_name = Fact::SalePaid(world.paid("pi_1", "cus_1", "99.00"));
            vec![met(world), world.alias("in_1", "pi_1"), by_name, sold(world, |paid| paid)]
        },
        total: "29.70",
    },
    Scene { name: "a guest for whom nobody is paid yet", facts: |world| vec![guest(world)], total: "0.00" },
];

const MEETINGS: [Scene; 4] = [
    Scene {
        name: "a check-out that decides a sale",
        facts: |world| vec![sold(world, |paid| paid), met(world)],
        total: "29.70",
    },
    Scene {
        name: "a sign-up that decides a sale",
        facts: |world| vec![sold(world, |paid| paid), signed_up(world)],
        total: "29.70",
    },
    Scene {
        name: "a lead for which a customer waits",
        facts: |world| vec![addressed(world), lead(world, false)],
        total: "29.70",
    },
    Scene {
        name: "a qualified lead for which a guest waits",
        facts: |world| vec![guest(world), lead(world, true)],
        total: "29.70",
    },
];

const CHANGES: [Scene; 4] = [
    Scene {
        name: "a name under which a refund waits",
        facts: |world| {
            let refund = world.refund("re_1", "pi_1", "49.50");
            vec![met(world), sold(world, |paid| paid), refund, world.alias("in_1", "pi_1")]
        },
        total: "14.85",
    },
    Scene {
        name: "a refund before its payment",
        facts: |world| vec![world.refund("re_1", "in_1", "49.50")],
        total: "0.00",
    },
    Scene {
        name: "a refund that failed",
        facts: |world| {
            let refund = |amount| world.refund("re_1", "in_1", amount);
            vec![met(world), sold(world, |paid| paid), refund("49.50"), refund("0.00")]
        },
        total: "29.70",
    },
    Scene {
        name: "a dispute that is lost",
        facts: |world| {
            let dispute = |phase| world.dispute("dp_1", "in_1", "19.80", phase);
            let (opened, lost) = (dispute(DisputePhase::Opened), dispute(DisputePhase::Lost));
            vec![met(world), sold(world, |paid| paid), opened, lost]
        },
        total: "23.76",
    },
];

/// Each scene in tenants of its own: one in peace, then one for each request of the last fact, whose answer is lost. A
/// store that was away before a request is one whose answers were lost from the request before on.
async fn survive(scenes: &[Scene]) {
    let (mut world, mut tenant) = (World::new().await, 1);
    for scene in scenes {
        tenant += 1;
        world.move_to(tenant).await;
        let facts = (scene.facts)(&world);
        let (last, before) = facts.split_last().expect("a fact");
        book_all(&world, before).await;
        let requests = world.database.requests();
        book(&world, last.clone()).await;
        let requests = world.database.requests() - requests;
        assert_eq!(world.total().await, scene.total, "{}", scene.name);
        let mut written = None;
        for after in 0..requests {
            tenant += 1;
            world.move_to(tenant).await;
            // A click is a tenant's own, so its facts are told anew.
            let facts = (scene.facts)(&world);
            let (last, before) = facts.split_last().expect("a fact");
            book_all(&world, before).await;
            world.database.reset_units();
            // Until the client gives up, and so the recorder: as if it had died there.
            world.database.fail_after(after, 3, Fault::LoseAnswer);
            let _ = try_book(&world, last).await;
            world.database.heal();
            // What was only read leaves the store as the request before did.
            let now = Some(world.database.reset_units().write_hundredths);
            if std::mem::replace(&mut written, now) != now {
                world.verified().await;
                book(&world, last.clone()).await;
                assert_eq!(world.total().await, scene.total, "{}: after {after} of {requests}", scene.name);
            }
        }
        world.verified().await;
    }
}

async fn book_all(world: &World, facts: &[Fact]) {
    for fact in facts {
        book(world, fact.clone()).await;
    }
}

#[tokio::test]
async fn a_lost_answer_or_a_dead_store_at_any_request_leaves_nothing_half_written() {
    survive(&SALES).await;
}

#[tokio::test]
async fn a_crash_at_any_request_of_a_meeting_leaves_nothing_undecided() {
    survive(&MEETINGS).await;
}

#[tokio::test]
async fn a_crash_at_any_request_of_a_refund_or_a_dispute_leaves_nothing_half_taken_back() {
    survive(&CHANGES).await;
}

#[tokio::test]
async fn a_check_out_that_died_before_it_decided_is_finished_by_its_next_delivery() {
    // The customer is met and the sale is not decided: the second delivery brings no news, and must finish all the same.
    let world = World::new().await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    let Fact::CustomerSeen(seen) = met(&world) else { unreachable!("a check-out") };
    let zone = Zone::utc();
    let recorder = Recorder::new(&world.store, &world.tenant, &world.keys, &zone, world.now);
    let evidence = crate::decide::Evidence::from(&seen);
    let found = recorder.met_at(&seen.customer, &evidence).await.expect("store");
    world.store.record_customer(&world.tenant, &found.change()).await.expect("store");
    assert_eq!(world.total().await, "0.00");
    assert_eq!(book(&world, Fact::CustomerSeen(CustomerSeen { ..seen })).await, Booked::AlreadySeen);
    assert_eq!(world.total().await, "29.70");
    world.verified().await;
}
