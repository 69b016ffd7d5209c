//! PAY-2, PAY-4, PAY-12, PAY-13, TAX-2: what must be there before a payout, who approves it, and what of it leaves.

use cases::payees::{forms, replace_methods};
use domain::currency::Currency;
use domain::id::MethodId;
use domain::payee::{Destination, FingerprintKey, PayoutMethod, Wish};
use domain::tax::{Classification, FormKind, Given, Tin, TinKind};
use domain::time::{BusinessDay, Timestamp};

use super::*;

fn instant(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

/// Partner 1 gets a method at an instant, set by somebody.
async fn method(world: &World, n: u128, when: &str, by: &str) {
    let destination = Destination::Paypal { email: format!("p{n}@partner.example") };
    let method = PayoutMethod {
        id: MethodId::from_ulid(ulid::Ulid::from(n)),
        rail: destination.rail(),
        currency: None,
        last_four: destination.last_four(),
        fingerprint: FingerprintKey::from_bytes(&[7; 32]).of(&destination),
        since: instant(when),
        set_by: by.to_owned(),
        sealed: "sealed".to_owned(),
    };
    let by = given::actor(Role::Admin, by);
    let wishes = vec![Wish::New(Box::new(method))];
    let place = (&tenant(), &partner(1));
    replace_methods(&world.store, place, None, wishes, (&by, instant(when))).await.expect("store");
}

async fn w9(world: &World) {
    form_of(world, &partner(1), FormKind::W9).await;
}

/// A W-9 of whoever is paid, or a W-8BEN.
pub(super) async fn form_of(world: &World, payee: &PartnerId, kind: FormKind) {
    let is_foreign = kind == FormKind::W8ben;
    let given = Given {
        kind,
        classification: (!is_foreign).then_some(Classification::Individual),
        tin: (!is_foreign).then(|| Tin::parse(TinKind::Ssn, "400-11-1222").expect("a number")),
        tin_fingerprint: None,
        content_fingerprint: None,
        country: if is_foreign { "DE" } else { "US" }.to_owned(),
        signed_on: BusinessDay::parse("2026-09-01").expect("a day"),
        sealed: "sealed".to_owned(),
        under: format!("a request with a {}", kind.word()),
    };
    let command = forms::FormCommand::Submit(Box::new(given));
    let by = given::actor(Role::Partner, payee.as_str());
    forms::take(&world.store, (&tenant(), payee), None, command, (&by, instant(NOW))).await.expect("store");
}

async fn decide(world: &World, policy: Value) -> Answer {
    world.ask("ada", "PUT", "/policy", policy).await
}

async fn ask(world: &World) -> Answer {
    world.ask("partner 1", "POST", "/request", json!({"currency": "USD"})).await
}

fn sent(net: Option<&str>) -> Value {
    json!({"sent_at": NOW, "payment_reference": "W", "net_amount": net})
}

#[tokio::test]
async fn below_the_minimum_the_reason_and_the_figures_are_shown_and_the_balance_is_carried() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let row = |amount: &str| json!({"minimums": [{"amount": amount, "currency": "USD"}]});
    assert_eq!(decide(&world, row("50.00")).await.status, 200);
    let refused = ask(&world).await;
    assert_eq!(refused.told(), (422, "below-minimum"));
    let detail = refused.json["detail"].as_str().unwrap_or_default();
    for figure in ["40.00 USD is less than the minimum of 50.00 USD", "carried forward"] {
        assert!(detail.contains(figure), "{detail}");
    }
    decide(&world, row("40.00")).await;
    assert_eq!(ask(&world).await.status, 201);
}

#[tokio::test]
async fn every_reason_is_listed_at_once() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let policy = json!({
        "minimums": [{"amount": "50.00", "currency": "USD"}], "missing_tax_form": "block", "requires_method": true,
    });
    decide(&world, policy.clone()).await;
    let refused = ask(&world).await;
    assert_eq!(refused.told(), (422, "no-payout-method"));
    assert_eq!(refused.json["errors"].as_array().map(Vec::len), Some(3), "{refused:?}");
    method(&world, 1, "2026-09-14T12:00:00Z", "usr_ada").await;
    let refused = ask(&world).await;
    assert_eq!(refused.told(), (422, "payout-method-cooling-off"));
    assert!(refused.json["detail"].as_str().unwrap_or_default().contains("2026-09-17T12:00:00Z"), "{refused:?}");
    w9(&world).await;
    decide(&world, json!({"missing_tax_form": "block", "requires_method": true})).await;
    let later = world.at("2026-09-17T12:00:00Z");
    let made = ask(&later).await;
    assert_eq!((made.status, &made.json["payment_method"]), (201, &json!("paypal")), "{made:?}");
}

#[tokio::test]
async fn without_a_tax_form_a_quarter_less_one_percent_is_withheld_at_the_payment() {
    let world = world().await;
    given::balance(&world, 1, "1234.57").await;
    let id = world.requested("partner 1").await;
    let shown = world.get("fin", &format!("/{id}")).await.json;
    assert_eq!((&shown["net_amount"], &shown["would_leave"]["net_amount"]), (&Value::Null, &json!("938.27")));
    world.approve("ada", &id).await;
    let path = format!("/{id}/mark-sent");
    let wrong = world.ask("fin", "POST", &path, sent(Some("1234.57"))).await;
    assert_eq!(wrong.told(), (409, "net-differs"));
    assert!(wrong.json["detail"].as_str().unwrap_or_default().contains("938.27 USD now"), "{wrong:?}");
    let marked = world.ask("fin", "POST", &path, sent(Some("938.27"))).await.json;
    assert_eq!(
        (&marked["total_amount"], &marked["fee_amount"], &marked["withheld_amount"], &marked["net_amount"]),
        (&json!("1234.57"), &json!("0.00"), &json!("296.30"), &json!("938.27"))
    );
    let confirmed = json!({"completed_at": NOW, "payment_reference": "W-OK"});
    let paid = world.ask("fin", "POST", &format!("/{id}/confirm"), confirmed).await.json;
    assert_eq!((&paid["state"], &paid["withheld_amount"]), (&json!("paid"), &json!("296.30")));
    let trail = world.get("aud", &format!("/{id}/audit")).await.json;
    assert_eq!((&trail["data"][2]["new"]["withheld"], &trail["intact"]), (&json!("296.30"), &json!(true)));
}

#[tokio::test]
async fn a_form_that_comes_before_the_payment_ends_the_withholding() {
    // TAX-2: what a foreign payee earns is whole; only an award to one is not paid.
    for kind in [FormKind::W9, FormKind::W8ben] {
        let world = world().await;
        given::balance(&world, 1, "100.00").await;
        let id = world.requested("partner 1").await;
        world.approve("ada", &id).await;
        form_of(&world, &partner(1), kind).await;
        let marked = world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent(Some("100.00"))).await.json;
        let told = (&marked["withheld_amount"], &marked["net_amount"]);
        assert_eq!(told, (&json!("0.00"), &json!("100.00")), "{}", kind.word());
    }
}

#[tokio::test]
async fn where_the_tenant_blocks_nothing_is_sent_without_a_form() {
    let world = world().await;
    given::balance(&world, 1, "100.00").await;
    let id = world.requested("partner 1").await;
    world.approve("ada", &id).await;
    decide(&world, json!({"missing_tax_form": "block"})).await;
    let path = format!("/{id}/mark-sent");
    assert_eq!(world.ask("fin", "POST", &path, sent(None)).await.told(), (422, "tax-form-missing"));
    let shown = world.get("fin", &format!("/{id}")).await.json;
    let told = (&shown["would_leave"], &shown["would_not_leave"]["code"]);
    assert_eq!(told, (&Value::Null, &json!("tax-form-missing")));
    w9(&world).await;
    assert_eq!(world.ask("fin", "POST", &path, sent(None)).await.status, 200);
}

#[tokio::test]
async fn whoever_changed_where_the_money_goes_does_not_approve_and_learns_nothing() {
    let world = world().await;
    given::balance(&world, 1, "100.00").await;
    method(&world, 1, "2026-08-01T12:00:00Z", "usr_bob").await;
    let id = world.requested("partner 1").await;
    let shown = world.get("sue", &format!("/{id}")).await.json;
    assert_eq!(shown["may_not_approve"], json!([partner(1), "usr_bob"]));
    assert!(world.get("partner 1", &format!("/{id}")).await.json["may_not_approve"].is_null());
    assert_eq!(world.approve("bob", &id).await.told(), (403, "payee-editor-may-not-approve"));
    assert_eq!(world.approve("ada", &id).await.status, 200);
    // Approved by now: who may not approve is still told that, and not how far others have come.
    assert_eq!(world.approve("bob", &id).await.told(), (403, "payee-editor-may-not-approve"));
}

#[tokio::test]
async fn a_change_of_where_the_money_goes_stops_what_was_asked_for_before() {
    let world = world().await;
    given::balance(&world, 1, "100.00").await;
    let id = world.requested("partner 1").await;
    method(&world, 1, "2026-09-15T11:00:00Z", "par_1").await;
    assert_eq!(world.approve("ada", &id).await.told(), (409, "payee-changed"));
    let cancelled = world.ask("partner 1", "POST", &format!("/{id}/cancel"), Value::Null).await;
    assert_eq!(cancelled.status, 200);
    let later = world.at("2026-09-19T12:00:00Z");
    let id = later.requested("partner 1").await;
    assert_eq!(later.approve("ada", &id).await.status, 200);
    method(&later, 2, "2026-09-19T12:00:00Z", "par_1").await;
    let sent = json!({"sent_at": "2026-09-19T12:00:00Z", "payment_reference": "W"});
    let sent = later.ask("fin", "POST", &format!("/{id}/mark-sent"), sent).await;
    assert_eq!(sent.told(), (409, "payee-changed"));
    let failed = later.ask("fin", "POST", &format!("/{id}/fail"), json!({"failure_reason": "the payee changed"})).await;
    assert_eq!(failed.status, 200);
}

#[tokio::test]
async fn bands_say_who_approves_and_a_payout_keeps_those_it_was_born_under() {
    let world = world().await;
    given::balance(&world, 1, "100.00").await;
    given::balance(&world, 2, "20.00").await;
    let band = json!({"bands": [{"currency": "USD", "automatic_below": "25.00", "two_from": "90.00"}]});
    assert_eq!(decide(&world, band).await.status, 200);
    let small = world.ask("partner 2", "POST", "/request", json!({"currency": "USD"})).await;
    assert_eq!(
        (small.status, &small.json["state"], &small.json["approvals_needed"]),
        (201, &json!("approved"), &json!(0))
    );
    let id = small.json["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent(None)).await.status, 200);
    let large = ask(&world).await;
    assert_eq!((&large.json["approvals_needed"], &large.json["approvals_missing"]), (&json!(2), &json!(2)));
    decide(&world, json!({})).await;
    let id = large.json["id"].as_str().expect("an id").to_owned();
    let first = world.approve("ada", &id).await;
    assert_eq!((&first.json["state"], &first.json["approvals_missing"]), (&json!("pending_approval"), &json!(1)));
    assert_eq!(world.approve("bob", &id).await.json["state"], "approved");
}

#[tokio::test]
async fn a_policy_is_an_admins_and_what_cannot_be_meant_is_named() {
    let world = world().await;
    let shipped = world.get("aud", "/policy").await.json;
    assert_eq!(
        (&shipped["minimums"], &shipped["missing_tax_form"], &shipped["requires_method"]),
        (&json!([]), &json!("withhold"), &json!(false))
    );
    for (who, status) in [("fin", 403), ("partner 1", 403), ("sue", 403), ("nobody", 401)] {
        assert_eq!(world.ask(who, "PUT", "/policy", json!({})).await.status, status, "{who}");
    }
    assert_eq!(world.get("partner 1", "/policy").await.status, 403);
    let minimum = |amount: &str, partner: Value| json!({"amount": amount, "currency": "USD", "partner_id": partner});
    let rows = [
        (json!({"minimums": [minimum("1.005", Value::Null)]}), 422, vec!["/minimums/0/amount"]),
        (
            json!({"minimums": [minimum("-1.00", Value::Null), minimum("1.00", json!("x"))]}),
            400,
            vec!["/minimums/0/amount", "/minimums/1/partner_id"],
        ),
        (json!({"minimums": [minimum("1.00", Value::Null), minimum("2.00", Value::Null)]}), 422, vec!["/minimums/1"]),
        (
            json!({"bands": [{"currency": "USD", "automatic_below": "9.00", "two_from": "5.00"}]}),
            422,
            vec!["/bands/0/automatic_below"],
        ),
        // Of a form and a contradiction both are told, as a form.
        (
            json!({"schedule": {"day_of_month": 29}, "bands": [{"currency": "USD", "two_from": "0.00"}]}),
            400,
            vec!["/schedule/day_of_month", "/bands/0/two_from"],
        ),
        (json!({"minimums": vec![minimum("1.00", Value::Null); 101]}), 400, vec!["/minimums"]),
        (json!({"minimum": "50.00"}), 400, vec!["/minimum"]),
    ];
    for (body, status, expected) in rows {
        let answer = decide(&world, body.clone()).await;
        let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
        let mut told: Vec<_> = errors.iter().filter_map(|error| error["pointer"].as_str()).collect();
        // Of a hundred rows that speak of the same payees the first is enough.
        told.truncate(expected.len());
        assert_eq!((answer.status, told), (status, expected), "{body}");
    }
    assert_eq!(world.get("foreign admin", "/policy").await.json["minimums"], json!([]));
    let trail = world.store.list_audit(&tenant(), "payout_policy").await.expect("store");
    assert!(trail.is_empty(), "{trail:?}");
    let usd = Currency::USD.code();
    decide(&world, json!({"minimums": [{"amount": "5.00", "currency": usd}]})).await;
    assert_eq!(world.store.list_audit(&tenant(), "payout_policy").await.expect("store").len(), 1);
}
