//! `/v1/tax/calculations`.

use serde_json::{Value, json};

use super::{Request, Route, customers::ADDRESS, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, need};
use crate::state::listed;
use crate::tax;
use crate::turn::Turn;

const TAX_IDS: &[Field] = &[need("type", Kind::Text), need("value", Kind::Text)];
const DETAILS: &[Field] = &[
    may("address", Kind::Hash(ADDRESS)),
    may("address_source", Kind::Choice(&["billing", "shipping"])),
    may("ip_address", Kind::Text),
    may("tax_ids", Kind::List(TAX_IDS)),
    may("taxability_override", Kind::Choice(&["none", "customer_exempt", "reverse_charge"])),
];
const ITEM: &[Field] = &[
    need("amount", Kind::Int),
    may("reference", Kind::Text),
    may("quantity", Kind::Int),
    may("tax_behavior", Kind::Choice(&["exclusive", "inclusive"])),
    may("tax_code", Kind::Text),
    may("product", Kind::Text),
];
const CREATE: &[Field] = &[
    need("currency", Kind::Currency),
    need("line_items", Kind::List(ITEM)),
    may("customer", Kind::Text),
    may("customer_details", Kind::Hash(DETAILS)),
    may("tax_date", Kind::Second),
];

pub(crate) const ROUTES: &[Route] =
    &[route("POST", "/v1/tax/calculations", CREATE, create), route("GET", "/v1/tax/calculations/{id}", &[], read)];

fn create(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let mut details = request.get("customer_details").clone();
    let mut exempt = match details["taxability_override"].as_str() {
        Some("customer_exempt") => "exempt",
        Some("reverse_charge") => "reverse",
        _ => "none",
    }
    .to_owned();
    if let Some(id) = request.text("customer") {
        if details.is_object() {
            return Err(Refusal::bad(
                "customer",
                "You may only specify one of these parameters: customer, customer_details.",
            ));
        }
        let customer = turn.customer(id, "customer")?;
        exempt = customer["tax_exempt"].as_str().unwrap_or("none").to_owned();
        details = json!({"address": customer["address"], "address_source": "billing"});
    }
    if details["address"]["country"].as_str().is_none() {
        let message = "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.";
        return Err(Refusal::parameter("customer_tax_location_invalid", "customer_details[address]", message));
    }
    let id = turn.state.mint("taxcalc_1", 23);
    let mut lines = Vec::new();
    let mut breakdown = Vec::new();
    let (mut total, mut on_top, mut inside) = (0_i64, 0_i64, 0_i64);
    for (n, item) in request.get("line_items").as_array().into_iter().flatten().enumerate() {
        let behavior = item["tax_behavior"].as_str().unwrap_or("exclusive");
        let amount = item["amount"].as_i64().unwrap_or_default();
        let taxed = tax::at(&details["address"], &exempt, amount, behavior);
        (total, on_top, inside) = (total + amount + taxed.on_top, on_top + taxed.on_top, inside + taxed.inside);
        breakdown.push(taxed.breakdown());
        lines.push(json!({
            "id": format!("tax_li_{n}"), "object": "tax.calculation_line_item", "amount": amount,
            "amount_tax": taxed.on_top + taxed.inside, "livemode": false, "product": item["product"],
            "quantity": item["quantity"].as_i64().unwrap_or(1), "reference": item["reference"].as_str().unwrap_or("L1"),
            "tax_behavior": behavior, "tax_code": item["tax_code"].as_str().unwrap_or("txcd_10000000"),
        }));
    }
    let url = format!("/v1/tax/calculations/{id}/line_items");
    Ok(turn.create_silently(
        "tax.calculation",
        ("taxcalc_1", 23),
        json!({
            "id": id, "amount_total": total, "currency": request.get("currency"), "customer": request.get("customer"),
            "customer_details": details, "expires_at": turn.now + 90 * 86_400, "line_items": listed(&url, lines, false),
            "ship_from_details": null, "shipping_cost": null, "tax_amount_exclusive": on_top,
            "tax_amount_inclusive": inside, "tax_breakdown": breakdown,
            "tax_date": request.int("tax_date").unwrap_or(turn.now),
        }),
    ))
}

fn read(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("tax.calculation", request.id(), "id").cloned()
}
