//! What no route takes: the gateway hands it to this function, whosever the path is, so that it is answered as everything
//! else is.

use std::sync::OnceLock;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use edge::problem::Problem;
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use super::viewer::DOCUMENT;

/// A path of the API: its parts, and the methods that it has.
struct Known {
    parts: Vec<String>,
    methods: String,
}

/// 405 with `Allow` where the path is one of the API's, 404 where it is none. `OPTIONS` is answered with `Allow` alone.
pub(super) async fn elsewhere(request: Request) -> Response {
    let Some(methods) = methods_of(request.uri().path()) else {
        return Problem::not_found("no such path").into_response();
    };
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => Problem::method_not_allowed().into_response(),
    };
    if let Ok(methods) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

fn methods_of(path: &str) -> Option<&'static str> {
    let asked: Vec<&str> = path.split('/').collect();
    // A part that is named is nearer than one that stands for any: `/v1/members/queue` is no member.
    let fitting = known().iter().filter(|known| fits(&known.parts, &asked));
    let nearest = fitting.min_by_key(|known| known.parts.iter().map(|part| part.starts_with('{')).collect::<Vec<_>>());
    nearest.map(|known| known.methods.as_str())
}

fn fits(parts: &[String], asked: &[&str]) -> bool {
    let fit = |(part, asked): (&String, &&str)| part == asked || (part.starts_with('{') && !asked.is_empty());
    parts.len() == asked.len() && parts.iter().zip(asked).all(fit)
}

/// Read once, by the first that asks for what is not there.
fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let known = paths.map(|(path, item)| Known {
            parts: path.split('/').map(str::to_owned).collect(),
            methods: methods(item.as_object()),
        });
        known.collect()
    })
}

fn methods(item: Option<&Map<String, Value>>) -> String {
    let methods: Vec<String> = item.into_iter().flat_map(Map::keys).map(|method| method.to_ascii_uppercase()).collect();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn ask(method: &str, path: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = elsewhere(request).await;
        let allow = response.headers().get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        (response.status().as_u16(), allow)
    }

    #[tokio::test]
    async fn another_method_of_a_path_is_405_and_says_which_there_are() {
        assert_eq!(ask("DELETE", "/v1/programs").await, (405, "GET, POST".to_owned()));
        assert_eq!(ask("POST", "/v1/members/queue").await, (405, "GET".to_owned()));
        assert_eq!(ask("GET", "/v1/revenue/payouts/pay_1/approve").await, (405, "PUT".to_owned()));
        assert_eq!(ask("OPTIONS", "/v1/programs").await, (204, "GET, POST".to_owned()));
    }

    #[tokio::test]
    async fn a_path_that_nobody_has_is_404() {
        for path in ["/", "/v1", "/v1/program", "/v1/programs/", "/v1/revenue/payouts/pay_1/approve/now"] {
            assert_eq!(ask("GET", path).await, (404, String::new()), "{path}");
        }
    }
}
