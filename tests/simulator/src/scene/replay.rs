//! One delivery or one night in full health, outside of any scene.

use domain::time::Timestamp;
use futures::FutureExt;
use store::TenantKey;

use super::actors::{self, End};
use crate::cloud::Cloud;
use crate::furniture::Clients;

/// A message comes out of the queue, and is dealt with.
///
/// # Errors
/// It is not.
pub fn deliver(clients: &Clients, message: &str, clock: Timestamp) -> Result<(), String> {
    match actors::record(clients.clone(), vec![message.to_owned()], clock).now_or_never() {
        Some(End::Batch(failed)) if failed.is_empty() => Ok(()),
        Some(_) => Err(format!("{message} is refused")),
        None => Err(format!("{message} waits")),
    }
}

/// A night and its visits.
///
/// # Errors
/// One of them fails.
pub fn night(cloud: &Cloud, clients: &Clients, tenant: &TenantKey, clock: Timestamp) -> Result<(), String> {
    let done = |end: Option<End>| match end {
        Some(End::Done(done)) => done,
        _ => Err("a night waits".to_owned()),
    };
    done(actors::night(clients.clone(), tenant.clone(), clock, clock).now_or_never())?;
    cloud
        .take_sent()
        .into_iter()
        .try_for_each(|message| done(actors::visit(clients.clone(), message, clock).now_or_never()))
}
