//! Signing in, people and keys: from the border inward, over a store and a key service.

use domain::email::Email;
use domain::id::{SessionId, UserId};
use domain::time::Timestamp;
use domain::user::Position;
use edge::auth::totp::{code_at, step_at, step_of};
use edge::people::{NewPerson, People};
use edge::sealing::Sealer;
use futures::future::join_all;
use http::HeaderMap;
use jiff::SignedDuration;
use store::users::UserCreated;

use super::*;

mod issuers;
mod keys;
mod links;
mod people;
mod sessions;

/// A deployment whose people sign in; time is what the test says.
pub(super) struct Hall {
    pub(super) world: World,
    stub: Stub,
    people: People,
    minute: std::cell::Cell<i64>,
    pub(super) issuer: Option<crate::issuer::Issuer>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
    pub(super) text: String,
}

impl Told {
    pub(super) fn kind(&self) -> &str {
        self.json["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default()
    }

    /// The cookie that was set, as a browser sends it back.
    pub(super) fn cookie(&self) -> String {
        let set = self.headers.get("set-cookie").expect("a cookie").to_str().expect("text");
        set.split(';').next().expect("a pair").to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Somebody signed in by a cookie.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

pub(super) const ADA: &str = "ada@example.com";

fn aws(stub: &Stub) -> Aws {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    Aws::from(&mut reader)
}

pub(super) async fn hall() -> Hall {
    let (world, stub) = (World::new().await, testkit::stub::stub().await);
    let sealer = Sealer::connect(&aws(&stub).service(Service::Kms), "key");
    let people = People::new(world.store.clone(), sealer, "https://go.example");
    Hall { world, stub, people, minute: std::cell::Cell::new(0), issuer: None }
}

impl Hall {
    pub(super) fn now(&self) -> Timestamp {
        self.world.now + SignedDuration::from_mins(self.minute.get())
    }

    pub(super) fn wait(&self, minutes: i64) {
        self.minute.set(self.minute.get() + minutes);
    }

    /// The function as a process that has just begun: it remembers nothing.
    fn routes(&self) -> Router {
        let facts = Sender::connect(&aws(&self.stub).service(Service::Sqs), format!("{}/facts", self.stub.endpoint));
        let people = self.people.clone().with_first_admin(Some(Email::parse("first@example.com").expect("an address")));
        let app = App::new(self.world.store.clone(), Clock::fixed(self.now()), facts).signing_in(people);
        routes(app.trusting(self.issuer.clone()))
    }

    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Told {
        let mut request = http::Request::builder().method(method).uri(path).header("host", "go.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.routes().oneshot(request.body(Body::from(body.to_owned())).expect("request")).await;
        let (parts, body) = response.expect("infallible").into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 24).await.expect("body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let json = serde_json::from_str(&text).unwrap_or_default();
        Told { status: parts.status.as_u16(), headers: parts.headers, json, text }
    }

    /// By nobody in particular.
    pub(super) async fn post(&self, path: &str, body: Value) -> Told {
        self.send("POST", path, &[("content-type", "application/json")], &body.to_string()).await
    }

    /// By a browser whose page knows its token.
    pub(super) async fn by(&self, who: &Browser, method: &str, path: &str, body: Value) -> Told {
        let own = [
            ("cookie", who.cookie.as_str()),
            ("x-csrf-token", who.csrf.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &own, &body).await
    }

    pub(super) async fn bearing(&self, text: &str, method: &str, path: &str, body: Value) -> Told {
        let bearer = format!("Bearer {text}");
        let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &own, &body).await
    }

    pub(super) async fn user_in(&self, tenant: &TenantKey, email: &str, position: Position) -> UserId {
        let id = UserId::from_ulid(edge::random::ulid(self.now()));
        let email = Email::parse(email).expect("an address");
        let new = NewPerson { id: id.clone(), position, email, name: "Somebody".to_owned(), at: self.now() };
        let by = Actor::new(Role::Operator, "test");
        let (created, _) = self.people.create(tenant, &new, by).await.expect("created");
        assert_eq!(created, UserCreated::Yes);
        id
    }

    pub(super) async fn user(&self, email: &str, position: Position) -> UserId {
        self.user_in(&self.world.tenant, email, position).await
    }

    /// The token of a link of a user.
    pub(super) async fn token_in(&self, tenant: &TenantKey, user: &UserId) -> String {
        let url = self.people.link(tenant, user, self.now()).await.expect("a link");
        url.reveal().split_once("token=").expect("a token").1.to_owned()
    }

    pub(super) async fn token(&self, user: &UserId) -> String {
        self.token_in(&self.world.tenant, user).await
    }

    pub(super) async fn signed_in(&self, user: &UserId) -> Browser {
        let token = self.token(user).await;
        let told = self.post("/v1/auth/session", json!({ "token": token })).await;
        assert_eq!(told.status, 201, "{told:?}");
        let csrf = told.json["csrf_token"].as_str().expect("a token").to_owned();
        Browser { cookie: told.cookie(), csrf }
    }

    pub(super) async fn new_admin(&self, email: &str) -> (UserId, Browser) {
        let id = self.user(email, Position::Admin).await;
        let browser = self.signed_in(&id).await;
        (id, browser)
    }
}
