//! How often somebody may call: a partner 100 times within a quarter of an hour, the tenant's own people 1,000 times, and
//! ten approvals within a minute.
//!
//! Counted is per tenant and person, over all processes, one write a call before anything else is done. Whoever is not
//! known is not counted: the door refuses them by itself. A machine of the tenant's has 600 a minute here; what it tells
//! at the track API, and what providers tell, is counted nowhere: a sale that is refused is a sale that is lost.
//! While counts cannot be written, reads pass with a warning and writes do not: nobody approves without end meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::role::Role;
use domain::settings::RateLimits;
use domain::time::Timestamp;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use store::calls::{Allowance, Counted};
use store::{Store, StoreError};

use crate::auth::{Caller, Gate};
use crate::clock::Clock;
use crate::problem::Problem;
use crate::settings::RememberedSettings;
use crate::telemetry::chain;

/// How many calls the window has.
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
/// How many of them are left.
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
/// In how many seconds the next window begins.
pub const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
/// How many calls within how many seconds, as `100;w=900`.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const QUARTER_OF_AN_HOUR_S: u32 = 900;
const MINUTE_S: u32 = 60;
/// How many callers a process remembers to have used up their window.
const REMEMBERED_MAX: usize = 1_024;

/// What the layer needs; put it into the function's state with `FromRef`.
#[derive(Clone)]
pub struct Limits {
    store: Store,
    settings: RememberedSettings,
    clock: Clock,
    used_up: Arc<Mutex<BTreeMap<String, UsedUp>>>,
}

/// A window without any call left: whoever goes on calling costs nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UsedUp {
    window: i64,
    calls_max: u32,
}

/// A call in its window.
#[derive(Clone, Copy, Debug)]
struct Call {
    allowance: Allowance,
    counted: Counted,
    resets_in_s: u32,
}

impl Limits {
    /// Counts in this store.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let settings = RememberedSettings::new(store.clone());
        Self { store, settings, clock, used_up: Arc::default() }
    }

    /// The settings that are remembered for the limits, for whoever else has to know them with each request.
    #[must_use]
    pub fn settings(&self) -> &RememberedSettings {
        &self.settings
    }

    async fn count(&self, caller: &Caller, is_approval: bool) -> Result<Call, StoreError> {
        let tenant = caller.tenant_key();
        let limits = self.settings.of(&tenant).await?.rate_limits;
        let allowance = allowance(limits, caller.role, is_approval);
        let at = self.clock.now();
        let (_, resets_in_s) = allowance.window(at);
        // POR-3: a person is one, with two keys or a key and a session.
        let person = caller.person();
        let name = format!("{}#{}#{person}", caller.tenant, allowance.kind);
        if self.is_used_up(&name, &allowance, at) {
            return Ok(Call { allowance, counted: Counted::TooMany, resets_in_s });
        }
        let counted = self.store.record_call(&tenant, &person, &allowance, at).await?;
        if counted == Counted::TooMany {
            self.remember(name, &allowance, at);
        }
        Ok(Call { allowance, counted, resets_in_s })
    }

    fn is_used_up(&self, name: &str, allowance: &Allowance, at: Timestamp) -> bool {
        let used_up = self.used_up.lock().unwrap_or_else(PoisonError::into_inner);
        let (window, _) = allowance.window(at);
        // A count never falls within its window; a limit may have been raised meanwhile.
        used_up.get(name).is_some_and(|known| known.window == window && known.calls_max >= allowance.calls_max)
    }

    fn remember(&self, name: String, allowance: &Allowance, at: Timestamp) {
        let mut used_up = self.used_up.lock().unwrap_or_else(PoisonError::into_inner);
        if used_up.len() >= REMEMBERED_MAX {
            used_up.clear();
        }
        let (window, _) = allowance.window(at);
        used_up.insert(name, UsedUp { window, calls_max: allowance.calls_max });
    }
}

/// What a role is allowed by the tenant's limits.
fn allowance(limits: RateLimits, role: Role, is_approval: bool) -> Allowance {
    let (kind, calls_max, window_s) = match role {
        // API-3: approvals are counted apart, whoever asks for them.
        _ if is_approval => ("approvals", limits.approvals_per_minute, MINUTE_S),
        Role::Admin | Role::FinanceManager | Role::Support | Role::Auditor | Role::Operator => {
            ("staff", limits.admin_per_15_minutes, QUARTER_OF_AN_HOUR_S)
        }
        Role::Service => ("machine", limits.service_per_minute, MINUTE_S),
        Role::Partner | Role::Member | Role::Publishable => ("user", limits.user_per_15_minutes, QUARTER_OF_AN_HOUR_S),
    };
    Allowance { kind, calls_max, window_s }
}

/// The layer before every door of people and machines, outside of all others: a call beyond the limit does nothing else.
///
/// `routes.route_layer(axum::middleware::from_fn_with_state(app.clone(), edge::limits::limited::<App>))`
pub async fn limited<S>(State(state): State<S>, request: Request, next: Next) -> Response
where
    S: Send + Sync + Clone,
    Gate: FromRef<S>,
    Limits: FromRef<S>,
{
    let (mut parts, body) = request.into_parts();
    // A door for everybody has nobody to count; another one refuses a stranger by itself, and says why.
    let Ok(caller) = Caller::from_request_parts(&mut parts, &state).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let is_read = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let is_approval = !is_read && parts.uri.path().ends_with("/approve");
    let call = match Limits::from_ref(&state).count(&caller, is_approval).await {
        Ok(call) => call,
        // API-3: open for reads, closed for whatever changes something.
        Err(error) if is_read => {
            tracing::warn!(reason = chain(&error), "calls cannot be counted, a read passes");
            return next.run(Request::from_parts(parts, body)).await;
        }
        Err(error) => return Problem::from(error).into_response(),
    };
    let (mut response, left) = match call.counted {
        Counted::Allowed { left } => (next.run(Request::from_parts(parts, body)).await, left),
        Counted::TooMany => {
            let (kind, role) = (call.allowance.kind, caller.role.word());
            tracing::warn!(caller.kind = kind, caller.role = role, "a caller asks more often than they may");
            (Problem::too_many(call.resets_in_s).into_response(), 0)
        }
    };
    tell(response.headers_mut(), &call, left);
    response
}

fn tell(headers: &mut HeaderMap, call: &Call, left: u32) {
    let Allowance { calls_max, window_s, .. } = call.allowance;
    for (name, value) in [(LIMIT, calls_max), (REMAINING, left), (RESET, call.resets_in_s)] {
        headers.insert(name, HeaderValue::from(value));
    }
    if let Ok(policy) = HeaderValue::try_from(format!("{calls_max};w={window_s}")) {
        headers.insert(POLICY, policy);
    }
}

#[cfg(test)]
mod tests;
