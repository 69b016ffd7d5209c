//! What our own callers are told when Stripe refuses, or does not answer.

use edge::problem::Problem;
use edge::telemetry::chain;

use crate::{Refusal, StripeError};

impl From<StripeError> for Problem {
    fn from(error: StripeError) -> Self {
        let reason = chain(&error);
        match &error {
            StripeError::Refused { refusal, .. } => refused(refusal, &reason),
            StripeError::Busy { .. } => {
                tracing::warn!(reason, "stripe takes no more calls");
                Self::unavailable("the payment provider takes no more requests for the moment; try again")
                    .kind("provider-busy")
                    .retry_after(5)
            }
            StripeError::Unknown { .. } => {
                tracing::warn!(reason, "stripe's answer is not known");
                Self::unavailable(
                    "the payment provider did not answer; send the same request again under the same Idempotency-Key",
                )
                .kind("provider-unanswered")
            }
        }
    }
}

fn refused(refusal: &Refusal, reason: &str) -> Problem {
    let code = refusal.code.as_deref().unwrap_or_default();
    let problem = match (refusal.status, refusal.kind.as_str(), code) {
        (401 | 403, ..) => {
            // The caller cannot help it: our key is wrong, or may not do this.
            tracing::error!(reason, "stripe does not accept our key");
            return Problem::unavailable("the payment provider does not accept our key; tell the operator")
                .kind("provider-key-refused");
        }
        (_, "card_error", _) => Problem::unprocessable(&refusal.message).kind("payment-declined"),
        (_, "idempotency_error", _) => {
            Problem::conflict("the payment provider knows this Idempotency-Key from another request")
                .kind("idempotency-key-reused")
        }
        (_, _, "resource_missing") => Problem::unprocessable(&refusal.message).kind("unknown-to-provider"),
        (_, _, "customer_tax_location_invalid") => {
            Problem::unprocessable("tax needs the customer's country, and where it has them the region")
                .kind("tax-location-missing")
        }
        _ => {
            tracing::warn!(reason, param = refusal.param, request = refusal.request_id, "stripe refused a request");
            Problem::unprocessable(&refusal.message).kind("refused-by-provider")
        }
    };
    match (&refusal.decline_code, &refusal.param) {
        (Some(why), _) => problem.at("", format!("declined: {why}")),
        (None, _) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, kind: &str, code: &str) -> (u16, String) {
        let refusal = Refusal {
            status,
            kind: kind.to_owned(),
            code: Some(code.to_owned()),
            message: "Your card was declined.".to_owned(),
            ..Refusal::default()
        };
        let problem = Problem::from(StripeError::Refused { doing: "testing", refusal: Box::new(refusal) });
        let kind = serde_json::to_value(&problem).expect("JSON")["type"].as_str().unwrap_or_default().to_owned();
        (problem.status().as_u16(), kind.rsplit(':').next().unwrap_or_default().to_owned())
    }

    #[test]
    fn every_refusal_is_told_in_our_own_words() {
        let rows = [
            (told(402, "card_error", "card_declined"), (422, "payment-declined")),
            (told(400, "idempotency_error", ""), (409, "idempotency-key-reused")),
            (told(404, "invalid_request_error", "resource_missing"), (422, "unknown-to-provider")),
            (told(400, "invalid_request_error", "parameter_unknown"), (422, "refused-by-provider")),
            (told(400, "invalid_request_error", "customer_tax_location_invalid"), (422, "tax-location-missing")),
            (told(401, "invalid_request_error", ""), (503, "provider-key-refused")),
        ];
        for (said, (status, kind)) in rows {
            assert_eq!(said, (status, kind.to_owned()));
        }
    }

    #[test]
    fn an_answer_that_is_not_known_asks_for_the_same_request_again() {
        let unknown = StripeError::Unknown { doing: "testing", why: "no answer in time", source: None };
        let problem = Problem::from(unknown);
        assert_eq!(problem.status().as_u16(), 503);
        assert!(problem.detail().contains("same Idempotency-Key"), "{}", problem.detail());
    }
}
