//! What every function of the API has around its doors, in this order from outside: the border, the limits of callers,
//! what they accept; and how a door is announced to go.

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use domain::time::Timestamp;
use http::header::{HeaderName, HeaderValue};

use crate::auth::Gate;
use crate::http::{Cors, border, border_before};
use crate::limits::{Limits, limited};
use crate::negotiation::negotiated;

/// Since when a door is not to be used any more (RFC 9745).
pub const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// When it closes (RFC 8594).
pub const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// The doors of people and machines, with all that is around them.
pub fn api<S>(routes: Router<S>, state: S) -> Router
where
    S: Clone + Send + Sync + 'static,
    Gate: FromRef<S>,
    Limits: FromRef<S>,
{
    border(doors(routes, state), Cors::Nobody)
}

/// The same for the function that the gateway hands to what no route takes: `elsewhere` answers that.
pub fn api_before<S, H, T>(routes: Router<S>, state: S, elsewhere: H) -> Router
where
    S: Clone + Send + Sync + 'static,
    Gate: FromRef<S>,
    Limits: FromRef<S>,
    H: Handler<T, ()>,
    T: 'static,
{
    border_before(doors(routes, state), Cors::Nobody, elsewhere)
}

fn doors<S>(routes: Router<S>, state: S) -> Router
where
    S: Clone + Send + Sync + 'static,
    Gate: FromRef<S>,
    Limits: FromRef<S>,
{
    let routes = routes
        .route_layer(from_fn(negotiated))
        // The outermost: a call beyond the limit does nothing else.
        .route_layer(from_fn_with_state(state.clone(), limited::<S>));
    routes.with_state(state)
}

/// API-6: doors that close: every answer says since when they are not to be used, and when they close. At least 90 days
/// lie between the two.
///
/// In OpenAPI each of them has `deprecated`.
pub fn closing<S>(routes: Router<S>, since: Timestamp, closes_at: Timestamp) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let since = HeaderValue::try_from(format!("@{}", since.as_second())).ok();
    let closes_at = HeaderValue::try_from(closes_at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok();
    routes.layer(from_fn(move |request: Request, next: Next| {
        let said = [(DEPRECATION, since.clone()), (SUNSET, closes_at.clone())];
        async move {
            let mut response: Response = next.run(request).await;
            for (name, value) in said {
                if let Some(value) = value {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
    }))
}

#[cfg(test)]
mod tests;
