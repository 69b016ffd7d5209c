//! What lists and figures read: of the second request of one caller, whose key the process knows by then.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::role::Role;
use domain::time::Zone;
use edge::clock::Clock;
use world::World;

use super::{Row, book, metered};
use crate::asking::key;
use crate::lists::{sealer, visits};

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
    let key = key(&store, (Role::Support, "reads"), clock).await;
    let of_partners = OF_PARTNERS.iter().map(|row| (&own, row));
    for (routes, (pattern, path)) in of_partners.chain(OF_THE_DESK.iter().map(|row| (&desk, row))) {
        let path = path.replace("{partner}", partner.as_str()).replace("{program}", world::program().as_str());
        asked(routes, &path, &key).await;
        metered(&world, rows, pattern, None, asked(routes, &path, &key)).await;
    }
}

/// What partner-api lists and counts.
const OF_PARTNERS: [(&str, &str); 17] = [
    ("page of a partner's commissions", "/v1/partners/revenue/commissions?partner_id={partner}"),
    ("page of a partner's payouts", "/v1/partners/revenue/payouts?partner_id={partner}"),
    ("metrics of a partner, a close among them", "/v1/partners/revenue/metrics?partner_id={partner}"),
    ("earnings of a partner by day", "/v1/partners/{partner}/earnings"),
    ("page of partners", "/v1/partners"),
    ("page of links", "/v1/revenue/affiliates"),
    ("page of a partner's links", "/v1/revenue/affiliates?partner_id={partner}"),
    ("page of coupons", "/v1/coupons"),
    ("page of claims", "/v1/claims"),
    ("page of a partner's claims", "/v1/claims?partner_id={partner}"),
    ("page of programmes", "/v1/programs"),
    ("rule versions of a programme", "/v1/programs/{program}/rules"),
    ("page of a programme's applications", "/v1/programs/{program}/applications"),
    ("recomputes of a programme", "/v1/programs/{program}/recompute"),
    ("page of groups", "/v1/groups"),
    ("page of achievements", "/v1/achievements"),
    ("customers that a partner manages", "/v1/partners/{partner}/accounts"),
];

/// What the desk lists.
const OF_THE_DESK: [(&str, &str); 9] = [
    ("page of a day's commissions across partners", "/v1/revenue/commissions?day=2026-11-21"),
    ("page of disputes", "/v1/revenue/disputes"),
    ("page of corrections", "/v1/revenue/adjustments"),
    ("page of nights", "/v1/revenue/commission/batches"),
    ("page of rates of exchange", "/v1/revenue/fx-rates"),
    ("page of accounts below zero", "/v1/revenue/negative-balances"),
    ("page of leads", "/v1/revenue/leads"),
    ("page of plans", "/v1/revenue/plans"),
    ("health of a tenant's revenue", "/v1/revenue/health"),
];

async fn asked(routes: &Router, path: &str, key: &str) {
    use tower::ServiceExt;
    let request = Request::get(path).header("authorization", format!("Bearer {key}")).body(Body::empty());
    let answer = routes.clone().oneshot(request.expect("a request")).await.expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}
