//! Links: what may be said of them, how they change, and how they go.

use std::collections::BTreeSet;

use axum::body::Body;
use domain::currency::Currency;
use domain::id::{LinkId, SaleId};
use domain::money::Money;
use domain::role::Role;
use http::Request;
use serde_json::{Value, json};

use super::setup::{Answer, Bench, NOW, tenant};

const LINKS: &str = "/v1/revenue/affiliates";

/// A programme with a partner of it: the admin's key, the partner's, and the ids of both.
struct Place {
    bench: Bench,
    admin: String,
    own: String,
    program: String,
    partner: String,
}

impl Place {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let admin = bench.key(Role::Admin, "usr_1").await;
        let program = bench.program(&admin).await;
        let partner = bench.partner(&admin, &program).await;
        let own = bench.key(Role::Partner, &partner).await;
        Self { bench, admin, own, program, partner }
    }

    async fn link(&self, code: &str) -> Value {
        let body = json!({"unique_code": code, "destination": "https://shop.example/start"});
        self.bench.post(&self.own, LINKS, &body).await.expect(201)
    }

    async fn patch(&self, key: &str, code: &str, body: &Value, seen: Option<&str>) -> Answer {
        let mut request = Request::patch(format!("{LINKS}/{code}"))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        self.bench.send(request.body(Body::from(body.to_string())).expect("request")).await
    }

    async fn codes(&self, key: &str, query: &str) -> Vec<String> {
        let listed = self.bench.get(key, &format!("{LINKS}{query}")).await.expect(200);
        let rows = listed["data"].as_array().expect("a list");
        rows.iter().filter_map(|row| row["unique_code"].as_str().map(ToOwned::to_owned)).collect()
    }
}

#[tokio::test]
async fn of_twenty_who_want_one_code_at_once_one_has_it_and_nobody_learns_who() {
    let place = Place::new().await;
    let spellings = ["summer", "SUMMER", "Summer", "sUMMER"];
    let bodies: Vec<Value> = (0..20)
        .map(|n| json!({"partner_id": place.partner, "unique_code": spellings[n % 4], "destination": "https://shop.example/"}))
        .collect();
    let tries = bodies.iter().map(|body| place.bench.post(&place.admin, LINKS, body));
    let mut answers = Vec::new();
    let mut tries: Vec<_> = tries.map(Box::pin).collect();
    let all = std::future::poll_fn(|context| {
        tries.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if tries.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    });
    all.await;
    let (made, refused): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 19));
    for answer in refused {
        let told = answer.expect(409);
        assert_eq!(told["errors"][0]["pointer"], "/unique_code");
        assert!(!told.to_string().contains("par_"), "{told}");
    }
}

#[tokio::test]
async fn another_partner_and_another_tenant_see_nothing_of_a_link() {
    let place = Place::new().await;
    place.link("summer").await;
    let other = place.bench.partner(&place.admin, &place.program).await;
    let elsewhere = domain::id::TenantId::from_ulid(5_u128.into());
    let keys =
        [place.bench.key(Role::Partner, &other).await, place.bench.key_of(&elsewhere, Role::Admin, "usr_9").await];
    for key in &keys {
        for path in ["/summer", "/summer/qr"] {
            assert_eq!(place.bench.get(key, &format!("{LINKS}{path}")).await.status, 404);
        }
        assert_eq!(place.patch(key, "summer", &json!({"active": false}), None).await.status, 404);
        assert_eq!(place.bench.delete(key, &format!("{LINKS}/summer")).await.status, 404);
        assert!(place.codes(key, "").await.is_empty());
    }
    let finance = place.bench.key(Role::FinanceManager, "usr_2").await;
    assert_eq!(place.patch(&finance, "summer", &json!({"active": false}), None).await.status, 403);
}

#[tokio::test]
async fn a_link_is_changed_and_each_change_is_told_with_what_was_there_before() {
    let place = Place::new().await;
    place.link("summer").await;
    let body = json!({
        "destination": "https://shop.example/summer", "label": "Newsletter", "expires_at": "2027-01-01T00:00:00Z",
        "sub_ids": {"sub1": "news"},
    });
    let answer = place.patch(&place.own, "SUMMER", &body, None).await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let changed = answer.expect(200);
    for (field, value) in body.as_object().expect("fields") {
        assert_eq!(&changed[field], value, "{field}");
    }
    assert_eq!((&changed["status"], &changed["active"]), (&json!("active"), &json!(true)));
    let target = place.bench.store.get_link_by_code("summer").await.expect("read").expect("there");
    assert_eq!(target.destination, "https://shop.example/summer");
    assert!(target.expires_at.is_some() && target.sub_ids.contains_key("sub1"));
    let cleared =
        place.patch(&place.own, "summer", &json!({"label": null, "expires_at": null}), None).await.expect(200);
    assert_eq!((&cleared["label"], &cleared["expires_at"]), (&Value::Null, &Value::Null));
    assert_eq!(cleared["destination"], "https://shop.example/summer", "what is left out stays");
    let trail = place.bench.store.list_audit(&tenant(), changed["id"].as_str().expect("id")).await.expect("store");
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["link.created", "link.changed", "link.changed"]);
    assert_eq!(trail[1].old["destination"], "https://shop.example/start");
    assert_eq!(trail[1].actor.id, place.partner);
    // OPS-3: and by which of the partner's keys.
    assert!(trail[1].actor.person.as_ref().is_some_and(|key| key.starts_with("key_")), "{:?}", trail[1].actor);
    assert!(!trail[1].new.contains_key("code"), "only what differs");
}

#[tokio::test]
async fn whoever_changes_what_another_changed_meanwhile_is_told_so() {
    let place = Place::new().await;
    place.link("summer").await;
    let tag = place.bench.get(&place.own, &format!("{LINKS}/summer")).await.headers["etag"].clone();
    let tag = tag.to_str().expect("text");
    place.patch(&place.admin, "summer", &json!({"label": "one"}), Some(tag)).await.expect(200);
    let refused = place.patch(&place.own, "summer", &json!({"label": "two"}), Some(tag)).await.expect(412);
    let detail = refused["detail"].as_str().expect("text");
    assert!(detail.contains('1') && detail.contains('2'), "both versions: {detail}");
    let same = place.patch(&place.own, "summer", &json!({"label": "one"}), Some(tag)).await;
    assert_eq!(same.headers["etag"], "\"2\"", "what is so already changes nothing");
    let read = place.bench.get(&place.own, &format!("{LINKS}/summer")).await.expect(200);
    assert_eq!(read["label"], "one");
}

#[tokio::test]
async fn a_link_is_put_away_with_its_history_and_its_code_stays_taken() {
    let place = Place::new().await;
    let made = place.link("summer").await;
    let gone = place.bench.delete(&place.own, &format!("{LINKS}/summer")).await.expect(200);
    assert_eq!(
        (&gone["status"], &gone["archived_at"], &gone["active"]),
        (&json!("archived"), &json!(NOW), &json!(false))
    );
    let again = place.bench.delete(&place.own, &format!("{LINKS}/summer")).await.expect(200);
    assert_eq!(again, gone, "once more changes nothing");
    assert!(!place.bench.store.get_link_by_code("summer").await.expect("read").expect("there").active);
    assert!(place.codes(&place.own, "").await.is_empty());
    assert_eq!(place.codes(&place.own, "?status=archived").await, ["summer"]);
    assert_eq!(place.bench.get(&place.own, &format!("{LINKS}/summer")).await.expect(200)["id"], made["id"]);
    let other = place.bench.partner(&place.admin, &place.program).await;
    let body = json!({"partner_id": other, "unique_code": "summer", "destination": "https://shop.example/"});
    assert_eq!(place.bench.post(&place.admin, LINKS, &body).await.status, 409);
    assert_eq!(place.patch(&place.own, "summer", &json!({"active": true}), None).await.status, 409);
    let back = place.patch(&place.admin, "summer", &json!({"active": true}), None).await.expect(200);
    assert_eq!((&back["status"], &back["archived_at"]), (&json!("active"), &Value::Null));
}

#[tokio::test]
async fn links_are_filtered_by_state_and_programme_page_by_page_and_as_csv() {
    let place = Place::new().await;
    let second = place.bench.program(&place.admin).await;
    let body = json!({"name": "Bo", "email": "bo@example.com", "program_id": second});
    let other = place.bench.post(&place.admin, "/v1/partners", &body).await.expect(201);
    for code in ["one", "two", "three", "four", "five"] {
        place.link(code).await;
    }
    let body = json!({"partner_id": other["id"], "unique_code": "elsewhere", "destination": "https://shop.example/"});
    place.bench.post(&place.admin, LINKS, &body).await.expect(201);
    place.patch(&place.own, "two", &json!({"active": false}), None).await.expect(200);
    place.bench.delete(&place.own, &format!("{LINKS}/four")).await.expect(200);
    let sorted = |codes: Vec<String>| codes.into_iter().collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>();
    assert_eq!(sorted(place.codes(&place.admin, "").await), ["elsewhere", "five", "one", "three", "two"]);
    assert_eq!(sorted(place.codes(&place.admin, "?status=active").await), ["elsewhere", "five", "one", "three"]);
    assert_eq!(place.codes(&place.admin, "?status=paused").await, ["two"]);
    assert_eq!(place.codes(&place.admin, &format!("?program_id={second}")).await, ["elsewhere"]);
    let (mut met, mut path) = (Vec::new(), format!("{LINKS}?status=active&limit=1"));
    for _ in 0..10 {
        let page = place.bench.get(&place.admin, &path).await.expect(200);
        met.extend(page["data"].as_array().expect("rows").iter().map(|row| row["unique_code"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{LINKS}?status=active&limit=1&cursor={cursor}");
    }
    met.sort();
    assert_eq!(met, ["\"elsewhere\"", "\"five\"", "\"one\"", "\"three\""], "each once");
    let csv = place.bench.get(&place.own, &format!("{LINKS}?format=csv")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    for (query, parameter) in [("?status=gone", "status"), ("?program_id=x", "program_id"), ("?limit=501", "limit")] {
        let refused = place.bench.get(&place.own, &format!("{LINKS}{query}")).await;
        assert_eq!(refused.pointers(400), [parameter], "{query}");
    }
}

#[tokio::test]
async fn only_an_admin_gives_a_link_a_rate_of_its_own() {
    // COM-11
    let place = Place::new().await;
    let body = json!({"partner_id": place.partner, "destination": "https://shop.example/", "commission_rate": "0.4"});
    assert_eq!(place.bench.post(&place.own, LINKS, &body).await.status, 403);
    let made = place.bench.post(&place.admin, LINKS, &body).await.expect(201);
    assert_eq!(made["commission_rate"], "0.4");
    let code = made["unique_code"].as_str().expect("a code");
    assert_eq!(place.patch(&place.admin, code, &json!({"commission_rate": "0.5"}), None).await.status, 400, "for good");
}

#[tokio::test]
async fn a_links_own_rate_that_a_bonus_from_nothing_on_brings_above_the_sale_is_refused() {
    // COM-2, COM-11
    let mut place = Place::new().await;
    let (partner, rules) = (place.partner.clone(), format!("/v1/programs/{}/rules", place.program));
    let link =
        |rate: &str| json!({"partner_id": partner, "destination": "https://shop.example/", "commission_rate": rate});
    let rule = |from: &str, begins: &str| {
        json!({
            "rate": "0.3", "volume_bonus": {"from": from, "bonus": "0.25"}, "effective_from": begins,
        })
    };
    // Above nothing some sales are paid without it.
    place.bench.post(&place.admin, &rules, &rule("0.01", "2026-10-01T00:00:00Z")).await.expect(201);
    place.bench.post(&place.admin, LINKS, &link("0.800001")).await.expect(201);
    // A version that begins later counts as soon as it is there, and then while it is in force.
    place.bench.post(&place.admin, &rules, &rule("0", "2026-11-01T00:00:00Z")).await.expect(201);
    for now in [NOW, "2026-10-02T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"] {
        place.bench.now = now.parse().expect("an instant");
        let made = place.bench.post(&place.admin, LINKS, &link("0.8")).await.expect(201);
        assert_eq!(made["commission_rate"], "0.8", "exactly all of it");
        let refused = place.bench.post(&place.admin, LINKS, &link("0.800001")).await;
        assert_eq!(refused.pointers(422), ["/commission_rate"], "{now}");
    }
    // What was in force once says nothing.
    place.bench.post(&place.admin, &rules, &json!({"rate": "0.3"})).await.expect(201);
    place.bench.post(&place.admin, LINKS, &link("0.800001")).await.expect(201);
}

#[tokio::test]
async fn a_partner_does_not_lengthen_a_rate_of_its_own() {
    // COM-11
    let place = Place::new().await;
    let body = json!({
        "partner_id": place.partner, "unique_code": "fair", "destination": "https://shop.example/",
        "commission_rate": "0.5", "expires_at": "2026-12-01T00:00:00Z",
    });
    place.bench.post(&place.admin, LINKS, &body).await.expect(201);
    for end in [Value::Null, json!("2026-12-01T00:00:01Z")] {
        let refused =
            place.patch(&place.own, "fair", &json!({"expires_at": end, "label": "x"}), None).await.expect(409);
        assert_eq!(refused["type"], "urn:tributary:problem:link-end-is-fixed");
    }
    let read = place.bench.get(&place.own, &format!("{LINKS}/fair")).await.expect(200);
    assert_eq!((&read["expires_at"], &read["label"]), (&body["expires_at"], &Value::Null), "nothing of it was done");
    let earlier = json!({"expires_at": "2026-11-30T00:00:00Z"});
    place.patch(&place.own, "fair", &earlier, None).await.expect(200);
    place.patch(&place.own, "fair", &json!({"expires_at": body["expires_at"]}), None).await.expect(409);
    let later = place.patch(&place.admin, "fair", &json!({"expires_at": null}), None).await.expect(200);
    assert_eq!(later["expires_at"], Value::Null);
}

#[tokio::test]
async fn what_an_admin_turned_off_only_an_admin_turns_on() {
    let place = Place::new().await;
    place.link("summer").await;
    let turn = |key: &str, on: bool| {
        let key = key.to_owned();
        let place = &place;
        async move { place.patch(&key, "summer", &json!({"active": on}), None).await }
    };
    turn(&place.own, false).await.expect(200);
    turn(&place.own, true).await.expect(200);
    // Whether it was on before or its partner had turned it off: an admin's word stands.
    for was_on in [true, false] {
        turn(&place.own, was_on).await.expect(200);
        turn(&place.admin, false).await.expect(200);
        turn(&place.own, false).await.expect(200);
        let refused = turn(&place.own, true).await.expect(409);
        assert_eq!(refused["type"], "urn:tributary:problem:link-paused-by-staff");
        assert!(!place.bench.store.get_link_by_code("summer").await.expect("read").expect("there").active);
        turn(&place.admin, true).await.expect(200);
    }
    turn(&place.own, false).await.expect(200);
    turn(&place.own, true).await.expect(200);
}

#[tokio::test]
async fn what_is_wrong_with_a_link_is_told_by_its_place() {
    let place = Place::new().await;
    let good = json!({"destination": "https://shop.example/"});
    let rows = [
        ("unique_code", json!("two words"), "/unique_code", 400),
        ("unique_code", json!("p\u{430}ypal"), "/unique_code", 400),
        ("unique_code", json!("adm1n"), "/unique_code", 400),
        ("unique_code", json!("api"), "/unique_code", 400),
        ("destination", json!("http://shop.example/"), "/destination", 400),
        ("destination", json!("javascript:alert(1)"), "/destination", 400),
        ("expires_at", json!(NOW), "/expires_at", 422),
        ("expires_at", json!("2020-01-01T00:00:00Z"), "/expires_at", 422),
        ("label", json!(""), "/label", 400),
        ("label", json!("x".repeat(121)), "/label", 400),
        ("sub_ids", json!({"sub6": "x"}), "/sub_ids/sub6", 400),
        ("sub_ids", json!({"sub1": ""}), "/sub_ids/sub1", 400),
        ("sub_ids", json!({"sub1": "x".repeat(257)}), "/sub_ids/sub1", 400),
    ];
    for (field, value, pointer, status) in rows {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(place.bench.post(&place.own, LINKS, &body).await.pointers(status), [pointer], "{field} {value}");
    }
    let rates = [json!("1.5"), json!("-0.1"), json!("ten")];
    for rate in rates {
        let body =
            json!({"partner_id": place.partner, "destination": "https://shop.example/", "commission_rate": rate});
        assert_eq!(place.bench.post(&place.admin, LINKS, &body).await.pointers(400), ["/commission_rate"], "{rate}");
    }
    place.link("summer").await;
    for (field, value, status) in
        [("destination", json!("http://a.example/"), 400), ("expires_at", json!(NOW), 422), ("label", json!(""), 400)]
    {
        let refused = place.patch(&place.own, "summer", &json!({field: value}), None).await;
        assert_eq!(refused.pointers(status), [format!("/{field}")]);
    }
}

/// LNK-5: what is asked for here is clicked in the programme's name.
#[tokio::test]
async fn a_link_leads_to_the_programmes_hosts_and_what_is_below_them_and_to_nothing_that_looks_like_them() {
    let place = Place::new().await;
    let hosts = json!({"destination_hosts": ["shop.example", "other.example"]});
    let program = format!("/v1/programs/{}", place.program);
    place.bench.change(&place.admin, &program, &hosts, None).await.expect(200);
    place.link("summer").await;
    let allowed = [
        ("https://shop.example/", "https://shop.example/"),
        ("https://SHOP.Example/a?b=c", "https://shop.example/a?b=c"),
        ("https://eu.shop.example/", "https://eu.shop.example/"),
        ("https://a.b.other.example/x", "https://a.b.other.example/x"),
    ];
    for (asked, kept) in allowed {
        for key in [&place.own, &place.admin] {
            let body = json!({"partner_id": place.partner, "destination": asked});
            assert_eq!(place.bench.post(key, LINKS, &body).await.expect(201)["destination"], kept);
        }
        let changed = place.patch(&place.own, "summer", &json!({"destination": asked}), None).await.expect(200);
        assert_eq!(changed["destination"], kept);
    }
    let before = place.codes(&place.own, "").await;
    let kept = place.bench.get(&place.own, &format!("{LINKS}/summer")).await.expect(200);
    for (destination, status) in [
        ("https://shop.example.evil.example/", 422),
        ("https://evilshop.example/", 422),
        ("https://evil-shop.example/", 422),
        ("https://example/", 422),
        ("https://sh\u{43e}p.example/", 422),
        ("https://evil.example/shop.example/", 422),
        ("https://evil.example/?to=https://shop.example/", 422),
        ("https://evil.example#shop.example", 422),
        ("https://192.0.2.1/", 422),
        ("http://shop.example/", 400),
        ("https://shop.example@evil.example/", 400),
        ("//shop.example/", 400),
    ] {
        for key in [&place.own, &place.admin] {
            let asked = json!({"partner_id": place.partner, "destination": destination});
            let answers = [
                place.bench.post(key, LINKS, &asked).await,
                place.patch(key, "summer", &json!({"destination": destination}), None).await,
            ];
            for answer in answers {
                let told = answer.expect(status);
                assert_eq!(told["errors"][0]["pointer"], "/destination", "{destination} {told}");
                if status == 422 {
                    assert_eq!(told["type"], "urn:tributary:problem:destination-not-allowed", "{destination}");
                    let why = told["errors"][0]["detail"].as_str().expect("why");
                    assert!(why.contains("shop.example") && why.contains("other.example"), "{destination}: {why}");
                }
            }
        }
    }
    assert_eq!(place.codes(&place.own, "").await, before, "nothing was made");
    let read = place.bench.get(&place.own, &format!("{LINKS}/summer")).await.expect(200);
    assert_eq!(read, kept, "and nothing was changed");
}

#[tokio::test]
async fn a_link_is_shown_with_what_it_sold_in_each_currency() {
    let place = Place::new().await;
    let made = place.link("summer").await;
    assert_eq!((&made["conversions"], &made["revenue_generated"]), (&json!(0), &json!("0.00")));
    let link = LinkId::parse(made["id"].as_str().expect("id")).expect("id");
    for (n, minor, currency) in [(1_u128, 10_000, Currency::USD), (2, 2_550, Currency::USD), (3, 700, Currency::EUR)] {
        let sale = SaleId::from_ulid(n.into());
        let share = (1, Money::from_minor(minor, currency));
        place.bench.store.count_link_sale(&tenant(), (&link, &sale), share).await.expect("counted");
    }
    let read = place.bench.get(&place.own, &format!("{LINKS}/summer")).await.expect(200);
    assert_eq!((&read["conversions"], &read["revenue_generated"]), (&json!(2), &json!("125.50")));
    assert_eq!(read["other_revenue"], json!([{"conversions": 1, "revenue_generated": "7.00", "currency": "EUR"}]));
}

#[tokio::test]
async fn the_picture_of_a_link_is_an_svg_of_its_own() {
    let place = Place::new().await;
    place.link("summer").await;
    let answer = place.bench.get(&place.own, &format!("{LINKS}/summer/qr")).await;
    assert_eq!((answer.status.as_u16(), answer.headers["content-type"].as_bytes()), (200, &b"image/svg+xml"[..]));
    assert_eq!(place.bench.get(&place.own, &format!("{LINKS}/winter/qr")).await.status, 404);
}
