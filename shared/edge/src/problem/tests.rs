use super::*;

fn json(problem: Problem) -> serde_json::Value {
    serde_json::to_value(problem).expect("json")
}

#[test]
fn a_problem_has_the_published_members_and_no_empty_ones() {
    let problem = Problem::bad_request("/amount", "not an amount").placed("/v1/revenue/payouts/request", "c-1");
    assert_eq!(
        json(problem),
        serde_json::json!({
            "type": "urn:tributary:problem:bad-request",
            "title": "bad request",
            "status": 400,
            "detail": "not an amount",
            "instance": "/v1/revenue/payouts/request",
            "errors": [{"pointer": "/amount", "detail": "not an amount"}],
            "correlation_id": "c-1",
        })
    );
    assert!(json(Problem::not_found("no such payout")).get("errors").is_none());
}

#[test]
fn a_refusal_to_try_too_often_says_when_to_come_back() {
    let response = Problem::too_many(30).into_response();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()[RETRY_AFTER], "30");
    assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
}

#[test]
fn all_invalid_fields_are_named_by_pointer() {
    #[derive(garde::Validate)]
    struct Rule {
        #[garde(length(min = 1))]
        name: String,
    }
    #[derive(garde::Validate)]
    struct Asked {
        #[garde(dive)]
        rules: Vec<Rule>,
        #[garde(range(max = 500))]
        limit: u32,
    }
    let asked = Asked { rules: vec![Rule { name: String::new() }], limit: 501 };
    let report = garde::Validate::validate(&asked).expect_err("two faults");
    let problem = Problem::from(report);
    let mut pointers: Vec<_> = problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/limit", "/rules/0/name"]);
}
