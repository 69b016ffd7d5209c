//! Leads over a database in memory.

use domain::email::Email;
use domain::id::TenantId;
use domain::lead::Capture;
use domain::lead::address::Address;
use domain::lead::person::PersonField;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn program(n: u128) -> ProgramId {
    ProgramId::from_ulid(n.into())
}

fn lead(email: &str, source: &str, when: &str) -> Lead {
    let address = Address::of(&Email::parse(email).expect("an address")).expect("a domain");
    Lead::capture(Capture {
        program: program(1),
        address,
        takes_mail: None,
        source: LeadSource::parse(source).expect("a source"),
        campaign: Some("autumn".to_owned()),
        consent: Consent { source: "form".to_owned(), at: at(when) },
        score: Score::of(&address, &Default::default(), &Default::default()),
        at: at(when),
    })
}

fn person() -> PersonPiece {
    PersonPiece { says: [PersonField::Email].into(), sealed: "c2VhbGVk".to_owned() }
}

async fn record(store: &Store, before: Option<&StoredLead>, after: &Lead) -> Written {
    let change = LeadChange { before, after, person: &[person()], told: None };
    store.record_lead(&tenant(), &change).await.expect("store")
}

async fn stored(store: &Store, lead: &Lead) -> StoredLead {
    store.get_lead(&tenant(), &lead.id).await.expect("store").expect("a lead")
}

const NOON: &str = "2026-11-21T12:00:00.123Z";

#[tokio::test]
async fn a_lead_comes_back_as_it_was_written_in_every_state() {
    let store = store().await;
    let open = lead("ada@engines.example", "ads", NOON);
    assert_eq!(record(&store, None, &open).await, Written::Yes);
    assert_eq!(record(&store, None, &open).await, Written::ConditionFailed, "a lead is made once");
    let read = stored(&store, &open).await;
    assert_eq!((read.lead.clone(), read.person.clone(), read.version), (open.clone(), vec![person()], 1));
    let converted = open.clone().convert("usr_ada".to_owned(), at("2026-11-22T12:00:00Z")).expect("open");
    assert_eq!(record(&store, Some(&read), &converted).await, Written::Yes);
    assert_eq!(record(&store, Some(&read), &converted).await, Written::ConditionFailed, "on what was read");
    let read = stored(&store, &open).await;
    assert_eq!((read.lead.clone(), read.version), (converted.clone(), 2));
    let erased = converted.erase(at("2026-11-23T12:00:00Z")).expect("not erased");
    let change = LeadChange { before: Some(&read), after: &erased, person: &[], told: None };
    assert_eq!(store.record_lead(&tenant(), &change).await.expect("store"), Written::Yes);
    let read = stored(&store, &open).await;
    assert_eq!((read.lead, read.person), (erased, Vec::new()));
    assert_eq!(format!("{:?}", stored(&store, &open).await).matches("c2VhbGVk").count(), 0);
}

#[tokio::test]
async fn an_address_leads_to_its_open_leads_and_to_no_others() {
    let store = store().await;
    let first = lead("ada@engines.example", "ads", NOON);
    let second =
        Lead { id: LeadId::of(&program(2), &first.email.expect("there")), program: program(2), ..first.clone() };
    for lead in [&first, &second] {
        record(&store, None, lead).await;
    }
    let email = first.email.expect("there");
    let of = async || store.list_leads_of(&tenant(), email).await.expect("store");
    assert_eq!(of().await.len(), 2);
    let read = stored(&store, &first).await;
    let paid = first.clone().pay(at(NOON), at(NOON)).expect("open");
    record(&store, Some(&read), &paid).await;
    assert_eq!(of().await, std::slice::from_ref(&second.id));
    let read = stored(&store, &second).await;
    let erased = second.clone().erase(at(NOON)).expect("not erased");
    record(&store, Some(&read), &erased).await;
    assert_eq!(of().await, []);
    let rejected = lead("casey@mailinator.com", "ads", NOON);
    record(&store, None, &rejected).await;
    assert_eq!(store.list_leads_of(&tenant(), rejected.email.expect("there")).await.expect("store"), []);
}

#[tokio::test]
async fn leads_are_listed_newest_first_page_by_page_and_only_to_their_tenant() {
    let store = store().await;
    let mut leads = Vec::new();
    for n in 0..5 {
        let lead = lead(&format!("ada{n}@engines.example"), "ads", &format!("2026-11-2{n}T12:00:00Z"));
        record(&store, None, &lead).await;
        leads.insert(0, lead);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..9 {
        let page = store.list_leads(&tenant(), 2, after.as_ref()).await.expect("store");
        seen.extend(page.items.into_iter().map(|stored| stored.lead));
        let Some(next) = page.next else { break };
        after = Some(LeadPlace::parse(&next).expect("a place"));
    }
    assert_eq!(seen, leads);
    let other = TenantKey::from(&TenantId::from_ulid(1_u128.into()));
    assert_eq!(store.list_leads(&other, 10, None).await.expect("store").items.len(), 0);
    assert_eq!(store.get_lead(&other, &leads[0].id).await.expect("store").map(|_| ()), None);
    for bad in ["", "x", "~", "~led_00000000000000000000000001", "2026~led_1"] {
        assert_eq!(LeadPlace::parse(bad), None, "{bad}");
    }
}

#[tokio::test]
async fn days_are_counted_as_their_leads_change_and_only_those_asked_for() {
    let store = store().await;
    for (email, source, when) in [
        ("a@engines.example", "ads", "2026-11-20T23:59:59Z"),
        ("b@engines.example", "ads", "2026-11-21T00:00:00Z"),
        ("c@engines.example", "fair", "2026-11-21T12:00:00Z"),
        ("d@engines.example", "ads", "2026-11-22T00:00:00Z"),
    ] {
        record(&store, None, &lead(email, source, when)).await;
    }
    let b = lead("b@engines.example", "ads", "2026-11-21T00:00:00Z");
    let read = stored(&store, &b).await;
    record(&store, Some(&read), &b.pay(at("2026-11-24T00:00:00Z"), at("2026-11-24T00:00:00Z")).expect("open")).await;
    let day = |text: &str| BusinessDay::parse(text).expect("a day");
    let rows = async |from: &str, to: &str| {
        let days = store.list_lead_days(&tenant(), day(from), day(to)).await.expect("store");
        let row = |one: &LeadDay| (one.source.as_str().to_owned(), one.tally.captured, one.tally.converted);
        days.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(rows("2026-11-21", "2026-11-21").await, [("ads".to_owned(), 1, 1), ("fair".to_owned(), 1, 0)]);
    assert_eq!(rows("2026-11-20", "2026-11-22").await.len(), 4);
    assert_eq!(rows("2026-11-23", "2026-11-30").await, []);
    let all = store.list_lead_days(&tenant(), day("2026-11-01"), day("2026-11-30")).await.expect("store");
    let seconds = all.iter().fold(0, |sum, one| sum + one.tally.converting_seconds);
    assert_eq!(seconds, 259_200);
}

#[tokio::test]
async fn a_programme_counts_by_so_many_sources_and_knows_them_again() {
    let store = store().await;
    let is_counted = async |program_id: u128, source: &str, max: u16| {
        let source = LeadSource::parse(source).expect("a source");
        store.record_lead_source(&tenant(), &program(program_id), &source, max).await.expect("store")
    };
    for (source, max, expected) in [
        ("a", 2, true),
        ("b", 2, true),
        ("c", 2, false),
        ("A", 2, true),
        ("b", 0, true),
        ("c", 3, true),
        ("d", 3, false),
        ("c", 2, true),
    ] {
        assert_eq!(is_counted(1, source, max).await, expected, "{source} of {max}");
    }
    assert!(is_counted(2, "d", 1).await, "another programme has its own");
}

#[tokio::test]
async fn of_many_new_sources_at_once_no_more_are_let_in_than_may() {
    let store = store().await;
    let sources: Vec<LeadSource> = (0..20).map(|n| LeadSource::parse(&format!("s{n}")).expect("a source")).collect();
    let (tenant, program) = (tenant(), program(1));
    let all = sources.iter().map(|source| store.record_lead_source(&tenant, &program, source, 5));
    let taken = futures::future::try_join_all(all).await.expect("store");
    assert_eq!(taken.iter().filter(|is_counted| **is_counted).count(), 5);
}
