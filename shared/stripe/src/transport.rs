//! How a request travels: over the network in all that ships, and through a simulation that owns every request.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::client::Patience;

const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Why there is no answer. Whether the request was carried out, nobody knows.
#[derive(Debug)]
pub enum Lost {
    /// It did not come in time.
    Late,
    /// The connection failed, or was never made.
    Broken(Box<dyn Error + Send + Sync>),
}

/// A request on its way.
pub type Travel = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Lost>> + Send>>;

/// Carries requests to Stripe and brings back the answers; what they say is the client's business.
pub trait Transport: Send + Sync {
    /// Carries one request.
    fn carry(&self, request: Request<Bytes>) -> Travel;
}

/// The network: TLS is the one of the SDKs (ring, the system's roots).
pub(crate) struct Network {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    attempt_ms: u64,
}

impl Network {
    /// A network, for as long as somebody is patient.
    ///
    /// # Errors
    /// The system has no roots.
    pub(crate) fn new(patience: Patience) -> Result<Self, std::io::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(Duration::from_millis(patience.connect_ms)));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, attempt_ms: patience.attempt_ms })
    }
}

impl Transport for Network {
    fn carry(&self, request: Request<Bytes>) -> Travel {
        let (sent, attempt_ms) = (self.http.request(request.map(Full::new)), self.attempt_ms);
        Box::pin(async move {
            let answer = async {
                let (parts, body) = sent.await.map_err(|error| Lost::Broken(error.into()))?.into_parts();
                let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(Lost::Broken)?;
                Ok(Response::from_parts(parts, body.to_bytes()))
            };
            let answered = tokio::time::timeout(Duration::from_millis(attempt_ms), answer).await;
            answered.unwrap_or(Err(Lost::Late))
        })
    }
}
