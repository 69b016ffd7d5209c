//! `POST /v1/webhooks/stripe`: verify, store, hand on, answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use cases::raw_event;
use domain::digest::Digest;
use domain::id::TenantId;
use edge::http::{CorrelationId, Cors, border};
use edge::problem::Problem;
use edge::sealing::Belongs;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use queues::FactReceived;
use store::TenantKey;
use store::raw_events::{RawEvent, RawEventPlace, RawEventRecorded};
use thiserror::Error;
use utoipa::OpenApi;

use crate::App;
use crate::envelope::Envelope;
use crate::signature;

const PROVIDER: &str = "stripe";
const SIGNATURE: &str = "stripe-signature";
/// Raw events are evidence for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The routes of webhook-ingest.
pub fn routes(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/v1/webhooks/stripe", post(receive))
        .route("/v1/webhooks/stripe/{endpoint_id}", post(receive_for_endpoint));
    border(routes.with_state(app), Cors::Nobody)
}

/// The paths of webhook-ingest in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(receive, receive_for_endpoint), components(schemas(Problem)))]
    struct Paths;
    Paths::openapi()
}

/// Receive an event from Stripe.
///
/// The endpoint that Stripe is told to send to. An event that comes again is taken in again, and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/webhooks/stripe",
    tag = "webhooks",
    params(("Stripe-Signature" = String, Header, description = "Stripe's signature over the raw body")),
    request_body(content = serde_json::Value, description = "Stripe's event, byte for byte as signed"),
    responses(
        (status = 200, description = "stored; it need not be sent again"),
        (status = 400, description = "signed, but no event", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "not signed by Stripe, or too long ago", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "larger than 256 KB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "cannot be stored now: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn receive(
    State(app): State<Arc<App>>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::too_large(raw_event::EVENT_BYTES_MAX))?;
    let now = app.clock.now();
    let header = headers.get(SIGNATURE).map(|value| value.to_str().unwrap_or_default());
    if let Err(reason) = signature::verify(header, &body, &app.stripe, now.as_second()) {
        let (body_hash, body_bytes) = (Digest::of_bytes(&body), body.len());
        tracing::warn!(%reason, %body_hash, body_bytes, "webhook refused");
        return Err(Problem::unauthorized("the signature is missing, wrong, or too far from now"));
    }
    let envelope = Envelope::parse(&body).map_err(|malformed| {
        let body_hash = Digest::of_bytes(&body);
        tracing::warn!(%body_hash, pointer = malformed.pointer, "signed webhook is no event");
        Problem::bad_request(malformed.pointer, malformed.detail)
    })?;
    let arrival = Arrival { body: &body, at: now, correlation_id };
    match take_in(&app, &envelope, arrival).await {
        Ok(()) => Ok((StatusCode::OK, axum::Json(serde_json::json!({ "received": true }))).into_response()),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, event.id = envelope.id, "webhook not taken in, the sender will try again");
            Err(Problem::unavailable("the event could not be taken in; send it again"))
        }
    }
}

/// Receive an event for one endpoint.
///
/// Tenants' own endpoints: none exists yet.
#[utoipa::path(
    post,
    path = "/v1/webhooks/stripe/{endpoint_id}",
    tag = "webhooks",
    params(("endpoint_id" = String, Path, description = "the endpoint's id")),
    responses((status = 404, description = "no such endpoint", body = Problem, content_type = "application/problem+json"))
)]
async fn receive_for_endpoint(Path(_endpoint_id): Path<String>) -> Problem {
    Problem::not_found("no such webhook endpoint")
}

/// A signed body that came in.
struct Arrival<'a> {
    body: &'a [u8],
    at: Timestamp,
    correlation_id: String,
}

/// Why an event was not taken in. The sender will send it again, and nothing is half done that this could hurt.
#[derive(Debug, Error)]
enum NotTakenIn {
    #[error("packing the event")]
    Pack(#[from] raw_event::RawEventError),
    #[error("sealing the event")]
    Seal(#[from] edge::sealing::SealingError),
    #[error("storing the event")]
    Store(#[from] store::StoreError),
    #[error("handing the event on")]
    Send(#[from] queues::SendError),
}

/// Stored first, then handed on: the message is true when it is read. Failed in between, the event comes again.
async fn take_in(app: &App, envelope: &Envelope, arrival: Arrival<'_>) -> Result<(), NotTakenIn> {
    // A bare provider path is the default tenant's.
    let tenant = TenantId::default_tenant();
    let place = RawEventPlace { provider: PROVIDER.to_owned(), day: envelope.day, event_id: envelope.id.clone() };
    let event = RawEvent {
        kind: envelope.kind.clone(),
        hash: envelope.hash,
        sealed: seal(app, &tenant, &arrival).await?,
        received_at: arrival.at,
        expires_at: arrival.at.saturating_add(KEPT).unwrap_or(arrival.at),
    };
    let outcome = app.store.record_raw_event(&TenantKey::from(&tenant), &place, &event).await?;
    let (place, outcome) = match outcome {
        RawEventRecorded::New => (place, "new"),
        RawEventRecorded::AlreadySeen => (place, "already_seen"),
        RawEventRecorded::OtherBody(beside) => {
            tracing::warn!(event.id = envelope.id, "event came again with another body, stored beside the first");
            (beside, "other_body")
        }
    };
    let is_acted_on = raw_event::is_acted_on(PROVIDER, &envelope.kind);
    if is_acted_on {
        let message = FactReceived {
            v: queues::VERSION,
            tenant,
            provider: place.provider.clone(),
            day: place.day_text(),
            event_id: place.event_id.clone(),
            correlation_id: arrival.correlation_id,
        };
        app.facts.send(&message).await?;
    }
    tracing::info!(event.id = place.event_id, event.kind = envelope.kind, outcome, is_acted_on, "webhook taken in");
    Ok(())
}

/// Packed, then sealed: what is sealed does not pack.
async fn seal(app: &App, tenant: &TenantId, arrival: &Arrival<'_>) -> Result<Vec<u8>, NotTakenIn> {
    let packed = raw_event::pack(arrival.body)?;
    let belongs =
        Belongs { tenant: tenant.as_str(), subject: raw_event::SEALED_SUBJECT, field: raw_event::SEALED_FIELD };
    Ok(app.sealer.seal(&belongs, &packed).await?.to_bytes())
}
