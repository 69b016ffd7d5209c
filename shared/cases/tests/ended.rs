//! OPS-4: leads whose days are over, over a real table.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use std::sync::atomic::{AtomicUsize, Ordering};

use cases::privacy::ended::{Ended, end_leads};
use domain::audit::{Actor, Deed, append};
use domain::email::Email;
use domain::lead::address::Address;
use domain::lead::person::{PersonField, PersonPiece};
use domain::lead::score::Score;
use domain::lead::{Capture, Consent, Lead, LeadSource};
use domain::role::Role;
use domain::settings::{Retention, RetentionKind};
use domain::time::{Timestamp, Zone};
use store::leads::{LeadChange, StoredLead};
use store::{TenantKey, Written};
use testkit::Fault;
use world::World;

/// More requests than a night with one lead makes.
const REQUESTS_MAX: usize = 24;
const DAY_MS: i64 = 86_400_000;

fn days_ago(world: &World, days: i64) -> Timestamp {
    Timestamp::from_millisecond(world.now.as_millisecond() - days * DAY_MS).expect("an instant")
}

fn capture(email: &str, at: Timestamp) -> Capture {
    let address = Address::of(&Email::parse(email).expect("an address")).expect("a domain");
    Capture {
        program: world::program(),
        address,
        takes_mail: None,
        source: LeadSource::parse("form").expect("a source"),
        campaign: None,
        consent: Consent { source: "form".to_owned(), at },
        score: Score::of(&address, &Default::default(), &Default::default()),
        at,
    }
}

async fn record(world: &World, tenant: &TenantKey, (before, after): (Option<&StoredLead>, &Lead)) {
    let person = [PersonPiece { says: [PersonField::Email].into(), sealed: "c2VhbGVk".to_owned() }];
    let change = LeadChange { before, after, person: &person, told: None };
    assert_eq!(world.store.record_lead(tenant, &change).await.expect("store"), Written::Yes);
}

/// Somebody left an address so many days ago.
async fn captured(world: &World, email: &str, days: i64) -> Lead {
    let lead = Lead::capture(capture(email, days_ago(world, days)));
    record(world, &world.tenant, (None, &lead)).await;
    lead
}

/// They leave it again.
async fn seen_again(world: &World, lead: &Lead, email: &str, days: i64) {
    let before = stored(world, lead).await;
    let after = before.lead.clone().capture_again(capture(email, days_ago(world, days)));
    record(world, &world.tenant, (Some(&before), &after)).await;
}

async fn stored(world: &World, lead: &Lead) -> StoredLead {
    world.store.get_lead(&world.tenant, &lead.id).await.expect("store").expect("a lead")
}

async fn state(world: &World, lead: &Lead) -> &'static str {
    stored(world, lead).await.lead.state.word()
}

async fn told(world: &World, aggregate: &str) -> Vec<(String, String)> {
    let trail = world.store.list_audit(&world.tenant, aggregate).await.expect("store");
    trail.into_iter().map(|entry| (entry.action, entry.actor.id)).collect()
}

async fn night(world: &World) -> Ended {
    end_leads(&world.store, &world.tenant, world.now, &|| false).await.expect("store")
}

/// A night whose time is over after so many leads.
async fn short_night(world: &World, leads: usize) -> Ended {
    let left = AtomicUsize::new(leads);
    let is_over = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
    end_leads(&world.store, &world.tenant, world.now, &is_over).await.expect("store")
}

async fn keep_leads(world: &World, days: u32) {
    let mut settings = world.store.get_kept_settings(&world.tenant).await.expect("store");
    settings.general.retention_days = Retention::new([(RetentionKind::Leads, days)].into());
    let end = world.store.get_chain_end(&world.tenant, "settings").await.expect("store");
    let (old, new) = Default::default();
    let deed = Deed { at: world.now, actor: Actor::new(Role::Admin, "usr_ada"), action: "settings.set", old, new };
    let entry = append(end, "settings", deed);
    let written = world.store.replace_settings(&world.tenant, &settings, &entry).await.expect("store");
    assert_eq!(written, Written::Yes);
}

#[tokio::test]
async fn a_lead_that_never_became_a_customer_is_erased_when_its_days_are_over() {
    let world = World::new().await;
    let open = captured(&world, "open@engines.example", 731).await;
    let rejected = captured(&world, "casey@mailinator.com", 731).await;
    let customer = captured(&world, "paid@engines.example", 731).await;
    let before = stored(&world, &customer).await;
    let paid = before.lead.clone().pay(world.now, world.now).expect("open");
    record(&world, &world.tenant, (Some(&before), &paid)).await;
    let young = captured(&world, "young@engines.example", 729).await;
    assert_eq!(night(&world).await, Ended { looked_at: 3, ended: 2, failed: 0, is_whole: true });
    for (lead, expected) in [(&open, "erased"), (&rejected, "erased"), (&customer, "converted"), (&young, "scored")] {
        assert_eq!(state(&world, lead).await, expected);
    }
    // As on a person's word: nothing sealed, no way from the address, a tombstone; and the trail says who did it.
    let left = stored(&world, &open).await;
    assert_eq!((left.person, left.lead.email), (Vec::new(), None));
    let waiting = world.store.list_leads_of(&world.tenant, open.email.expect("an address")).await.expect("store");
    assert_eq!(waiting, []);
    let subject = world.store.get_subject(&world.tenant, open.id.as_str()).await.expect("store");
    assert_eq!(subject.erased.map(|asked| (asked.at, asked.by)), Some((world.now, "retention".to_owned())));
    let by = |action: &str| (action.to_owned(), "retention".to_owned());
    assert_eq!(told(&world, open.id.as_str()).await, [by("lead.erased")]);
    assert_eq!(told(&world, &format!("privacy#{}", open.id)).await, [by("privacy.erased")]);
    // The counts stay.
    let day = Zone::utc().day_of(open.captured_at);
    let days = world.store.list_lead_days(&world.tenant, day, day).await.expect("store");
    assert_eq!(days.iter().map(|day| day.tally.captured).collect::<Vec<_>>(), [3]);
    // Again it does nothing, and does not read again what has ended.
    assert_eq!(night(&world).await, Ended { looked_at: 0, ended: 0, failed: 0, is_whole: true });
    world.verified().await;
}

#[tokio::test]
async fn leads_end_by_the_days_of_their_own_tenant_from_when_they_were_seen_last() {
    let mut world = World::new().await;
    let lead = captured(&world, "ada@engines.example", 40).await;
    let back = captured(&world, "back@engines.example", 41).await;
    seen_again(&world, &back, "back@engines.example", 29).await;
    assert_eq!(night(&world).await.ended, 0, "as shipped they stay for two years");
    keep_leads(&world, 30).await;
    assert_eq!(night(&world).await.ended, 1);
    assert_eq!((state(&world, &lead).await, state(&world, &back).await), ("erased", "scored"));
    // Two days later the other one was not seen for as long.
    world.pass_days(2);
    assert_eq!(night(&world).await.ended, 1);
    assert_eq!(state(&world, &back).await, "erased");
    // Whoever leaves it anew is a lead anew, and is counted from then.
    seen_again(&world, &back, "back@engines.example", 0).await;
    world.pass_days(20);
    assert_eq!(night(&world).await.ended, 0);
    assert_eq!(state(&world, &back).await, "scored");
    world.move_to(7).await;
    let theirs = captured(&world, "ada@engines.example", 40).await;
    assert_eq!(night(&world).await.ended, 0);
    assert_eq!(state(&world, &theirs).await, "scored");
}

#[tokio::test]
async fn a_night_without_time_for_all_is_gone_on_with_and_who_stays_holds_nobody_up() {
    let world = World::new().await;
    let back = captured(&world, "back@engines.example", 900).await;
    seen_again(&world, &back, "back@engines.example", 1).await;
    let mut over = Vec::new();
    for n in 0..3 {
        over.push(captured(&world, &format!("ada{n}@engines.example"), 800 - n).await);
    }
    let mut nights = Vec::new();
    for _ in 0..4 {
        let Ended { looked_at, ended, is_whole, .. } = short_night(&world, 1).await;
        assert!(looked_at <= 1);
        nights.push((ended, is_whole));
    }
    // The oldest one stays; one lead a night, the three behind it go all the same.
    assert_eq!(nights, [(0, false), (1, false), (1, false), (1, true)]);
    for lead in &over {
        assert_eq!(state(&world, lead).await, "erased");
        assert_eq!(told(&world, lead.id.as_str()).await.len(), 1);
    }
    assert_eq!(state(&world, &back).await, "scored");
}

#[tokio::test]
async fn a_night_that_dies_anywhere_is_finished_by_the_next_and_tells_each_lead_once() {
    let world = World::new().await;
    for n in 0..REQUESTS_MAX {
        let days = 2_000 - i64::try_from(n).expect("small");
        let lead = captured(&world, &format!("ada{n}@engines.example"), days).await;
        world.database.fail_after(n, 1_000, Fault::Refuse);
        let died = end_leads(&world.store, &world.tenant, world.now, &|| false).await.is_err();
        world.database.heal();
        assert!(died || n > 4, "a night makes more than four requests");
        night(&world).await;
        assert_eq!(state(&world, &lead).await, "erased", "after {n} requests");
        let subject = world.store.get_subject(&world.tenant, lead.id.as_str()).await.expect("store");
        assert!(subject.erased.is_some(), "after {n} requests");
        assert_eq!(told(&world, lead.id.as_str()).await.len(), 1, "after {n} requests");
        assert_eq!(told(&world, &format!("privacy#{}", lead.id)).await.len(), 1, "after {n} requests");
    }
}

#[tokio::test]
async fn who_leaves_the_address_again_while_the_night_looks_stays() {
    let world = World::new().await;
    let lead = captured(&world, "ada@engines.example", 800).await;
    // Settings, how far it came, the list and its leads are read; then the lead itself is.
    let held = world.database.hold_after(4);
    let coming_back = async {
        held.reached().await;
        seen_again(&world, &lead, "ada@engines.example", 0).await;
        drop(held);
    };
    let (done, ()) = tokio::join!(night(&world), coming_back);
    assert_eq!((done.ended, state(&world, &lead).await), (0, "scored"));
    assert_eq!(told(&world, lead.id.as_str()).await, []);
}
