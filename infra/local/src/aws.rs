//! One address for all AWS services: the service stands in the signature's scope.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use bytes::Bytes;
use winterbaume_core::{MockRequest, MockResponse, MockService};
use winterbaume_sqs::SqsService;

use crate::files::Files;
use crate::mail::Mail;
use crate::queues::Queues;
use crate::runtime::Functions;
use crate::sqs_backend::Backend;
use crate::vault::Vault;

/// S3 takes up to 5 GB; a receipt does not come near.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The services.
pub(crate) struct Aws {
    sqs: SqsService,
    mail: Mail,
    vault: Arc<Vault>,
    files: Files,
    functions: Functions,
    dynamodb: String,
    client: reqwest::Client,
    region: String,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aws")
    }
}

impl Aws {
    pub(crate) fn new(
        queues: Queues,
        mail: Mail,
        vault: Arc<Vault>,
        (files, functions): (Files, Functions),
        dynamodb: String,
        region: String,
    ) -> Self {
        let sqs = SqsService::with_backend(Arc::new(Backend(queues)));
        Self { sqs, mail, vault, files, functions, dynamodb, client: reqwest::Client::new(), region }
    }

    /// Answers one request of an SDK.
    pub(crate) async fn serve(&self, request: Request<Body>) -> Response<Body> {
        let service = service_of(&request);
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large");
        };
        let service = service.unwrap_or_default();
        if service == "s3" {
            return self.files.serve(Request::from_parts(parts, body)).await;
        }
        if service == "dynamodb" {
            return self.forward(&parts.headers, body).await;
        }
        if service == "lambda" {
            return self.invoke(parts.uri.path(), body);
        }
        let request = MockRequest {
            method: parts.method.to_string(),
            uri: format!("https://{service}.{}.amazonaws.com{}", self.region, parts.uri),
            headers: parts.headers,
            body,
        };
        let answer = match service.as_str() {
            "sqs" => self.sqs.handle(request).await,
            "ses" | "email" => self.mail.serve(request).await,
            "kms" => self.vault.kms(request).await,
            "secretsmanager" => self.vault.secrets(request).await,
            other => {
                let why = format!("the small cloud has no service called {other:?}");
                return plain(StatusCode::NOT_IMPLEMENTED, &why);
            }
        };
        as_response(answer)
    }

    /// A function that is begun by another, which does not wait for its end; that it does is not asked for anywhere.
    fn invoke(&self, path: &str, body: Bytes) -> Response<Body> {
        let name = path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
        // The whole name begins with that of the stack.
        let named = |name: &str| {
            let mut all = self.functions.0.iter();
            all.find(|(own, _)| name.ends_with(&format!("-{own}"))).map(|(_, function)| function)
        };
        let Some(function) = name.and_then(named).map(Arc::clone) else {
            return plain(StatusCode::NOT_FOUND, "no such function");
        };
        tokio::spawn(async move { function.invoke(body).await });
        plain(StatusCode::ACCEPTED, "")
    }

    async fn forward(&self, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        let mut request = self.client.post(&self.dynamodb).body(body);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
            request = request.header(name.as_str(), value.as_bytes());
        }
        let Ok(answer) = request.send().await else {
            return plain(StatusCode::BAD_GATEWAY, "the tables do not answer");
        };
        let mut response = Response::builder().status(answer.status().as_u16());
        for name in ["content-type", "x-amzn-requestid", "x-amz-crc32"] {
            if let Some(value) = answer.headers().get(name) {
                response = response.header(name, value.as_bytes());
            }
        }
        let bytes = answer.bytes().await.unwrap_or_default();
        response.body(Body::from(bytes)).unwrap_or_else(|_| plain(StatusCode::BAD_GATEWAY, "the tables do not answer"))
    }
}

/// The service of a signed request or a presigned link.
fn service_of(request: &Request<Body>) -> Option<String> {
    if let Some(service) = winterbaume_core::auth::extract_service_from_headers(request.headers()) {
        return Some(service);
    }
    let query = request.uri().query()?;
    let (_, scope) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "X-Amz-Credential")?;
    scope.split('/').nth(3).map(str::to_owned)
}

fn as_response(answer: MockResponse) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    *response.headers_mut() = answer.headers;
    response
}

fn plain(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(why.to_owned()));
    *response.status_mut() = status;
    response
}
