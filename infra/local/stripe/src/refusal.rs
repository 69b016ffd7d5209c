//! What Stripe says when it refuses: `{"error": {"type", "code", "message", "param", …}}`.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// A refusal in Stripe's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// What stands under `error`.
    pub(crate) error: Map<String, Value>,
    /// Did the call run before it was refused? Then its key stands for this refusal.
    has_run: bool,
}

impl Refusal {
    fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        let mut error = Map::new();
        error.insert("message".to_owned(), Value::String(message.into()));
        error.insert("type".to_owned(), Value::String(kind.to_owned()));
        Self { status, error, has_run: false }
    }

    /// 400 `invalid_request_error`.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 400 for a parameter, with its code.
    pub(crate) fn parameter(code: &str, param: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).code(code).about(param)
    }

    /// 400 for a value that the parameter does not take.
    pub(crate) fn bad(param: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).about(param)
    }

    /// 400 for a parameter that is not there.
    pub(crate) fn missing(param: &str) -> Self {
        Self::parameter("parameter_missing", param, format!("Missing required param: {param}."))
    }

    /// Nothing has this id: 404 in the path, 400 in a parameter.
    pub(crate) fn no_such(kind: &str, id: &str, param: &str) -> Self {
        let said = Self::parameter("resource_missing", param, format!("No such {}: '{id}'", kind.replace('.', " ")));
        if param == "id" { Self { status: StatusCode::NOT_FOUND, ..said } } else { said }
    }

    /// 401.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
    }

    /// 404 for a path that is none.
    pub(crate) fn no_path(method: &str, path: &str) -> Self {
        let message =
            format!("Unrecognized request URL ({method}: {path}). The stand-in knows the calls that we make.");
        Self { status: StatusCode::NOT_FOUND, ..Self::invalid(message) }
    }

    /// 402: the card did not pay.
    pub(crate) fn card(decline: &Decline) -> Self {
        let said = Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", decline.message).code(decline.code);
        match decline.reason {
            Some(reason) => said.with("decline_code", json!(reason)),
            None => said,
        }
    }

    /// 400: the key was used for another request.
    pub(crate) fn other_request(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
             using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(StatusCode::BAD_REQUEST, "idempotency_error", message)
    }

    /// A status that was ordered for a test.
    pub(crate) fn ordered(status: StatusCode) -> Self {
        match status.as_u16() {
            409 => {
                Self::new(status, "idempotency_error", "There is currently another in-progress request using this key.")
                    .code("idempotency_key_in_use")
            }
            429 => Self::new(status, "invalid_request_error", "Request rate limit exceeded.").code("rate_limit"),
            _ => Self::new(status, "api_error", "An unknown error occurred"),
        }
    }

    /// The same refusal of a call that had begun: the same key is answered with it again.
    #[must_use]
    pub(crate) fn run(self) -> Self {
        Self { has_run: true, ..self }
    }

    /// The same refusal with a code.
    #[must_use]
    pub(crate) fn code(self, code: &str) -> Self {
        let link = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
        self.with("code", json!(code)).with("doc_url", json!(link))
    }

    /// The same refusal, naming a parameter.
    #[must_use]
    pub(crate) fn about(self, param: &str) -> Self {
        self.with("param", json!(param))
    }

    /// The same refusal with another field.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.error.insert(name.to_owned(), value);
        self
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        json!({"error": self.error})
    }

    /// Is it kept under an idempotency key? What never began (a bad parameter) is not; what ran and failed is.
    pub(crate) fn is_kept(&self) -> bool {
        self.has_run || self.status == StatusCode::PAYMENT_REQUIRED || self.status.is_server_error()
    }
}

/// Why a card does not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    /// `card_declined`, `authentication_required`, …
    pub(crate) code: &'static str,
    /// `generic_decline`, `insufficient_funds`, …
    pub(crate) reason: Option<&'static str>,
    /// In words.
    pub(crate) message: &'static str,
}
