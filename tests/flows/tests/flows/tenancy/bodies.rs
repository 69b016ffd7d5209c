//! Bodies that come as far as the thing: what an operation's document gives as an example, or a better one; and each field
//! that names a thing, in some body.

use serde_json::{Map, Value, json};

use super::ids::prefix_of;
use crate::access::operations::Operation;

/// Fields that name nothing of the tenant's: an id of the caller's own server; and whose least amount it is, which is kept
/// without being looked up.
const NO_THINGS: [(&str, &str); 2] =
    [("POST /v1/track/sale", "/subscription_id"), ("PUT /v1/revenue/payouts/policy", "/minimums/0/partner_id")];
/// How deep fields are looked for.
const DEPTH_MAX: usize = 4;

/// A body, and the place that its refusal must name where the thing is another tenant's.
pub(super) type Sent = (Value, Option<&'static str>);

/// The bodies that an operation is asked with; none where it wants none. Those that are refused come first: what is written
/// by another has a version.
pub(super) fn bodies_of(one: &Operation) -> Vec<Sent> {
    let mut bodies = of_fields(one);
    bodies.extend(body_of(one).map(|body| (body, None)));
    bodies
}

/// Bodies with the fields that the usual one leaves out.
fn of_fields(one: &Operation) -> Vec<Sent> {
    let named = |mut body: Value, field: &str, id: &str| {
        body[field] = json!(id);
        (body, None)
    };
    let usual = || body_of(one).unwrap_or_else(|| json!({}));
    match one.to_string().as_str() {
        "POST /v1/users" => {
            let partner = json!({"email": "nell@next.example", "role": "partner", "partner_id": "par_"});
            let member = json!({"email": "nell@next.example", "role": "member", "member_id": "mem_"});
            vec![(partner, Some("/partner_id")), (member, Some("/member_id"))]
        }
        "PATCH /v1/users/{id}" => vec![
            (json!({"role": "partner", "partner_id": "par_"}), None),
            (json!({"role": "member", "member_id": "mem_"}), None),
        ],
        "POST /v1/revenue/leads" => {
            let consent = json!({"given": true, "source": "a form"});
            let body = json!({"email": "c@next.example", "source": "page", "consent": consent, "program_id": "prg_"});
            vec![(body, Some("/program_id"))]
        }
        "PUT /v1/risk/policy" => {
            vec![(json!({"banned_referrers": {"prg_": ["next.example"]}}), Some("/banned_referrers/"))]
        }
        "POST /v1/api-keys" => {
            vec![(json!({"name": "Nell", "kind": "publishable", "program_id": "prg_"}), Some("/program_id"))]
        }
        "POST /v1/revenue/tax/calculate" => vec![named(usual(), "customer_id", "cus_")],
        "POST /v1/claims" | "POST /v1/partners/{id}/accounts" | "POST /v1/revenue/conversions/{id}/reattribute" => {
            vec![named(usual(), "program_id", "prg_")]
        }
        "PATCH /v1/members/{id}" | "POST /v1/members/{id}/reactivate" => {
            vec![(json!({"subscription_id": "sub_"}), None)]
        }
        "PATCH /v1/revenue/subscriptions/{id}" => vec![(json!({"plan_id": "pln_"}), None)],
        "POST /v1/partners"
        | "PATCH /v1/partners/{id}"
        | "POST /v1/partners/{id}/approve"
        | "POST /v1/partners/{id}/enrolments"
        | "PATCH /v1/partners/{id}/enrolments/{program_id}" => vec![named(usual(), "referrer_id", "par_")],
        _ => Vec::new(),
    }
}

/// The fields of an operation's document that name a thing, and stand in none of its bodies.
pub(super) fn unsent(one: &Operation, schemas: &Map<String, Value>) -> Vec<String> {
    let (bodies, mut places) = (bodies_of(one), Vec::new());
    naming(&one.schema, "", (schemas, 0), &mut places);
    let name = one.to_string();
    places.retain(|place| {
        let is_sent = bodies.iter().any(|(body, _)| body.pointer(place).is_some());
        !is_sent && !NO_THINGS.contains(&(name.as_str(), place.as_str()))
    });
    places
}

fn naming(schema: &Value, place: &str, (schemas, depth): (&Map<String, Value>, usize), places: &mut Vec<String>) {
    if depth > DEPTH_MAX {
        return;
    }
    let named = schema["$ref"].as_str().and_then(|name| schemas.get(name.rsplit('/').next()?));
    let next = (schemas, depth + 1);
    for either in
        named.into_iter().chain(["oneOf", "allOf"].iter().filter_map(|kind| schema[*kind].as_array()).flatten())
    {
        naming(either, place, next, places);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        if prefix_of(name).is_some() {
            places.push(place.clone());
        }
        naming(property, &place, next, places);
    }
    if schema["items"].is_object() {
        naming(&schema["items"], &format!("{place}/0"), next, places);
    }
}

/// The body that an operation usually wants; `None` where it wants none.
fn body_of(one: &Operation) -> Option<Value> {
    let rule = json!({"kind": "percentage", "rate": "0.3"});
    let name = json!({"name": "Nell"});
    let better = match one.to_string().as_str() {
        "PUT /v1/partners/{id}/payout-method" | "POST /v1/members/{id}/bank-info" => {
            json!({"methods": [{"details": {"rail": "ach", "holder": "Nell", "holder_kind": "personal",
                "routing_number": "021000021", "account_number": "123456789", "account_kind": "checking"}}]})
        }
        "POST /v1/programs/{id}/recompute" => json!({"rule": rule, "from": "2026-01-01T00:00:00Z", "reason": "wrong"}),
        "POST /v1/programs/{id}/rules/dry-run" => json!({"rule": rule, "from": "2026-01-01T00:00:00Z"}),
        "POST /v1/programs/{id}/rules" => rule,
        "PATCH /v1/members/{id}" | "PATCH /v1/users/{id}" | "PATCH /v1/revenue/customers/{id}" => name,
        "PUT /v1/members/{id}/kyc" => json!({"status": "verified"}),
        "PATCH /v1/achievements/{id}" => json!({"active": false}),
        "PATCH /v1/groups/{id}" => json!({"description": "Nell's"}),
        "PATCH /v1/revenue/affiliates/{code}" => json!({"label": "Nell's"}),
        "PATCH /v1/partners/{id}/enrolments/{program_id}" => json!({"tier": "tier2"}),
        "PATCH /v1/revenue/subscriptions/{id}" => json!({"quantity": 2}),
        "POST /v1/claims" => json!({"partner_id": "par_", "customer_email": "c@next.example", "evidence": "a mail"}),
        "POST /v1/revenue/affiliates" => {
            json!({"destination": "https://shop.example/", "partner_id": "par_", "program_id": "prg_"})
        }
        "POST /v1/revenue/conversions/{id}/reattribute" => json!({"reason": "a mail", "partner_id": "par_"}),
        "POST /v1/revenue/payouts/{id}/resolve" => {
            json!({"outcome": "paid", "completed_at": "2026-09-01T00:00:00Z", "payment_reference": "BANK-1"})
        }
        "POST /v1/revenue/payouts/initiate" => json!({"member_id": "mem_"}),
        "POST /v1/revenue/payouts/request" => json!({"partner_id": "par_", "currency": "USD"}),
        "POST /v1/revenue/payouts/export" => json!({"currency": "USD", "rail": "ach", "payout_ids": ["pay_"]}),
        "POST /v1/members" => json!({"name": "Nell", "email": "nell@next.example", "subscription_id": "sub_"}),
        "POST /v1/api-keys" => json!({"name": "Nell", "kind": "partner", "partner_id": "par_"}),
        _ => return one.body.clone(),
    };
    Some(better)
}
