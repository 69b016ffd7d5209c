//! REV-2: whoever pays under the address of a lead is a customer, and the money is booked as it always was.

use cases::leads::{capture, pay};
use domain::email::Email;
use domain::id::LeadId;
use domain::lead::address::Address;
use domain::lead::person::{PersonField, PersonPiece, Teller};
use domain::lead::score::Score;
use domain::lead::{Capture, Consent, Lead, LeadSource, LeadState};
use domain::time::Timestamp;

use super::*;

const ADDRESS: &str = "casey@customer.example";

/// A lead that was captured some hours before the present.
async fn captured(world: &World, hours_ago: i64) -> LeadId {
    let at = Timestamp::from_millisecond(world.now.as_millisecond() - hours_ago * 3_600_000).expect("an instant");
    let address = Address::of(&Email::parse(ADDRESS).expect("an address")).expect("a domain");
    let told = Capture {
        program: world::program(),
        address,
        takes_mail: None,
        source: LeadSource::parse("ads").expect("a source"),
        campaign: None,
        consent: Consent { source: "form".to_owned(), at },
        score: Score::default(),
        at,
    };
    let said = PersonPiece { says: [PersonField::Email].into(), sealed: "c2VhbGVk".to_owned() };
    capture(&world.store, &world.tenant, told, (&said, Teller::Server)).await.expect("captured").lead.id
}

async fn lead(world: &World, id: &LeadId) -> Lead {
    world.store.get_lead(&world.tenant, id).await.expect("store").expect("a lead").lead
}

fn paid(world: &World, invoice: &str, amount: &str) -> domain::fact::SalePaid {
    let email = domain::email::digest(" Casey+shop@Customer.example");
    domain::fact::SalePaid { email, ..world.paid(invoice, "cus_1", amount) }
}

#[tokio::test]
async fn who_pays_under_the_address_of_a_lead_converts_it_once() {
    let world = World::new().await;
    let id = captured(&world, 36).await;
    book(&world, Fact::SalePaid(paid(&world, "in_0", "0"))).await;
    assert!(lead(&world, &id).await.state.is_open(), "a trial is no payment");
    let own = domain::fact::SalePaid { event_type: SaleType::Custom, ..paid(&world, "ev_1", "20.00") };
    book(&world, Fact::SalePaid(own)).await;
    assert!(lead(&world, &id).await.state.is_open(), "nor is an event of the tenant's own");
    for _ in 0..2 {
        book(&world, Fact::SalePaid(paid(&world, "in_1", "99.00"))).await;
        assert_eq!(lead(&world, &id).await.converted_at(), Some(world.now));
    }
    let stored = world.store.get_lead(&world.tenant, &id).await.expect("store").expect("a lead");
    assert_eq!(stored.version, 2, "told again, nothing is written");
    world.verified().await;
}

#[tokio::test]
async fn who_had_paid_before_the_address_was_left_was_a_customer_already() {
    let mut world = World::new().await;
    book(&world, Fact::SalePaid(paid(&world, "in_1", "99.00"))).await;
    world.pass_days(30);
    let id = captured(&world, 1).await;
    book(&world, Fact::SalePaid(paid(&world, "in_2", "99.00"))).await;
    assert_eq!(lead(&world, &id).await.state, LeadState::Duplicate { at: world.now });
    world.verified().await;
}

#[tokio::test]
async fn a_payment_under_another_address_or_of_another_tenant_converts_nobody() {
    let mut world = World::new().await;
    let id = captured(&world, 1).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    let own = world.tenant.clone();
    world.move_to(2).await;
    book(&world, Fact::SalePaid(paid(&world, "in_2", "99.00"))).await;
    world.tenant = own;
    assert!(lead(&world, &id).await.state.is_open());
}

/// The conversion is behind the booking: whatever fails there, the same fact told again finishes it, and books nothing
/// twice.
#[tokio::test]
async fn a_conversion_that_failed_is_finished_when_the_sale_is_told_again() {
    let world = World::new().await;
    let id = captured(&world, 1).await;
    let fact = Fact::SalePaid(paid(&world, "in_1", "99.00"));
    let mut requests = 0;
    loop {
        world.database.fail_after(requests, 3, testkit::Fault::ServerError);
        let zone = Zone::utc();
        let recorder = Recorder::new(&world.store, &world.tenant, &world.keys, &zone, world.now);
        let outcome = recorder.book(&fact).await;
        world.database.heal();
        if outcome.is_ok() {
            break;
        }
        requests += 1;
        assert!(requests < 60, "it is booked at last");
    }
    assert_eq!(lead(&world, &id).await.converted_at(), Some(world.now));
    let email = domain::email::digest(ADDRESS).expect("an address");
    let again = pay(&world.store, &world.tenant, email, (None, world.now)).await;
    assert_eq!(again.expect("an answer"), 0);
    world.verified().await;
}
