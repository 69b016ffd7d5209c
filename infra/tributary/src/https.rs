//! Requests to a provider's API, and to a deployment's, by the client of the functions.

use edge::https::Bounds;
use http::{Method, Request};

use crate::Error;

/// As long as one page may take; larger than any that is asked for.
const BOUNDS: Bounds = Bounds { connect_ms: None, answer_ms: 60_000, answer_bytes_max: 64 * 1024 * 1024 };

/// A sender of requests.
pub(crate) struct Https(edge::https::Https);

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
    /// A sender.
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self(edge::https::Https::new(BOUNDS)?))
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
        let answer = self.0.send(request.body(body.into())?).await.map_err(|lost| lost.reason())?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        Ok(Answer { status: answer.status().as_u16(), text })
    }
}
