//! Which operations are measured, and what is there before they are.

use axum::http::StatusCode;
use domain::role::Role;
use serde_json::{Value, json};

use super::deployment::{BEFORE, Deployment, account};
use super::operation::Operation;
use crate::asking::key;

/// What is made before anything is measured, through the same doors.
pub(super) struct Things {
    partner: String,
    payout: String,
    commission: String,
    correction: String,
    lead: String,
    user: String,
    session: String,
}

impl Things {
    /// Makes them.
    pub(super) async fn made(deployment: &Deployment) -> Self {
        let admin = key(&deployment.store, (Role::Admin, "whoever prepares"), deployment.clock).await;
        let server = key(&deployment.store, (Role::Service, "the server"), deployment.clock).await;
        let partner = text(&make_partner(deployment).done(deployment, &admin, BEFORE).await.json, "id");
        make_link(deployment, &partner).done(deployment, &admin, BEFORE).await;
        make_coupon(deployment, &partner).done(deployment, &admin, BEFORE).await;
        let payout = text(&ask_for_payout(deployment).done(deployment, &admin, BEFORE).await.json, "id");
        let lines = format!("/v1/partners/revenue/commissions?partner_id={}&limit=1", account(BEFORE));
        let lines = Operation::read("the newest commission", &deployment.partner_api, lines);
        let commission = text(&lines.done(deployment, &admin, 0).await.json["data"][0], "id");
        let corrected = correct(deployment).done(deployment, &admin, BEFORE).await.json;
        // One that waits for a second person writes less.
        assert_eq!(corrected["state"], "booked", "{corrected}");
        let lead = text(&leave_lead(deployment).done(deployment, &server, BEFORE).await.json, "lead_id");
        let user = text(&make_user(deployment).done(deployment, &admin, BEFORE).await.json, "id");
        let session = Box::pin(deployment.session(&user)).await;
        Self { partner, payout, commission, correction: text(&corrected, "id"), lead, user, session }
    }
}

/// A field that must be there.
fn text(json: &Value, field: &str) -> String {
    json[field].as_str().unwrap_or_else(|| panic!("no {field}: {json}")).to_owned()
}

/// All of them: what is read first, while there is no more than was prepared.
pub(super) fn operations<'a>(deployment: &'a Deployment, things: &Things) -> Vec<Operation<'a>> {
    let mut operations = reads_of_partners(deployment, things);
    operations.extend(reads_of_the_desk(deployment, things));
    operations.extend(writes(deployment, things));
    operations
}

fn reads_of_partners<'a>(deployment: &'a Deployment, things: &Things) -> Vec<Operation<'a>> {
    let routes = &deployment.partner_api;
    let read = |what, path: String| Operation::read(what, routes, path);
    let of_account = account(BEFORE);
    vec![
        read("a partner", format!("/v1/partners/{}", things.partner)),
        read("a link", link_path(BEFORE)),
        read("a coupon", format!("/v1/coupons/{}", coupon(BEFORE))),
        read("a programme", format!("/v1/programs/{}", world::program())),
        read("a commission", format!("/v1/partners/revenue/commissions/{}", things.commission)),
        read("a payout for its partner", format!("/v1/partners/revenue/payouts/{}", things.payout)),
        read("the metrics of a partner", format!("/v1/partners/revenue/metrics?partner_id={of_account}")),
    ]
}

fn reads_of_the_desk<'a>(deployment: &'a Deployment, things: &Things) -> Vec<Operation<'a>> {
    let (revenue, admin) = (&deployment.revenue_api, &deployment.admin_api);
    let (payout, of_account) = (&things.payout, account(BEFORE));
    vec![
        Operation::read("a payout", &deployment.payout_approval, format!("/v1/revenue/payouts/{payout}")),
        Operation::read("balances of a partner", revenue, format!("/v1/revenue/balances?partner_id={of_account}")),
        Operation::read("a correction", revenue, format!("/v1/revenue/adjustments/{}", things.correction)),
        Operation::read("a lead", revenue, format!("/v1/revenue/leads/{}", things.lead)),
        Operation::read("a user", admin, format!("/v1/users/{}", things.user)),
        Operation::read("the settings", admin, "/v1/settings".to_owned()),
        Operation::read("who is signed in", admin, "/v1/auth/session".to_owned()).signed_in(things.session.clone()),
    ]
}

fn writes<'a>(deployment: &'a Deployment, things: &Things) -> Vec<Operation<'a>> {
    let (partners, partner) = (&deployment.partner_api, &things.partner);
    let noted = |n: u64| json!({ "tags": [format!("tag-{n}")], "notes": format!("Met {n} times.") });
    let labelled = |n: u64| json!({ "label": format!("Newsletter {n}") });
    vec![
        make_partner(deployment),
        Operation::change("change a partner", partners, format!("/v1/partners/{partner}"), noted),
        make_link(deployment, partner),
        Operation::change("change a link", partners, link_path(BEFORE), labelled),
        make_coupon(deployment, partner),
        leave_lead(deployment),
        correct(deployment),
        ask_for_payout(deployment),
        make_user(deployment),
        make_key(deployment),
    ]
}

fn make_partner(deployment: &Deployment) -> Operation<'_> {
    Operation::make("make a partner", &deployment.partner_api, "/v1/partners", |n| {
        json!({
            "name": format!("Partner {n}"), "email": format!("partner-{n}@partners.example"),
            "company": "Engines Ltd", "program_id": world::program().to_string(), "tags": ["newsletter"],
        })
    })
}

/// The link of a number, by its code.
fn link_path(n: u64) -> String {
    format!("/v1/revenue/affiliates/spring-{n}")
}

fn make_link<'a>(deployment: &'a Deployment, partner: &str) -> Operation<'a> {
    let partner = partner.to_owned();
    Operation::make("make a link", &deployment.partner_api, "/v1/revenue/affiliates", move |n| {
        json!({
            "partner_id": partner, "program_id": world::program().to_string(), "unique_code": format!("spring-{n}"),
            "destination": "https://shop.example/start",
        })
    })
}

/// The code of the coupon of a number.
fn coupon(n: u64) -> String {
    format!("SPRING{n}")
}

fn make_coupon<'a>(deployment: &'a Deployment, partner: &str) -> Operation<'a> {
    let partner = partner.to_owned();
    Operation::make(
        "make a coupon",
        &deployment.partner_api,
        "/v1/coupons",
        move |n| json!({ "code": coupon(n), "partner_id": partner, "program_id": world::program().to_string() }),
    )
}

/// From the tenant's own server, which is answered before anybody looks at the lead.
fn leave_lead(deployment: &Deployment) -> Operation<'_> {
    let leave = Operation::make("leave a lead", &deployment.webhook_ingest, "/v1/revenue/leads", |n| {
        json!({
            "email": format!("lead-{n}@customers.example"), "program_id": world::program().to_string(),
            "source": "pricing-page", "consent": { "given": true, "source": "pricing form" }, "name": "Ada",
        })
    });
    leave.by(Role::Service).answered(StatusCode::ACCEPTED)
}

/// Far below what needs a second person, each of another account.
fn correct(deployment: &Deployment) -> Operation<'_> {
    Operation::make(
        "correct a balance",
        &deployment.revenue_api,
        "/v1/revenue/adjustments",
        |n| json!({ "partner_id": account(n), "amount": "0.01", "currency": "USD", "reason": "A cent was missing." }),
    )
}

/// Each of another account, as one payout at a time leaves an account.
fn ask_for_payout(deployment: &Deployment) -> Operation<'_> {
    Operation::make(
        "ask for a payout",
        &deployment.payout_approval,
        "/v1/revenue/payouts/request",
        |n| json!({ "partner_id": account(n), "currency": "USD" }),
    )
}

fn make_user(deployment: &Deployment) -> Operation<'_> {
    Operation::make(
        "make a user",
        &deployment.admin_api,
        "/v1/users",
        |n| json!({ "email": format!("user-{n}@staff.example"), "name": "Ada", "role": "support", "send_link": false }),
    )
}

fn make_key(deployment: &Deployment) -> Operation<'_> {
    Operation::make(
        "make a key",
        &deployment.admin_api,
        "/v1/api-keys",
        |n| json!({ "name": format!("server {n}"), "kind": "service", "scopes": ["leads:read", "track:write"] }),
    )
}
