//! What every refusal looks like: `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal. Boxed, so that a result that carries one is small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Problem(Box<Shape>);

/// The published shape of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
struct Shape {
    /// A name for the kind of problem, stable across releases.
    #[serde(rename = "type")]
    #[schema(example = "urn:tributary:problem:bad-request")]
    kind: String,
    /// The kind in words.
    #[schema(example = "bad request")]
    title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// The path of the request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    instance: String,
    /// One entry for each wrong field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Of a change of what has changed since: both versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    versions: Option<Versions>,
    /// The id under which the logs know this request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    correlation_id: String,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

/// The versions of two who change one thing at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Versions {
    /// The one that the change was made of; left out where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    pub seen: Option<u64>,
    /// The one that is there now, as its ETag says it.
    #[schema(example = 4)]
    pub present: u64,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer of the field in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/amount")]
    pub pointer: Option<String>,
    /// Name of the query or path parameter, or of the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    fn new(status: StatusCode, slug: &str, title: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Shape {
            kind: format!("urn:tributary:problem:{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            instance: String::new(),
            errors: Vec::new(),
            versions: None,
            correlation_id: String::new(),
            retry_after_s: None,
        }))
    }

    /// 400 for one field of the body, named by its JSON pointer ("" is the whole body).
    pub fn bad_request(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "bad request", detail.clone()).at(pointer, detail)
    }

    /// 400 for a query parameter, a part of the path, or a header.
    pub fn bad_parameter(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "bad-request", "bad request", detail.clone());
        problem.0.errors.push(FieldError { pointer: None, parameter: Some(parameter.into()), detail });
        problem
    }

    /// 401: no credentials, or bad ones; which of the two is not said.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "unauthorized", detail)
    }

    /// 403: known, but not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "forbidden", detail)
    }

    /// 404: not there, or somebody else's; which of the two is not said.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "not found", detail)
    }

    /// 405: the path exists, the method does not.
    pub fn method_not_allowed() -> Self {
        let detail = "this path has no such method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "method not allowed", detail)
    }

    /// 406: nothing of what the caller takes is what this path answers.
    pub fn not_acceptable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "not acceptable", detail)
    }

    /// 409: the state of things does not allow it now.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "conflict", detail)
    }

    /// 412: the resource changed since it was read; both versions stand in the answer, so that a client need not read words.
    pub fn precondition_failed(detail: impl Into<String>, versions: Versions) -> Self {
        let title = "precondition failed";
        let mut problem = Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", title, detail);
        problem.0.versions = Some(versions);
        problem
    }

    /// 413: the body is too large.
    pub fn too_large(limit_bytes: usize) -> Self {
        let detail = format!("the body is larger than {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "content too large", detail)
    }

    /// 415: the body is not what this path reads.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "unsupported media type", detail)
    }

    /// 422: well formed, and not possible.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", "unprocessable content", detail)
    }

    /// 422 for one field of the body: as declared, and not possible beside the other fields, now, or of what is there.
    ///
    /// What the OpenAPI document tells (forms, lengths, words) is a 400; what no schema can tell is this.
    pub fn impossible(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::unprocessable(detail.clone()).at(pointer, detail)
    }

    /// The same for a query parameter, or a header.
    pub fn impossible_parameter(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mut problem = Self::unprocessable(detail.clone());
        problem.0.errors.push(FieldError { pointer: None, parameter: Some(parameter.into()), detail });
        problem
    }

    /// 429: too often; try again after so many seconds.
    pub fn too_many(retry_after_s: u32) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "too many requests",
            format!("try again in {retry_after_s} s"),
        );
        problem.0.retry_after_s = Some(retry_after_s);
        problem
    }

    /// 503: something that this needs is away; try again.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "unavailable", detail);
        problem.0.retry_after_s = Some(1);
        problem
    }

    /// 500: our fault; the detail says nothing of the inside.
    pub fn internal() -> Self {
        let detail = "something went wrong on our side; the correlation id finds it in the logs";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error", detail)
    }

    /// The same problem with one more wrong field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { pointer: Some(pointer.into()), parameter: None, detail: detail.into() });
        self
    }

    /// The same problem with a more exact kind: the last part of its `type`.
    #[must_use]
    pub fn kind(mut self, slug: &str) -> Self {
        self.0.kind = format!("urn:tributary:problem:{slug}");
        self
    }

    /// The same problem with the seconds after which to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong, in words.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Of a 412: the version that was seen, and the present one.
    pub fn versions(&self) -> Option<Versions> {
        self.0.versions
    }

    /// The wrong fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    pub(crate) fn placed(mut self, instance: &str, correlation_id: &str) -> Self {
        instance.clone_into(&mut self.0.instance);
        correlation_id.clone_into(&mut self.0.correlation_id);
        self
    }

    pub(crate) fn body(&self) -> Body {
        // A struct of strings and numbers always serialises.
        Body::from(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Shape::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Shape::schemas(schemas);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let mut response = (self.status(), headers, self.body()).into_response();
        // The layer of `http` finds it here and adds the path and the correlation id.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<garde::Report> for Problem {
    fn from(report: garde::Report) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, "bad-request", "bad request", "some fields are not valid");
        report.iter().fold(problem, |problem, (path, error)| problem.at(pointer_of(&path.to_string()), error.message()))
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError::{Inconsistent, LostRace, TooLarge, Unavailable};
        let reason = crate::telemetry::chain(&error);
        match error {
            Unavailable { .. } => {
                tracing::warn!(reason, "store away, request refused");
                Self::unavailable("the store did not answer; try again")
            }
            LostRace { .. } => {
                tracing::warn!(reason, "race lost, request refused");
                Self::unavailable("others write the same at this moment; try again")
            }
            Inconsistent { .. } => {
                tracing::error!(reason, "stored item cannot be read");
                Self::internal()
            }
            TooLarge { .. } => {
                tracing::error!(reason, "a change is larger than one transaction takes, request refused");
                Self::internal()
            }
        }
    }
}

/// `rules[2].name` as `/rules/2/name`.
fn pointer_of(path: &str) -> String {
    let steps = path.replace('[', ".").replace(']', "");
    steps.split('.').filter(|step| !step.is_empty()).map(|step| format!("/{}", escaped(step))).collect()
}

/// One step of a JSON pointer (RFC 6901).
#[must_use]
pub fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
