//! What lists and figures read: of the second request of one caller, whose key the process knows by then.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::time::Zone;
use edge::clock::Clock;
use world::World;

use super::{Row, book, metered};
use crate::lists::{key, sealer, visits};

/// Ten sales of a customer, half of them closed; then each list and figure, twice.
pub(super) async fn reads(rows: &mut Vec<Row>) {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    for n in 0..10 {
        book(&world, world.sale(&format!("in_{n}"), "cus_1", "99.00")).await;
        world.pass_days(if n == 4 { 40 } else { 1 });
        if n == 4 {
            let today = Zone::utc().day_of(world.now);
            cases::closing::close_matured(&world.store, &world.tenant, &world.account(), today).await.expect("closed");
        }
    }
    let (store, clock, partner) = (world.store.clone(), Clock::fixed(world.now), world.partner.clone());
    let place = partner_api::Place { is_dev: false, public_url: "https://go.example".to_owned() };
    let own = partner_api::routes(partner_api::App::new(store.clone(), sealer(), clock, place));
    let desk = revenue_api::routes(revenue_api::App::new(store.clone(), visits(), sealer(), clock));
    let key = key(&store, "reads", clock).await;
    let of = |path: &str| format!("/v1/partners/revenue/{path}?partner_id={partner}");
    for (pattern, routes, path) in [
        ("page of a partner's commissions", &own, of("commissions")),
        ("page of a partner's payouts", &own, of("payouts")),
        ("metrics of a partner, a close among them", &own, of("metrics")),
        ("earnings of a partner by day", &own, format!("/v1/partners/{partner}/earnings")),
        ("page of partners", &own, "/v1/partners".to_owned()),
        ("page of links", &own, "/v1/revenue/affiliates".to_owned()),
        ("page of a day's commissions across partners", &desk, "/v1/revenue/commissions?day=2026-11-21".to_owned()),
    ] {
        asked(routes, &path, &key).await;
        metered(&world, rows, pattern, None, asked(routes, &path, &key)).await;
    }
}

async fn asked(routes: &Router, path: &str, key: &str) {
    use tower::ServiceExt;
    let request = Request::get(path).header("authorization", format!("Bearer {key}")).body(Body::empty());
    let answer = routes.clone().oneshot(request.expect("a request")).await.expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}
