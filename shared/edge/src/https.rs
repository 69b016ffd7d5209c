//! Requests to others over TLS: one way for all who ask somebody else.
//!
//! TLS is the one of the SDKs: ring, and the system's roots. A redirect is an answer like any other. On this machine it
//! speaks without TLS, too.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use axum::body::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, HttpConnector, capture_connection};
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

/// How long an answer is waited for, and how much of it is read.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// For a connection; as long as the network takes, where nothing is said.
    pub connect_ms: Option<u64>,
    /// For all of the answer.
    pub answer_ms: u64,
    /// A larger answer is none.
    pub answer_bytes_max: usize,
}

/// Why there is no answer. Whether the request was carried out, nobody knows.
#[derive(Debug)]
pub enum Lost {
    /// It did not come in time.
    Late,
    /// The connection failed or was never made, or what came is larger than is read.
    Broken(Box<dyn Error + Send + Sync>),
}

impl Lost {
    /// In words, for a log.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Late => "no answer in time".to_owned(),
            Self::Broken(error) => crate::telemetry::chain(error.as_ref()),
        }
    }
}

/// A sender of requests.
#[derive(Clone, Debug)]
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    bounds: Bounds,
}

impl Https {
    /// A sender with its bounds.
    ///
    /// # Errors
    /// The system has no roots to trust.
    pub fn new(bounds: Bounds) -> Result<Self, std::io::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // The end of a request need not wait until its beginning is acknowledged.
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(bounds.connect_ms.map(Duration::from_millis));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), bounds })
    }

    /// Sends one request and reads the answer whole.
    pub fn send(&self, request: Request<Bytes>) -> impl Future<Output = Result<Response<Bytes>, Lost>> + Send + use<> {
        let Bounds { answer_ms, answer_bytes_max, .. } = self.bounds;
        let mut request = request.map(Full::new);
        let connection = capture_connection(&mut request);
        let sent = self.client.request(request);
        async move {
            let answer = async {
                let (parts, body) = sent.await.map_err(|error| Lost::Broken(error.into()))?.into_parts();
                if parts.status.is_server_error() {
                    // Who is behind it may be ill: the next request goes to another.
                    connection.connection_metadata().iter().for_each(Connected::poison);
                }
                let body = Limited::new(body, answer_bytes_max).collect().await.map_err(Lost::Broken)?;
                Ok(Response::from_parts(parts, body.to_bytes()))
            };
            timeout(Duration::from_millis(answer_ms), answer).await.unwrap_or(Err(Lost::Late))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const BOUNDS: Bounds = Bounds { connect_ms: Some(5_000), answer_ms: 5_000, answer_bytes_max: 10 };

    /// Asks somebody who hears the first bytes and answers these; what was heard, and what came of it.
    async fn asked(scheme: &str, bounds: Bounds, answer: &'static str) -> ([u8; 3], Result<Response<Bytes>, Lost>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("{scheme}://{}/", listener.local_addr().expect("an address"));
        let heard = async move {
            let (mut stream, _) = listener.accept().await.expect("somebody comes");
            let mut first = [0; 3];
            stream.read_exact(&mut first).await.expect("three bytes");
            stream.write_all(answer.as_bytes()).await.expect("written");
            (first, stream)
        };
        let request = Request::get(url).body(Bytes::new()).expect("a request");
        let sender = Https::new(bounds).expect("a sender");
        // The stream stays open until the answer is read.
        let ((first, _open), answered) = tokio::join!(heard, sender.send(request));
        (first, answered)
    }

    #[tokio::test]
    async fn an_address_over_tls_is_spoken_to_by_tls_and_by_nothing_else() {
        // Somebody who answers no TLS: a client without TLS would have read the answer.
        let plain = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (first, answered) = asked("https", BOUNDS, plain).await;
        // A handshake of TLS (RFC 8446, 5.1): type 22, version 3.
        assert_eq!(first[..2], [22, 3]);
        assert!(matches!(answered, Err(Lost::Broken(_))), "{answered:?}");
    }

    #[tokio::test]
    async fn an_answer_is_read_whole_up_to_its_bound_and_a_redirect_is_one() {
        let (first, answered) = asked("http", BOUNDS, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await;
        assert_eq!((&first, answered.expect("an answer").body().as_ref()), (b"GET", &b"0123456789"[..]));
        let (_, larger) = asked("http", BOUNDS, "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n01234567890").await;
        assert!(matches!(larger, Err(Lost::Broken(_))), "{larger:?}");
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://nowhere.invalid/\r\ncontent-length: 0\r\n\r\n";
        let (_, answered) = asked("http", BOUNDS, elsewhere).await;
        assert_eq!(answered.expect("an answer").status(), 302);
    }

    #[tokio::test]
    async fn a_connection_is_kept_until_whoever_is_behind_it_fails() {
        for (status, connections) in [("200 OK", 1), ("404 Not Found", 1), ("500 Broken", 3), ("503 Busy", 3)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}/", listener.local_addr().expect("an address"));
            let opened = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&opened);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(async move {
                        while stream.read(&mut [0; 4_096]).await.is_ok_and(|read| read > 0) {
                            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok");
                            stream.write_all(answer.as_bytes()).await.expect("written");
                        }
                    });
                }
            });
            let sender = Https::new(BOUNDS).expect("a sender");
            for _ in 0..3 {
                let request = Request::get(&url).body(Bytes::new()).expect("a request");
                sender.send(request).await.expect("an answer");
            }
            assert_eq!(opened.load(Ordering::SeqCst), connections, "{status}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_in_time_is_late() {
        let (_, answered) = asked("http", Bounds { answer_ms: 50, ..BOUNDS }, "HTTP/1.1 200 OK\r\n").await;
        assert!(matches!(answered, Err(Lost::Late)), "{answered:?}");
        assert_eq!(Lost::Late.reason(), "no answer in time");
    }
}
