//! Bad input: each wrong field is named.

use domain::role::Role;
use serde_json::{Value, json};

use super::setup::{Bench, program_body};

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').expect("pointer");
    body.pointer_mut(parent).expect("parent")[field] = value;
    body
}

#[tokio::test]
async fn a_program_that_cannot_be_is_refused_field_by_field() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let rows: [(&str, Value, &str, u16); 16] = [
        ("/name", json!(" "), "/name", 400),
        ("/name", json!(7), "/name", 400),
        ("/currency", json!("usd"), "/currency", 400),
        ("/currency", json!("XXX"), "/currency", 400),
        ("/time_zone", json!("Mars/Olympus"), "/time_zone", 422),
        ("/window_days", json!(0), "/window_days", 400),
        ("/window_days", json!(366), "/window_days", 400),
        ("/window_days", json!(-1), "/window_days", 400),
        ("/hold_days", json!(366), "/hold_days", 400),
        ("/rule/rate", json!(0.3), "/rule/rate", 400),
        ("/rule/rate", json!("1.5"), "/rule/rate", 400),
        ("/rule/rate", json!("0.1234567"), "/rule/rate", 400),
        ("/rule/rate", json!(null), "/rule/rate", 422),
        ("/rule/kind", json!("lottery"), "/rule/kind", 400),
        ("/rule/amount", json!("5.00"), "/rule/amount", 422),
        ("/windows_days", json!(30), "/windows_days", 400),
    ];
    for (field, value, pointer, status) in rows {
        let body = with(program_body(), field, value.clone());
        let pointers = bench.post(&admin, "/v1/programs", &body).await.pointers(status);
        assert_eq!(pointers, [pointer], "{field} = {value}");
    }
    assert_eq!(bench.get(&admin, "/v1/programs").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn a_flat_amount_is_a_decimal_string_of_the_programs_currency() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let flat = |amount: Value| with(program_body(), "/rule", json!({"kind": "flat", "amount": amount}));
    for (amount, status) in [
        (json!(5), 400),
        (json!(5.5), 400),
        (json!("-1.00"), 400),
        (json!("1.005"), 422),
        (json!("1.0005"), 400),
        (json!("1e3"), 400),
        (json!(""), 400),
        (json!("five"), 400),
    ] {
        let pointers = bench.post(&admin, "/v1/programs", &flat(amount.clone())).await.pointers(status);
        assert_eq!(pointers, ["/rule/amount"], "{amount}");
    }
    let other = json!({"kind": "flat", "amount": "5.00", "currency": "EUR"});
    let pointers = bench.post(&admin, "/v1/programs", &with(program_body(), "/rule", other)).await.pointers(422);
    assert_eq!(pointers, ["/rule/currency"]);
    bench.post(&admin, "/v1/programs", &flat(json!("5.50"))).await.expect(201);
}

#[tokio::test]
async fn all_wrong_fields_are_told_at_once() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let body = json!({"name": "", "currency": "x", "time_zone": "x", "window_days": 0, "rule": {"kind": "percentage"}});
    let pointers = bench.post(&admin, "/v1/programs", &body).await.pointers(400);
    assert_eq!(pointers, ["/name", "/currency", "/time_zone", "/window_days", "/rule/rate"]);
}

#[tokio::test]
async fn a_partner_or_link_that_cannot_be_is_refused_field_by_field() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let person = json!({"name": "Ada", "email": "ada@example.com", "program_id": program});
    let nobody = "prg_00000000000000000000000001";
    for (field, value, status) in [
        ("/email", json!("ada"), 400),
        ("/program_id", json!("prg_1"), 400),
        ("/program_id", json!(nobody), 422),
        ("/tier", json!("tier9"), 400),
        ("/name", json!("a\u{0}b"), 400),
    ] {
        let answer = bench.post(&admin, "/v1/partners", &with(person.clone(), field, value.clone())).await;
        assert_eq!(answer.pointers(status), [field], "{value}");
    }
    let link = json!({"partner_id": partner, "unique_code": "spring", "destination": "https://shop.example/"});
    for (field, value, status) in [
        ("/unique_code", json!("admin"), 400),
        ("/unique_code", json!("a b"), 400),
        ("/destination", json!("http://shop.example/"), 400),
        ("/destination", json!("javascript:alert(1)"), 400),
        ("/destination", json!("https://a:b@shop.example/"), 400),
        ("/partner_id", json!(null), 422),
        ("/partner_id", json!("par_00000000000000000000000001"), 422),
        ("/program_id", json!(nobody), 422),
        ("/commission_rate", json!("1.5"), 400),
        ("/clicks", json!(5), 400),
    ] {
        let answer = bench.post(&admin, "/v1/revenue/affiliates", &with(link.clone(), field, value.clone())).await;
        assert_eq!(answer.pointers(status), [field], "{value}");
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused_by_its_parameter() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    for (path, parameter, status) in [
        ("/v1/partners?limit=0", "limit", 400),
        ("/v1/partners?limit=501", "limit", 400),
        ("/v1/partners?limit=many", "limit", 400),
        ("/v1/partners?cursor=zzz", "cursor", 400),
        ("/v1/programs?cursor=cGFyXzE", "cursor", 400),
        ("/v1/partners/dashboard", "partner_id", 422),
        ("/v1/partners/dashboard?partner_id=x", "partner_id", 400),
        ("/v1/partners/revenue/commissions?partner_id=par_00000000000000000000000002&offset=10001", "offset", 400),
    ] {
        assert_eq!(bench.get(&admin, path).await.pointers(status), [parameter], "{path}");
    }
    let wrong = "/v1/partners/revenue/commissions?partner_id=par_00000000000000000000000002&status=mine";
    bench.get(&admin, wrong).await.expect(400);
}
