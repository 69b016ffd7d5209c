//! One signed request to the tables, over a connection that stays open: what is left of a client when nothing but the
//! request itself is done.
//!
//! Half of a click's instructions went into the SDK between the request and the network: layers of settings, retries that
//! a visitor does not wait for, types that are looked up. What it does of substance is here: the signature, by its own
//! crate, the bounds, the connection.

use std::error::Error;
use std::io;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use axum::body::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use store::wire::{Answer, Wire};

use crate::aws::Patience;
use crate::clock::Clock;
use crate::https::{Bounds, Https, Lost};

const PROTOCOL: &str = "application/x-amz-json-1.0";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// As much as one item and some words.
const ANSWER_BYTES_MAX: usize = 1_000_000;

type Failure = Box<dyn Error + Send + Sync>;

/// The way to the tables of a region, or of an address.
#[derive(Debug)]
pub(crate) struct TablesWire {
    https: Https,
    identity: Identity,
    region: String,
    address: Uri,
    host: HeaderValue,
    clock: Clock,
}

impl TablesWire {
    /// A way by its address; the environment's credentials hold as long as the process lives.
    ///
    /// # Errors
    /// The address is none, or the system has no roots to trust.
    pub(crate) fn new(address: &str, region: &str, credentials: &Credentials, patience: Patience) -> io::Result<Self> {
        Self::by(Clock::system(0), address, (region, credentials), patience)
    }

    fn by(
        clock: Clock,
        address: &str,
        (region, credentials): (&str, &Credentials),
        patience: Patience,
    ) -> io::Result<Self> {
        let no_address = |error: Failure| io::Error::new(io::ErrorKind::InvalidInput, error);
        let address: Uri =
            format!("{}/", address.trim_end_matches('/')).parse().map_err(|error| no_address(Box::new(error)))?;
        let authority = address.authority().ok_or_else(|| no_address("no host".into()))?.as_str();
        let host = HeaderValue::from_str(authority).map_err(|error| no_address(Box::new(error)))?;
        Ok(Self {
            https: Https::new(patience.bounds(ANSWER_BYTES_MAX))?,
            identity: credentials.clone().into(),
            region: region.to_owned(),
            address,
            host,
            clock,
        })
    }

    fn request(&self, operation: &str, body: Vec<u8>) -> Result<Request<Bytes>, Failure> {
        let target = HeaderValue::try_from(format!("DynamoDB_20120810.{operation}"))?;
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROTOCOL));
        headers.insert(TARGET, target);
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("dynamodb")
            .time(SystemTime::from(self.clock.now()))
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signed = {
            let headers =
                request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
            let body = SignableBody::Bytes(request.body());
            sign(SignableRequest::new("POST", self.address.to_string(), headers, body)?, &params)?
        };
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

impl Wire for TablesWire {
    fn carry(&self, operation: &'static str, body: Vec<u8>) -> BoxFuture<'static, Result<Answer, Failure>> {
        let sent = self.request(operation, body).map(|request| self.https.send(request));
        async move {
            let answer = sent?.await.map_err(|lost| match lost {
                Lost::Late => lost.reason().into(),
                Lost::Broken(error) => error,
            })?;
            Ok(Answer { status: answer.status().as_u16(), body: answer.into_body().into() })
        }
        .boxed()
    }
}

impl Patience {
    fn bounds(self, answer_bytes_max: usize) -> Bounds {
        let answer_ms = self.attempt_ms.min(self.total_ms);
        Bounds { connect_ms: Some(self.connect_ms), answer_ms, answer_bytes_max }
    }
}

#[cfg(test)]
mod tests;
