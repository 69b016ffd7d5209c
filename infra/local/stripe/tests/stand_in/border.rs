//! Keys, versions, parameters, idempotency, paging, expansion.

use serde_json::{Value, json};

use crate::{Stripe, id};

#[tokio::test]
async fn a_key_says_who_asks_and_a_live_one_is_refused() {
    let stripe = Stripe::new().await;
    let client = reqwest::Client::new();
    let of = async |key: Option<&str>| {
        let request = client.get(format!("{}/v1/customers", stripe.url));
        let request = match key {
            Some(key) => request.header("authorization", key),
            None => request,
        };
        request.send().await.expect("an answer").status().as_u16()
    };
    // `sk_test_standin:` as a user's name.
    let statuses = [
        of(None).await,
        of(Some("Bearer sk_live_abc")).await,
        of(Some("Bearer nonsense")).await,
        of(Some("Basic c2tfdGVzdF9zdGFuZGluOg==")).await,
        of(Some("Bearer sk_test_standin")).await,
    ];
    assert_eq!(statuses, [401, 401, 401, 200, 200]);
}

#[tokio::test]
async fn a_parameter_that_no_call_knows_is_named_and_nothing_is_made() {
    let stripe = Stripe::new().await;
    let answer = stripe.ask("POST", "/v1/customers", "email=a%40b.example&colour=red", None).await;
    assert_eq!(answer.refused(), (400, "parameter_unknown", "colour"));
    assert_eq!(answer.json["error"]["type"], "invalid_request_error");
    assert_eq!(stripe.get("/v1/customers").await["data"], json!([]));
    let answer = stripe.ask("POST", "/v1/subscriptions", "customer=cus_none", None).await;
    assert_eq!(answer.refused(), (400, "parameter_missing", "items"));
    let answer = stripe.ask("GET", "/v1/customers?limit=0", "", None).await;
    assert_eq!(answer.refused().2, "limit");
    assert_eq!(stripe.ask("GET", "/v1/colours", "", None).await.status, 404);
    assert_eq!(stripe.ask("GET", "/v1/customers/cus_none", "", None).await.refused(), (404, "resource_missing", "id"));
}

#[tokio::test]
async fn one_key_is_one_request_and_another_request_under_it_is_refused() {
    let stripe = Stripe::new().await;
    let first = stripe.ask("POST", "/v1/customers", "email=a%40b.example", Some("k")).await;
    let again = stripe.ask("POST", "/v1/customers", "email=a%40b.example", Some("k")).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.headers["original-request"], first.headers["request-id"]);
    assert_eq!(first.json, again.json);
    let other = stripe.ask("POST", "/v1/customers", "email=c%40b.example", Some("k")).await;
    assert_eq!((other.status, &other.json["error"]["type"]), (400, &json!("idempotency_error")));
    // What never began is not kept: the same key may be used for the corrected request.
    assert_eq!(stripe.ask("POST", "/v1/customers", "colour=red", Some("fresh")).await.status, 400);
    assert_eq!(stripe.ask("POST", "/v1/customers", "email=d%40b.example", Some("fresh")).await.status, 200);
    let all = stripe.get("/v1/customers").await;
    assert_eq!(all["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_failure_on_order_is_replayed_under_its_key_and_a_new_key_begins_anew() {
    let stripe = Stripe::new().await;
    let client = reqwest::Client::new();
    let order = json!({"method": "POST", "path": "/v1/customers", "status": 500, "executes": true});
    let ordered = client.post(format!("{}/_stand_in/faults", stripe.url)).body(order.to_string()).send().await;
    assert_eq!(ordered.expect("an answer").status(), 204);
    let form = "email=a%40b.example";
    let statuses = [
        stripe.ask("POST", "/v1/customers", form, Some("k")).await.status,
        stripe.ask("POST", "/v1/customers", form, Some("k")).await.status,
        stripe.ask("POST", "/v1/customers", form, Some("l")).await.status,
    ];
    assert_eq!(statuses, [500, 500, 200]);
    // It was carried out all the same: that is what makes a new key after a 500 dangerous.
    assert_eq!(stripe.get("/v1/customers").await["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn pages_follow_each_other_and_none_is_missed() {
    let stripe = Stripe::new().await;
    for n in 0..7 {
        stripe.post("/v1/customers", &format!("email=c{n}%40b.example")).await;
    }
    let emails = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["email"].as_str().unwrap_or_default()[..2].to_owned()).collect()
    };
    let first = stripe.get("/v1/customers?limit=3").await;
    assert_eq!((emails(&first).join(" "), &first["has_more"]), ("c6 c5 c4".to_owned(), &json!(true)));
    let last = id(&first["data"][2]);
    let second = stripe.get(&format!("/v1/customers?limit=4&starting_after={last}")).await;
    assert_eq!((emails(&second).join(" "), &second["has_more"]), ("c3 c2 c1 c0".to_owned(), &json!(false)));
    let back = stripe.get(&format!("/v1/customers?limit=2&ending_before={last}")).await;
    assert_eq!((emails(&back).join(" "), &back["has_more"]), ("c6 c5".to_owned(), &json!(false)));
    let filtered = stripe.get("/v1/customers?email=c3%40b.example").await;
    assert_eq!(emails(&filtered), ["c3"]);
}

#[tokio::test]
async fn an_id_is_expanded_where_it_is_asked_for() {
    let stripe = Stripe::new().await;
    let (customer, _) = stripe.customer("pm_card_visa").await;
    let price = stripe.price(9_900).await;
    let form = format!(
        "customer={customer}&items[0][price]={price}&expand[]=latest_invoice.customer&expand[]=items.data.price.product"
    );
    let made = stripe.post("/v1/subscriptions", &form).await;
    assert_eq!(made["latest_invoice"]["customer"]["id"], json!(customer));
    assert_eq!(made["items"]["data"][0]["price"]["product"]["name"], "Studio");
    assert!(made.get("_cycle").is_none(), "what is the stand-in's own stays inside");
    let answer = stripe.ask("GET", "/v1/customers?expand[]=data.colour", "", None).await;
    assert_eq!(answer.refused().2, "expand");
}
