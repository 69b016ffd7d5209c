//! Mail, files, keys, secrets and queues of AWS, as little of them as a handler's test needs, on loopback and in memory.
//! The small cloud is the faithful one; this one can refuse on demand, and shows what it was given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A data key that wraps nothing: tests seal nothing real.
const DATA_KEY: [u8; 32] = [7; 32];

/// Where functions are begun.
const INVOKING: &str = "/2015-03-31/functions/";

/// The services of the stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Mail.
    Ses,
    /// Files.
    S3,
    /// Queues.
    Sqs,
    /// Functions that another begins.
    Lambda,
    /// Keys.
    Kms,
}

#[derive(Default)]
struct Held {
    mails: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    messages: Vec<(String, String)>,
    invocations: Vec<(String, String)>,
    secrets: BTreeMap<String, String>,
    verified: Option<String>,
    is_mail_throttled: bool,
    refusing: Option<Service>,
}

/// The stub, for as long as the test's runtime lives.
#[derive(Clone)]
pub struct Stub {
    /// The address, for `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    held: Arc<Mutex<Held>>,
}

/// Starts a stub.
#[expect(clippy::expect_used, reason = "a test without its stub cannot go on")]
pub async fn stub() -> Stub {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("a bound address"));
    let stub = Stub { endpoint, held: Arc::default() };
    let answering = stub.clone();
    let routes = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let answer = answering.answer(&method, &uri, &headers, &body);
        async move { answer }
    });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    stub
}

impl Stub {
    /// The mails that were taken, as they were handed over.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        self.held().mails.clone()
    }

    /// The files, by bucket and key.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.held().files.clone()
    }

    /// The messages, with the queue that each was sent to.
    #[must_use]
    pub fn messages(&self) -> Vec<(String, String)> {
        self.held().messages.clone()
    }

    /// The functions that were begun without anybody waiting for them, with their events.
    #[must_use]
    pub fn invocations(&self) -> Vec<(String, String)> {
        self.held().invocations.clone()
    }

    /// Puts a file.
    pub fn put_file(&self, bucket_and_key: &str, bytes: &[u8]) {
        self.held().files.insert(bucket_and_key.to_owned(), bytes.to_vec());
    }

    /// Puts a secret's text in the place of the one before.
    pub fn put_secret(&self, name: &str, text: &str) {
        self.held().secrets.insert(name.to_owned(), text.to_owned());
    }

    /// From now on a service refuses everything, at once and for good; `None` ends it.
    pub fn refuse(&self, service: Option<Service>) {
        self.held().refusing = service;
    }

    /// From now on this name alone is verified at the mail service; `None`: no name is.
    pub fn verify(&self, name: Option<&str>) {
        self.held().verified = name.map(str::to_owned);
    }

    /// From now on the mail service says that it was asked too often, or no longer.
    pub fn throttle_mail(&self, is_throttled: bool) {
        self.held().is_mail_throttled = is_throttled;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        match target.split_once('.') {
            Some(("TrentService", _)) if self.held().refusing == Some(Service::Kms) => {
                (StatusCode::BAD_REQUEST, r#"{"__type":"DisabledException"}"#).into_response()
            }
            Some(("TrentService", action)) => key_service(action),
            Some(("AmazonSQS", _)) => self.queue(body),
            Some(("secretsmanager", _)) => self.secret(body),
            _ if uri.path() == "/" => self.mail(body),
            _ if uri.path().starts_with(INVOKING) => self.invoke(uri.path(), headers, body),
            _ => self.file(method, uri.path().trim_start_matches('/'), body),
        }
    }

    fn invoke(&self, path: &str, headers: &HeaderMap, body: &Bytes) -> Response {
        let mut held = self.held();
        let waits = headers.get("x-amz-invocation-type").is_none_or(|kind| kind != "Event");
        if held.refusing == Some(Service::Lambda) || waits {
            return (StatusCode::FORBIDDEN, [("x-amzn-errortype", "AccessDeniedException")], "{}").into_response();
        }
        let name = path.trim_start_matches(INVOKING).trim_end_matches("/invocations");
        held.invocations.push((name.to_owned(), String::from_utf8_lossy(body).into_owned()));
        StatusCode::ACCEPTED.into_response()
    }

    fn secret(&self, body: &Bytes) -> Response {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let name = asked.get("SecretId").and_then(Value::as_str).unwrap_or_default();
        match self.held().secrets.get(name) {
            Some(text) => json!({"Name": name, "SecretString": text}).to_string().into_response(),
            None => (StatusCode::BAD_REQUEST, r#"{"__type":"ResourceNotFoundException"}"#).into_response(),
        }
    }

    fn queue(&self, body: &Bytes) -> Response {
        if self.held().refusing == Some(Service::Sqs) {
            return (StatusCode::BAD_REQUEST, r#"{"__type":"com.amazonaws.sqs#UnsupportedOperation"}"#).into_response();
        }
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(entries) = sent.get("Entries").and_then(Value::as_array) else {
            self.held().messages.push((text("QueueUrl"), text("MessageBody")));
            return json!({"MessageId": "message-1"}).to_string().into_response();
        };
        for entry in entries {
            let body = entry.get("MessageBody").and_then(Value::as_str).unwrap_or_default();
            self.held().messages.push((text("QueueUrl"), body.to_owned()));
        }
        json!({"MessageId": "message-1"}).to_string().into_response()
    }

    fn mail(&self, body: &Bytes) -> Response {
        if self.held().refusing == Some(Service::Ses) {
            let refusal =
                "<ErrorResponse><Error><Type>Sender</Type><Code>MessageRejected</Code></Error></ErrorResponse>";
            return (StatusCode::BAD_REQUEST, refusal).into_response();
        }
        if self.held().is_mail_throttled {
            let refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>";
            return (StatusCode::BAD_REQUEST, refusal).into_response();
        }
        if form_value(body, "Action").as_deref() == Some("GetIdentityVerificationAttributes") {
            return self.identities(body).into_response();
        }
        let raw = form_value(body, "RawMessage.Data").and_then(|data| STANDARD.decode(data).ok()).unwrap_or_default();
        let mut held = self.held();
        held.mails.push(String::from_utf8_lossy(&raw).into_owned());
        let id = held.mails.len();
        format!("<SendRawEmailResponse><SendRawEmailResult><MessageId>mail-{id}</MessageId></SendRawEmailResult></SendRawEmailResponse>").into_response()
    }

    /// Which of the names that are asked for are verified; a name that nobody told the service is not in its answer.
    fn identities(&self, body: &Bytes) -> String {
        let asked = (1..=9).filter_map(|n| form_value(body, &format!("Identities.member.{n}")));
        let known = asked.filter(|name| self.held().verified.as_ref() == Some(name));
        let entry = |name: String| {
            format!("<entry><key>{name}</key><value><VerificationStatus>Success</VerificationStatus></value></entry>")
        };
        let entries: String = known.map(entry).collect();
        format!(
            "<GetIdentityVerificationAttributesResponse><GetIdentityVerificationAttributesResult><VerificationAttributes>\
             {entries}</VerificationAttributes></GetIdentityVerificationAttributesResult>\
             </GetIdentityVerificationAttributesResponse>"
        )
    }

    fn file(&self, method: &Method, path: &str, body: &Bytes) -> Response {
        let mut held = self.held();
        if held.refusing == Some(Service::S3) {
            return (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>").into_response();
        }
        if method == Method::PUT {
            held.files.insert(path.to_owned(), body.to_vec());
            return ([("etag", "\"1\"")], "").into_response();
        }
        match held.files.get(path) {
            Some(bytes) => bytes.clone().into_response(),
            None => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
        }
    }
}

fn key_service(action: &str) -> Response {
    let plain = STANDARD.encode(DATA_KEY);
    let answer = match action {
        "GenerateDataKey" => json!({"KeyId": "key", "Plaintext": plain, "CiphertextBlob": STANDARD.encode("wrapped")}),
        _ => json!({"KeyId": "key", "Plaintext": plain}),
    };
    answer.to_string().into_response()
}

/// One value of a form, percent-decoded.
fn form_value(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let value = text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                (u8::from_str_radix(std::str::from_utf8(&[*high, *low]).ok()?, 16).ok()?, after)
            }
            (b'+', after) => (b' ', after),
            (byte, after) => (*byte, after),
        };
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8(decoded).ok()
}
