//! Sending: every event to every endpoint that wants it, signed, in the order in which it happened, and again until it
//! is taken or three days have passed.

use std::time::Duration;

use ring::hmac;
use serde_json::{Value, json};

use crate::StandIn;
use crate::state::{Delivery, number, shown, text};

/// How often the stand-in looks at the time when nobody asks it anything.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long an endpoint may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The waits between attempts, in seconds of the clock; the last is repeated until three days have passed.
const WAITS: [i64; 6] = [5, 60, 600, 3_600, 10_800, 21_600];
const GIVE_UP_SECONDS: i64 = 3 * 86_400;

/// Does what falls due and sends what is to be sent, for ever.
pub(crate) async fn pump(stand_in: StandIn) {
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap_or_default();
    loop {
        let _ = tokio::time::timeout(LOOK_EVERY, stand_in.0.changed.notified()).await;
        if stand_in.has_due() {
            stand_in.wake();
        }
        while let Some((delivery, letter)) = stand_in.next_letter() {
            let taken = match letter {
                Some(letter) => letter.send(&client).await,
                // The endpoint or the event is gone: there is nobody to tell.
                None => true,
            };
            stand_in.delivered(&delivery, taken);
        }
    }
}

/// A request to an endpoint.
struct Letter {
    url: String,
    body: String,
    signature: String,
}

impl Letter {
    async fn send(self, client: &reqwest::Client) -> bool {
        let request = client
            .post(&self.url)
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .header("stripe-signature", self.signature)
            .body(self.body);
        match request.send().await {
            Ok(answer) => answer.status().is_success(),
            Err(error) => {
                tracing::debug!(%error, "an endpoint did not answer");
                false
            }
        }
    }
}

/// `t=…,v1=…`: the key is the whole secret, `whsec_` included.
fn signature(secret: &str, body: &str, second: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{second}.{body}").as_bytes());
    format!("t={second},v1={}", hex::encode(tag))
}

impl StandIn {
    fn has_due(&self) -> bool {
        let now = self.now();
        self.state().due.iter().any(|due| due.clock.is_none() && due.at <= now)
    }

    /// The delivery whose turn it is: the oldest event first.
    fn next_letter(&self) -> Option<(Delivery, Option<Letter>)> {
        let now = self.now();
        let state = self.state();
        let due = state.deliveries.iter().filter(|delivery| delivery.at <= now);
        let delivery = due.min_by_key(|delivery| delivery.n)?.clone();
        let endpoint = state.get("webhook_endpoint", &delivery.endpoint);
        let event = state.get("event", &delivery.event);
        let letter = endpoint.zip(event).map(|(endpoint, event)| {
            let body = shown(event).to_string();
            let signature = signature(text(endpoint, "_secret"), &body, now);
            Letter { url: text(endpoint, "url").to_owned(), body, signature }
        });
        Some((delivery, letter))
    }

    fn delivered(&self, done: &Delivery, is_taken: bool) {
        self.turn(|turn| {
            let now = turn.wall;
            let event = turn.state.get("event", &done.event).cloned().unwrap_or(Value::Null);
            let place = turn.state.deliveries.iter().position(|it| it.n == done.n);
            let Some(place) = place else { return };
            let wait = WAITS.get(usize::try_from(done.attempts).unwrap_or(usize::MAX)).or(WAITS.last()).copied();
            let gives_up = now - number(&event, "created").min(done.at) > GIVE_UP_SECONDS;
            if is_taken || gives_up {
                turn.state.deliveries.remove(place);
            } else if let Some(delivery) = turn.state.deliveries.get_mut(place) {
                delivery.attempts += 1;
                delivery.at = now + wait.unwrap_or(GIVE_UP_SECONDS);
            }
            if is_taken {
                turn.set(&done.event, |event| {
                    let pending = number(event, "pending_webhooks");
                    event["pending_webhooks"] = json!((pending - 1).max(0));
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_stripes_own_library() {
        let body = r#"{"id":"evt_1","object":"event","type":"invoice.paid"}"#;
        let expected = "t=1700000000,v1=dfb4777aaaec4ea29ff455dd4df7fe6b2ef71096ad3a93a158db7e100109ea91";
        assert_eq!(signature("whsec_test_secret", body, 1_700_000_000), expected);
    }
}
