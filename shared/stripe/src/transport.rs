//! How a request travels: over the network in all that ships, and through a simulation that owns every request.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use edge::https::{Bounds, Https};
use http::{Request, Response};

pub use edge::https::Lost;

use crate::client::Patience;

const ANSWER_BYTES_MAX: usize = 4 << 20;

/// A request on its way.
pub type Travel = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Lost>> + Send>>;

/// Carries requests to Stripe and brings back the answers; what they say is the client's business.
pub trait Transport: Send + Sync {
    /// Carries one request.
    fn carry(&self, request: Request<Bytes>) -> Travel;
}

/// The network.
pub(crate) struct Network(Https);

impl Network {
    /// A network, for as long as somebody is patient.
    ///
    /// # Errors
    /// The system has no roots.
    pub(crate) fn new(patience: Patience) -> Result<Self, std::io::Error> {
        let Patience { connect_ms, attempt_ms, .. } = patience;
        let bounds = Bounds { connect_ms: Some(connect_ms), answer_ms: attempt_ms, answer_bytes_max: ANSWER_BYTES_MAX };
        Https::new(bounds).map(Self)
    }
}

impl Transport for Network {
    fn carry(&self, request: Request<Bytes>) -> Travel {
        Box::pin(self.0.send(request))
    }
}
