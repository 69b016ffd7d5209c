//! `/v1/products` and `/v1/prices`.

use serde_json::{Value, json};

use super::{Request, Route, deleted, fits, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, may_clear, need};
use crate::state::text;
use crate::turn::{Turn, copy, metadata};

const BEHAVIORS: &[&str] = &["exclusive", "inclusive", "unspecified"];
const RECURRING: &[Field] = &[
    need("interval", Kind::Choice(&["day", "month", "week", "year"])),
    may("interval_count", Kind::Int),
    may("usage_type", Kind::Choice(&["licensed"])),
    may("trial_period_days", Kind::Int),
];
const PRODUCT_DATA: &[Field] = &[
    need("name", Kind::Text),
    may("active", Kind::Bool),
    may("id", Kind::Text),
    may("metadata", Kind::Metadata),
    may("tax_code", Kind::Text),
];
const CREATE_PRODUCT: &[Field] = &[
    need("name", Kind::Text),
    may("active", Kind::Bool),
    may("description", Kind::Text),
    may("id", Kind::Text),
    may("metadata", Kind::Metadata),
    may("tax_code", Kind::Text),
    may("unit_label", Kind::Text),
    may("url", Kind::Text),
];
const UPDATE_PRODUCT: &[Field] = &[
    may("name", Kind::Text),
    may("active", Kind::Bool),
    may_clear("description", Kind::Text),
    may("default_price", Kind::Text),
    may("metadata", Kind::Metadata),
    may_clear("tax_code", Kind::Text),
    may_clear("unit_label", Kind::Text),
    may_clear("url", Kind::Text),
];
const CREATE_PRICE: &[Field] = &[
    need("currency", Kind::Currency),
    may("active", Kind::Bool),
    may("lookup_key", Kind::Text),
    may("metadata", Kind::Metadata),
    may("nickname", Kind::Text),
    may("product", Kind::Text),
    may("product_data", Kind::Hash(PRODUCT_DATA)),
    may("recurring", Kind::Hash(RECURRING)),
    may("tax_behavior", Kind::Choice(BEHAVIORS)),
    may("transfer_lookup_key", Kind::Bool),
    may("unit_amount", Kind::Int),
];
const UPDATE_PRICE: &[Field] = &[
    may("active", Kind::Bool),
    may("lookup_key", Kind::Text),
    may("metadata", Kind::Metadata),
    may_clear("nickname", Kind::Text),
    may("tax_behavior", Kind::Choice(BEHAVIORS)),
    may("transfer_lookup_key", Kind::Bool),
];
const LIST_PRICES: &[Field] = &[
    may("active", Kind::Bool),
    may("created", Kind::Range),
    may("currency", Kind::Currency),
    may("lookup_keys", Kind::Texts),
    may("product", Kind::Text),
    may("type", Kind::Choice(&["one_time", "recurring"])),
];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/products", CREATE_PRODUCT, create_product),
    list("/v1/products", &[may("active", Kind::Bool), may("created", Kind::Range)], products),
    route("GET", "/v1/products/{id}", &[], read_product),
    route("POST", "/v1/products/{id}", UPDATE_PRODUCT, update_product),
    route("DELETE", "/v1/products/{id}", &[], delete_product),
    route("POST", "/v1/prices", CREATE_PRICE, create_price),
    list("/v1/prices", LIST_PRICES, prices),
    route("GET", "/v1/prices/{id}", &[], read_price),
    route("POST", "/v1/prices/{id}", UPDATE_PRICE, update_price),
];

const PRODUCT_PLAIN: [&str; 6] = ["name", "active", "description", "tax_code", "unit_label", "url"];

fn product_of(turn: &mut Turn<'_>, params: &Value) -> Value {
    let mut fields = json!({
        "active": true, "attributes": [], "default_price": null, "description": null, "images": [],
        "marketing_features": [], "metadata": metadata(&Value::Null, params.get("metadata")), "name": null,
        "package_dimensions": null, "shippable": null, "statement_descriptor": null, "tax_code": null,
        "type": "service", "unit_label": null, "updated": turn.now, "url": null,
    });
    copy(&mut fields, params, &PRODUCT_PLAIN);
    if let Some(id) = params["id"].as_str() {
        fields["id"] = json!(id);
    }
    turn.create("product", ("prod", 14), fields)
}

fn create_product(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    if let Some(id) = request.text("id")
        && turn.state.get("product", id).is_some()
    {
        return Err(Refusal::parameter("resource_already_exists", "id", "Product already exists."));
    }
    Ok(product_of(turn, &request.params))
}

fn products(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "product", |product| fits(request, "active", &product["active"]))
}

fn read_product(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let found = turn.state.find("product", request.id(), "id")?;
    Ok(if found["deleted"] == true { deleted(found) } else { found.clone() })
}

fn update_product(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("product", request.id(), "id")?;
    let now = turn.now;
    Ok(turn.update(request.id(), "product.updated", |product| {
        copy(product, &request.params, &PRODUCT_PLAIN);
        copy(product, &request.params, &["default_price"]);
        product["metadata"] = metadata(&product["metadata"], request.params.get("metadata"));
        product["updated"] = json!(now);
    }))
}

fn delete_product(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let product = turn.state.find("product", request.id(), "id")?.clone();
    if turn.state.list("price").into_iter().any(|kept| kept.object["product"] == product["id"]) {
        let message = "This product cannot be deleted because it has one or more user-created prices.";
        return Err(Refusal::invalid(message));
    }
    turn.emit("product.deleted", &product, None);
    let gone = turn.set(request.id(), |product| product["deleted"] = json!(true));
    Ok(deleted(&gone))
}

fn create_price(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let product = match (request.text("product"), request.get("product_data")) {
        (Some(id), Value::Null) => {
            turn.state.find("product", id, "product")?;
            id.to_owned()
        }
        (None, data) if data.is_object() => text(&product_of(turn, data), "id").to_owned(),
        (Some(_), _) => {
            return Err(Refusal::bad(
                "product",
                "You may only specify one of these parameters: product, product_data.",
            ));
        }
        _ => return Err(Refusal::missing("product")),
    };
    let Some(amount) = request.int("unit_amount") else { return Err(Refusal::missing("unit_amount")) };
    // The bound of Stripe: eight digits in the smallest unit.
    if !(0..=99_999_999).contains(&amount) {
        let code = if amount < 0 { "parameter_invalid_integer" } else { "amount_too_large" };
        return Err(Refusal::parameter(code, "unit_amount", format!("Invalid amount: {amount}")));
    }
    if let Some(key) = request.text("lookup_key") {
        free_lookup_key(turn, key, request.is("transfer_lookup_key"))?;
    }
    let recurring = match request.get("recurring") {
        Value::Null => Value::Null,
        given => {
            let count = given["interval_count"].as_i64().unwrap_or(1);
            if count < 1
                || crate::turn::after(0, (text(given, "interval"), count), 1) > crate::turn::after(0, ("year", 3), 1)
            {
                return Err(Refusal::bad("recurring[interval_count]", "The interval is from one day to three years"));
            }
            json!({
                "interval": given["interval"], "interval_count": count, "meter": null,
                "trial_period_days": given["trial_period_days"], "usage_type": "licensed",
            })
        }
    };
    let kind = if recurring.is_null() { "one_time" } else { "recurring" };
    let mut fields = json!({
        "active": true, "billing_scheme": "per_unit", "currency": request.get("currency"), "custom_unit_amount": null,
        "lookup_key": null, "metadata": metadata(&Value::Null, request.params.get("metadata")), "nickname": null,
        "product": product, "recurring": recurring, "tax_behavior": "unspecified", "tiers_mode": null,
        "transform_quantity": null, "type": kind, "unit_amount": amount, "unit_amount_decimal": amount.to_string(),
    });
    copy(&mut fields, &request.params, &["active", "lookup_key", "nickname", "tax_behavior"]);
    Ok(turn.create("price", ("price_1", 23), fields))
}

fn free_lookup_key(turn: &mut Turn<'_>, key: &str, transfers: bool) -> Result<(), Refusal> {
    let holder = turn.state.list("price").into_iter().find(|kept| kept.object["lookup_key"] == key);
    let Some(holder) = holder.map(|kept| text(&kept.object, "id").to_owned()) else { return Ok(()) };
    if !transfers {
        let message = format!("A price (`{holder}`) already uses that lookup key.");
        return Err(Refusal::bad("lookup_key", message));
    }
    turn.update(&holder, "price.updated", |price| price["lookup_key"] = Value::Null);
    Ok(())
}

fn prices(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let keys = request.get("lookup_keys").as_array().cloned();
    page(turn, request, "price", |price| {
        ["active", "currency", "product", "type"].iter().all(|name| fits(request, name, &price[*name]))
            && keys.as_ref().is_none_or(|keys| keys.contains(&price["lookup_key"]))
    })
}

fn read_price(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("price", request.id(), "id").cloned()
}

fn update_price(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    turn.state.find("price", request.id(), "id")?;
    if let Some(key) = request.text("lookup_key") {
        free_lookup_key(turn, key, request.is("transfer_lookup_key"))?;
    }
    Ok(turn.update(request.id(), "price.updated", |price| {
        copy(price, &request.params, &["active", "lookup_key", "nickname", "tax_behavior"]);
        price["metadata"] = metadata(&price["metadata"], request.params.get("metadata"));
    }))
}
