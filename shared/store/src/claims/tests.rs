use domain::attribution::claim::ClaimDecided;
use domain::attribution::customer::Customer;
use domain::audit::Actor;
use domain::fact::PaymentKey;
use domain::id::TenantId;
use domain::id::{PartnerId, ProgramId};
use domain::role::Role;
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

fn cus_1() -> PaymentKey {
    PaymentKey::parse("stripe:cus_1").expect("key")
}

fn claim(n: u64) -> Claim {
    Claim {
        id: ClaimId::from_ulid(Ulid::from_parts(1_700_000_000_000 + n, 1)),
        partner: PartnerId::from_ulid(u128::from(n).into()),
        program: ProgramId::from_ulid(1_u128.into()),
        customer: Some(cus_1()),
        naming: Default::default(),
        note: "my customer".to_owned(),
        made_at: "2026-11-20T12:00:00Z".parse().expect("instant"),
        first: None,
        state: ClaimState::Pending,
    }
}

fn decided() -> ClaimDecided {
    let by = Actor::new(Role::Admin, "usr_1");
    ClaimDecided { by, at: "2026-11-21T12:00:00Z".parse().expect("instant"), reason: "seen".to_owned() }
}

/// Accepts as a person would who read the customer in this state.
async fn accept(store: &Store, claim: &Claim, known: Option<&Customer>) -> Written {
    let (accepted, mut customer) =
        claim.clone().accept(&known.cloned().unwrap_or_default(), decided()).expect("accepted");
    customer.version += 1;
    let before = known.map(|known| known.version);
    let key = claim.customer.clone().expect("a customer");
    let change = CustomerChange { key: &key, before, after: Some(&customer), relies_on: &[], moves: &[] };
    let decision = ClaimDecision { claim: &accepted, customer: Some(change), audit: &[] };
    store.decide_claim(&tenant(), &decision).await.expect("the store")
}

#[tokio::test]
async fn a_claim_is_made_read_and_listed_newest_first() {
    let store = store().await;
    for n in 1..=3 {
        store.create_claim(&tenant(), &claim(n), &[]).await.expect("made");
        store.create_claim(&tenant(), &claim(n), &[]).await.expect("made twice is made once");
    }
    assert_eq!(store.get_claim(&tenant(), &claim(2).id).await.expect("read"), Some(claim(2)));
    let page = store.list_claims(&tenant(), None, 2).await.expect("listed");
    assert_eq!(page.items, [claim(3), claim(2)]);
    let after = ClaimId::parse(&page.next.expect("more")).expect("id");
    let rest = store.list_claims(&tenant(), Some(&after), 2).await.expect("listed");
    assert_eq!((rest.items, rest.next), (vec![claim(1)], None));
    let another = Claim { note: "another".to_owned(), ..claim(1) };
    assert!(store.create_claim(&tenant(), &another, &[]).await.is_err());
}

#[tokio::test]
async fn of_two_people_who_accept_rival_claims_at_once_one_wins() {
    // ATT-7
    let store = store().await;
    for n in 1..=2 {
        store.create_claim(&tenant(), &claim(n), &[]).await.expect("made");
    }
    assert_eq!(accept(&store, &claim(1), None).await, Written::Yes);
    assert_eq!(accept(&store, &claim(2), None).await, Written::ConditionFailed);
    let customer = store.get_customer(&tenant(), &cus_1()).await.expect("read").expect("there");
    let owners: Vec<_> = customer.assigned.iter().map(|one| one.partner.clone()).collect();
    assert_eq!(owners, [claim(1).partner]);
    assert_eq!(store.get_claim(&tenant(), &claim(2).id).await.expect("read"), Some(claim(2)));
}

#[tokio::test]
async fn of_two_people_who_decide_one_claim_one_wins() {
    let store = store().await;
    store.create_claim(&tenant(), &claim(1), &[]).await.expect("made");
    let declined = claim(1).decline(decided()).expect("declined");
    let decision = ClaimDecision { claim: &declined, customer: None, audit: &[] };
    assert_eq!(store.decide_claim(&tenant(), &decision).await.expect("the store"), Written::Yes);
    assert_eq!(accept(&store, &claim(1), None).await, Written::ConditionFailed);
    assert_eq!(store.get_customer(&tenant(), &cus_1()).await.expect("read"), None);
    assert_eq!(store.get_claim(&tenant(), &claim(1).id).await.expect("read"), Some(declined));
}

/// The same words again, under another id.
fn again(claim: &Claim, n: u64) -> Claim {
    Claim { id: ClaimId::from_ulid(Ulid::from_parts(1_700_000_000_000 + n, 1)), ..claim.clone() }
}

#[tokio::test]
async fn what_a_partner_has_claimed_is_not_claimed_again_until_it_is_declined() {
    // ATT-7
    let store = store().await;
    let first = claim(1);
    assert_eq!(store.create_claim(&tenant(), &first, &[]).await.expect("made"), ClaimMade::Yes);
    let second = again(&first, 2);
    let already = ClaimMade::Already(first.id.clone());
    assert_eq!(store.create_claim(&tenant(), &second, &[]).await.expect("an answer"), already);
    let named = Claim { naming: Naming { order: Some("in_7".to_owned()), ..Naming::default() }, ..again(&first, 3) };
    assert_eq!(store.create_claim(&tenant(), &named, &[]).await.expect("made"), ClaimMade::Yes, "other words");
    let declined = first.decline(decided()).expect("declined");
    let decision = ClaimDecision { claim: &declined, customer: None, audit: &[] };
    assert_eq!(store.decide_claim(&tenant(), &decision).await.expect("the store"), Written::Yes);
    assert_eq!(store.create_claim(&tenant(), &second, &[]).await.expect("made"), ClaimMade::Yes);
    let page = store.list_partner_claims(&tenant(), &second.partner, None, 2).await.expect("listed");
    assert_eq!(page.items.iter().map(|claim| claim.id.clone()).collect::<Vec<_>>(), [named.id, second.id.clone()]);
    let after = ClaimId::parse(&page.next.expect("more")).expect("id");
    let rest = store.list_partner_claims(&tenant(), &second.partner, Some(&after), 2).await.expect("listed");
    assert_eq!((rest.items, rest.next), (vec![declined], None));
}

#[tokio::test]
async fn a_partner_is_told_of_a_decision_by_the_transaction_that_makes_it() {
    let store = store().await;
    let made = claim(1);
    store.create_claim(&tenant(), &made, &[]).await.expect("made");
    let told = crate::partner_news::Told::Partner(made.partner.clone());
    let before = store.get_partner_news(&tenant(), &told, news_no(&made.id)).await.expect("the store");
    assert_eq!(before, None, "nothing is told of a claim that waits");
    assert_eq!(accept(&store, &made, None).await, Written::Yes);
    let news = store.get_partner_news(&tenant(), &told, news_no(&made.id)).await.expect("the store").expect("news");
    assert_eq!((news.kind, news.reason.as_deref()), (PartnerNewsKind::ClaimAccepted, Some("seen")));
}

#[tokio::test]
async fn a_decision_on_what_was_read_before_a_claim_was_forgotten_brings_nothing_back() {
    // OPS-4
    let store = store().await;
    let naming = Naming {
        email: Some(Digest::of_bytes(b"an address")),
        email_sealed: Some("sealed".to_owned()),
        order: Some("in_7".to_owned()),
    };
    let made = Claim { naming, ..claim(1) };
    store.create_claim(&tenant(), &made, &[]).await.expect("made");
    assert_eq!(store.list_claim_ids(&tenant(), &made.partner).await.expect("listed"), std::slice::from_ref(&made.id));
    assert_eq!(store.forget_claim(&tenant(), &made).await.expect("the store"), Written::Yes);
    assert_eq!(accept(&store, &made, None).await, Written::ConditionFailed);
    let left = store.get_claim(&tenant(), &made.id).await.expect("read").expect("there");
    assert_eq!((left.note.as_str(), left.naming.email, left.naming.email_sealed.as_deref()), ("", None, None));
    assert_eq!(left.naming.order.as_deref(), Some("in_7"), "which order it was is an id");
    // What is left is decided like any other.
    assert_eq!(accept(&store, &left, None).await, Written::Yes);
}

#[tokio::test]
async fn a_claim_that_is_decided_while_it_is_forgotten_stays_decided_and_is_forgotten_by_the_next_try() {
    // OPS-4
    let store = store().await;
    let made = claim(1);
    store.create_claim(&tenant(), &made, &[]).await.expect("made");
    assert_eq!(accept(&store, &made, None).await, Written::Yes);
    assert_eq!(store.forget_claim(&tenant(), &made).await.expect("the store"), Written::ConditionFailed);
    let decided = store.get_claim(&tenant(), &made.id).await.expect("read").expect("there");
    for _ in 0..2 {
        let read = store.get_claim(&tenant(), &made.id).await.expect("read").expect("there");
        assert_eq!(store.forget_claim(&tenant(), &read).await.expect("the store"), Written::Yes);
    }
    let left = store.get_claim(&tenant(), &made.id).await.expect("read").expect("there");
    assert_eq!((left.state.word(), left.clone()), ("accepted", decided.forget()));
}
