//! What was withheld, and what of it was handed on; and what a tenant decides about telling.

use super::*;

const REMITTANCES: &str = "/v1/revenue/tax/remittances";

fn deposit(amount: &str) -> Value {
    deposit_as(amount, "EFT 1")
}

fn deposit_as(amount: &str, reference: &str) -> Value {
    json!({"year": 2026, "amount": amount, "deposited_on": "2026-12-15", "reference": reference})
}

impl Books {
    /// Enters a deposit, and says where it is.
    async fn enter(&self, who: &str, deposit: Value) -> String {
        let entered = self.post(who, REMITTANCES, deposit).await;
        assert_eq!(entered.status, 201, "{entered:?}");
        format!("{REMITTANCES}/{}", entered.json["id"].as_str().expect("an id"))
    }
}

#[tokio::test]
async fn a_deposit_that_two_people_entered_is_booked_once() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.pay("1000.00").await;
    books.count("generate").await;
    let first = books.enter("fin", deposit_as("100.00", "EFT 27041")).await;
    let second = books.enter("ada", deposit_as("100.00", " eft  27041")).await;
    let (store, tenant) = (&books.world.store, &books.world.tenant);
    let twin = store.list_remittances(tenant, None, 9).await.expect("store").items;
    let twin = twin.into_iter().find(|of| of.by == "usr_ada").expect("the second");
    books.post("ada", &format!("{first}/approve"), Value::Null).await.ok();
    assert_eq!(books.post("ada", &format!("{first}/approve"), Value::Null).await.ok()["state"], "booked");
    let refused = books.post("fin", &format!("{second}/approve"), Value::Null).await;
    assert_eq!(refused.kind(), (409, "deposit-booked"));
    // Nor where both said yes in the same instant: the year and the reference are one transaction.
    let year = store.get_tax_year(tenant, 2026).await.expect("store");
    let by = Actor::new(Role::Admin, "usr_bob");
    let (booked, after) = twin.approve(&year.it, &by, books.at()).expect("owed");
    let end = store.get_chain_end(tenant, &twin.aggregate()).await.expect("store");
    let (action, new) = ("tax_remittance.booked", booked.told());
    let deed = domain::audit::Deed { at: books.at(), actor: by, action, old: BTreeMap::new(), new };
    let told = append(end, &twin.aggregate(), deed);
    let written = store.write_remittance(tenant, (&booked, 1), Some((&after, year.version)), &told).await;
    assert_eq!(written.expect("store"), store::Written::ConditionFailed);
    assert_eq!(books.get("aud", YEAR).await.ok()["remitted"], "100.00");
    let other = books.enter("fin", deposit_as("100.00", "EFT 27042")).await;
    assert_eq!(books.post("ada", &format!("{other}/approve"), Value::Null).await.ok()["state"], "booked");
    books.world.verified().await;
}

#[tokio::test]
async fn what_is_paid_counted_and_handed_on_while_the_laws_are_proved_is_no_breach() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.pay("1000.00").await;
    books.count("generate").await;
    let (store, tenant) = (books.world.store.clone(), books.world.tenant.clone());
    for cut in [1_u32, 2, 3, 4, 6, 9, 13, 18] {
        let mut proof = std::pin::pin!(cases::verify::verify(&store, &tenant));
        let (mut left, mut done) = (cut, None);
        std::future::poll_fn(|context| {
            if left == 0 || done.is_some() {
                return std::task::Poll::Ready(());
            }
            left -= 1;
            if let std::task::Poll::Ready(verified) = proof.as_mut().poll(context) {
                done = Some(verified);
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
        if done.is_some() {
            break;
        }
        books.turn_to(500 + u128::from(cut)).await;
        books.pay("10.00").await;
        books.count("generate").await;
        let entered = books.enter("fin", deposit_as("1.00", &format!("EFT {cut}"))).await;
        books.post("ada", &format!("{entered}/approve"), Value::Null).await.ok();
        assert_eq!(proof.await.expect("store").breaches, [], "cut {cut}");
    }
}

#[tokio::test]
async fn what_was_withheld_is_handed_on_by_two_people_and_never_more_than_was_counted() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.pay("1000.00").await;
    let entered = books.post("fin", REMITTANCES, deposit("240.00")).await;
    assert_eq!((entered.status, &entered.json["state"]), (201, &json!("pending")), "{entered:?}");
    let path = format!("{REMITTANCES}/{}", entered.json["id"].as_str().expect("an id"));
    let approve = format!("{path}/approve");
    assert_eq!(books.post("fin", &approve, Value::Null).await.kind(), (403, "second-person-needed"));
    // Nobody has counted the year: nothing is known to be owed.
    assert_eq!(books.post("ada", &approve, Value::Null).await.kind(), (409, "more-than-owed"));
    assert_eq!(books.count("generate").await["owed"], "240.00");
    let booked = books.post("ada", &approve, Value::Null).await.ok();
    assert_eq!((&booked["state"], &booked["approved_by"]), (&json!("booked"), &json!("usr_ada")));
    assert_eq!(books.post("ada", &approve, Value::Null).await.ok()["state"], "booked");
    assert_eq!(books.post("bob", &approve, Value::Null).await.kind(), (409, "wrong-state"));
    let year = books.get("aud", YEAR).await.ok();
    assert_eq!(
        (&year["withheld"], &year["remitted"], &year["owed"]),
        (&json!("240.00"), &json!("240.00"), &json!("0.00"))
    );
    let more = books.post("ada", REMITTANCES, deposit_as("0.01", "EFT 2")).await;
    let more = format!("{REMITTANCES}/{}", more.json["id"].as_str().expect("an id"));
    assert_eq!(books.post("bob", &format!("{more}/approve"), Value::Null).await.kind(), (409, "more-than-owed"));
    let why = json!({"reason": "typed"});
    assert_eq!(books.post("ada", &format!("{more}/reject"), why.clone()).await.ok()["state"], "rejected");
    assert_eq!(books.post("ada", &format!("{more}/reject"), why).await.ok()["rejection_reason"], "typed");
    let list = books.get("aud", REMITTANCES).await.ok();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
    let verified = cases::verify::verify(&books.world.store, &books.world.tenant).await.expect("store");
    assert_eq!(verified.breaches, []);
}

#[tokio::test]
async fn what_two_people_booked_by_mistake_two_people_take_back_and_the_deposit_is_booked_as_it_was() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.pay("1000.00").await;
    books.count("generate").await;
    let wrong = books.enter("fin", deposit_as("140.00", "EFT 27041")).await;
    let (take_back, why) = (format!("{wrong}/take-back"), json!({"reason": "it was 240.00"}));
    assert_eq!(books.post("ada", &take_back, why.clone()).await.kind(), (409, "wrong-state"));
    books.post("ada", &format!("{wrong}/approve"), Value::Null).await.ok();
    let said = books.post("ada", &take_back, why.clone()).await.ok();
    assert_eq!((&said["state"], &said["mistaken_by"]), (&json!("booked"), &json!("usr_ada")));
    // Asked for again because the answer was lost, it is said once; in other words it is another word of one person.
    assert_eq!(books.post("ada", &take_back, why.clone()).await.ok(), said);
    let other = json!({"reason": "I am sure"});
    assert_eq!(books.post("ada", &take_back, other).await.kind(), (403, "second-person-needed"));
    let owed = |year: Value| (year["remitted"].clone(), year["owed"].clone());
    assert_eq!(owed(books.get("aud", YEAR).await.ok()), (json!("140.00"), json!("100.00")));
    for who in ["sue", "aud", "partner", "machine"] {
        assert_eq!(books.post(who, &take_back, why.clone()).await.status, 403, "{who}");
    }
    books.world.verified().await;
    let also = json!({"reason": "the bank says so, too"});
    let taken_back = books.post("fin", &take_back, also.clone()).await.ok();
    assert_eq!((&taken_back["state"], &taken_back["taken_back_by"]), (&json!("taken_back"), &json!("usr_fin")));
    let words = ["approved_by", "mistaken_because", "taken_back_because"].map(|word| taken_back[word].clone());
    assert_eq!(words, [json!("usr_ada"), json!("it was 240.00"), json!("the bank says so, too")]);
    // Each of the two is answered again as they were, and in other words not.
    assert_eq!(books.post("fin", &take_back, also.clone()).await.ok(), taken_back);
    assert_eq!(books.post("ada", &take_back, why.clone()).await.ok(), taken_back);
    for (who, why) in [("bob", &why), ("fin", &why), ("ada", &also)] {
        assert_eq!(books.post(who, &take_back, why.clone()).await.kind(), (409, "wrong-state"), "{who}");
    }
    assert_eq!(owed(books.get("aud", YEAR).await.ok()), (json!("0.00"), json!("240.00")));
    books.world.verified().await;
    let right = books.enter("fin", deposit_as("240.00", "eft 27041")).await;
    assert_eq!(books.post("ada", &format!("{right}/approve"), Value::Null).await.ok()["state"], "booked");
    assert_eq!(owed(books.get("aud", YEAR).await.ok()), (json!("240.00"), json!("0.00")));
    assert_eq!(books.post("bob", &take_back, json!({"reason": " "})).await.status, 400);
    let nobody = format!("{REMITTANCES}/rem_00000000000000000000000009/take-back");
    assert_eq!(books.post("ada", &nobody, why).await.kind(), (404, "not-found"));
    books.world.verified().await;
}

#[tokio::test]
async fn who_called_a_remittance_mistaken_takes_it_back_and_two_are_needed_anew() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.pay("1000.00").await;
    books.count("generate").await;
    let there = books.enter("fin", deposit_as("140.00", "EFT 27041")).await;
    let (take_back, reject) = (format!("{there}/take-back"), format!("{there}/reject"));
    books.post("ada", &format!("{there}/approve"), Value::Null).await.ok();
    let (mistake, none) = (json!({"reason": "it was 240.00"}), json!({"reason": "I read another line"}));
    assert_eq!(books.post("ada", &reject, none.clone()).await.kind(), (409, "wrong-state"));
    books.post("ada", &take_back, mistake.clone()).await.ok();
    let upheld = books.post("ada", &reject, none.clone()).await.ok();
    assert_eq!((&upheld["state"], &upheld["mistaken_by"]), (&json!("booked"), &Value::Null));
    assert_eq!((&upheld["upheld_by"], &upheld["upheld_because"]), (&json!("usr_ada"), &json!("I read another line")));
    assert_eq!(books.post("ada", &reject, none).await.ok(), upheld, "asked for again it is said once");
    books.world.verified().await;
    // Whoever would have been the second is the first now.
    let said = books.post("fin", &take_back, mistake.clone()).await.ok();
    assert_eq!((&said["state"], &said["mistaken_by"]), (&json!("booked"), &json!("usr_fin")));
    assert_eq!(books.get("aud", YEAR).await.ok()["remitted"], "140.00");
    assert_eq!(books.post("ada", &take_back, mistake).await.ok()["state"], "taken_back");
    assert_eq!(books.get("aud", YEAR).await.ok()["remitted"], "0.00");
    books.world.verified().await;
}

#[tokio::test]
async fn what_cannot_have_been_deposited_is_refused_with_the_field() {
    let books = books().await;
    let with = |field: &str, value: Value| {
        let mut body = deposit("1.00");
        body[field] = value;
        body
    };
    for (body, status, pointer) in [
        (with("amount", json!("0.00")), 422, "/amount"),
        (with("amount", json!("-1.00")), 400, "/amount"),
        (with("amount", json!("1.001")), 422, "/amount"),
        (with("deposited_on", json!("2027-01-16")), 422, "/deposited_on"),
        (with("reference", json!(" ")), 400, "/reference"),
    ] {
        let told = books.post("fin", REMITTANCES, body).await;
        assert_eq!((told.status, &told.json["errors"][0]["pointer"]), (status, &json!(pointer)), "{told:?}");
    }
    assert_eq!(books.post("fin", REMITTANCES, with("year", json!(2027))).await.kind(), (422, "unknown-tax-year"));
    for who in ["sue", "aud", "partner", "machine"] {
        assert_eq!(books.post(who, REMITTANCES, deposit("1.00")).await.status, 403, "{who}");
    }
    let nobody = format!("{REMITTANCES}/rem_00000000000000000000000009/approve");
    assert_eq!(books.post("ada", &nobody, Value::Null).await.kind(), (404, "not-found"));
}

#[tokio::test]
async fn of_the_payer_the_end_of_the_number_is_shown_and_every_fault_is_told_at_once() {
    let books = books().await;
    let path = "/v1/revenue/tax/settings";
    assert_eq!(books.get("aud", path).await.ok()["payer"], Value::Null);
    books.decide(settings()).await;
    let shown = books.get("aud", path).await;
    assert_eq!(shown.headers["etag"], "\"1\"");
    assert_eq!(shown.json["payer"]["tin"], "XX-XXX4567");
    assert!(!shown.text.contains("451234567") && !shown.text.contains("45-1234567"));
    // Sent back as it was shown, the number is the one that is kept.
    books.decide(shown.json.clone()).await;
    let kept = crate::tax_year::sealed::settings;
    let aws = Reader::from_map([("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
    let mut reader = aws;
    let visits = Sender::connect(&Aws::from(&mut reader).service(Sdk::Sqs), "http://127.0.0.1:1/q");
    let app = App::new(books.world.store.clone(), visits, books.sealer.clone(), Clock::fixed(books.at()));
    let (settings, version) = kept(&app, &books.world.tenant).await.expect("settings");
    assert_eq!((settings.payer.map(|payer| payer.tin), version), (Some("45-1234567".to_owned()), 2));
    let nowhere =
        json!({"line1": " ", "line2": "", "city": "New York", "postal_code": "10001-0000-0000-0000", "country": "USA"});
    let wrong = json!({
        "payer": {"tin_kind": "ein", "tin": "1", "address": nowhere, "phone": " ", "email": "a@b.example"},
        "templates": {"2026/1099-div": "Form Type", "2026/1099-nec": "Shoe Size"}
    });
    let told = books.ask_of(&books.routes, "ada", ("PUT", path), wrong).await;
    let pointers: Vec<_> = told.json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["pointer"].as_str().unwrap_or_default())
        .collect();
    let expected = [
        "/payer/tin",
        "/payer/business_name",
        "/payer/phone",
        "/payer/address/country",
        "/payer/address/line1",
        "/payer/address/postal_code",
        "/templates/2026~11099-div",
        "/templates/2026~11099-nec",
    ];
    assert_eq!((told.status, pointers), (400, expected.to_vec()));
    for who in ["fin", "aud", "partner", "machine"] {
        let told = books.ask_of(&books.routes, who, ("PUT", path), json!({})).await;
        assert_eq!(told.status, 403, "{who}");
    }
    let trail = books.world.store.list_audit(&books.world.tenant, "tax_settings").await.expect("store");
    let words = ["4567", "Acme", "1 Main St", "212-555", "tax@acme", "Box 1a"];
    let said = format!("{trail:?}");
    assert_eq!(words.map(|word| said.contains(word)), [false; 6], "the trail is kept in clear: {said}");
    let (first, second) = (&trail[0], &trail[1]);
    assert_eq!(first.new["payer_changed"], "address, business_name, email, phone, tin, tin_kind");
    assert_eq!(first.new["template 2026/1099-nec"], Digest::of_bytes(template("1099-nec").as_bytes()).to_hex());
    assert_eq!((second.old["payer"].as_str(), second.new.get("payer_changed")), ("set", None));
}
