use domain::attribution::customer::{Customer, Mention};

use crate::customers::CustomerChange;
use domain::id::TenantId;
use ulid::Ulid;

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

fn email() -> Digest {
    Digest::of_bytes(b"a@example.com")
}

fn lead(partner: u128, at: &str) -> Candidate {
    Candidate {
        source: Source::LeadEmail,
        at: at.parse().expect("instant"),
        link: Some(LinkId::from_ulid(Ulid::from(partner))),
        coupon: None,
        visitor: None,
        target: Some(CandidateTarget {
            partner: PartnerId::from_ulid(Ulid::from(partner)),
            program: ProgramId::from_ulid(Ulid::from(1_u128)),
            window_days: 30,
            settings: AttributionSettings { existing_customers_allowed: true, ..AttributionSettings::default() },
        }),
        refused: None,
    }
}

#[tokio::test]
async fn leads_come_back_as_they_were_recorded_in_the_order_of_their_time() {
    let store = store().await;
    let mut leads = store.get_leads(&tenant(), email()).await.expect("none");
    assert_eq!(leads, Leads::default());
    assert!(leads.add(&lead(2, "2026-11-12T00:00:00Z")) && leads.add(&lead(1, "2026-11-10T00:00:00Z")));
    assert!(!leads.add(&lead(1, "2026-11-10T00:00:00Z")));
    assert_eq!(store.record_leads(&tenant(), email(), &leads).await.expect("recorded"), Written::Yes);
    assert_eq!(store.record_leads(&tenant(), email(), &leads).await.expect("answered"), Written::ConditionFailed);
    let kept = store.get_leads(&tenant(), email()).await.expect("read");
    assert_eq!(kept, Leads { version: 1, ..leads });
    assert_eq!(kept.candidates, [lead(1, "2026-11-10T00:00:00Z"), lead(2, "2026-11-12T00:00:00Z")]);
}

#[tokio::test]
async fn a_customer_who_waits_is_found_by_a_later_lead_and_refused_where_one_came_meanwhile() {
    let store = store().await;
    let key = PaymentKey::parse("stripe:cus_1").expect("key");
    let mut customer = Customer { version: 1, ..Customer::default() };
    let at: Timestamp = "2026-11-10T00:00:00Z".parse().expect("instant");
    customer.mention(Mention { email: email(), at, by: key.clone() }, &[]);
    let read = |version| [LeadsRead { email: email(), version }];
    let mut leads = Leads::default();
    leads.add(&lead(1, "2026-11-01T00:00:00Z"));
    store.record_leads(&tenant(), email(), &leads).await.expect("recorded");
    for (version, expected) in [(0, Written::ConditionFailed), (1, Written::Yes)] {
        let read = read(version);
        let change = CustomerChange { key: &key, before: None, after: Some(&customer), relies_on: &read, moves: &[] };
        assert_eq!(store.record_customer(&tenant(), &change).await.expect("answered"), expected);
    }
    assert_eq!(store.list_waiting_for_lead(&tenant(), email()).await.expect("listed"), [key]);
}
