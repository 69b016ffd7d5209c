//! Counts a visit through a partner's link and sends the visitor on.
//!
//! - Trigger: HTTP, GET and HEAD `/r/{code}`.
//! - Reads: the link directory in `core`, through a cache in the process (60 s; 10 s for codes that do not exist).
//! - Writes: `clicks`, one update an hour's visit, in one round trip; two cookies and `trb=` at the destination.
//! - Sends: nothing.
//! - Idempotent by: (link, hour, visitor); again within the hour is counted as a duplicate.
//! - On failure: a visitor with a known link is always redirected, the click being in the log; without a known link to
//!   `FALLBACK_URL`, or a 503 page that says so.

pub mod config;
mod cookies;
mod http;
mod links;
mod visit;

use domain::touch::ClickKeys;
use edge::clock::Clock;
use edge::secrets::StageSecret;
use store::Store;

pub use crate::cookies::CookieRules;
pub use crate::http::{openapi, routes};
pub use crate::links::LinkCache;

/// What the routes stand on.
pub struct App {
    /// The tables, with a visitor's patience.
    pub store: Store,
    /// The same tables, with more patience: for links of which nothing is cached.
    pub first_looks: Store,
    /// The keys that sign touches and hide visitors.
    pub keys: ClickKeys,
    /// The time.
    pub clock: Clock,
    /// The links met lately.
    pub links: LinkCache,
    /// How cookies are set here.
    pub cookies: CookieRules,
    /// Where a visitor goes when the link cannot be read.
    pub fallback_url: Option<String>,
}

impl App {
    /// Opens the connection to the tables before the first visitor has to wait for it; a store that is away is met
    /// again, and dealt with, at the first click.
    pub async fn warm_up(&self) {
        if let Err(error) = self.store.get_link_by_code("-").await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the tables did not answer at the start");
        }
    }
}

/// The keys of clicks in the stage's secret.
#[must_use]
pub fn click_keys(secret: &StageSecret) -> ClickKeys {
    let key = &secret.click_token_key;
    ClickKeys::new(key.current.reveal(), key.previous.as_ref().map_or("", |previous| previous.reveal()))
}

#[cfg(test)]
mod tests;
