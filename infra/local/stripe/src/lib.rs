//! The stand-in for Stripe: the calls of its HTTP API that we make, strict about parameters, with the life of a
//! subscription and the signed webhooks that tell of it.
//!
//! What lives here: a table of calls with what each takes (`calls`), what time does to a subscription (`life`,
//! `billing`, `payment`), the border (`door`: keys, versions, idempotency, expansion, faults on order), and the sending
//! of events (`webhooks`). What does not: anything shipped, and any shape older than `2025-03-31.basil`.
//!
//! To add a call: a row in the table of its noun under `calls/`, its fields, its function, and a line in the tests that
//! Stripe's own packages drive (`make peers`).

// Stripe's objects have many fields, and are written as the JSON that they are.
#![recursion_limit = "256"]

mod billing;
mod calls;
mod door;
mod expand;
mod faults;
mod form;
mod life;
mod payment;
mod refusal;
mod schema;
mod state;
mod tax;
mod turn;
mod webhooks;

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::http::{Request, Response};
use serde_json::json;
use tokio::sync::Notify;

use crate::faults::Faults;
use crate::state::State;
use crate::turn::{Asked, Turn};

/// The second that it is.
pub type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// How the stand-in is set up.
pub struct Options {
    /// Tells the time.
    pub clock: Clock,
    /// Where everything is kept; in memory alone when there is no place.
    pub keep: Option<PathBuf>,
    /// What ids are made of: the same seed, the same ids.
    pub seed: String,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("keep", &self.keep).field("seed", &self.seed).finish_non_exhaustive()
    }
}

struct Inner {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    clock: Clock,
    keep: Option<PathBuf>,
    changed: Notify,
}

/// The stand-in; its copies are one.
#[derive(Clone)]
pub struct StandIn(Arc<Inner>);

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandIn")
    }
}

impl StandIn {
    /// Opens what was kept.
    ///
    /// # Errors
    /// What was kept cannot be read.
    pub fn open(options: Options) -> std::io::Result<Self> {
        let state = match &options.keep {
            Some(path) if path.exists() => serde_json::from_slice(&std::fs::read(path)?)?,
            _ => State::new(&options.seed),
        };
        let Options { clock, keep, .. } = options;
        let (state, faults) = (Mutex::new(state), Mutex::new(Faults::default()));
        Ok(Self(Arc::new(Inner { state, faults, clock, keep, changed: Notify::new() })))
    }

    /// In memory, for a test: time stands still, and the ids are the same each time.
    #[must_use]
    pub fn at_rest(second: i64) -> Self {
        let inner = Inner {
            state: Mutex::new(State::new("test")),
            faults: Mutex::new(Faults::default()),
            clock: Box::new(move || second),
            keep: None,
            changed: Notify::new(),
        };
        Self(Arc::new(inner))
    }

    /// The routes: Stripe's, and `/_stand_in`.
    pub fn router(&self) -> Router {
        door::router(self.clone())
    }

    /// Answers one request, without any network; `None` where a fault on order loses the answer.
    #[must_use]
    pub fn hear(&self, request: &Request<Bytes>) -> Option<Response<Vec<u8>>> {
        door::hear(self, request)
    }

    /// The next call that it fits meets a fault, as `POST /_stand_in/faults` says it.
    ///
    /// # Errors
    /// The fault cannot be read.
    pub fn order_fault(&self, fault: &serde_json::Value) -> serde_json::Result<()> {
        self.faults().order(serde_json::from_value(fault.clone())?);
        Ok(())
    }

    /// How much the platform can send of each currency, as `POST /_stand_in/balance` says it.
    ///
    /// # Errors
    /// The limits cannot be read.
    pub fn limit_balance(&self, limits: &serde_json::Value) -> serde_json::Result<()> {
        door::limit(self, serde_json::from_value(limits.clone())?);
        Ok(())
    }

    /// Does what time brings, and sends events, until the process ends.
    pub fn start(&self) {
        tokio::spawn(webhooks::pump(self.clone()));
    }

    /// Serves on a listener until the process ends, and starts.
    pub fn serve(&self, listener: tokio::net::TcpListener) {
        self.start();
        let router = self.router();
        tokio::spawn(async move {
            // It ends with the process.
            let _ = axum::serve(listener, router).await;
        });
    }

    /// Every event goes to this address, signed with this secret; a second time it is the same endpoint.
    pub fn tell(&self, url: &str, secret: &str) {
        self.turn(|turn| {
            let of_url = |kept: &&state::Kept| kept.object["url"] == url;
            if let Some(known) = turn.state.list("webhook_endpoint").into_iter().find(of_url) {
                let id = state::text(&known.object, "id").to_owned();
                turn.set(&id, |endpoint| endpoint["_secret"] = json!(secret));
                return;
            }
            let fields = json!({
                "api_version": null, "description": "the small cloud", "enabled_events": ["*"], "metadata": {},
                "status": "enabled", "url": url, "_secret": secret,
            });
            turn.create_silently("webhook_endpoint", ("we_1", 23), fields);
        });
    }

    /// Does what has fallen due; called when the clock has moved.
    pub fn wake(&self) {
        self.turn(|turn| {
            let now = turn.wall;
            life::run_due(turn, None, now);
        });
        self.0.changed.notify_one();
    }

    /// Is nothing on its way, save what waits long for another attempt?
    #[must_use]
    pub fn is_idle(&self) -> bool {
        const SOON_SECONDS: i64 = 10;
        let now = (self.0.clock)();
        let state = self.state();
        let is_due = state.due.iter().any(|due| due.clock.is_none() && due.at <= now);
        !is_due && !state.deliveries.iter().any(|delivery| delivery.at <= now + SOON_SECONDS)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        (self.0.clock)()
    }

    /// One turn at the state, kept when it is over.
    fn turn<T>(&self, take: impl FnOnce(&mut Turn<'_>) -> T) -> T {
        let now = self.now();
        let mut state = self.state();
        let mut turn = Turn { state: &mut state, wall: now, now, asked: Asked::default() };
        let answer = take(&mut turn);
        self.keep(&state);
        answer
    }

    /// Writes the whole state beside the file and renames it: a kill leaves the old or the new one.
    fn keep(&self, state: &State) {
        let Some(path) = &self.0.keep else { return };
        let beside = path.with_extension("new");
        let written = serde_json::to_vec(state).map_err(std::io::Error::from).and_then(|bytes| {
            std::fs::File::create(&beside)
                .and_then(|mut file| file.write_all(&bytes))
                .and_then(|()| std::fs::rename(&beside, path))
        });
        if let Err(error) = written {
            tracing::error!(path = %path.display(), %error, "the stand-in for Stripe could not be kept");
        }
    }
}
