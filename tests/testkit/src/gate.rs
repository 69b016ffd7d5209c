//! One request that waits until it is let go: what another does meanwhile is between two requests of one run.

use std::sync::Arc;

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Gate {
    reached: Notify,
    open: Notify,
}

impl Gate {
    /// Waits here until it is let go.
    pub(crate) async fn pass(&self) {
        self.reached.notify_one();
        self.open.notified().await;
    }
}

/// A request that is held; dropped, it goes on.
#[derive(Debug)]
pub struct Held(pub(crate) Arc<Gate>);

impl Held {
    /// Waits until the request has come. It never does where fewer are sent.
    pub async fn reached(&self) {
        self.0.reached.notified().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.open.notify_one();
    }
}
