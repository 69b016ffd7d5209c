//! AWD-5: where a member's award goes, and their tax form.

use cases::awards::{Awards, NewMember};
use domain::audit::Actor;
use domain::id::MemberId;
use domain::member::Change;
use domain::role::Role;
use serde_json::{Value, json};
use store::people::Person;

use super::setup::{Bench, tenant};

async fn member(bench: &Bench, n: u128) -> MemberId {
    let actor = Actor::new(Role::Admin, "usr_1");
    let tenant = tenant();
    let awards = Awards::open(&bench.store, &tenant, actor, bench.now).await.expect("awards");
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: bench.now };
    let id = MemberId::from_ulid(n.into());
    let new = NewMember { id: id.clone(), tenure_since: bench.now, change: Change::default(), person };
    awards.create_member(new).await.expect("a member");
    id
}

fn methods() -> Value {
    json!({"methods": [{"details": {"rail": "paypal", "email": "mem@member.example"}}]})
}

fn w9() -> Value {
    json!({
        "form": "w9", "classification": "individual", "first_name": "Ada", "last_name": "Lovelace",
        "tin_kind": "ssn", "tin": "400-11-1222", "signed_on": "2026-08-31", "certified": true,
        "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "us"},
    })
}

#[tokio::test]
async fn a_member_says_where_their_award_goes_and_nobody_elses() {
    let bench = Bench::new().await;
    let (own, other) = (member(&bench, 2_001).await, member(&bench, 2_002).await);
    let key = bench.key(Role::Member, own.as_str()).await;
    let path = |id: &MemberId, what: &str| format!("/v1/members/{id}/{what}");
    let set = bench.post(&key, &path(&own, "bank-info"), &methods()).await.expect(200);
    assert_eq!(set["methods"][0]["rail"], "paypal");
    let given = bench.post(&key, &path(&own, "tax-info"), &w9()).await;
    assert!(!given.body.to_string().contains("400-11"), "{:?}", given.body);
    given.expect(200);
    let kept = bench.store.get_payout_methods(&tenant(), &own.payee()).await.expect("store");
    assert_eq!(kept.ranked.len(), 1);
    assert!(bench.store.get_tax_form(&tenant(), &own.payee()).await.expect("store").is_some());
    for (what, body) in [("bank-info", methods()), ("tax-info", w9())] {
        bench.post(&key, &path(&other, what), &body).await.expect(404);
        bench.post(&key, &format!("/v1/members/mem_1/{what}"), &body).await.expect(404);
        // The payee is no partner to anybody but the desk: a member's key opens no partner's door.
        bench.put(&key, &format!("/v1/partners/{}/payout-method", own.payee()), &methods()).await.expect(403);
    }
    for (role, status) in [(Role::FinanceManager, 200), (Role::Support, 403), (Role::Auditor, 403)] {
        let desk = bench.key(role, "usr_9").await;
        bench.post(&desk, &path(&other, "bank-info"), &methods()).await.expect(status);
    }
    let unknown = bench.key(Role::Admin, "usr_1").await;
    bench.post(&unknown, &path(&MemberId::from_ulid(9_u128.into()), "bank-info"), &methods()).await.expect(404);
}
