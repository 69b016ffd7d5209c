//! What calls functions besides the HTTP API: queues, streams and schedules.

pub(crate) mod queue;
pub(crate) mod stream;
pub(crate) mod timer;
