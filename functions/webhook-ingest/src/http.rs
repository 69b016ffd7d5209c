//! The routes: webhooks of providers, and the track API.

mod leads;
mod receive;
mod received;
mod track;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse;
use axum::routing::post;
use cases::raw_event;
use edge::http::{Cors, border};
use edge::openapi::Bearer;
use edge::problem::Problem;
use http::HeaderValue;
use http::header::ALLOW;
use utoipa::OpenApi;

#[cfg(test)]
pub(crate) use self::leads::{LEADS_OF_A_PAGE_A_MINUTE_MAX, LEADS_OF_A_SENDER_A_MINUTE_MAX};
use crate::App;
use crate::take_in::NotTakenIn;

/// The routes of webhook-ingest.
pub fn routes(app: App) -> Router {
    let webhooks = Router::new()
        .route("/v1/webhooks/stripe", post(receive::stripe))
        .route("/v1/webhooks/stripe/{endpoint_id}", post(receive::stripe_endpoint))
        .route("/v1/webhooks/lemon-squeezy", post(receive::lemon_squeezy))
        .route("/v1/webhooks/lemon-squeezy/{endpoint_id}", post(receive::lemon_squeezy_endpoint))
        .route("/v1/webhooks/{endpoint_id}", post(receive::standard_endpoint))
        // No endpoints: lists of admin-api, which are read alone.
        .route("/v1/webhooks/deliveries", post(read_alone))
        .route("/v1/webhooks/endpoints", post(read_alone))
        // A provider's event may be larger than what people send.
        .layer(DefaultBodyLimit::max(raw_event::EVENT_BYTES_MAX));
    let tracked = Router::new()
        .route("/v1/track/lead", post(track::lead))
        .route("/v1/track/signup", post(track::signup))
        .route("/v1/track/sale", post(track::sale))
        .route("/v1/track/refund", post(track::refund));
    let routes = webhooks.merge(tracked).with_state(app.clone());
    border(routes.merge(leads::open(app)), Cors::Nobody)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        receive::stripe,
        receive::stripe_endpoint,
        receive::lemon_squeezy,
        receive::lemon_squeezy_endpoint,
        receive::standard_endpoint,
        track::lead,
        track::signup,
        track::sale,
        track::refund,
        leads::capture,
        leads::ask_first
    ),
    modifiers(&Bearer),
    components(schemas(Problem)),
    tags(
        (name = "webhooks", description = "Where providers tell what happened."),
        (name = "track", description = "Where the tenant's own server tells what happened, without a provider."),
        (name = "leads", description = "Who left an address, how promising they are, and what became of them.")
    )
)]
struct Document;

/// The paths of webhook-ingest in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// 405 with the methods that the lists beside the endpoints have.
async fn read_alone() -> impl IntoResponse {
    ([(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"))], Problem::method_not_allowed())
}

/// What whoever sent an event is told when it was not taken in.
fn refusal(error: &NotTakenIn, event_id: &str) -> Problem {
    if let NotTakenIn::Pack(raw_event::RawEventError::TooLarge) = error {
        tracing::warn!(event.id = event_id, "webhook does not pack into what can be stored");
        return Problem::too_large(raw_event::EVENT_BYTES_MAX);
    }
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, event.id = event_id, "webhook not taken in, the sender will try again");
    Problem::unavailable("the event could not be taken in; send it again")
}
