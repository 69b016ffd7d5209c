//! PAY-4, PAY-5: a yes is to what was seen and to nothing that somebody put in its place; and the trail tells from where and
//! with what each step was taken.

use domain::audit::append;
use domain::digest::Digest;
use domain::id::{MethodId, PayoutId};
use domain::money::Money;
use domain::payee::{Payee, Rail};
use domain::payout::{HeadMove, Payout};
use domain::slot::Slot;
use domain::time::BusinessDay;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use store::payouts::{Stepped, StoredPayout};

use super::*;

/// From where each caller of these tests comes, and with which program.
const PLACES: [(&str, &str, &str); 3] = [
    ("partner 1", "203.0.113.7", "curl/8.5.0"),
    ("ada", "2001:db8::7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("fin", "198.51.100.4", "python-requests/2.32"),
];

impl World {
    async fn stored(&self, id: &str) -> StoredPayout {
        let id = PayoutId::parse(id).expect("an id");
        self.store.get_payout(&tenant(), &id).await.expect("store").expect("a payout")
    }

    /// Writes a payout as it never was, with the seal and the approvals of what it was.
    async fn alter(&self, id: &str, change: impl Fn(&mut Payout)) -> StoredPayout {
        let before = self.stored(id).await;
        let mut payout = before.payout.clone();
        change(&mut payout);
        assert_ne!(payout, before.payout);
        assert_eq!(payout.seal, before.payout.seal);
        let deed = domain::audit::Deed {
            at: NOW.parse().expect("an instant"),
            actor: given::actor(Role::Service, "somebody"),
            action: "payout.altered",
            old: before.payout.told(),
            new: payout.told(),
        };
        let entry = append(before.chain, id, deed);
        let written = self.store.replace_payout(&tenant(), before.chain, &payout, HeadMove::None, &entry).await;
        assert_eq!(written.expect("store"), Stepped::Yes);
        self.stored(id).await
    }

    /// Asks as one who comes from an address with a program, and says that they come from another.
    async fn ask_from(&self, who: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (_, address, program) = PLACES.into_iter().find(|(name, ..)| *name == who).expect("a caller");
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/v1/revenue/payouts{path}"))
            .header("authorization", bearer(who))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("from-{n}"))
            .header("user-agent", program)
            .header("x-forwarded-for", "192.0.2.9");
        let mut request = request.body(Body::from(body.to_string())).expect("request");
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.http.source_ip = Some(address.to_owned());
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }
}

type Change = fn(&mut Payout);

fn slot(day: &str) -> Slot {
    Slot::of_day(BusinessDay::parse(day).expect("a day"))
}

/// What somebody may write into a payout whose money they want, or of whose approvals they want fewer.
fn changes() -> [(&'static str, Change); 7] {
    [
        ("amount", |payout| payout.amount = Money::from_minor(99_999_999, payout.amount.currency())),
        ("from", |payout| payout.from = Some(slot("2026-06-30"))),
        ("to", |payout| payout.to = slot("2026-08-31")),
        ("close_hash", |payout| payout.close_hash = Digest::of_bytes(b"another chain of closes")),
        ("payee", |payout| {
            let payee = Payee { method: MethodId::from_ulid(ulid::Ulid::from(99_u128)), rail: Rail::Manual };
            payout.terms.payee = Some(payee);
        }),
        ("methods", |payout| payout.terms.methods = Some(99)),
        ("approvers", |payout| payout.terms.approvers = Some(1)),
    ]
}

/// PAY-4: the seal that is shown is the one that was made with the payout; what it is compared with is computed.
#[tokio::test]
async fn a_payout_that_was_altered_under_its_seal_is_approved_by_nobody() {
    for (what, change) in changes() {
        let world = world().await;
        given::balance(&world, 1, "100000.00").await;
        let id = world.requested("partner 1").await;
        let seal = world.seal(&id).await;
        let altered = world.alter(&id, change).await;
        assert_eq!(world.seal(&id).await, seal, "{what}: the seal is the real one");
        for who in ["ada", "bob"] {
            assert_eq!(world.approve(who, &id).await.told(), (409, "seal-differs"), "{what}");
        }
        assert_eq!(world.stored(&id).await, altered, "{what}");
    }
}

/// PAY-4: nor is one sent that was approved as it was, and altered behind that.
#[tokio::test]
async fn a_payout_that_was_altered_behind_its_approvals_is_not_sent() {
    for (what, change) in changes() {
        let world = world().await;
        given::balance(&world, 1, "100000.00").await;
        let id = world.requested("partner 1").await;
        for who in ["ada", "bob"] {
            assert_eq!(world.approve(who, &id).await.status, 200, "{what}");
        }
        let altered = world.alter(&id, change).await;
        assert_eq!((altered.payout.state.word(), altered.payout.approvals.len()), ("approved", 2), "{what}");
        let sent = json!({"sent_at": NOW, "payment_reference": "W"});
        let refused = world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent).await;
        assert_eq!(refused.told(), (409, "seal-differs"), "{what}: {refused:?}");
        assert_eq!(world.stored(&id).await, altered, "{what}");
    }
}

/// PAY-5: as the gateway saw the caller, and not as the caller says.
#[tokio::test]
async fn the_trail_tells_of_each_step_from_which_address_and_with_which_program_it_was_taken() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let (status, asked) = world.ask_from("partner 1", "POST", "/request", json!({"currency": "USD"})).await;
    assert_eq!(status, 201, "{asked}");
    let id = asked["id"].as_str().expect("an id").to_owned();
    let steps = [
        ("ada", "PUT", "approve", world.seal(&id).await),
        ("fin", "POST", "mark-sent", json!({"sent_at": NOW, "payment_reference": "W"})),
        ("fin", "POST", "confirm", json!({"completed_at": NOW, "payment_reference": "W-OK"})),
    ];
    for (who, method, step, body) in steps {
        let (status, told) = world.ask_from(who, method, &format!("/{id}/{step}"), body).await;
        assert_eq!(status, 200, "{step}: {told}");
    }
    let trail = world.get("aud", &format!("/{id}/audit")).await.json;
    let entries = trail["data"].as_array().expect("entries");
    let told: Vec<_> = entries
        .iter()
        .map(|entry| [&entry["action"], &entry["actor"]["ip"], &entry["actor"]["user_agent"]])
        .map(|told| told.map(|value| value.as_str().unwrap_or_default()))
        .collect();
    let [partner, ada, fin] = PLACES.map(|(_, address, program)| (address, program));
    let taken = [("requested", partner), ("approved", ada), ("sent", fin), ("paid", fin)];
    let taken = taken.map(|(step, (address, program))| (format!("payout.{step}"), address, program));
    let expected: Vec<_> =
        taken.iter().map(|(action, address, program)| [action.as_str(), *address, *program]).collect();
    assert_eq!(told, expected);
    assert_eq!(trail["intact"], true);
}
