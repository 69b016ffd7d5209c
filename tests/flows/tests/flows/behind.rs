//! Functions that reach a service through an address of the test's own, and what goes along there.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::operator::binaries;

/// The built binaries in a folder, some of them told by a variable to find a service at an address.
pub(crate) fn binaries_behind((variable, address): (&str, &str), functions: &[&str], folder: &Path) {
    for entry in std::fs::read_dir(binaries()).expect("the binaries").flatten() {
        let (name, to) = (entry.file_name(), folder.join(entry.file_name()));
        if !entry.path().is_file() {
            continue;
        }
        if !functions.iter().any(|function| name == *function) {
            std::os::unix::fs::symlink(entry.path(), to).expect("a link");
            continue;
        }
        let script = format!("#!/bin/sh\nexport {variable}={address}\nexec '{}'\n", entry.path().display());
        std::fs::write(&to, script).expect("a script");
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o755)).expect("it may run");
    }
}

/// A request that went along: the action, and what was sent.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) action: String,
    pub(crate) body: Value,
}

/// A way to a service on which each request is noted.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) address: String,
    client: reqwest::Client,
    leads_to: Arc<OnceLock<String>>,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Way {
    /// A way that leads nowhere yet.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let way = Self { address, client: reqwest::Client::new(), leads_to: Arc::default(), passed: Arc::default() };
        let service = axum::Router::new().fallback(pass).with_state(way.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        way
    }

    pub(crate) fn lead_to(&self, url: &str) {
        self.leads_to.set(url.to_owned()).expect("it leads nowhere yet");
    }

    /// What went along since the last look.
    pub(crate) fn take(&self) -> Vec<Passed> {
        std::mem::take(&mut *self.passed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, headers: &HeaderMap, body: &[u8]) {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let action = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).push(Passed { action, body });
    }
}

async fn pass(State(way): State<Way>, headers: HeaderMap, body: Bytes) -> Response {
    way.note(&headers, &body);
    let address = way.leads_to.get().expect("functions ask nothing before the cloud is ready");
    let mut request = way.client.post(address).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
        request = request.header(name, value);
    }
    let answer = request.send().await.expect("the service answers");
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "x-amzn-requestid", "x-amzn-query-error", "x-amz-crc32"] {
        response =
            answer.headers().get(name).into_iter().fold(response, |response, value| response.header(name, value));
    }
    response.body(Body::from(answer.bytes().await.expect("a body"))).expect("a response")
}
