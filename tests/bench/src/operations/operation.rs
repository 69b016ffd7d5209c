//! One operation of the API, as a caller asks for it the nth time.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use domain::role::Role;
use serde_json::Value;

use super::deployment::Deployment;
use crate::asking::{Answer, ask};

/// The body of the nth call.
type BodyOf = Box<dyn Fn(u64) -> Value>;

/// One operation.
pub(super) struct Operation<'a> {
    /// What it is called.
    pub(super) what: &'static str,
    /// Who answers it.
    routes: &'a Router,
    /// The role of the key that asks.
    pub(super) role: Role,
    /// The session that asks, where it is no key.
    pub(super) session: Option<String>,
    method: Method,
    path: String,
    body: Option<BodyOf>,
    /// How it is answered: any other answer is that of something else, which would be measured instead.
    status: StatusCode,
}

impl<'a> Operation<'a> {
    /// One thing is read.
    pub(super) fn read(what: &'static str, routes: &'a Router, path: String) -> Self {
        let (role, session, method) = (Role::Admin, None, Method::GET);
        Self { what, routes, role, session, method, path, body: None, status: StatusCode::OK }
    }

    /// One thing is made: another one with each call.
    pub(super) fn make(
        what: &'static str,
        routes: &'a Router,
        path: &str,
        body: impl Fn(u64) -> Value + 'static,
    ) -> Self {
        let read = Self::read(what, routes, path.to_owned());
        Self { method: Method::POST, body: Some(Box::new(body)), status: StatusCode::CREATED, ..read }
    }

    /// One thing is changed by whoever has just seen it.
    pub(super) fn change(
        what: &'static str,
        routes: &'a Router,
        path: String,
        body: impl Fn(u64) -> Value + 'static,
    ) -> Self {
        Self { method: Method::PATCH, body: Some(Box::new(body)), ..Self::read(what, routes, path) }
    }

    /// The same with a key of another role.
    pub(super) fn by(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The same by somebody who is signed in.
    pub(super) fn signed_in(self, session: String) -> Self {
        Self { session: Some(session), ..self }
    }

    /// The same, answered otherwise.
    pub(super) fn answered(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Asks the nth time. What is changed is read before, and its time is not in the answer's.
    pub(super) async fn done(&self, deployment: &Deployment, key: &str, n: u64) -> Answer {
        let database = &deployment.served.database;
        let mut seen = None;
        if self.method == Method::PATCH {
            let request = Request::get(self.path.as_str()).header("authorization", format!("Bearer {key}"));
            let request = request.body(Body::empty()).expect("a request");
            seen = Some(ask(database, self.routes, self.what, request).await.etag.expect("a version"));
        }
        let answer = ask(database, self.routes, self.what, self.request(key, n, seen.as_deref())).await;
        assert_eq!(answer.status, self.status, "{}: {}", self.what, answer.json);
        answer
    }

    fn request(&self, key: &str, n: u64, seen: Option<&str>) -> Request<Body> {
        let request = Request::builder().method(self.method.clone()).uri(self.path.as_str());
        let request = request.header("authorization", format!("Bearer {key}"));
        let Some(body) = &self.body else { return request.body(Body::empty()).expect("a request") };
        let name = format!("{}-{n}", self.what.replace(' ', "-"));
        let request = request.header("content-type", "application/json").header("idempotency-key", name);
        let request = seen.into_iter().fold(request, |request, seen| request.header("if-match", seen));
        request.body(Body::from(body(n).to_string())).expect("a request")
    }
}
