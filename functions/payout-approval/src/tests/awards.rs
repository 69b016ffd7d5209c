//! Awards and members from the border inward, with as much of KMS as is asked for.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::fact::PaymentKey;
use domain::id::{MemberId, SubscriptionId};
use domain::subscription::{Subscription, SubscriptionStatus};
use domain::tax::FormKind;
use edge::sealing::Sealer;

use super::*;

type Wrapped = Arc<Mutex<BTreeMap<String, (Value, String)>>>;

/// A wrapped key is a number, bound to its encryption context.
async fn kms(State(keys): State<Wrapped>, headers: http::HeaderMap, body: axum::body::Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    let mut keys = keys.lock().expect("keys");
    let context = asked["EncryptionContext"].clone();
    if headers["x-amz-target"].to_str().expect("a target").ends_with("GenerateDataKey") {
        // Base64 of the same length each time: a number of sixteen digits, and 32 bytes of one letter.
        let wrapped = format!("{:016}", keys.len());
        let plain = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=".to_owned();
        keys.insert(wrapped.clone(), (context, plain.clone()));
        return axum::Json(json!({"KeyId": "k", "CiphertextBlob": wrapped, "Plaintext": plain})).into_response();
    }
    match keys.get(asked["CiphertextBlob"].as_str().expect("a blob")) {
        Some((bound, plain)) if *bound == context => {
            axum::Json(json!({"KeyId": "k", "Plaintext": plain})).into_response()
        }
        _ => {
            (http::StatusCode::BAD_REQUEST, axum::Json(json!({"__type": "InvalidCiphertextException"}))).into_response()
        }
    }
}

/// The deployment, with a KMS, and a launch of two years ago.
async fn office() -> World {
    let world = world().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let routes_of_kms = Router::new().route("/", post(kms)).with_state(Wrapped::default());
    tokio::spawn(async move { axum::serve(listener, routes_of_kms).await });
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_KMS", url.as_str()),
    ];
    let aws = Aws::from(&mut Reader::from_map(variables));
    let sealer = Sealer::connect(&aws.service(Service::Kms), "arn:key");
    let routes = routes(world.app().with_sealer(sealer));
    let office = World { routes, ..world };
    let set = office.ask("ada", "PUT", "/award-policy", json!({"launched_on": "2024-09-15"})).await;
    assert_eq!((set.status, set.json["gross"].as_u64()), (200, Some(100_000)), "{set:?}");
    office
}

async fn subscribed(world: &World, n: u32, status: SubscriptionStatus) -> String {
    let subscription = PaymentKey::parse(&format!("stripe:sub_{n}")).expect("a key");
    let told = json!({"subscription": subscription.as_str(), "status": status.word(), "quantity": 1, "told_at": NOW});
    let told: Subscription = serde_json::from_value(told).expect("a subscription");
    assert!(world.store.record_subscription(&tenant(), &told).await.expect("store"));
    SubscriptionId::of(&subscription).to_string()
}

/// A member who waits since a day of 2025; their id.
async fn member(world: &World, n: u32, since: &str) -> String {
    let subscription = subscribed(world, n, SubscriptionStatus::Active).await;
    let body = json!({
        "name": format!("Member {n}"), "email": format!("m{n}@member.example"),
        "tenure_since": format!("{since}T00:00:00Z"), "subscription_id": subscription,
    });
    let made = world.ask("ada", "POST", "/v1/members", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().expect("an id").to_owned()
}

async fn verified(world: &World, id: &str) {
    let said = world.ask("ada", "PUT", &format!("/v1/members/{id}/kyc"), json!({"status": "verified"})).await;
    assert_eq!((said.status, said.json["kyc_standing"].as_str()), (200, Some("verified")), "{said:?}");
}

#[tokio::test]
async fn members_are_made_changed_and_queue_by_their_tenure() {
    let world = office().await;
    let empty = world.get("aud", "/v1/members").await;
    assert_eq!(empty.json, json!({"data": [], "next_cursor": null}));
    assert_eq!(world.get("aud", "/v1/members/queue").await.json, json!({"data": [], "next_cursor": null}));
    let (second, first) = (member(&world, 1, "2025-05-01").await, member(&world, 2, "2025-01-01").await);
    let queue = world.get("sue", "/v1/members/queue?limit=1").await.json;
    assert_eq!(
        (queue["data"][0]["member_id"].as_str(), queue["data"][0]["position"].as_u64()),
        (Some(&*first), Some(1))
    );
    let cursor = queue["next_cursor"].as_str().expect("another page");
    let queue = world.get("sue", &format!("/v1/members/queue?limit=1&cursor={cursor}")).await.json;
    assert_eq!(
        (queue["data"][0]["member_id"].as_str(), queue["data"][0]["position"].as_u64()),
        (Some(&*second), Some(2))
    );

    let address =
        json!({"line1": "1 Main St", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"});
    let path = format!("/v1/members/{first}");
    let changed = world.ask("ada", "PATCH", &path, json!({"name": "New Name", "address": address})).await;
    assert_eq!((changed.status, &changed.json["name"], &changed.json["address"]), (200, &json!("New Name"), &address));
    assert_eq!(changed.json["email"], "m2@member.example");
    assert_eq!(changed.json["reasons"][0]["code"], "kyc_not_verified");
    // What is personal is in no item as it is.
    let stored = world.store.get_member(&tenant(), &MemberId::parse(&first).expect("an id")).await.expect("store");
    let text = format!("{stored:?}");
    assert!(!text.contains("Main St") && !text.contains("New Name"), "{text}");
}

#[tokio::test]
async fn what_is_wrong_with_a_member_is_named_by_its_pointer() {
    let world = office().await;
    let id = member(&world, 1, "2025-05-01").await;
    let good = || json!({"name": "A", "email": "a@b.example"});
    let with = |field: &str, value: Value| {
        let mut body = good();
        body[field] = value;
        body
    };
    let rows = [
        (with("name", json!(" ")), "/name", 400),
        (with("email", json!("nobody")), "/email", 400),
        (with("tenure_since", json!("2027-01-01T00:00:00Z")), "/tenure_since", 422),
        (with("subscription_id", json!("sub_1")), "/subscription_id", 400),
        (with("subscription_id", json!("sub_00000000000000000000000000")), "/subscription_id", 422),
        (
            with("address", json!({"line1": "", "city": "B", "postal_code": "1", "country": "US"})),
            "/address/line1",
            400,
        ),
        (
            with("address", json!({"line1": "A", "city": "B", "postal_code": "1", "country": "usa"})),
            "/address/country",
            400,
        ),
    ];
    // No schema tells what is there, or what is to come.
    for (body, pointer, status) in rows {
        let refused = world.ask("ada", "POST", "/v1/members", body.clone()).await;
        let told = (refused.status, refused.json["errors"][0]["pointer"].as_str());
        assert_eq!(told, (status, Some(pointer)), "{body}");
    }
    for (path, method, body, status) in [
        ("/kyc", "PUT", json!({}), 422),
        ("/kyc", "PUT", json!({"verification_session_id": "cs_1"}), 400),
        ("", "PATCH", json!({}), 422),
        ("/reactivate", "POST", json!({}), 409),
        ("/payout", "GET", Value::Null, 404),
    ] {
        let answer = world.ask("ada", method, &format!("/v1/members/{id}{path}"), body).await;
        assert_eq!(answer.status, status, "{method} {path} {answer:?}");
    }
    for (body, status, pointers) in [
        (json!({"gross": 0}), 400, vec!["/gross", "/retention"]),
        (json!({"retention": 100_000}), 422, vec!["/retention"]),
        (json!({"membership_months": 0}), 400, vec!["/membership_months"]),
    ] {
        let answer = world.ask("ada", "PUT", "/award-policy", body.clone()).await;
        let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
        let told: Vec<_> = errors.iter().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!((answer.status, told), (status, pointers), "{body}");
    }
}

#[tokio::test]
async fn a_member_sees_themselves_and_nobody_else() {
    let world = office().await;
    let (own, other) = (member(&world, 1, "2025-05-01").await, member(&world, 2, "2025-06-01").await);
    let id = MemberId::parse(&own).expect("an id");
    // The key of the caller `member`, now of this member.
    given::key(&world.store, &TenantId::default_tenant(), Role::Member, id.as_str(), 77).await;
    let key = format!("Bearer {}", mint_from(&TenantId::default_tenant(), &[77; 32]).reveal());
    let ask = async |path: String| {
        let request = http::Request::builder().uri(path).header("authorization", &key).body(Body::empty());
        world.routes.clone().oneshot(request.expect("a request")).await.expect("infallible").status().as_u16()
    };
    let rows = [
        (format!("/v1/members/{own}"), 200),
        (format!("/v1/members/{own}/payout"), 404),
        (format!("/v1/members/{other}"), 404),
        (format!("/v1/members/{other}/payout"), 404),
        ("/v1/members".to_owned(), 403),
        ("/v1/members/queue".to_owned(), 403),
        ("/v1/revenue/payouts/eligibility".to_owned(), 403),
    ];
    for (path, status) in rows {
        assert_eq!(ask(path.clone()).await, status, "{path}");
    }
    for who in ["foreign admin", "foreign finance"] {
        assert_eq!(world.get(who, &format!("/v1/members/{own}")).await.status, 404, "{who}");
    }
}

#[tokio::test]
async fn every_door_of_awards_lets_its_roles_in_and_nobody_else() {
    let world = office().await;
    let id = member(&world, 1, "2025-05-01").await;
    let rows: [(&str, String, Value, &[&str]); 9] = [
        ("GET", "/eligibility".to_owned(), Value::Null, &["ada", "fin", "sue", "aud"]),
        ("GET", "/eligible-members".to_owned(), Value::Null, &["ada", "fin", "sue", "aud"]),
        ("GET", "/award-policy".to_owned(), Value::Null, &["ada", "fin", "sue", "aud"]),
        ("POST", "/check-eligibility".to_owned(), Value::Null, &["ada", "fin"]),
        ("POST", "/initiate".to_owned(), Value::Null, &["ada", "fin"]),
        ("PUT", "/award-policy".to_owned(), json!({"launched_on": "2024-09-15"}), &["ada"]),
        ("POST", "/v1/members".to_owned(), json!({"name": "A", "email": "a@b.example"}), &["ada"]),
        ("PUT", format!("/v1/members/{id}/kyc"), json!({"status": "pending"}), &["ada"]),
        ("PATCH", format!("/v1/members/{id}"), json!({"name": "B"}), &["ada"]),
    ];
    for (method, path, body, inside) in rows {
        for who in ["ada", "fin", "sue", "aud", "partner 1", "machine", "nobody"] {
            let status = world.ask(who, method, &path, body.clone()).await.status;
            match who {
                "nobody" => assert_eq!(status, 401, "{method} {path}"),
                who if inside.contains(&who) => {
                    assert!(![401, 403, 404].contains(&status), "{who} {method} {path} {status}")
                }
                // A member's path says no more to a stranger than that there is nothing.
                _ => assert!([403, 404].contains(&status), "{who} {method} {path} {status}"),
            }
        }
    }
}

#[tokio::test]
async fn an_award_is_given_from_the_first_look_to_the_second_approval() {
    let world = office().await;
    let none = world.get("aud", "/eligibility").await.json;
    assert_eq!((&none["eligible"], &none["total_revenue"]), (&json!(false), &json!(null)));
    let unlooked = world.ask("ada", "POST", "/initiate", Value::Null).await;
    assert_eq!(unlooked.told(), (409, "eligibility-not-checked"));
    given::program(&world).await;
    given::line(&world.store, &partner(1), "150000.00", "2026-07-02", "in_big").await;
    let looked = world.ask("fin", "POST", "/check-eligibility", Value::Null).await.json;
    assert_eq!((&looked["potential_winners"], &looked["total_revenue"]), (&json!(1), &json!("150000.00")), "{looked}");
    assert_eq!(world.ask("ada", "POST", "/initiate", Value::Null).await.told(), (422, "no-eligible-member"));

    let (late, early) = (member(&world, 1, "2025-05-01").await, member(&world, 2, "2025-01-01").await);
    verified(&world, &late).await;
    let seen = world.get("aud", "/eligible-members").await.json;
    let words: Vec<(Option<&str>, Option<bool>)> = seen["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (row["member_id"].as_str(), row["eligible"].as_bool()))
        .collect();
    assert_eq!(words, [(Some(&*early), Some(false)), (Some(&*late), Some(true))]);
    let other = world.ask("ada", "POST", "/initiate", json!({"member_id": early})).await;
    assert_eq!((other.told(), other.json["errors"][0]["pointer"].as_str()), ((422, "not-next"), Some("/member_id")));

    let begun = world.ask_as("ada", "POST", "/initiate", json!({"member_id": late}), Some("one")).await;
    assert_eq!((begun.status, begun.json["state"].as_str()), (201, Some("open")), "{begun:?}");
    assert_eq!((&begun.json["gross_amount"], &begun.json["retention_fee"]), (&json!("100000.00"), &json!("300.00")));
    let again = world.ask_as("ada", "POST", "/initiate", json!({"member_id": late}), Some("one")).await;
    assert_eq!((again.json["id"].clone(), again.replayed), (begun.json["id"].clone(), true));
    assert_eq!(world.ask("ada", "POST", "/initiate", Value::Null).await.told(), (422, "no-award-to-give"));

    let payout = begun.json["payout"]["id"].as_str().expect("a payout").to_owned();
    assert_eq!(begun.json["payout"]["approvals_needed"], 2);
    assert_eq!(world.approve("ada", &payout).await.told(), (403, "requester-may-not-approve"));
    assert_eq!(world.approve("bob", &payout).await.json["state"], "pending_approval");
    // TAX-2: without a tax form 24 % of the gross is withheld.
    let shown = world.get("aud", &format!("/{payout}")).await.json;
    assert!(shown.to_string().contains("75700.00"), "{shown}");
    let no = world.ask("bob", "PUT", &format!("/{payout}/reject"), json!({"reason": "not now"})).await;
    assert_eq!(no.status, 200, "{no:?}");
    let ended = world.get("aud", &format!("/v1/members/{late}/payout")).await.json;
    assert_eq!((&ended["state"], &ended["withdrawn_because"]), (&json!("withdrawn"), &json!("not now")));
    assert_eq!(world.get("aud", "/eligibility").await.json["given"], 0);
}

/// A member whose turn it is, of a business that has one award to give, with their form where they gave one.
async fn next_in_turn(world: &World, form: Option<FormKind>) -> String {
    given::program(world).await;
    given::line(&world.store, &partner(1), "150000.00", "2026-07-02", "in_big").await;
    let winner = member(world, 1, "2025-05-01").await;
    verified(world, &winner).await;
    if let Some(kind) = form {
        gives(world, &winner, kind).await;
    }
    let looked = world.ask("fin", "POST", "/check-eligibility", Value::Null).await.json;
    assert_eq!(looked["potential_winners"], 1, "{looked}");
    winner
}

async fn gives(world: &World, member: &str, kind: FormKind) {
    terms::form_of(world, &MemberId::parse(member).expect("an id").payee(), kind).await;
}

/// The award is begun; the id of its payout.
async fn begun(world: &World, case: &str) -> String {
    let begun = world.ask("fin", "POST", "/initiate", Value::Null).await;
    assert_eq!((begun.status, &begun.json["gross_amount"]), (201, &json!("100000.00")), "{case}: {begun:?}");
    begun.json["payout"]["id"].as_str().expect("a payout").to_owned()
}

/// Worked value 13, through every door: by what the tenant has stored, and by the form that the winner has given.
#[tokio::test]
async fn an_award_that_is_paid_comes_to_75_700_75_772_or_99_700() {
    let w9 = Some(FormKind::W9);
    let rows = [
        ("gross", None, "24000.00", "75700.00"),
        ("net_of_fee", None, "23928.00", "75772.00"),
        ("gross", w9, "0.00", "99700.00"),
        ("net_of_fee", w9, "0.00", "99700.00"),
    ];
    for (base, form, withheld, net) in rows {
        let case = format!("{base}, {form:?}");
        let world = office().await;
        let set = world.ask("ada", "PUT", "/policy", json!({"withholding_base": base})).await;
        assert_eq!((set.status, &set.json["withholding_base"]), (200, &json!(base)), "{case}: {set:?}");
        let _winner = next_in_turn(&world, form).await;
        let id = begun(&world, &case).await;
        let shown = world.get("aud", &format!("/{id}")).await.json;
        assert_eq!(shown["would_leave"]["net_amount"], net, "{case}: {shown}");
        assert!(shown["would_not_leave"].is_null(), "{case}: {shown}");
        for who in ["ada", "bob"] {
            assert_eq!(world.approve(who, &id).await.status, 200, "{case}: {who}");
        }
        let sent = world.ask("fin", "POST", &format!("/{id}/mark-sent"), sent(net)).await;
        assert_eq!(sent.status, 200, "{case}: {sent:?}");
        let confirm = json!({"completed_at": NOW, "payment_reference": "W-OK"});
        let paid = world.ask("fin", "POST", &format!("/{id}/confirm"), confirm).await.json;
        let parts = ["total_amount", "fee_amount", "withheld_amount", "net_amount"].map(|part| paid[part].as_str());
        assert_eq!(parts, ["100000.00", "300.00", withheld, net].map(Some), "{case}: {paid}");
        assert_eq!(paid["state"], "paid", "{case}");
    }
}

fn sent(net: &str) -> Value {
    json!({"sent_at": NOW, "payment_reference": "W", "net_amount": net})
}

/// TAX-2: of an award 30 % and a form of its own may be due where the payee is foreign; 0 % and none would be wrong.
#[tokio::test]
async fn an_award_is_not_given_to_a_foreign_payee_whatever_the_tenant_withholds_of() {
    for policy in [json!({"withholding_base": "gross"}), json!({"missing_tax_form": "block"})] {
        let world = office().await;
        assert_eq!(world.ask("ada", "PUT", "/policy", policy.clone()).await.status, 200, "{policy}");
        let winner = next_in_turn(&world, Some(FormKind::W8ben)).await;
        let refused = world.ask("fin", "POST", "/initiate", json!({"member_id": winner})).await;
        assert_eq!(refused.told(), (422, "no-eligible-member"), "{policy}: {refused:?}");
        let detail = refused.json["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(&winner) && detail.contains("by their W-8BEN they are foreign"), "{detail}");
        let seen = world.get("aud", "/eligible-members").await.json;
        assert_eq!(
            (&seen["data"][0]["eligible"], &seen["data"][0]["tax_form_status"]),
            (&json!(false), &json!("valid"))
        );
        assert_eq!(seen["data"][0]["reasons"][0]["code"], "foreign_payee", "{seen}");
        let alone = world.get("aud", &format!("/v1/members/{winner}")).await.json;
        assert_eq!(alone["reasons"].as_array().map(Vec::len), Some(1), "{alone}");
        assert_eq!(world.get("aud", "/eligibility").await.json["given"], 0);

        // Who is no foreigner after all says so by a W-9, and is paid whole.
        gives(&world, &winner, FormKind::W9).await;
        let id = begun(&world, "with a W-9").await;
        assert_eq!(world.get("aud", &format!("/{id}")).await.json["would_leave"]["net_amount"], "99700.00");
    }
}

/// TAX-2, AWD-3: the form came behind the look and the approvals. The payout waits for people, and nothing is lost.
#[tokio::test]
async fn an_award_whose_payee_became_foreign_is_not_sent_and_waits_for_a_person() {
    for is_given_up in [false, true] {
        let world = office().await;
        let winner = next_in_turn(&world, None).await;
        let id = begun(&world, "without a form").await;
        for who in ["ada", "bob"] {
            assert_eq!(world.approve(who, &id).await.status, 200, "{who}");
        }
        gives(&world, &winner, FormKind::W8ben).await;
        let shown = world.get("aud", &format!("/{id}")).await.json;
        let told = (&shown["would_leave"], &shown["would_not_leave"]["code"]);
        assert_eq!(told, (&Value::Null, &json!("foreign-payee")), "{shown}");
        // Neither what a missing form would leave nor what a form would leave goes, and nobody is shown where to.
        let path = format!("/{id}/mark-sent");
        for net in ["75700.00", "99700.00"] {
            assert_eq!(world.ask("fin", "POST", &path, sent(net)).await.told(), (422, "foreign-payee"), "{net}");
        }
        let by_hand = world.ask("fin", "POST", &format!("/{id}/generate-instructions"), Value::Null).await;
        assert_eq!(by_hand.told(), (422, "foreign-payee"), "{by_hand:?}");
        let waits = world.get("aud", &format!("/{id}")).await.json;
        assert_eq!((&waits["state"], &waits["net_amount"]), (&json!("approved"), &Value::Null), "{waits}");

        if is_given_up {
            let why = json!({"failure_reason": "the payee is foreign"});
            assert_eq!(world.ask("fin", "POST", &format!("/{id}/fail"), why).await.status, 200);
            let ended = world.get("aud", &format!("/v1/members/{winner}/payout")).await.json;
            assert_eq!(ended["state"], "withdrawn", "{ended}");
            assert_eq!(world.get("aud", "/eligibility").await.json["given"], 0);
            let alone = world.get("aud", &format!("/v1/members/{winner}")).await.json;
            assert_eq!(alone["reasons"][0]["code"], "foreign_payee", "{alone}");
        } else {
            gives(&world, &winner, FormKind::W9).await;
            let marked = world.ask("fin", "POST", &path, sent("99700.00")).await.json;
            let parts = ["withheld_amount", "net_amount"].map(|part| marked[part].as_str());
            assert_eq!(parts, ["0.00", "99700.00"].map(Some), "{marked}");
        }
    }
}
