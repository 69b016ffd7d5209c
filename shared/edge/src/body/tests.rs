use domain::money::AmountText;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its reading is looked at")]
struct Asked {
    amount: AmountText,
    currency: String,
    #[serde(default)]
    splits: Vec<Split>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its reading is looked at")]
struct Split {
    partner: String,
}

fn refusal(json: &str) -> (u16, String, String) {
    let problem = from_json::<Asked>(json.as_bytes()).expect_err("refused");
    let error = &problem.errors()[0];
    (problem.status().as_u16(), error.pointer.clone().unwrap_or_default(), error.detail.clone())
}

#[test]
fn each_wrong_body_is_a_400_with_the_pointer_of_the_field() {
    for (json, pointer, part) in [
        (r#"{"amount": 250.50, "currency": "USD"}"#, "/amount", "expected a string"),
        (r#"{"amount": 250, "currency": "USD"}"#, "/amount", "expected a string"),
        (r#"{"amount": "1", "currency": 5}"#, "/currency", "expected a string"),
        (r#"{"currency": "USD"}"#, "/amount", "missing field"),
        (r#"{"amount": "1", "currency": "USD", "amout": "1"}"#, "/amout", "unknown field"),
        (
            r#"{"amount": "1", "currency": "USD", "splits": [{"partner": "a"}, {"partner": 1}]}"#,
            "/splits/1/partner",
            "",
        ),
        (r#"{"amount": "1", "currency": "USD", "splits": [{}]}"#, "/splits/0/partner", "missing field"),
        (r#"{"amount": "1", "currency": "USD", "splits": {"a/b": 1}}"#, "/splits", "expected a sequence"),
        (r#"{"amount": "1", "#, "", ""),
        (r#"{"amount": "1", "currency": "USD"} x"#, "", "trailing"),
        ("", "", ""),
    ] {
        let (status, at, detail) = refusal(json);
        assert_eq!((status, at.as_str()), (400, pointer), "{json}: {detail}");
        assert!(detail.contains(part), "{json}: {detail}");
    }
}

async fn posted(content_type: &str, body: &str) -> Result<(), Problem> {
    let request = http::Request::builder()
        .method("POST")
        .header("content-type", content_type)
        .body(axum::body::Body::from(body.to_owned()))
        .expect("request");
    <Body<Asked> as FromRequest<()>>::from_request(request, &()).await.map(|_| ())
}

#[tokio::test]
async fn the_content_type_and_the_size_are_checked() {
    let good = r#"{"amount": "1", "currency": "USD"}"#;
    assert!(posted("application/json; charset=utf-8", good).await.is_ok());
    assert!(posted("application/merge-patch+json", good).await.is_ok());
    assert_eq!(posted("text/plain", good).await.expect_err("refused").status(), 415);
    let large = format!(r#"{{"amount": "1", "currency": "{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    assert_eq!(posted("application/json", &large).await.expect_err("refused").status(), 413);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its reading is looked at")]
struct Page {
    limit: u32,
}

#[tokio::test]
async fn a_wrong_query_is_a_400_with_the_name_of_the_parameter() {
    for (query, name) in [("limit=many", "limit"), ("", "limit"), ("limit=1&offest=2", "offest")] {
        let (mut parts, ()) =
            http::Request::builder().uri(format!("/x?{query}")).body(()).expect("request").into_parts();
        let problem = Query::<Page>::from_request_parts(&mut parts, &()).await.expect_err("refused");
        assert_eq!(problem.errors()[0].parameter.as_deref(), Some(name), "{query}: {problem:?}");
    }
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic_or_answer_anything_but_400(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problem) = from_json::<Asked>(&bytes) {
            prop_assert_eq!(problem.status().as_u16(), 400);
        }
    }
}
