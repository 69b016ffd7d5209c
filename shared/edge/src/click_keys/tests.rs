use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use domain::id::{LinkId, TenantId};
use domain::touch::{Scope, Touch, Touches, VisitorHash};
use serde_json::json;

use super::*;
use crate::aws::{Aws, Service};
use crate::config::Reader;

/// As much of Secrets Manager as is asked for: a key and the one before; nothing while it is away.
#[derive(Clone, Default)]
struct Stage {
    keys: Arc<Mutex<Option<[&'static str; 2]>>>,
    asked: Arc<AtomicUsize>,
}

async fn answer(State(stage): State<Stage>) -> Response {
    stage.asked.fetch_add(1, Ordering::SeqCst);
    let Some([current, previous]) = *stage.keys.lock().expect("keys") else {
        return http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let secret = json!({"click_token_key": current, "click_token_key_previous": previous});
    Json(json!({"ARN": "arn", "SecretString": secret.to_string()})).into_response()
}

async fn keys(current: &'static str) -> (Keys, Stage) {
    let stage = Stage::default();
    stage.become_keys([current, ""]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let routes = Router::new().fallback(answer).with_state(stage.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL", &url),
    ]);
    let secrets = NamedSecrets::connect(&Aws::from(&mut reader).service(Service::SecretsManager));
    (Keys::of(secrets, "arn".to_owned()), stage)
}

impl Stage {
    fn become_keys(&self, keys: [&'static str; 2]) {
        *self.keys.lock().expect("keys") = Some(keys);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("an instant")
}

fn token(secret: &str) -> String {
    let touch = Touch { at: second(0), link: LinkId::from_ulid(1_u128.into()), visitor: VisitorHash::NOBODY };
    let scope = Scope { tenant: &TenantId::default_tenant(), window_days: 30 };
    ClickKeys::new(secret, "").sign(scope, &Touches::from(touch)).expect("a token")
}

async fn verified(keys: &Keys, now: Timestamp, token: &str) -> Result<(), TokenRefused> {
    let known = keys.get(now).await.expect("known");
    let told = keys.verified(&known, now, |keys| keys.verify(&TenantId::default_tenant(), token)).await;
    told.map(|_| ())
}

#[tokio::test]
async fn a_key_that_took_anothers_place_is_found_by_its_first_token() {
    let (keys, stage) = keys("the first key").await;
    assert_eq!(verified(&keys, second(0), &token("the first key")).await, Ok(()));
    stage.become_keys(["the second key", "the first key"]);
    assert_eq!(verified(&keys, second(60), &token("the second key")).await, Ok(()));
    // From then on it is known, and the one before is good beside it.
    for secret in ["the second key", "the first key"] {
        assert_eq!(verified(&keys, second(61), &token(secret)).await, Ok(()), "{secret}");
    }
    assert_eq!(stage.asked(), 2);
}

#[tokio::test]
async fn made_up_tokens_are_asked_about_once_a_minute_and_no_more() {
    let (keys, stage) = keys("the first key").await;
    for at in [0, 1, 59, 60, 61, 119, 120] {
        let refused = verified(&keys, second(at), &token("a made up key")).await;
        assert!(refused.is_err_and(may_be_of_a_new_key), "{at}");
    }
    assert_eq!(stage.asked(), 3);
    // What is no token at all is never asked about.
    assert_eq!(verified(&keys, second(600), "junk").await, Err(TokenRefused::Garbage));
    assert_eq!(stage.asked(), 3);
}

#[tokio::test]
async fn while_secrets_manager_is_away_the_keys_that_were_read_stay_good() {
    let (keys, stage) = keys("the first key").await;
    assert_eq!(verified(&keys, second(0), &token("the first key")).await, Ok(()));
    *stage.keys.lock().expect("keys") = None;
    assert!(verified(&keys, second(60), &token("the second key")).await.is_err());
    assert_eq!(verified(&keys, second(61), &token("the first key")).await, Ok(()));
}

#[tokio::test]
async fn keys_that_are_known_for_good_are_never_asked_for() {
    let keys = Keys::known(ClickKeys::new("the first key", ""));
    assert!(matches!(keys.again(second(0)).await, Again::Never));
    assert!(verified(&keys, second(0), &token("the second key")).await.is_err());
}
