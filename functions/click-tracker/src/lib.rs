//! Counts a visit through a partner's link and sends the visitor on; or counts what a page's snippet tells of.
//!
//! - Trigger: HTTP, GET and HEAD `/r/{code}`; POST and OPTIONS `/v1/clicks`; GET and HEAD `/t.js`.
//! - Reads: the link directory in `core`, through a cache in the process (60 s; 10 s for codes that do not exist), and with
//!   it for how long the tenant keeps clicks (60 s); for the beacon the programme's hosts (60 s); the day's salt in `ops`,
//!   once a day.
//! - Writes: `clicks`, one update an hour's visit, in one round trip; two cookies and `trb=` at the destination. `ops`: the
//!   day's salt, by whoever comes first.
//! - Sends: nothing.
//! - Idempotent by: (link, hour, visitor); again within the hour is counted as a duplicate.
//! - On failure: a visitor with a known link is always redirected, the click being in the log; without a known link to
//!   `FALLBACK_URL`, or a 503 page that says so. The beacon answers its token, or 503.

pub mod config;
mod cookies;
mod generations;
mod hosts;
mod http;
mod links;
mod record;
mod retention;
mod visit;

use cases::salt::Salts;
use edge::clock::Clock;
use edge::viewer::Front;
use store::Store;

pub use crate::cookies::{CookieRules, tokens_brought};
pub use crate::hosts::HostCache;
pub use crate::http::{openapi, routes};
pub use crate::links::LinkCache;
pub use crate::retention::RetentionCache;
pub use edge::click_keys::Keys;

/// What the routes stand on.
pub struct App {
    /// The tables, with a visitor's patience.
    pub store: Store,
    /// The same tables, with more patience: for links of which nothing is cached.
    pub first_looks: Store,
    /// The keys that sign touches. TRK-8: Secrets Manager may be away when a process begins: visitors are sent on all the
    /// same, without a token, and the keys are asked for again.
    pub keys: Keys,
    /// The salts that hide visitors.
    pub salts: Salts,
    /// The time.
    pub clock: Clock,
    /// The links met lately.
    pub links: LinkCache,
    /// The hosts of programmes met lately.
    pub hosts: HostCache,
    /// For how long tenants met lately keep clicks.
    pub retention: RetentionCache,
    /// The distribution in front, if there is one. TRK-8: where its secret cannot be read, what it says is not believed.
    pub front: Option<Front>,
    /// How cookies are set here.
    pub cookies: CookieRules,
    /// Where a visitor goes when the link cannot be read.
    pub fallback_url: Option<String>,
}

impl App {
    /// Opens the connection to the tables, with the day's salt, before the first visitor has to wait for it; a store that is away is met
    /// again, and dealt with, at the first click.
    pub async fn warm_up(&self) {
        self.keys.get(self.clock.now()).await;
        let salt = async { self.salts.on(self.clock.now(), edge::random::bytes()).await.map(|_| ()) };
        let (salt, wire) = futures::join!(salt, self.store.open_wire(self.clock.now()));
        if let Err(error) = salt.and(wire) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the tables did not answer at the start");
        }
    }
}

#[cfg(test)]
mod tests;
