//! A tenant with one of everything that an operation can name.

use domain::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::ids::Ids;
use super::raise_limits;
use crate::access::operations::Operation;
use crate::api::read;
use crate::people::signed_in;
use crate::world::{Partner, World, purchase, text};

/// What stands in this tenant's things, and in nothing that another tenant makes or asks.
pub(super) const OWN: [&str; 5] = ["rosa", "sofia", "basil", "own.example", "OWN"];

/// What takes more than this tenant has been through: a payout that came back from the bank, years of a membership, and a
/// page for paying by hand, which is there of an approved payout alone.
const NOT_MADE: [&str; 3] =
    ["/v1/revenue/releases/{id}", "/v1/members/{id}/payout", "/v1/revenue/payouts/{id}/instructions"];

/// The tenant's things, as it is told them itself; and the session of an admin of its own.
pub(super) async fn furnished(world: &World, operations: &[Operation]) -> (Ids, String) {
    raise_limits(world, &world.admin, "limits").await;
    let (rosa, sofia) = (world.partner("rosa").await, world.partner("sofia").await);
    is_paid_by_a_file(world, &sofia).await;
    for (n, partner) in [&rosa, &sofia].into_iter().enumerate() {
        earn(world, partner, &format!("basil{n}")).await;
    }
    world.cloud.advance("744h").await;
    world.cloud.tick("commission-batch").await;
    world.rest().await;
    pay_out(world, &rosa, &sofia).await;
    becomes_quiet(world).await;
    let session = signed_in(world, &world.admin, "ada@own.example").await;
    of_partners(world, &session, [&rosa, &sofia]).await;
    of_the_books(world, [&rosa, &sofia]).await;
    earn(world, &rosa, "basil2").await;
    let mut ids = Ids::default();
    for has_id in [false, true] {
        learn(world, &session, operations, (&mut ids, has_id)).await;
    }
    (ids, session)
}

async fn made(world: &World, key: &str, path: &str, body: Value) -> Value {
    let once = format!("own{path}{}", body["partner_id"].as_str().unwrap_or_default());
    let answer = world.api.post(key, path, &once, &body).await;
    assert!([200, 201, 202].contains(&answer.status), "{path} {body}: {}", answer.text);
    answer.body
}

async fn put(world: &World, key: &str, path: &str, body: Value) -> Value {
    world.api.put(key, path, &format!("own{path}"), &body).await.expect(200)
}

/// A sale that the partner brought.
async fn earn(world: &World, partner: &Partner, name: &str) {
    let token = world.click(partner).await;
    world.cloud.advance("1h").await;
    let bought = purchase(name, "990.00", &token, world.cloud.now().await);
    for event in [&bought.paid, &bought.checkout, &bought.payment] {
        world.deliver(event).await.expect(200);
    }
    world.rest().await;
}

async fn is_paid_by_a_file(world: &World, partner: &Partner) {
    let details = json!({"rail": "ach", "holder": "Sofia Own", "holder_kind": "personal",
        "routing_number": "021000021", "account_number": "123456789", "account_kind": "checking"});
    let path = format!("/v1/partners/{}/payout-method", partner.id);
    put(world, &partner.key, &path, json!({"methods": [{"details": details}]})).await;
    let bank = json!({"ach": {
        "destination_routing_number": "121042882", "destination_name": "Test ODFI Bank", "origin": "121042882",
        "origin_name": "Acme Affiliates Inc", "company_name": "Acme Affiliates", "company_id": "1234567890",
        "originating_routing_number": "121042882",
    }});
    let request = world.cloud.client().put(world.cloud.url("/v1/revenue/payouts/rails")).bearer_auth(&world.admin);
    let request = request.header("idempotency-key", "own-rails").header("if-match", "\"0\"");
    let request = request.header("content-type", "application/json").body(bank.to_string());
    read(request).await.expect("an answer").expect(200);
}

/// A payout that is paid by hand with tax withheld from it, and one in a bank's file.
async fn pay_out(world: &World, rosa: &Partner, sofia: &Partner) {
    let asked = json!({"currency": "USD"});
    let mut ids = Vec::new();
    for partner in [sofia, rosa] {
        let payout = made(world, &partner.key, "/v1/revenue/payouts/request", asked.clone()).await;
        let path = format!("/v1/revenue/payouts/{}", text(&payout["id"]));
        let seal = json!({"seal": world.api.get(&world.admin, &path).await.expect(200)["seal"]});
        put(world, &world.admin, &format!("{path}/approve"), seal).await;
        made(world, &world.admin, &format!("{path}/notes"), json!({"text": "rosa asked"})).await;
        ids.push(path);
    }
    let file = json!({"currency": "USD", "rail": "ach"});
    made(world, &world.finance, "/v1/revenue/payouts/export", file).await;
    let now = world.cloud.now().await.to_string();
    let sent = json!({"sent_at": now, "payment_reference": "SEPA-OWN"});
    made(world, &world.finance, &format!("{}/mark-sent", ids[1]), sent).await;
    let arrived = json!({"completed_at": now, "payment_reference": "BANK-OWN"});
    made(world, &world.finance, &format!("{}/confirm", ids[1]), arrived).await;
    made(world, &world.admin, "/v1/revenue/payout-runs", asked).await;
    world.rest().await;
}

/// Things of programmes and partners.
async fn of_partners(world: &World, session: &str, [rosa, sofia]: [&Partner; 2]) {
    let World { admin, program, .. } = world;
    let of_rosa = |path: &str| format!("/v1/partners/{}/{path}", rosa.id);
    made(world, admin, &of_rosa("accounts"), json!({"customer_id": "stripe:cus_basil0"})).await;
    let form = json!({"form": "w9", "classification": "individual", "first_name": "Rosa", "last_name": "Own",
        "tin_kind": "ssn", "tin": "400-11-1222", "signed_on": "2026-01-02", "certified": true,
        "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"}});
    put(world, &rosa.key, &of_rosa("tax-form"), form).await;
    made(world, session, &of_rosa("users"), json!({"email": "user-of-rosa@own.example"})).await;
    let kept = [
        ("/v1/groups", json!({"name": "own-gold"})),
        ("/v1/coupons", json!({"code": "OWN20", "partner_id": rosa.id, "program_id": program})),
        ("/v1/members", json!({"name": "Basil Own", "email": "basil@own.example"})),
        ("/v1/api-keys", json!({"name": "own server", "kind": "service", "scopes": ["leads:read"]})),
        (
            "/v1/achievements",
            json!({"metric": "sales", "name": "own ten", "program_id": program, "threshold": "10", "bonus": "5.00"}),
        ),
    ];
    for (path, body) in kept {
        made(world, admin, path, body).await;
    }
    let claim = json!({"customer_email": "claimed@own.example", "evidence": "rosa wrote", "program_id": program});
    made(world, &rosa.key, "/v1/claims", claim).await;
    let body = json!({"name": "Rosina Own", "email": "applicant@own.example"});
    made(world, "", &format!("/v1/programs/{program}/applications"), body).await;
    let rule = json!({"kind": "percentage", "rate": "0.4"});
    let body = json!({"rule": rule, "from": "2026-01-01T00:00:00Z", "reason": "own"});
    made(world, admin, &format!("/v1/programs/{program}/recompute"), body).await;
    for (n, partner) in [rosa, sofia].into_iter().enumerate() {
        let mark = json!({"partner_id": partner.id, "kind": "payout", "value": "own-Xt5EWLLDS7FJjR1c"});
        world.api.post(admin, "/v1/risk/marks", &format!("mark-{n}"), &mark).await.expect(200);
    }
}

/// Things of the books, and of customers.
async fn of_the_books(world: &World, [rosa, sofia]: [&Partner; 2]) {
    let World { admin, finance, .. } = world;
    let debt = json!({"amount": "-25.00", "currency": "USD", "partner_id": rosa.id, "reason": "own"});
    made(world, finance, "/v1/revenue/adjustments", debt).await;
    let gift = json!({"amount": "25.00", "currency": "USD", "partner_id": sofia.id, "reason": "own"});
    made(world, admin, "/v1/revenue/adjustments", gift).await;
    let at = world.cloud.now().await;
    let rate =
        json!({"at": at.to_string(), "from_currency": "USD", "rate": "0.9", "source": "own", "to_currency": "EUR"});
    let debt = json!({"currency": "USD", "partner_id": rosa.id, "reason": "own"});
    let exchange =
        json!({"amount": "5.00", "currency": "USD", "into_currency": "EUR", "partner_id": sofia.id, "reason": "own"});
    let customer = json!({"email": "casey@own.example", "payment_method": "pm_card_visa"});
    let customer = text(&made(world, finance, "/v1/revenue/customers", customer).await["id"]);
    let tiers = json!([{"name": "pro", "amount": "99.00", "interval": "month"}]);
    let plan = json!({"name": "Own", "currency": "USD", "tiers": tiers});
    let plan = text(&made(world, finance, "/v1/revenue/plans", plan).await["id"]);
    let subscription = json!({"customer_id": customer, "plan_id": plan});
    let consent = json!({"given": true, "source": "own form"});
    let lead = json!({"email": "lead@own.example", "source": "own", "program_id": world.program, "consent": consent});
    let vat =
        json!({"behavior": "exclusive", "country": "AT", "effective_from": "2026-09-01", "name": "own", "rate": "0.2"});
    let kept = [
        ("/v1/revenue/fx-rates", rate),
        ("/v1/revenue/fx-conversions", exchange),
        ("/v1/revenue/write-offs", debt),
        ("/v1/revenue/subscriptions", subscription),
        ("/v1/revenue/leads", lead),
        ("/v1/revenue/tax/rates", vat),
        ("/v1/track/sale", json!({"amount": "9.00", "currency": "USD", "event_id": "own-1", "customer_id": "own-1"})),
    ];
    for (path, body) in kept {
        made(world, admin, path, body).await;
    }
    world.rest().await;
}

/// The key by which the tenant reads an operation itself.
fn key_for<'a>(world: &'a World, session: &'a str, one: &Operation) -> &'a str {
    if one.is_of_a_person() {
        return session;
    }
    if one.roles.iter().any(|role| role == "admin") { &world.admin } else { &world.finance }
}

/// What this tenant is told by each list of its own, or by each thing of them.
async fn learn(world: &World, session: &str, operations: &[Operation], (ids, has_id): (&mut Ids, bool)) {
    let read = operations.iter().filter(|one| one.method == Method::GET && !one.is_open());
    for one in read.filter(|one| one.path.contains('{') == has_id) {
        let (path, missing) = ids.filled(&one.path);
        if missing.is_empty() {
            let answer = world.api.get(key_for(world, session, one), &format!("{path}{}", one.query)).await;
            if answer.status == 200 {
                ids.learn(&one.path, &answer.body);
            }
        }
    }
}

/// Noon of the day after: nothing that runs by the clock begins while it is looked.
async fn becomes_quiet(world: &World) {
    let day = 24 * 60 * 60;
    let now = world.cloud.now().await.as_second();
    let noon = Timestamp::from_second((now / day + 1) * day + day / 2 + 60).expect("an instant");
    world.cloud.set_clock(noon).await;
    world.rest().await;
}

/// Asks a read with the tenant's own ids: is the thing there, for whom it is?
pub(super) async fn is_there(world: &World, session: &str, one: &Operation, ids: &Ids) -> Result<(), String> {
    let (path, missing) = ids.filled(&one.path);
    if !missing.is_empty() && !NOT_MADE.contains(&one.path.as_str()) {
        return Err(format!("{one}: no {missing:?}"));
    }
    let answer = world.api.get(key_for(world, session, one), &format!("{path}{}", one.query)).await;
    if answer.status == 200 || NOT_MADE.contains(&one.path.as_str()) {
        Ok(())
    } else {
        Err(format!("{one}: {} {}", answer.status, answer.text))
    }
}
