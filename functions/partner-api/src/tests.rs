//! The API over a database in memory, and a key service of its own.

mod access;
mod achievements;
mod applying;
mod claims;
mod coupons;
mod crashes;
mod deleting;
mod earned;
mod events;
mod explained;
mod figures;
mod found;
mod input;
pub(crate) mod life;
mod links;
mod managing;
mod members;
mod noticed;
mod payees;
mod payouts;
mod places;
mod promoted;
mod recomputes;
mod refused;
mod resources;
mod rules;
mod setup;
mod shapes;
mod tables;
mod terms;
mod users;

use crate::config::{Config, VARIABLES};

#[test]
fn every_missing_variable_is_told_at_once() {
    let nothing: [(&str, &str); 0] = [];
    let faults = Config::read(edge::config::Reader::from_map(nothing)).err().expect("faults");
    let told = faults.to_string();
    for variable in VARIABLES.iter().filter(|variable| variable.required) {
        assert!(told.contains(variable.name), "{} is not in:\n{told}", variable.name);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the list of every route")]
fn the_document_has_every_route() {
    let document = serde_json::to_value(crate::openapi()).expect("json");
    let paths = document["paths"].as_object().expect("paths");
    let mut told: Vec<String> = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            told.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    told.sort();
    insta::assert_snapshot!(told.join("\n"), @r"
    DELETE /v1/coupons/{code}
    DELETE /v1/groups/{id}
    DELETE /v1/partners/{id}
    DELETE /v1/partners/{id}/accounts/{customer_id}
    DELETE /v1/partners/{id}/users/{user_id}
    DELETE /v1/programs/{id}
    DELETE /v1/revenue/affiliates/{code}
    GET /v1/achievements
    GET /v1/achievements/awards
    GET /v1/claims
    GET /v1/claims/{id}
    GET /v1/coupons
    GET /v1/coupons/{code}
    GET /v1/groups
    GET /v1/groups/{id}
    GET /v1/partners
    GET /v1/partners/dashboard
    GET /v1/partners/revenue/commissions
    GET /v1/partners/revenue/commissions/{id}
    GET /v1/partners/revenue/commissions/{id}/explain
    GET /v1/partners/revenue/metrics
    GET /v1/partners/revenue/payouts
    GET /v1/partners/revenue/payouts/{id}
    GET /v1/partners/revenue/projection
    GET /v1/partners/{id}
    GET /v1/partners/{id}/accounts
    GET /v1/partners/{id}/earnings
    GET /v1/partners/{id}/enrolments
    GET /v1/partners/{id}/payout-method
    GET /v1/partners/{id}/tax-form
    GET /v1/partners/{id}/terms
    GET /v1/partners/{id}/users
    GET /v1/programs
    GET /v1/programs/{id}
    GET /v1/programs/{id}/applications
    GET /v1/programs/{id}/applications/{application_id}
    GET /v1/programs/{id}/recompute
    GET /v1/programs/{id}/recompute/{recompute_id}
    GET /v1/programs/{id}/recompute/{recompute_id}/differences
    GET /v1/programs/{id}/rules
    GET /v1/revenue/affiliates
    GET /v1/revenue/affiliates/{code}
    GET /v1/revenue/affiliates/{code}/qr
    PATCH /v1/achievements/{id}
    PATCH /v1/groups/{id}
    PATCH /v1/partners/{id}
    PATCH /v1/partners/{id}/enrolments/{program_id}
    PATCH /v1/programs/{id}
    PATCH /v1/revenue/affiliates/{code}
    POST /v1/achievements
    POST /v1/claims
    POST /v1/claims/{id}/accept
    POST /v1/claims/{id}/decline
    POST /v1/coupons
    POST /v1/coupons/{code}/retry
    POST /v1/groups
    POST /v1/members/{id}/bank-info
    POST /v1/members/{id}/tax-info
    POST /v1/partners
    POST /v1/partners/{id}/accounts
    POST /v1/partners/{id}/approve
    POST /v1/partners/{id}/decline
    POST /v1/partners/{id}/enrolments
    POST /v1/partners/{id}/reinstate
    POST /v1/partners/{id}/suspend
    POST /v1/partners/{id}/tax-form/accept
    POST /v1/partners/{id}/tax-form/withdraw
    POST /v1/partners/{id}/terms
    POST /v1/partners/{id}/users
    POST /v1/programs
    POST /v1/programs/{id}/applications
    POST /v1/programs/{id}/recompute
    POST /v1/programs/{id}/recompute/{recompute_id}/approve
    POST /v1/programs/{id}/recompute/{recompute_id}/reject
    POST /v1/programs/{id}/rules
    POST /v1/programs/{id}/rules/dry-run
    POST /v1/revenue/affiliates
    PUT /v1/partners/{id}/payout-method
    PUT /v1/partners/{id}/tax-form
    ");
}
