//! API Gateway's HTTP API: a request becomes a version-2 payload, the function's answer a response.

mod answer;
mod payload;
mod routes;
#[cfg(test)]
mod tests;
pub(crate) mod viewer;

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};

use crate::clock::Clock;
use crate::runtime::{Functions, Outcome};
use crate::template::{Cors, Route};

/// A function's request, 6 MB with its envelope.
const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// The longest that an HTTP API waits.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The API of the template.
#[derive(Debug, Clone)]
pub struct Gateway {
    routes: routes::Routes,
    cors: Option<Cors>,
    functions: Functions,
    clock: Clock,
    viewer: Option<viewer::Viewer>,
}

impl Gateway {
    /// The API with these routes.
    pub fn new(routes: &[Route], cors: Option<Cors>, functions: Functions, clock: Clock) -> Self {
        Self { routes: routes::Routes::new(routes), cors, functions, clock, viewer: None }
    }

    /// The same API behind a distribution.
    #[must_use]
    pub(crate) fn behind(self, viewer: Option<viewer::Viewer>) -> Self {
        Self { viewer, ..self }
    }

    /// Answers one request.
    pub async fn serve(&self, peer: SocketAddr, request: Request<Body>) -> Response<Body> {
        let origin = request.headers().get(header::ORIGIN).cloned();
        if let Some(answer) = self.preflight(&request) {
            return answer;
        }
        let mut response = self.answer(peer, request).await;
        if let Some(cors) = &self.cors {
            answer::allow(cors, origin.as_ref(), response.headers_mut());
        }
        response
    }

    async fn answer(&self, peer: SocketAddr, request: Request<Body>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        if let Some(viewer) = &self.viewer {
            viewer.mark(&mut parts.headers, peer);
        }
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let Some(function) = self.functions.get(&found.function) else {
            return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        };
        let event = payload::build(&parts, &body, peer, &found, self.clock.now());
        match tokio::time::timeout(WAIT_MAX, function.invoke(event.to_string())).await {
            Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            Ok(Outcome::Failed { .. }) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Ok(Outcome::Answered(bytes)) => answer::read(&bytes).unwrap_or_else(|why| {
                function.log.line(&format!("the answer is no response of an HTTP API: {why}"));
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
        }
    }

    fn preflight(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let cors = self.cors.as_ref()?;
        let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        (request.method() == axum::http::Method::OPTIONS).then_some(asked)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        answer::allow(cors, request.headers().get(header::ORIGIN), headers);
        for (name, values) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers),
        ] {
            if let Ok(value) = HeaderValue::from_str(&values.join(",")) {
                headers.insert(name, value);
            }
        }
        if let Some(age) = cors.max_age_seconds {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(age));
        }
        Some(response)
    }
}

fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{{\"message\":\"{text}\"}}")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
