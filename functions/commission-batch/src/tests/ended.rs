//! OPS-4: the night ends leads whose days are over, whatever else of it fails.

use domain::email::Email;
use domain::lead::address::Address;
use domain::lead::score::Score;
use domain::lead::{Capture, Consent, Lead, LeadSource};
use store::leads::LeadChange;

use super::*;

async fn captured(world: &World, email: &str, when: &str) -> Lead {
    let address = Address::of(&Email::parse(email).expect("an address")).expect("a domain");
    let lead = Lead::capture(Capture {
        program: world::program(),
        address,
        takes_mail: None,
        source: LeadSource::parse("form").expect("a source"),
        campaign: None,
        consent: Consent { source: "form".to_owned(), at: at(when) },
        score: Score::of(&address, &Default::default(), &Default::default()),
        at: at(when),
    });
    let change = LeadChange { before: None, after: &lead, person: &[], told: None };
    assert_eq!(world.store.record_lead(&world.tenant, &change).await.expect("store"), store::Written::Yes);
    lead
}

async fn state(world: &World, lead: &Lead) -> &'static str {
    world.store.get_lead(&world.tenant, &lead.id).await.expect("store").expect("a lead").lead.state.word()
}

#[tokio::test]
async fn the_night_ends_leads_that_were_kept_as_long_as_they_are_kept() {
    let (world, stub) = (World::new().await, stub().await);
    let (old, young) = ("2024-12-30T00:00:00Z", "2025-01-02T00:00:00Z");
    let (old, young) =
        (captured(&world, "ada@engines.example", old).await, captured(&world, "bo@engines.example", young).await);
    let app = app(&world, &stub);
    for _ in 0..2 {
        night(&app, "2026-11-22T02:00:00Z").await;
        assert_eq!((state(&world, &old).await, state(&world, &young).await), ("erased", "scored"));
    }
    let trail = world.store.list_audit(&world.tenant, old.id.as_str()).await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["lead.erased"]);
}

#[tokio::test]
async fn leads_end_also_in_a_night_whose_visits_cannot_be_sent() {
    let (world, stub) = (World::new().await, stub().await);
    world.earn("in_1", "29.70", day("2026-12-21")).await;
    let lead = captured(&world, "ada@engines.example", "2024-01-01T00:00:00Z").await;
    stub.refuse(Some(Service::Sqs));
    assert!(app(&world, &stub).handle(json!({ "scheduled_for": "2026-11-22T02:00:00Z" })).await.is_err());
    assert_eq!(state(&world, &lead).await, "erased");
}
