//! Rules as documents: read, refused, warned of, shown as they were sent.

use domain::role::Role;
use serde_json::{Value, json};

use super::setup::Bench;

/// A rule with everything that a rule can have.
fn whole() -> Value {
    json!({
        "kind": "clauses", "hold_days": 14, "managed_hold_days": 7, "rounding": "half_even", "matching": "best_money",
        "base": {"net_of_shipping": false, "net_of_fees": true},
        "clauses": [
            {"name": "pro", "events": ["first_sale", "renewal"], "max_months": 12, "max_occurrences": 12,
             "when": {"all": [
                {"field": "plan", "operator": "starts_with", "value": "pro"},
                {"any": [
                    {"field": "country", "operator": "in", "value": ["DE", "AT"]},
                    {"all": [
                        {"field": "amount", "operator": "at_least", "value": "100.00"},
                        {"field": "tier", "operator": "at_least", "value": "tier2"},
                        {"field": "custom.seats", "operator": "greater_than", "value": "10"},
                        {"field": "coupon", "operator": "exists", "value": true},
                    ]},
                ]},
             ]},
             "reward": {"kind": "percentage", "rate": "0.4"}},
            {"name": "by volume", "events": ["first_sale", "renewal", "one_off_sale"], "reward": {"kind": "banded"}},
            {"name": "leads", "events": ["qualified_lead"], "reward": {"kind": "flat", "amount": "15.00"}},
        ],
        "bands": {"mode": "retroactive", "steps": [
            {"from": "0.00", "rate": "0.2"}, {"from": "10000.00", "rate": "0.25"}, {"from": "25000.00", "rate": "0.3"},
        ]},
        "volume_bonus": {"from": "5000.00", "bonus": "0.25"},
        "caps": {"per_line": "500.00", "per_customer": "2000.00", "per_partner_period": "10000.00", "per_program_period": "50000.00"},
        "overrides": {
            "partners": {"par_00000000000000000000000002": "0.5"}, "tiers": {"tier3": "0.35"}, "groups": {"gold": "0.33"},
        },
        "second_tier": "0.1",
        "sign_up_bonus": {"tier1": "50.00", "tier2": "100.00", "tier3": "500.00", "tier4": "200.00"},
        "milestones": [
            {"name": "first ten", "metric": "sales", "threshold": "10", "bonus": "100.00", "badge": "ten"},
            {"name": "big", "metric": "revenue", "threshold": "100000.00", "badge": "big"},
        ],
        "flat_refund": {"mode": "reverse", "from": "0.5"},
    })
}

/// Sends a rule and answers the path and the admin's key.
async fn door(bench: &Bench) -> (String, String) {
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    (admin, format!("/v1/programs/{program}/rules"))
}

fn without(mut body: Value, fields: &[&str]) -> Value {
    let object = body.as_object_mut().expect("an object");
    for field in fields {
        object.remove(*field);
    }
    body
}

#[tokio::test]
async fn a_rule_is_shown_as_it_was_sent_and_can_be_sent_again_as_shown() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    let sent = json!({"effective_from": "2026-10-01T00:00:00Z"});
    let with_date = |mut body: Value, date: &Value| {
        body["effective_from"] = date["effective_from"].clone();
        body
    };
    let made = bench.post(&admin, &path, &with_date(whole(), &sent)).await.expect(201);
    let minted = ["id", "program_id", "effective_from", "warnings", "rate", "amount", "currency"];
    assert_eq!(without(made.clone(), &minted), whole());
    assert_eq!(made["warnings"], json!([]));
    let listed = bench.get(&admin, &path).await.expect(200);
    assert_eq!(listed["data"][1], made);
    // The simple one is a document as well, and may be sent as one.
    let simple = listed["data"][0].clone();
    assert_eq!((&simple["kind"], &simple["clauses"][0]["reward"]["rate"]), (&json!("percentage"), &json!("0.3")));
    let simple = without(
        simple,
        &[
            "id",
            "program_id",
            "warnings",
            "rate",
            "amount",
            "currency",
            "kind",
            "bands",
            "volume_bonus",
            "caps",
            "overrides",
            "second_tier",
            "sign_up_bonus",
        ],
    );
    let again = with_date(simple, &json!({"effective_from": "2026-11-01T00:00:00Z"}));
    let made = bench.post(&admin, &path, &again).await.expect(201);
    assert_eq!((&made["kind"], &made["rate"]), (&json!("percentage"), &json!("0.3")));
}

#[tokio::test]
async fn a_simple_rule_needs_no_more_than_what_it_pays() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    let bands = json!({"mode": "marginal", "steps": [{"from": "0", "rate": "0.1"}]});
    for (month, body, kind) in [
        (10, json!({"rate": "0.25"}), "percentage"),
        (11, json!({"amount": "5.00"}), "flat"),
        (12, json!({"kind": "banded", "bands": bands}), "banded"),
    ] {
        let mut body = body;
        body["effective_from"] = json!(format!("2026-{month}-01T00:00:00Z"));
        assert_eq!(bench.post(&admin, &path, &body).await.expect(201)["kind"], kind);
    }
    let shipped = json!({"rate": "0.3", "sign_up_bonus": {"tier2": "75.00"}, "effective_from": "2027-01-01T00:00:00Z"});
    let made = bench.post(&admin, &path, &shipped).await.expect(201);
    let expected = json!({"tier1": "50.00", "tier2": "75.00", "tier3": "500.00", "tier4": "200.00"});
    assert_eq!(made["sign_up_bonus"], expected);
}

/// A condition of so many levels.
fn levels(deep: usize) -> Value {
    let test = json!({"field": "plan", "operator": "equals", "value": "a"});
    (0..deep).fold(test, |inner, _| json!({"all": [inner]}))
}

/// What is wrong with a clause: where, what, and the pointer of the answer.
fn wrong_clauses() -> Vec<(&'static str, Value, &'static str, u16)> {
    let plan = |value: &str| json!({"field": "plan", "operator": "equals", "value": value});
    let amount = |operator: &str, value: Value| json!({"field": "amount", "operator": operator, "value": value});
    vec![
        ("/clauses/0/reward/rate", json!("1.1"), "/clauses/0/reward/rate", 400),
        ("/clauses/0/reward/rate", json!(0.4), "/clauses/0/reward/rate", 400),
        ("/clauses/0/reward/rate", Value::Null, "/clauses/0/reward/rate", 422),
        ("/clauses/0/reward/amount", json!("1.00"), "/clauses/0/reward/amount", 422),
        ("/clauses/0/reward/kind", json!("clauses"), "/clauses/0/reward/kind", 422),
        ("/clauses/2/reward/amount", json!("-1.00"), "/clauses/2/reward/amount", 400),
        ("/clauses/2/reward/amount", Value::Null, "/clauses/2/reward/amount", 422),
        ("/clauses/2/reward", json!({"kind": "percentage", "rate": "0.1"}), "/clauses/2/reward", 422),
        ("/clauses/0/events", json!([]), "/clauses/0/events", 400),
        ("/clauses/0/events", json!(["renewal", "renewal"]), "/clauses/0/events", 422),
        ("/clauses/0/name", json!(""), "/clauses/0/name", 400),
        ("/clauses/1/name", json!("pro"), "/clauses/1/name", 422),
        ("/clauses/0/max_months", json!(0), "/clauses/0/max_months", 400),
        ("/clauses/0/max_occurrences", json!(0), "/clauses/0/max_occurrences", 400),
        ("/clauses/0/when", levels(4), "/clauses/0/when/all/0/all/0/all/0", 422),
        ("/clauses/0/when", levels(60), "/clauses/0/when/all/0/all/0/all/0/all/0/all/0", 422),
        ("/clauses/0/when", json!({"all": [plan("a"), plan("b")]}), "/clauses/0/when", 422),
        (
            "/clauses/0/when",
            json!({"all": [amount("greater_than", json!("10")), amount("less_than", json!("5"))]}),
            "/clauses/0/when",
            422,
        ),
        ("/clauses/0/when", json!({"any": []}), "/clauses/0/when/any", 422),
        ("/clauses/0/when", json!({}), "/clauses/0/when", 422),
        ("/clauses/0/when", json!({"all": [], "field": "plan"}), "/clauses/0/when", 422),
        ("/clauses/0/when", amount("at_least", json!(10)), "/clauses/0/when/value", 422),
        ("/clauses/0/when", amount("at_least", json!("10.001")), "/clauses/0/when/value", 422),
        (
            "/clauses/0/when",
            json!({"all": [{"field": "plan", "operator": "in", "value": []}]}),
            "/clauses/0/when/all/0/value",
            422,
        ),
        (
            "/clauses/0/when",
            json!({"field": "price", "operator": "equals", "value": "1"}),
            "/clauses/0/when/field",
            422,
        ),
        ("/clauses/0/when", json!({"field": "plan", "operator": "is", "value": "1"}), "/clauses/0/when/operator", 400),
    ]
}

/// What is wrong with another part of a rule.
fn wrong_parts() -> Vec<(&'static str, Value, &'static str, u16)> {
    vec![
        ("/clauses", Value::Null, "/kind", 422),
        ("/bands/steps/2/from", json!("9999.99"), "/bands/steps/2/from", 422),
        ("/bands/steps/0/from", json!("1.00"), "/bands/steps/0/from", 422),
        ("/bands/steps/1/rate", json!("-0.1"), "/bands/steps/1/rate", 400),
        ("/bands/steps/1/from", json!("-1"), "/bands/steps/1/from", 400),
        ("/bands", Value::Null, "/clauses/1/reward", 422),
        ("/caps/per_line", json!("-0.01"), "/caps/per_line", 400),
        ("/caps/per_program_period", json!(5), "/caps/per_program_period", 400),
        ("/volume_bonus/bonus", json!("1.01"), "/volume_bonus/bonus", 400),
        ("/volume_bonus/from", json!("-1"), "/volume_bonus/from", 400),
        ("/overrides/tiers", json!({"tier9": "0.1"}), "/overrides/tiers/tier9", 400),
        ("/overrides/partners", json!({"usr_1": "0.1"}), "/overrides/partners/usr_1", 400),
        ("/overrides/groups", json!({"gold": "2"}), "/overrides/groups/gold", 400),
        ("/second_tier", json!("1.5"), "/second_tier", 400),
        ("/sign_up_bonus", json!({"tier0": "1.00"}), "/sign_up_bonus/tier0", 400),
        ("/sign_up_bonus", json!({"tier1": "-1.00"}), "/sign_up_bonus/tier1", 400),
        ("/milestones/0/threshold", json!("0"), "/milestones/0/threshold", 422),
        ("/milestones/0/threshold", json!("ten"), "/milestones/0/threshold", 400),
        ("/milestones/1/name", json!("first ten"), "/milestones/1/name", 422),
        ("/flat_refund", json!({"mode": "keep", "from": "0.5"}), "/flat_refund/from", 422),
        ("/hold_days", json!(366), "/hold_days", 400),
        ("/rate", json!("0.3"), "/rate", 422),
    ]
}

#[tokio::test]
async fn a_rule_that_cannot_be_is_refused_field_by_field() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    for (at, value, expected, status) in wrong_clauses().into_iter().chain(wrong_parts()) {
        let mut body = whole();
        let (parent, field) = at.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("a parent")[field] = value.clone();
        let answer = bench.post(&admin, &path, &body).await;
        assert_eq!(answer.pointers(status), [expected], "{at} = {value}");
    }
    assert_eq!(
        bench.get(&admin, &path).await.expect(200)["data"].as_array().map(Vec::len),
        Some(1),
        "nothing was made"
    );
}

#[tokio::test]
async fn a_clause_that_can_never_match_is_refused_with_the_reason_and_a_doubt_is_a_named_warning() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    let clause = |name: &str, when: Option<Value>| {
        let mut body = json!({"name": name, "reward": {"kind": "percentage", "rate": "0.1"}});
        if let Some(when) = when {
            body["when"] = when;
        }
        body
    };
    let plan = json!({"field": "plan", "operator": "equals", "value": "pro"});
    let country = json!({"field": "country", "operator": "equals", "value": "DE"});
    let hidden = json!({"clauses": [clause("all", None), clause("pro", Some(plan.clone()))]});
    let refused = bench.post(&admin, &path, &hidden).await;
    assert_eq!(refused.pointers(422), ["/clauses/1"]);
    let doubt = json!({
        "clauses": [clause("pro", Some(plan)), clause("german", Some(country))], "effective_from": "2026-10-01T00:00:00Z",
    });
    let made = bench.post(&admin, &path, &doubt).await.expect(201);
    let expected = json!([{
        "name": "overlap", "pointer": "/clauses/1/when",
        "reason": "a sale can match \"pro\" as well, which comes first and then pays",
    }]);
    assert_eq!(made["warnings"], expected);
}

/// Two plans, one of which is two plans at once.
fn nonsense() -> Value {
    let test = |value: &str| json!({"field": "plan", "operator": "equals", "value": value});
    json!({"any": [test("a"), {"all": [test("b"), test("c")]}]})
}

/// Rules that may not be meant: the rule, the name of the warning, and its pointer.
fn doubtful() -> Vec<(Value, &'static str, &'static str)> {
    let flat = |events: Value, amount: &str| json!({"name": "a", "events": events, "reward": {"kind": "flat", "amount": amount}});
    let share = |name: &str, rate: &str| json!({"name": name, "reward": {"kind": "percentage", "rate": rate}});
    let bands = |second: &str| json!({"mode": "marginal", "steps": [{"from": "0", "rate": "0.2"}, {"from": "100", "rate": second}]});
    let test =
        |field: &str, operator: &str, value: Value| json!({"field": field, "operator": operator, "value": value});
    let conditional = |when: Value| json!({"name": "a", "when": when, "reward": {"kind": "percentage", "rate": "0.1"}});
    vec![
        (json!({"rate": "0"}), "pays_nothing", "/clauses/0/reward"),
        (json!({"rate": "0.1", "volume_bonus": {"from": "1.00", "bonus": "0"}}), "pays_nothing", "/volume_bonus/bonus"),
        (
            json!({"amount": "5.00", "volume_bonus": {"from": "1.00", "bonus": "0.1"}}),
            "bonus_without_effect",
            "/volume_bonus",
        ),
        (json!({"rate": "0.1", "bands": bands("0.3")}), "bands_unused", "/bands"),
        (json!({"kind": "banded", "bands": bands("0.1")}), "bands_fall", "/bands/steps/1/rate"),
        (json!({"rate": "0.1", "caps": {"per_line": "0.00"}}), "cap_of_nothing", "/caps/per_line"),
        (
            json!({"rate": "0.1", "caps": {"per_line": "10.00", "per_partner_period": "9.99"}}),
            "cap_without_effect",
            "/caps/per_line",
        ),
        (
            json!({"clauses": [flat(json!(["qualified_lead"]), "1.00")], "overrides": {"tiers": {"tier2": "0.5"}}}),
            "overrides_unused",
            "/overrides",
        ),
        (json!({"clauses": [], "sign_up_bonus": {}, "second_tier": "0.1"}), "second_tier_unused", "/second_tier"),
        (json!({"rate": "0.1", "second_tier": "0.0"}), "pays_nothing", "/second_tier"),
        (
            json!({"clauses": [{"name": "a", "events": ["qualified_lead"], "max_occurrences": 1,
                "reward": {"kind": "flat", "amount": "1.00"}}]}),
            "limit_without_effect",
            "/clauses/0/events",
        ),
        (
            json!({"clauses": [{"name": "a", "events": ["sign_up", "renewal"], "reward": {"kind": "percentage", "rate": "0.1"}}]}),
            "no_amount",
            "/clauses/0/reward",
        ),
        (json!({"clauses": [conditional(nonsense())]}), "branch_never_matches", "/clauses/0/when/any/1"),
        (json!({"clauses": [conditional(test("amount", "exists", json!(true)))]}), "always_true", "/clauses/0/when"),
        (
            json!({"clauses": [{"name": "a", "events": ["renewal"], "reward": {"kind": "percentage", "rate": "0.1"}},
                share("b", "0.2")]}),
            "partly_hidden",
            "/clauses/1/events",
        ),
        (
            json!({"rate": "0.1", "milestones": [{"name": "m", "metric": "sales", "threshold": "1", "bonus": "0.00"}]}),
            "pays_nothing",
            "/milestones/0/bonus",
        ),
        (beside_the_first_band(), "first_band_counts", "/clauses/1/reward"),
    ]
}

/// A share between two retroactive bands, which the first of them never beats and the second would.
fn beside_the_first_band() -> Value {
    let pro = json!({"field": "plan", "operator": "equals", "value": "pro"});
    json!({
        "matching": "best_money",
        "clauses": [
            {"name": "pro", "when": pro, "reward": {"kind": "percentage", "rate": "0.25"}},
            {"name": "by volume", "reward": {"kind": "banded"}},
        ],
        "bands": {"mode": "retroactive", "steps": [{"from": "0", "rate": "0.2"}, {"from": "100", "rate": "0.3"}]},
    })
}

/// Rules that can pay more than the sale.
fn above_the_sale() -> Vec<(Value, &'static str, &'static str)> {
    let share = |name: &str, rate: &str| json!({"name": name, "reward": {"kind": "percentage", "rate": rate}});
    let mut conditional = share("a", "0.6");
    conditional["when"] = json!({"field": "plan", "operator": "equals", "value": "pro"});
    let mut german = share("b", "0.6");
    german["when"] = json!({"field": "country", "operator": "equals", "value": "DE"});
    vec![
        (json!({"matching": "sum", "clauses": [conditional, german]}), "over_the_sale", "/clauses/1/reward"),
        (json!({"rate": "0.8", "second_tier": "0.3"}), "over_the_sale", "/second_tier"),
        (
            json!({"rate": "0.8", "volume_bonus": {"from": "1.00", "bonus": "0.5"}}),
            "over_the_sale",
            "/volume_bonus/bonus",
        ),
    ]
}

#[tokio::test]
async fn every_doubt_about_a_rule_is_a_warning_with_its_name_when_it_is_made_and_whenever_it_is_shown() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    for (n, (mut body, name, pointer)) in doubtful().into_iter().chain(above_the_sale()).enumerate() {
        body["effective_from"] = json!(format!("2027-01-{:02}T00:00:00Z", n + 1));
        let made = bench.post(&admin, &path, &body).await.expect(201);
        let told = |rule: &Value| {
            let warnings = rule["warnings"].as_array().cloned().unwrap_or_default();
            warnings.iter().map(|one| format!("{} {}", one["name"], one["pointer"])).collect::<Vec<_>>()
        };
        assert_eq!(told(&made), [format!("\"{name}\" \"{pointer}\"")], "{body}");
        assert!(made["warnings"][0]["reason"].as_str().is_some_and(|why| why.len() > 10), "{made}");
        let listed = bench.get(&admin, &path).await.expect(200);
        assert_eq!(listed["data"][n + 1], made);
    }
}

#[tokio::test]
async fn a_rule_that_always_pays_more_than_the_sale_is_refused() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    let share = |name: &str, rate: &str| json!({"name": name, "reward": {"kind": "percentage", "rate": rate}});
    let rule = |second: &str| json!({"matching": "sum", "clauses": [share("a", "0.6"), share("b", second)]});
    let mut narrow = share("a", "0.6");
    narrow["when"] = json!({"field": "plan", "operator": "equals", "value": "pro"});
    for (body, pointer, status) in [
        (json!({"rate": "1.000001"}), "/rate", 400),
        (rule("0.400001"), "/clauses/1/reward", 422),
        (json!({"matching": "sum", "clauses": [narrow, share("b", "0.6")]}), "/clauses/1/reward", 422),
        (json!({"rate": "0.8", "volume_bonus": {"from": "0.00", "bonus": "0.5"}}), "/volume_bonus/bonus", 422),
        (json!({"rate": "0.5", "overrides": {"tiers": {"tier2": "1.1"}}}), "/overrides/tiers/tier2", 400),
    ] {
        assert_eq!(bench.post(&admin, &path, &body).await.pointers(status), [pointer], "{body}");
    }
    let mut whole_of_it = rule("0.4");
    whole_of_it["effective_from"] = json!("2026-10-01T00:00:00Z");
    bench.post(&admin, &path, &whole_of_it).await.expect(201);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_rule_is_told_at_once() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    let mut body = whole();
    body["clauses"][0]["reward"]["rate"] = json!("1.5");
    body["caps"]["per_line"] = json!("-1.00");
    body["bands"]["steps"][1]["rate"] = json!("30%");
    body["second_tier"] = json!("2");
    let pointers = bench.post(&admin, &path, &body).await.pointers(400);
    assert_eq!(pointers, ["/clauses/0/reward/rate", "/bands/steps/1/rate", "/caps/per_line", "/second_tier"]);
    // What only the whole can tell is told together as well.
    let mut body = whole();
    body["clauses"][0]["max_months"] = json!(0);
    body["bands"]["steps"][2]["from"] = json!("10000.00");
    body["milestones"][1]["name"] = json!("first ten");
    let pointers = bench.post(&admin, &path, &body).await.pointers(400);
    assert_eq!(pointers, ["/clauses/0/max_months", "/bands/steps/2/from", "/milestones/1/name"]);
}

#[tokio::test]
async fn what_earlier_clauses_take_whole_is_refused_however_they_say_it() {
    let bench = Bench::new().await;
    let (admin, path) = door(&bench).await;
    let of = |name: &str, operator: &str, value: Value| {
        json!({"name": name, "when": {"field": "plan", "operator": operator, "value": value},
            "reward": {"kind": "percentage", "rate": "0.1"}})
    };
    let rows = [
        (vec![of("wide", "in", json!(["a", "b"])), of("narrow", "equals", json!("a"))], "/clauses/1"),
        (vec![of("any pro", "starts_with", json!("pro")), of("pro x", "starts_with", json!("pro-x"))], "/clauses/1"),
        (
            vec![of("a", "equals", json!("a")), of("rest", "not_equals", json!("a")), of("b", "equals", json!("b"))],
            "/clauses/2",
        ),
    ];
    for (clauses, pointer) in rows {
        let answer = bench.post(&admin, &path, &json!({"clauses": clauses})).await;
        let why = answer.body["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(answer.pointers(422), [pointer]);
        assert!(why.starts_with("can never match: "), "{why}");
    }
}
