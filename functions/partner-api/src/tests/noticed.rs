//! FRD: by what a partner is known again.

use axum::body::Body;
use domain::fraud::Reason;
use domain::fraud::marks::{Mark, MarkKind, Session};
use domain::id::{PartnerId, ReviewId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::touch::{DaySalt, DeviceHints, Origin};
use http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use serde_json::json;
use testkit::Fault;

use super::setup::{Bench, tenant};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn mark(address: &str) -> Mark {
    Mark { kind: MarkKind::Email, digest: domain::email::digest(address).expect("an address") }
}

#[tokio::test]
async fn a_new_partner_is_known_by_the_digest_of_its_address_and_a_second_one_with_it_is_noticed() {
    // FRD-3
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let mut made = Vec::new();
    for email in ["Pat@Partner.example", "kim@partner.example", " pat+again@partner.example"] {
        let body = json!({"name": "Pat", "email": email, "program_id": program});
        let partner = bench.post(&admin, "/v1/partners", &body).await.expect(201);
        made.push(PartnerId::parse(partner["id"].as_str().expect("an id")).expect("an id"));
    }
    assert_eq!(bench.store.list_marks(&tenant(), &made[0]).await.expect("store"), [mark("pat@partner.example")]);
    let mut noticed = Vec::new();
    for partner in &made {
        let review = ReviewId::of_partner(partner, "duplicate");
        let review = bench.store.get_review(&tenant(), &review).await.expect("store");
        noticed.push(review.map(|stored| stored.review.findings[0].signals[0].code));
    }
    assert_eq!(noticed, [None, None, Some(Reason::DuplicatePartner)]);
    assert_eq!(bench.store.list_stops(&tenant(), &made[2]).await.expect("store").len(), 1);
}

#[tokio::test]
async fn a_partner_whose_marks_were_lost_gets_them_when_the_request_comes_again() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let body = json!({"name": "Pat", "email": "pat@partner.example", "program_id": program});
    for passing in 0..12 {
        let once = format!("once-{passing}");
        bench.database.fail_after(passing, 3, Fault::Refuse);
        let _first = bench.post_once(&admin, "/v1/partners", &body, Some(&once)).await;
        bench.database.heal();
        let made = bench.post_once(&admin, "/v1/partners", &body, Some(&once)).await.expect(201);
        let id = PartnerId::parse(made["id"].as_str().expect("an id")).expect("an id");
        assert_eq!(
            bench.store.list_marks(&tenant(), &id).await.expect("store"),
            [mark("pat@partner.example")],
            "{passing}"
        );
    }
}

fn request(bench_key: &str, user_agent: &str, privacy: bool) -> Request<Body> {
    let mut request = Request::get("/v1/partners/dashboard")
        .header("authorization", format!("Bearer {bench_key}"))
        .header("user-agent", user_agent)
        .header("accept-language", "de-AT");
    if privacy {
        request = request.header("sec-gpc", "1");
    }
    let mut request = request.body(Body::empty()).expect("request");
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.http.source_ip = Some("203.0.113.7".to_owned());
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
    request
}

#[tokio::test]
async fn where_a_partner_works_from_is_kept_for_two_days_as_hashes_that_its_visits_would_have() {
    // FRD-1
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = PartnerId::parse(&bench.partner(&admin, &program).await).expect("an id");
    let own = bench.key(Role::Partner, partner.as_str()).await;
    for (key, privacy) in [(&own, false), (&own, false), (&own, true), (&admin, false)] {
        bench.send(request(key, FIREFOX, privacy)).await;
    }
    bench.get(&own, "/v1/partners/dashboard").await.expect(200);
    let salt = bench.store.salt_of_day(bench.now, [0; 32]).await.expect("the salt that the request made");
    let salt = DaySalt::from_bytes(salt);
    let visitor = salt.visitor(Origin { address: "203.0.113.7", user_agent: FIREFOX });
    let hints = DeviceHints { user_agent: FIREFOX, platform: "", language: "de-AT", address: "203.0.113.7" };
    let expected = Session::of(bench.now, visitor, salt.device(hints));
    let after = |hours: i64| Timestamp::from_second(bench.now.as_second() + hours * 3600).expect("instant");
    let tenant = tenant();
    let kept_at = |hours: i64| bench.store.list_sessions(&tenant, &partner, after(hours));
    assert_eq!(kept_at(47).await.expect("store"), [expected]);
    assert_eq!(kept_at(48).await.expect("store"), []);
}

#[tokio::test]
async fn a_partner_is_answered_also_when_it_cannot_be_noted_where_it_works_from() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let own = bench.partner(&admin, &program).await;
    let own = bench.key(Role::Partner, &own).await;
    // The first request reads the caller's key, the next three write the note, in vain.
    bench.database.fail_after(1, 3, Fault::Refuse);
    bench.send(request(&own, FIREFOX, false)).await.expect(200);
}
