//! Requests over TLS: to a provider's API, and to a deployment's. TLS is the one of the functions: ring, the machine's roots.

use std::collections::VecDeque;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use crate::Error;

/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Larger than any page that is asked for.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is sent along.
type Sent = Full<VecDeque<u8>>;

/// A sender of requests.
pub(crate) struct Https(Client<HttpsConnector<HttpConnector>, Sent>);

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// Did it go well?
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Https {
    /// A sender; on this machine it speaks without TLS, too.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// One request; redirects are answers like any other.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Error> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(VecDeque::from(body.into_bytes())))?;
        let answered = async {
            let answer = self.0.request(request).await?;
            let status = answer.status().as_u16();
            let bytes = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
            Ok::<_, Error>(Answer { status, text: String::from_utf8_lossy(&bytes).into_owned() })
        };
        timeout(PATIENCE, answered).await.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_over_tls_is_one_that_the_command_can_speak_to() {
        // Something that answers no TLS: a client without TLS would not have come so far.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}/", listener.local_addr().expect("an address"));
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            let mut first = [0; 2];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.expect("two bytes");
            first
        });
        let sender = Https::new().expect("a sender");
        assert!(sender.send(Method::GET, &url, &[], String::new()).await.is_err());
        // A handshake of TLS (RFC 8446, 5.1): type 22, version 3.
        assert_eq!(heard.await.expect("heard"), [22, 3]);
    }
}
