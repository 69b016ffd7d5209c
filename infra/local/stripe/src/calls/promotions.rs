//! `/v1/coupons` and `/v1/promotion_codes`.

use serde_json::{Value, json};

use super::{Request, Route, deleted, fits, list, page, route};
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, need};
use crate::state::{number, text};
use crate::turn::{Turn, copy, metadata};

const COUPON: &[Field] = &[
    may("amount_off", Kind::Int),
    may("currency", Kind::Currency),
    may("duration", Kind::Choice(&["forever", "once", "repeating"])),
    may("duration_in_months", Kind::Int),
    may("id", Kind::Text),
    may("max_redemptions", Kind::Int),
    may("metadata", Kind::Metadata),
    may("name", Kind::Text),
    may("percent_off", Kind::Text),
    may("redeem_by", Kind::Second),
];
const CHANGED_COUPON: &[Field] = &[may("metadata", Kind::Metadata), may("name", Kind::Text)];
const CODE: &[Field] = &[
    need("coupon", Kind::Text),
    may("active", Kind::Bool),
    may("code", Kind::Text),
    may("customer", Kind::Text),
    may("expires_at", Kind::Second),
    may("max_redemptions", Kind::Int),
    may("metadata", Kind::Metadata),
];
const CHANGED_CODE: &[Field] = &[may("active", Kind::Bool), may("metadata", Kind::Metadata)];
const CODES: &[Field] = &[
    may("active", Kind::Bool),
    may("code", Kind::Text),
    may("coupon", Kind::Text),
    may("created", Kind::Range),
    may("customer", Kind::Text),
];

pub(crate) const ROUTES: &[Route] = &[
    route("POST", "/v1/coupons", COUPON, create_coupon),
    list("/v1/coupons", &[may("created", Kind::Range)], coupons),
    route("GET", "/v1/coupons/{id}", &[], read_coupon),
    route("POST", "/v1/coupons/{id}", CHANGED_COUPON, change_coupon),
    route("DELETE", "/v1/coupons/{id}", &[], delete_coupon),
    route("POST", "/v1/promotion_codes", CODE, create_code),
    list("/v1/promotion_codes", CODES, codes),
    route("GET", "/v1/promotion_codes/{id}", &[], read_code),
    route("POST", "/v1/promotion_codes/{id}", CHANGED_CODE, change_code),
];

fn create_coupon(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    if let Some(id) = request.text("id")
        && turn.state.get("coupon", id).is_some()
    {
        return Err(Refusal::parameter("resource_already_exists", "id", "Coupon already exists."));
    }
    let percent_off = match (request.text("percent_off"), request.int("amount_off")) {
        (Some(text), None) => percent(text)?,
        (None, Some(amount)) if amount > 0 && request.has("currency") => Value::Null,
        (None, Some(amount)) if amount > 0 => return Err(Refusal::missing("currency")),
        (None, Some(amount)) => return Err(Refusal::bad("amount_off", format!("Invalid positive integer: {amount}"))),
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("You may only specify one of these parameters: amount_off, percent_off."));
        }
        (None, None) => return Err(Refusal::missing("percent_off")),
    };
    let duration = request.text("duration").unwrap_or("once");
    match (duration, request.int("duration_in_months")) {
        ("repeating", Some(1..)) | ("once" | "forever", None) => {}
        ("repeating", None) => return Err(Refusal::missing("duration_in_months")),
        _ => {
            let message = "duration_in_months is a positive integer, of a coupon whose duration is repeating";
            return Err(Refusal::bad("duration_in_months", message));
        }
    }
    let mut fields = json!({
        "amount_off": null, "currency": null, "duration": duration, "duration_in_months": null,
        "max_redemptions": null, "metadata": metadata(&Value::Null, request.params.get("metadata")), "name": null,
        "percent_off": percent_off, "redeem_by": null, "times_redeemed": 0, "valid": true,
    });
    let plain = ["amount_off", "currency", "duration_in_months", "id", "max_redemptions", "name", "redeem_by"];
    copy(&mut fields, &request.params, &plain);
    Ok(turn.create("coupon", ("coupon", 8), fields))
}

/// Above 0 and at most 100, with two places at most; told as a number, as Stripe does.
fn percent(text: &str) -> Result<Value, Refusal> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_read = !whole.is_empty() && is_plain(whole) && is_plain(places) && places.len() <= 2;
    let hundredths = format!("{whole}{places:0<2}").parse::<u32>().unwrap_or(u32::MAX);
    if !is_read || !(1..=10_000).contains(&hundredths) {
        return Err(Refusal::bad("percent_off", format!("Invalid percent_off: {text}")));
    }
    serde_json::from_str(text).map_err(|_| Refusal::bad("percent_off", format!("Invalid decimal: {text}")))
}

fn coupons(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "coupon", |_| true)
}

fn read_coupon(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    Ok(there(turn, request.id(), "id")?.clone())
}

/// A coupon that is not deleted.
fn there<'a>(turn: &'a Turn<'_>, id: &str, param: &str) -> Result<&'a Value, Refusal> {
    let found = turn.state.find("coupon", id, param)?;
    if found["deleted"] == true { Err(Refusal::no_such("coupon", id, param)) } else { Ok(found) }
}

fn change_coupon(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    there(turn, request.id(), "id")?;
    Ok(turn.update(request.id(), "coupon.updated", |coupon| {
        copy(coupon, &request.params, &["name"]);
        coupon["metadata"] = metadata(&coupon["metadata"], request.params.get("metadata"));
    }))
}

fn delete_coupon(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let coupon = there(turn, request.id(), "id")?.clone();
    turn.emit("coupon.deleted", &coupon, None);
    let gone = turn.set(request.id(), |coupon| coupon["deleted"] = json!(true));
    Ok(deleted(&gone))
}

/// Codes are told apart without regard to capitals, and only among those that can be used.
fn holder(turn: &Turn<'_>, code: &str) -> Option<String> {
    let is_held = |kept: &Value| shown(turn, kept)["active"] == true && text(kept, "code").eq_ignore_ascii_case(code);
    let found = turn.state.list("promotion_code").into_iter().find(|kept| is_held(&kept.object));
    found.map(|kept| text(&kept.object, "id").to_owned())
}

fn create_code(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let coupon = there(turn, request.text("coupon").unwrap_or_default(), "coupon")?.clone();
    let code = match request.text("code") {
        Some(code) => code.to_owned(),
        None => turn.state.mint("P", 7).replace('_', "").to_ascii_uppercase(),
    };
    if code.len() > 500 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Refusal::bad("code", "Promotion codes may only contain letters and digits."));
    }
    if request.int("expires_at").is_some_and(|end| end <= turn.now) {
        return Err(Refusal::bad("expires_at", "Invalid timestamp: must be an integer Unix timestamp in the future."));
    }
    if holder(turn, &code).is_some() {
        return Err(Refusal::invalid(format!("An active promotion code with `code: {code}` already exists.")));
    }
    let mut fields = json!({
        "active": true, "code": code, "coupon": coupon, "customer": null, "expires_at": null, "max_redemptions": null,
        "metadata": metadata(&Value::Null, request.params.get("metadata")),
        "restrictions": {"first_time_transaction": false, "minimum_amount": null, "minimum_amount_currency": null},
        "times_redeemed": 0,
    });
    copy(&mut fields, &request.params, &["active", "customer", "expires_at", "max_redemptions"]);
    Ok(turn.create("promotion_code", ("promo_1", 23), fields))
}

/// As it is now: one whose time is over cannot be used.
fn shown(turn: &Turn<'_>, code: &Value) -> Value {
    let mut code = code.clone();
    let end = number(&code, "expires_at");
    if end != 0 && end <= turn.now {
        code["active"] = json!(false);
    }
    code
}

fn codes(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    page(turn, request, "promotion_code", |found| {
        let found = shown(turn, found);
        fits(request, "active", &found["active"])
            && fits(request, "coupon", &found["coupon"]["id"])
            && fits(request, "customer", &found["customer"])
            && request.text("code").is_none_or(|code| text(&found, "code").eq_ignore_ascii_case(code))
    })
}

fn read_code(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let found = turn.state.find("promotion_code", request.id(), "id")?;
    Ok(shown(turn, found))
}

fn change_code(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let found = turn.state.find("promotion_code", request.id(), "id")?.clone();
    if request.is("active") && shown(turn, &found)["active"] == false {
        let is_over = found["active"] == true;
        if is_over || holder(turn, text(&found, "code")).is_some() {
            return Err(Refusal::bad("active", "This promotion code cannot be made active again."));
        }
    }
    Ok(turn.update(request.id(), "promotion_code.updated", |code| {
        copy(code, &request.params, &["active"]);
        code["metadata"] = metadata(&code["metadata"], request.params.get("metadata"));
    }))
}
