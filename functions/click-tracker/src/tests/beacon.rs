//! What pages tell by the snippet.

use serde_json::{Value, json};
use store::programs::Program;

use super::*;

const SHOP: &str = "https://shop.example";

fn tell(via: &str, origin: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::post(format!("/v1/clicks?via={via}")).header("user-agent", FIREFOX);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let request = request.header("content-type", "text/plain;charset=UTF-8").body(Body::from(body.to_string()));
    request.expect("a request")
}

async fn kept(response: Response<Body>) -> Value {
    assert_eq!(response.status(), 200);
    serde_json::from_str(&text(response).await).expect("JSON")
}

fn touches(kept: &Value) -> Vec<domain::touch::Touch> {
    let token = kept["token"].as_str().expect("a token");
    keys().verify(&TenantId::default_tenant(), token).expect("signed").as_slice().to_vec()
}

/// A world whose programme names these hosts.
async fn naming(hosts: &[&str]) -> World {
    let world = World::new().await;
    let program = Program {
        id: link("casey", true).program,
        name: "Studio".to_owned(),
        currency: domain::currency::Currency::parse("USD").expect("a currency"),
        zone: domain::time::Zone::utc(),
        window_days: 30,
        hold_days: 30,
        close_lag_days: 3,
        attribution: domain::attribution::settings::AttributionSettings::default(),
        allowed_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        created_at: NOW.parse().expect("a time"),
    };
    let reward = domain::rule::Reward::Percentage(domain::rate::Rate::parse("0.3").expect("a rate"));
    let first = domain::id::RuleId::from_ulid(1_u128.into());
    let rule = domain::rule::RuleVersion::simple(first, program.id.clone(), program.created_at, reward, 30);
    world.store.create_program(&tenant(), &program, &rule).await.expect("creates");
    world
}

#[tokio::test]
async fn a_page_tells_of_a_visit_and_gets_the_token_for_its_check_out() {
    // TRK-6
    let world = World::new().await;
    let page = json!({
        "page": "https://shop.example/?via=casey&utm_source=news&sub1=a",
        "referrer": "https://blog.example/post?secret=1",
    });
    let answer = world.send(tell("CASEY", Some(SHOP), &page)).await;
    assert_eq!(answer.headers()["access-control-allow-origin"], SHOP);
    assert_eq!(answer.headers()["vary"], "origin");
    assert!(answer.headers().get("set-cookie").is_none(), "another origin's cookies are its own affair");
    let told = kept(answer).await;
    assert_eq!(told["window_days"], 30);
    let [touch] = &touches(&told)[..] else { panic!("one touch: {told}") };
    assert_eq!(told["click_id"], touch.click_id().to_string());
    let click = world.click(touch.visitor).await.expect("recorded");
    assert_eq!((click.hits, click.referrer_host.as_str()), (1, "blog.example"));
    let carried: Vec<_> = click.carried.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(carried, [("sub1", "a"), ("utm_source", "news")]);
}

#[tokio::test]
async fn what_the_page_kept_is_carried_on_if_it_is_ours() {
    let world = World::new().await;
    let first = kept(world.send(tell("casey", Some(SHOP), &json!({}))).await).await;
    let again = kept(world.send(tell("casey", Some(SHOP), &json!({ "token": first["token"] }))).await).await;
    assert_eq!(touches(&again).len(), 2);
    let forged = kept(world.send(tell("casey", Some(SHOP), &json!({ "token": "forged" }))).await).await;
    assert_eq!(touches(&forged).len(), 1);
    assert_eq!(world.click(touches(&again)[0].visitor).await.expect("recorded").hits, 3, "TRK-4: two repeats");
}

#[tokio::test]
async fn only_pages_on_the_programmes_hosts_are_heard() {
    let rows: [(&[&str], &str, u16); 9] = [
        (&[], "https://shop.example", 200),
        (&[], "http://www.shop.example:8080", 200),
        (&[], "https://other.example", 403),
        (&["other.example"], "https://a.other.example", 200),
        (&["other.example"], "https://shop.example", 403),
        (&["other.example"], "https://evilother.example", 403),
        (&["other.example"], "null", 403),
        (&["other.example"], "chrome-extension://other.example", 403),
        (&["127.0.0.1"], "http://127.0.0.1:9000", 200),
    ];
    for (hosts, origin, status) in rows {
        let world = naming(hosts).await;
        let answer = world.send(tell("casey", Some(origin), &json!({}))).await;
        assert_eq!(answer.status(), status, "{hosts:?} {origin}");
        let allowed = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("text"));
        assert_eq!(allowed, (status == 200).then_some(origin));
        world.database.reset_units();
        let asked = Request::options("/v1/clicks?via=casey").header("origin", origin);
        let asked = asked.header("access-control-request-method", "POST").body(Body::empty()).expect("a request");
        let answer = world.send(asked).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers().contains_key("access-control-allow-headers"), status == 200, "{hosts:?} {origin}");
        assert_eq!(world.database.reset_units().write_hundredths, 0, "asking is no click");
    }
}

#[tokio::test]
async fn a_request_of_no_page_is_refused_and_nothing_is_recorded() {
    let world = World::new().await;
    world.get("/r/casey").await;
    world.database.reset_units();
    let answer = world.send(tell("casey", None, &json!({}))).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(world.database.reset_units().write_hundredths, 0);
}

#[tokio::test]
async fn an_unknown_link_a_bad_body_and_a_large_one_are_told_as_problems() {
    let world = World::new().await;
    for via in ["", "nobody", "a%2Fb", "%ff"] {
        assert_eq!(world.send(tell(via, Some(SHOP), &json!({}))).await.status(), 404, "{via}");
    }
    let send = async |body: Vec<u8>| {
        let request = Request::post("/v1/clicks?via=casey").header("origin", SHOP).header("user-agent", FIREFOX);
        world.send(request.body(Body::from(body)).expect("a request")).await.status().as_u16()
    };
    let page = json!({ "page": "x".repeat(20_000) }).to_string();
    // Behind an ad network a page's address is long.
    let long = json!({ "page": "x".repeat(16_000) }).to_string();
    let rows: [(&[u8], u16); 7] = [
        (long.as_bytes(), 200),
        (b"", 200),
        (b"not JSON", 400),
        (b"7", 400),
        (b"{\"token\": 1}", 400),
        (b"{\"page\": \"\xff\"}", 400),
        (page.as_bytes(), 413),
    ];
    for (body, status) in rows {
        assert_eq!(send(body.to_vec()).await, status, "{}", String::from_utf8_lossy(&body[..body.len().min(20)]));
    }
}

#[tokio::test]
async fn who_asks_before_without_a_code_that_could_be_a_links_is_told_so() {
    let world = World::new().await;
    for (query, status) in
        [("", 400), ("?via=", 400), ("?via=ab", 400), ("?via=a%2Fb", 400), ("?via=nobody", 204), ("?via=casey", 204)]
    {
        let asked = Request::options(format!("/v1/clicks{query}")).header("origin", SHOP).body(Body::empty());
        assert_eq!(world.send(asked.expect("a request")).await.status(), status, "{query}");
    }
}

#[tokio::test]
async fn a_program_that_drives_a_browser_is_flagged_and_gets_no_token() {
    let world = World::new().await;
    let told = kept(world.send(tell("casey", Some(SHOP), &json!({ "driven": true }))).await).await;
    assert_eq!(told["token"], Value::Null);
    let person = kept(world.send(tell("casey", Some(SHOP), &json!({}))).await).await;
    let click = world.click(touches(&person)[0].visitor).await.expect("recorded");
    assert_eq!((click.hits, click.bot_hits, click.bot.as_deref()), (1, 1, Some("driven")));
}

#[tokio::test]
async fn who_asks_for_privacy_is_nobody_to_the_beacon_too() {
    let world = World::new().await;
    let before = kept(world.send(tell("casey", Some(SHOP), &json!({}))).await).await;
    let mut request = tell("casey", Some(SHOP), &json!({ "token": before["token"] }));
    request.headers_mut().insert("sec-gpc", http::HeaderValue::from_static("1"));
    let told = kept(world.send(request).await).await;
    let [touch] = &touches(&told)[..] else { panic!("what was kept before is left out") };
    assert_eq!(touch.visitor, VisitorHash::NOBODY);
}

#[tokio::test]
async fn with_the_store_down_a_known_link_still_gets_its_token() {
    // TRK-8
    let world = World::new().await;
    kept(world.send(tell("casey", Some(SHOP), &json!({}))).await).await;
    let world = world.changed(|app| app.clock = at("2026-09-03T09:30:00Z"));
    world.database.fail_next(100, Fault::Refuse);
    let told = kept(world.send(tell("casey", Some(SHOP), &json!({}))).await).await;
    assert_eq!(touches(&told).len(), 1);
    let fresh = World::new().await;
    fresh.database.fail_next(100, Fault::Refuse);
    let answer = fresh.send(tell("casey", Some(SHOP), &json!({}))).await;
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn the_snippet_may_be_loaded_by_any_page_and_kept_for_an_hour() {
    let world = World::new().await;
    let answer = world.get("/t.js").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(answer.headers()["cross-origin-resource-policy"], "cross-origin");
    assert!(answer.headers()["cache-control"].to_str().expect("text").starts_with("public, max-age=3600"));
    assert!(text(answer).await.contains("client_reference_id"));
}
