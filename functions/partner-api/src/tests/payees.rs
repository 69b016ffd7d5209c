//! PAY-12, TAX-1: where a partner's money goes, and their tax form.

use domain::id::{PartnerId, ReviewId, TenantId};
use domain::payee::PayoutMethods;
use domain::role::Role;
use domain::tax::TaxForm;
use domain::time::Timestamp;
use edge::sealing::Belongs;
use serde_json::{Value, json};

use super::setup::{Answer, Bench, tenant};

const ACCOUNT: &str = "000123456789";

/// A partner with its own key, beside the desk's.
struct Payee {
    bench: Bench,
    admin: String,
    own: String,
    id: PartnerId,
}

impl Payee {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let admin = bench.key(Role::Admin, "usr_1").await;
        let program = bench.program(&admin).await;
        let id = bench.partner(&admin, &program).await;
        let own = bench.key(Role::Partner, &id).await;
        Self { bench, admin, own, id: PartnerId::parse(&id).expect("an id") }
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/partners/{}/{what}", self.id)
    }

    async fn set(&self, key: &str, methods: Value) -> Answer {
        self.bench.put(key, &self.path("payout-method"), &json!({ "methods": methods })).await
    }

    async fn later(self, hours: i64) -> Self {
        let now = Timestamp::from_second(self.bench.now.as_second() + hours * 3600).expect("instant");
        Self { bench: Bench { now, ..self.bench }, ..self }
    }
}

fn ach(account_number: &str) -> Value {
    json!({"details": {
        "rail": "ach", "holder": "Ada Lovelace", "holder_kind": "personal", "routing_number": "021000021",
        "account_number": account_number, "account_kind": "checking",
    }})
}

fn w9() -> Value {
    json!({
        "form": "w9", "classification": "individual", "first_name": "Ada", "last_name": "Lovelace",
        "tin_kind": "ssn", "tin": "400-11-1222", "signed_on": "2026-08-31", "certified": true,
        "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "us"},
    })
}

#[tokio::test]
async fn a_partner_without_a_method_has_an_empty_list_and_sets_one_that_cools_off_for_72_hours() {
    let payee = Payee::new().await;
    let none = payee.bench.get(&payee.own, &payee.path("payout-method")).await.expect(200);
    assert_eq!((&none["methods"], &none["version"]), (&json!([]), &json!(0)));
    let set = payee.set(&payee.own, json!([ach(ACCOUNT)])).await;
    assert_eq!(set.headers["etag"], "\"1\"");
    let method = &set.expect(200)["methods"][0];
    assert_eq!(
        (&method["rail"], &method["last_four"], &method["usable_from"], &method["cooling_off"]),
        (&json!("ach"), &json!("6789"), &json!("2026-09-04T10:00:00Z"), &json!(true))
    );
    let payee = payee.later(72).await;
    let after = payee.bench.get(&payee.admin, &payee.path("payout-method")).await.expect(200);
    assert_eq!(after["methods"][0]["cooling_off"], false);
}

#[tokio::test]
async fn methods_are_kept_and_ranked_by_their_ids_and_the_same_list_is_no_change() {
    let payee = Payee::new().await;
    let paypal = json!({"details": {"rail": "paypal", "email": "ada@partner.example"}, "currency": "EUR"});
    let set = payee.set(&payee.own, json!([ach(ACCOUNT), paypal])).await.expect(200);
    let ids: Vec<Value> = (0..2).map(|n| json!({"id": set["methods"][n]["id"]})).collect();
    let payee = payee.later(100).await;
    let same = payee.set(&payee.own, json!(ids)).await.expect(200);
    assert_eq!((&same["version"], &same["methods"][0]["cooling_off"]), (&json!(1), &json!(false)));
    let turned = payee.set(&payee.admin, json!([ids[1], ids[0]])).await.expect(200);
    let told: Vec<_> = (0..2).map(|n| (&turned["methods"][n]["rail"], &turned["methods"][n]["currency"])).collect();
    assert_eq!(told, [(&json!("paypal"), &json!("EUR")), (&json!("ach"), &Value::Null)]);
    let gone = payee.set(&payee.own, json!([])).await.expect(200);
    assert_eq!((&gone["version"], &gone["methods"]), (&json!(3), &json!([])));
}

#[tokio::test]
async fn every_wrong_field_is_named_and_nothing_is_stored() {
    let payee = Payee::new().await;
    let mut bad = ach("");
    bad["details"]["routing_number"] = json!("021000022");
    bad["details"]["holder"] = json!(" ");
    let rows = [
        (
            json!([bad]),
            vec!["/methods/0/details/holder", "/methods/0/details/routing_number", "/methods/0/details/account_number"],
            400,
        ),
        (json!([{}]), vec!["/methods/0"], 422),
        (json!([{"id": "mth_1"}]), vec!["/methods/0/id"], 400),
        (json!([{"id": "mth_00000000000000000000000009"}]), vec!["/methods/0"], 422),
        (json!([{"details": {"rail": "cash"}}]), vec!["/methods/0/details/rail"], 400),
        (json!([{"details": {"rail": "paypal", "email": "a@b.example"}, "id": "mth_1"}]), vec!["/methods/0"], 422),
        (json!((0..6).map(|n| ach(&format!("12345{n}"))).collect::<Vec<_>>()), vec!["/methods"], 400),
        (json!("all"), vec!["/methods"], 400),
        // What the document calls an object is none of its fields in their order.
        (json!([[null, null, {"rail": "paypal", "email": "a@b.example"}]]), vec!["/methods/0"], 400),
        (json!([{"details": ["paypal", "a@b.example"]}]), vec!["/methods/0/details"], 400),
        (
            json!([{"details": {
                "rail": "check", "payable_to": "Ada", "address": ["1 Main St", null, "Springfield", null, "62701", "US"],
            }}]),
            vec!["/methods/0/details"],
            400,
        ),
    ];
    for (methods, expected, status) in rows {
        assert_eq!(payee.set(&payee.own, methods.clone()).await.pointers(status), expected, "{methods}");
    }
    let mut euros = ach(ACCOUNT);
    euros["currency"] = json!("EUR");
    assert_eq!(payee.set(&payee.own, json!([euros])).await.pointers(422), ["/methods/0/currency"]);
    assert_eq!(payee.set(&payee.own, json!([ach(ACCOUNT), ach(ACCOUNT)])).await.pointers(422), ["/methods/1"]);
    let none = payee.bench.get(&payee.own, &payee.path("payout-method")).await.expect(200);
    assert_eq!(none["version"], 0);
}

#[tokio::test]
async fn only_the_partner_and_those_who_pay_set_methods_and_another_partners_are_not_there() {
    let payee = Payee::new().await;
    let other = payee.bench.key(Role::Partner, "par_00000000000000000000000009").await;
    let foreign = TenantId::from_ulid(9_u128.into());
    let stranger = payee.bench.key_of(&foreign, Role::Admin, "usr_9").await;
    for (role, may) in [(Role::FinanceManager, 200), (Role::Support, 403), (Role::Auditor, 403), (Role::Member, 403)] {
        let key = payee.bench.key(role, "usr_2").await;
        let set = payee.set(&key, json!([])).await;
        assert_eq!(set.status.as_u16(), may, "{role}");
    }
    for key in [&other, &stranger] {
        for what in ["payout-method", "tax-form"] {
            assert_eq!(payee.bench.get(key, &payee.path(what)).await.status.as_u16(), 404);
        }
        assert_eq!(payee.set(key, json!([ach(ACCOUNT)])).await.status.as_u16(), 404);
        assert_eq!(payee.bench.put(key, &payee.path("tax-form"), &w9()).await.status.as_u16(), 404);
    }
    let unknown = payee.bench.get(&payee.admin, "/v1/partners/par_00000000000000000000000009/tax-form").await;
    assert_eq!(unknown.status.as_u16(), 404);
}

#[tokio::test]
async fn what_somebody_changed_meanwhile_is_not_overwritten() {
    let payee = Payee::new().await;
    payee.set(&payee.own, json!([ach(ACCOUNT)])).await.expect(200);
    let path = payee.path("payout-method");
    let late = payee.bench.put_seen(&payee.admin, &path, &json!({"methods": []}), "\"7\"").await;
    assert_eq!(late.status.as_u16(), 412);
    let seen = payee.bench.put_seen(&payee.admin, &path, &json!({"methods": []}), "\"1\"").await;
    assert_eq!(seen.expect(200)["version"], 2);
}

#[tokio::test]
async fn two_partners_with_one_account_are_noticed_and_the_account_is_nowhere_in_the_clear() {
    let payee = Payee::new().await;
    let program = payee.bench.program(&payee.admin).await;
    let body = json!({"name": "Kim", "email": "kim@other.example", "program_id": program});
    let other = payee.bench.post(&payee.admin, "/v1/partners", &body).await.expect(201);
    let other = other["id"].as_str().expect("an id");
    payee.set(&payee.own, json!([ach(ACCOUNT)])).await.expect(200);
    let path = format!("/v1/partners/{other}/payout-method");
    payee.bench.put(&payee.admin, &path, &json!({ "methods": [ach(ACCOUNT)] })).await.expect(200);
    let review = ReviewId::of_partner(&PartnerId::parse(other).expect("an id"), "duplicate");
    let review = payee.bench.store.get_review(&tenant(), &review).await.expect("store").expect("a review");
    assert!(review.review.findings[0].signals[0].detail.contains("payout"), "{review:?}");
    let stored = payee.bench.store.get_payout_methods(&tenant(), &payee.id).await.expect("store");
    let trail = payee.bench.store.list_audit(&tenant(), &PayoutMethods::aggregate(&payee.id)).await.expect("store");
    let told = format!("{stored:?}{trail:?}");
    assert!(!told.contains("12345") && told.contains("6789"), "{told}");
}

#[tokio::test]
async fn the_details_open_for_their_own_partner_and_method_alone() {
    let payee = Payee::new().await;
    payee.set(&payee.own, json!([ach(ACCOUNT)])).await.expect(200);
    let stored = payee.bench.store.get_payout_methods(&tenant(), &payee.id).await.expect("store");
    let method = &stored.ranked[0];
    let (tenant, own) = (TenantId::default_tenant(), format!("payout_method:{}", method.id));
    let other = PartnerId::from_ulid(9_u128.into());
    for (subject, field, opens) in
        [(&payee.id, own.as_str(), true), (&payee.id, "payout_method:mth_1", false), (&other, own.as_str(), false)]
    {
        let belongs = Belongs { tenant: tenant.as_str(), subject: subject.as_str(), field };
        let sealed = method.sealed.parse().expect("a sealed value");
        let opened = payee.bench.sealer.open_text(&belongs, &sealed).await;
        assert_eq!(opened.is_ok_and(|text| text.reveal().contains(ACCOUNT)), opens, "{subject} {field}");
    }
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_sets_one_method_once() {
    for passing in 0..10 {
        let payee = Payee::new().await;
        let (path, body) = (payee.path("payout-method"), json!({ "methods": [ach(ACCOUNT)] }));
        payee.bench.database.fail_after(passing, 3, testkit::Fault::Refuse);
        let _lost = payee.bench.put_once(&payee.own, &path, &body, "once").await;
        payee.bench.database.heal();
        let again = payee.bench.put_once(&payee.own, &path, &body, "once").await.expect(200);
        assert_eq!((&again["version"], again["methods"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{passing}");
        let marks = payee.bench.store.list_marks(&tenant(), &payee.id).await.expect("store");
        assert_eq!(marks.len(), 2, "{passing}: an address and an account");
    }
}

#[tokio::test]
async fn a_w9_holds_at_once_and_shows_the_end_of_its_number_alone() {
    let payee = Payee::new().await;
    let none = payee.bench.get(&payee.own, &payee.path("tax-form")).await.expect(200);
    assert_eq!((&none["status"], &none["withheld"], &none["form"]), (&json!("none"), &json!("0.24"), &Value::Null));
    let given = payee.bench.put(&payee.own, &payee.path("tax-form"), &w9()).await.expect(200);
    assert_eq!(
        (&given["status"], &given["tin"], &given["withheld"], &given["country"]),
        (&json!("valid"), &json!("XXX-XX-1222"), &json!("0"), &json!("US"))
    );
    let stored = payee.bench.store.get_tax_form(&tenant(), &payee.id).await.expect("store").expect("a form");
    let trail = payee.bench.store.list_audit(&tenant(), &TaxForm::aggregate(&payee.id)).await.expect("store");
    let told = format!("{stored:?}{trail:?}{given}");
    assert!(!told.contains("40011") && !told.contains("Lovelace"), "{told}");
    let tenant = TenantId::default_tenant();
    let belongs = Belongs { tenant: tenant.as_str(), subject: payee.id.as_str(), field: "tax_form" };
    let opened = payee.bench.sealer.open_text(&belongs, &stored.sealed.parse().expect("sealed")).await.expect("opens");
    assert!(opened.reveal().contains("400111222") && opened.reveal().contains("Lovelace"));
}

#[tokio::test]
async fn a_doubtful_number_waits_for_a_person_and_a_form_that_was_withdrawn_is_worth_nothing() {
    let payee = Payee::new().await;
    let mut company = w9();
    company["classification"] = json!("c_corporation");
    company["business_name"] = json!("Engines Inc");
    (company["tin_kind"], company["tin"]) = (json!("ein"), json!("07-1234567"));
    let given = payee.bench.put(&payee.own, &payee.path("tax-form"), &company).await.expect(200);
    assert_eq!((&given["status"], &given["withheld"]), (&json!("submitted"), &json!("0.24")));
    assert_eq!(given["warnings"].as_array().map(Vec::len), Some(1));
    let (accept, withdraw) = (payee.path("tax-form/accept"), payee.path("tax-form/withdraw"));
    assert_eq!(payee.bench.post(&payee.own, &accept, &json!({})).await.status.as_u16(), 403);
    let accepted = payee.bench.post(&payee.admin, &accept, &json!({})).await.expect(200);
    assert_eq!((&accepted["status"], &accepted["withheld"]), (&json!("valid"), &json!("0")));
    assert_eq!(payee.bench.post(&payee.admin, &accept, &json!({})).await.status.as_u16(), 409);
    let reason = json!({"reason": "the tax office does not know the number"});
    let gone = payee.bench.post(&payee.admin, &withdraw, &reason).await.expect(200);
    assert_eq!(
        (&gone["status"], &gone["reason"], &gone["withheld"]),
        (&json!("changed"), &reason["reason"], &json!("0.24"))
    );
    assert_eq!(payee.bench.post(&payee.admin, &withdraw, &json!({"reason": ""})).await.pointers(400), ["/reason"]);
    let anew = payee.bench.put(&payee.own, &payee.path("tax-form"), &w9()).await.expect(200);
    // What was withdrawn is not made good by whoever is to be paid.
    assert_eq!(
        (&anew["status"], &anew["version"], &anew["withheld"]),
        (&json!("submitted"), &json!(4), &json!("0.24"))
    );
    let believed = payee.bench.post(&payee.admin, &accept, &json!({})).await.expect(200);
    assert_eq!((&believed["status"], &believed["withheld"]), (&json!("valid"), &json!("0")));
}

fn w8ben() -> Value {
    json!({
        "form": "w8ben", "first_name": "Konrad", "last_name": "Zuse", "citizenship": "de", "foreign_tin": "81872495633",
        "signed_on": "2023-01-05", "certified": true,
        "address": {"line1": "Methfesselstr. 7", "city": "Berlin", "postal_code": "10965", "country": "DE"},
    })
}

#[tokio::test]
async fn a_w8ben_from_the_united_states_waits_for_a_person_and_tax_is_withheld_meanwhile() {
    let payee = Payee::new().await;
    let home =
        json!({"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "us"});
    let rows = [
        (json!({ "address": home }), 1),
        (json!({"tin_kind": "ssn", "tin": "400-11-1222"}), 1),
        (json!({"tin_kind": "ssn", "tin": "400-11-1222", "address": home}), 2),
    ];
    for (changes, warnings) in rows {
        let mut form = w8ben();
        for (field, value) in changes.as_object().expect("fields") {
            form[field] = value.clone();
        }
        let given = payee.bench.put(&payee.own, &payee.path("tax-form"), &form).await.expect(200);
        assert_eq!((&given["status"], &given["withheld"]), (&json!("submitted"), &json!("0.24")), "{changes}");
        assert_eq!(given["warnings"].as_array().map(Vec::len), Some(warnings), "{changes}: {given}");
    }
    let accepted = payee.bench.post(&payee.admin, &payee.path("tax-form/accept"), &json!({})).await.expect(200);
    assert_eq!((&accepted["status"], &accepted["withheld"]), (&json!("valid"), &json!("0")));
}

#[tokio::test]
async fn a_w8ben_holds_until_the_end_of_the_third_year_after_its_signature() {
    let payee = Payee::new().await;
    let given = payee.bench.put(&payee.own, &payee.path("tax-form"), &w8ben()).await.expect(200);
    assert_eq!((&given["status"], &given["valid_through"]), (&json!("valid"), &json!("2026-12-31")));
    let payee = payee.later(24 * 122).await;
    let after = payee.bench.get(&payee.own, &payee.path("tax-form")).await.expect(200);
    assert_eq!((&after["status"], &after["withheld"]), (&json!("expired"), &json!("0.24")));
}

#[tokio::test]
async fn every_wrong_field_of_a_form_is_named() {
    let payee = Payee::new().await;
    let rows: [(&str, Value, &[&str], u16); 9] = [
        ("tin", json!("666-12-3456"), &["/tin"], 422),
        ("tin", Value::Null, &["/tin"], 422),
        ("tin_kind", Value::Null, &["/tin_kind"], 422),
        ("first_name", Value::Null, &["/first_name"], 422),
        ("certified", json!(false), &["/certified"], 422),
        ("signed_on", json!("2026-09-02"), &["/signed_on"], 422),
        ("classification", Value::Null, &["/business_name", "/classification"], 422),
        ("form", json!("w8ben"), &["/classification", "/citizenship"], 422),
        (
            "address",
            json!({"line1": "", "city": "x", "postal_code": "1", "country": "USA"}),
            &["/address/country", "/address/line1"],
            400,
        ),
    ];
    for (field, value, expected, status) in rows {
        let mut form = w9();
        form[field] = value;
        let answer = payee.bench.put(&payee.own, &payee.path("tax-form"), &form).await;
        assert_eq!(answer.pointers(status), expected, "{field}");
    }
    let none = payee.bench.get(&payee.own, &payee.path("tax-form")).await.expect(200);
    assert_eq!(none["status"], "none");
    assert_eq!(payee.bench.post(&payee.admin, &payee.path("tax-form/accept"), &json!({})).await.status.as_u16(), 404);
}
