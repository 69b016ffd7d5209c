//! Rates of sales tax, and what they make of an amount.

use serde_json::{Value, json};

use super::{Shop, shop};

fn germany(rate: &str, from: &str) -> Value {
    json!({
        "country": "DE", "name": "VAT", "rate": rate, "behavior": "exclusive", "has_reverse_charge": true,
        "effective_from": from,
    })
}

async fn comes_to(shop: &Shop, body: Value) -> String {
    let told = shop.ask("sue", ("POST", "/tax/calculate"), &body, &[]).await.ok(200);
    let of = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    format!("{} + {} = {} {}", of("net"), of("tax"), of("gross"), of("treatment"))
}

#[tokio::test]
async fn the_rate_of_the_day_makes_the_tax_and_no_key_is_needed_to_ask() {
    let shop = shop().await;
    for body in [germany("0.19", "2007-01-01"), germany("0.16", "2020-07-01"), germany("0.19", "2021-01-01")] {
        shop.post("fin", "/tax/rates", body).await.ok(201);
    }
    let asked = |date: &str| json!({"amount": "100.00", "currency": "EUR", "country": "DE", "date": date});
    assert_eq!(comes_to(&shop, asked("2020-06-30")).await, "100.00 + 19.00 = 119.00 standard");
    assert_eq!(comes_to(&shop, asked("2020-07-01")).await, "100.00 + 16.00 = 116.00 standard");
    let within = json!({"amount": "119.00", "currency": "EUR", "country": "DE", "behavior": "inclusive"});
    assert_eq!(comes_to(&shop, within).await, "100.00 + 19.00 = 119.00 standard");
    let elsewhere = json!({"amount": "119.00", "currency": "EUR", "country": "BR"});
    assert_eq!(comes_to(&shop, elsewhere).await, "119.00 + 0.00 = 119.00 not_collecting");
    let business =
        json!({"amount": "100.00", "currency": "EUR", "country": "DE", "buyer": "business", "seller_country": "US"});
    assert_eq!(comes_to(&shop, business).await, "100.00 + 0.00 = 100.00 reverse_charge");
}

#[tokio::test]
async fn a_customer_is_taxed_where_they_are_and_as_they_stand() {
    let shop = shop().await;
    shop.post("fin", "/tax/rates", germany("0.19", "2007-01-01")).await.ok(201);
    let id = shop.customer().await;
    let asked = json!({"amount": "9.99", "currency": "EUR", "customer_id": id});
    assert_eq!(comes_to(&shop, asked.clone()).await, "9.99 + 1.90 = 11.89 standard");
    shop.write("fin", ("PATCH", &format!("/customers/{id}")), json!({"tax_standing": "exempt"})).await.ok(200);
    assert_eq!(comes_to(&shop, asked).await, "9.99 + 0.00 = 9.99 exempt");
}

#[tokio::test]
async fn a_region_stands_beside_its_country_or_in_its_stead() {
    let shop = shop().await;
    let of = |region: Option<&str>, rate: &str, stacking: &str| {
        let mut body = germany(rate, "2010-01-01");
        body["country"] = json!("CA");
        body["stacking"] = json!(stacking);
        if let Some(region) = region {
            body["region"] = json!(region);
        }
        body
    };
    shop.post("fin", "/tax/rates", of(None, "0.05", "instead_of_country")).await.ok(201);
    shop.post("fin", "/tax/rates", of(Some("QC"), "0.09975", "beside_country")).await.ok(201);
    shop.post("fin", "/tax/rates", of(Some("ON"), "0.13", "instead_of_country")).await.ok(201);
    let asked = |region: &str| json!({"amount": "100.00", "currency": "CAD", "country": "CA", "region": region});
    assert_eq!(comes_to(&shop, asked("QC")).await, "100.00 + 14.98 = 114.98 standard");
    assert_eq!(comes_to(&shop, asked("ON")).await, "100.00 + 13.00 = 113.00 standard");
    assert_eq!(comes_to(&shop, asked("BC")).await, "100.00 + 5.00 = 105.00 standard");
    let alone = shop.post("fin", "/tax/rates", of(None, "0.06", "beside_country")).await;
    assert_eq!(alone.wrong(), (422, vec!["/stacking"]));
    let listed = shop.get("aud", "/tax/rates").await.ok(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_rate_is_never_changed_and_the_same_once_more_is_the_one_that_is_there() {
    let shop = shop().await;
    let first = shop.post("fin", "/tax/rates", germany("0.19", "2007-01-01")).await.ok(201);
    let again = shop.post("fin", "/tax/rates", germany("0.19", "2007-01-01")).await.ok(201);
    assert_eq!(first, again);
    let other = shop.post("fin", "/tax/rates", germany("0.2", "2007-01-01")).await;
    assert_eq!(other.told(), (409, "rate-differs"));
    for who in ["sue", "aud", "machine", "partner"] {
        assert_eq!(shop.post(who, "/tax/rates", germany("0.2", "2030-01-01")).await.status, 403, "{who}");
    }
    assert_eq!(shop.get(super::super::FOREIGN, "/tax/rates").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_named() {
    let shop = shop().await;
    let customer = "cus_00000000000000000000000001";
    let rows = [
        (json!({"amount": "1.001", "currency": "EUR", "country": "DE"}), "/amount", 422),
        (json!({"amount": 1, "currency": "EUR", "country": "DE"}), "/amount", 400),
        (json!({"amount": "1.00", "currency": "EUR"}), "/country", 422),
        (json!({"amount": "1.00", "currency": "EUR", "country": "Germany"}), "/country", 400),
        (json!({"amount": "1.00", "currency": "EUR", "country": "DE", "buyer": "business"}), "/seller_country", 422),
        (json!({"amount": "1.00", "currency": "EUR", "country": "DE", "customer_id": customer}), "/customer_id", 422),
        (json!({"amount": "1.00", "currency": "EUR", "customer_id": "cus_1"}), "/customer_id", 400),
        (json!({"amount": "1.00", "currency": "EUR", "country": "DE", "date": "someday"}), "/date", 400),
    ];
    for (body, pointer, status) in rows {
        let answer = shop.ask("fin", ("POST", "/tax/calculate"), &body, &[]).await;
        assert_eq!(answer.wrong(), (status, vec![pointer]), "{body}");
    }
    let rate = |rate: &str| shop.post("fin", "/tax/rates", germany(rate, "2007-01-01"));
    for wrong in ["1.5", "-0.1", "19 %", "0.1234567"] {
        assert_eq!(rate(wrong).await.wrong(), (400, vec!["/rate"]), "{wrong}");
    }
}
