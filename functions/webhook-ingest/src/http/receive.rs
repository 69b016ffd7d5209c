//! The doors of providers: verify, store, hand on, answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use cases::raw_event;
use domain::digest::Digest;
use domain::id::EndpointId;
use domain::provider::Provider;
use edge::http::CorrelationId;
use edge::problem::Problem;
use http::{HeaderMap, StatusCode};

use super::received::{LemonSqueezyEvent, StandardMessage, StripeEvent};
use super::refusal;
use crate::App;
use crate::doors::{Door, DoorError, Knock};
use crate::envelope::{Envelope, Malformed, day_of};
use crate::provider::{Message, Sends, sender};
use crate::signature::SignatureRefused;
use crate::take_in::{Arrival, UNREADABLE};

/// How much of a body's digest names one that is no event.
const HASH_CHARS: usize = 32;

/// What every door is given.
type Given = (State<App>, Extension<CorrelationId>, HeaderMap, Result<Bytes, BytesRejection>);

/// Receive an event from Stripe.
///
/// The endpoint that Stripe is told to send to, of the default tenant. An event that comes again is taken in again, and
/// changes nothing. Of connected accounts `account.updated` and `payout.…` are taken in, and nothing else: 404.
#[utoipa::path(
    post,
    path = "/v1/webhooks/stripe",
    tag = "webhooks",
    params(("Stripe-Signature" = String, Header, description = "Stripe's signature over the raw body")),
    request_body(content = StripeEvent, description = "Stripe's event, byte for byte as signed"),
    responses(
        (status = 200, description = "stored; it need not be sent again"),
        (status = 400, description = "signed, but no event", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "not signed by Stripe, or too long ago", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "of a connected account, and neither of its payouts nor of itself", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "larger than 1 MB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "cannot be stored now: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stripe(given: Given) -> Result<Response, Problem> {
    receive(Knock::Bare(Provider::Stripe), given).await
}

/// Receive an event from Stripe for one endpoint.
///
/// A tenant's own endpoint, as `tributary endpoint create` has printed it. Where it names accounts, an event of another
/// account is 404; where it names none, any event of a connected account but `account.updated` and `payout.…` is.
#[utoipa::path(
    post,
    path = "/v1/webhooks/stripe/{endpoint_id}",
    tag = "webhooks",
    params(
        ("endpoint_id" = String, Path, description = "the endpoint's id"),
        ("Stripe-Signature" = String, Header, description = "Stripe's signature over the raw body"),
    ),
    request_body(content = StripeEvent, description = "Stripe's event, byte for byte as signed"),
    responses(
        (status = 200, description = "stored; it need not be sent again"),
        (status = 400, description = "signed, but no event", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "not signed by Stripe, or too long ago", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such endpoint, or not of this account", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "larger than 1 MB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "cannot be stored now: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stripe_endpoint(Path(id): Path<String>, given: Given) -> Result<Response, Problem> {
    receive(knock(Provider::Stripe, &id)?, given).await
}

/// Receive an event from Lemon Squeezy.
///
/// The endpoint that Lemon Squeezy is told to send to, of the default tenant.
#[utoipa::path(
    post,
    path = "/v1/webhooks/lemon-squeezy",
    tag = "webhooks",
    params(
        ("X-Signature" = String, Header, description = "hexadecimal HMAC-SHA256 over the raw body"),
        ("X-Event-Name" = Option<String>, Header, description = "must be the event's own name, where it is sent"),
    ),
    request_body(content = LemonSqueezyEvent, description = "Lemon Squeezy's event, byte for byte as signed"),
    responses(
        (status = 200, description = "stored; it need not be sent again"),
        (status = 400, description = "signed, but no event", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "not signed by Lemon Squeezy", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not of the store that is known here", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "larger than 1 MB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "cannot be stored now: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn lemon_squeezy(given: Given) -> Result<Response, Problem> {
    receive(Knock::Bare(Provider::LemonSqueezy), given).await
}

/// Receive an event from Lemon Squeezy for one endpoint.
///
/// A tenant's own endpoint. Where it names stores, an event of another store is 404.
#[utoipa::path(
    post,
    path = "/v1/webhooks/lemon-squeezy/{endpoint_id}",
    tag = "webhooks",
    params(
        ("endpoint_id" = String, Path, description = "the endpoint's id"),
        ("X-Signature" = String, Header, description = "hexadecimal HMAC-SHA256 over the raw body"),
        ("X-Event-Name" = Option<String>, Header, description = "must be the event's own name, where it is sent"),
    ),
    request_body(content = LemonSqueezyEvent, description = "Lemon Squeezy's event, byte for byte as signed"),
    responses(
        (status = 200, description = "stored; it need not be sent again"),
        (status = 400, description = "signed, but no event", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "not signed by Lemon Squeezy", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such endpoint, or not of this store", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "larger than 1 MB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "cannot be stored now: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn lemon_squeezy_endpoint(Path(id): Path<String>, given: Given) -> Result<Response, Problem> {
    receive(knock(Provider::LemonSqueezy, &id)?, given).await
}

/// Receive a fact in our own words.
///
/// A tenant's own endpoint for whoever signs by Standard Webhooks. The body is a fact (`sale_paid`, `refund`, `dispute`,
/// `payment_alias`, `customer_seen`, `sign_up`, `lead`), bare or as the `data` of `{"type", "timestamp", "data"}`.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{endpoint_id}",
    tag = "webhooks",
    params(
        ("endpoint_id" = String, Path, description = "the endpoint's id"),
        ("webhook-id" = String, Header, description = "the message's id: the same each time that it is sent"),
        ("webhook-timestamp" = String, Header, description = "Unix seconds, at most 300 from now"),
        ("webhook-signature" = String, Header, description = "`v1,` and the signature in base64, several with blanks between"),
    ),
    request_body(content = StandardMessage, description = "the fact, byte for byte as signed"),
    responses(
        (status = 200, description = "stored; it need not be sent again"),
        (status = 400, description = "signed, but no fact", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "not signed by a secret of the endpoint, or too long ago", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such endpoint", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "larger than 1 MB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "cannot be stored now: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn standard_endpoint(Path(id): Path<String>, given: Given) -> Result<Response, Problem> {
    receive(knock(Provider::Standard, &id)?, given).await
}

/// What is no id of an endpoint is looked up nowhere.
fn knock(provider: Provider, id: &str) -> Result<Knock, Problem> {
    EndpointId::parse(id).map(|id| Knock::Endpoint(provider, id)).map_err(|_| nobody())
}

fn nobody() -> Problem {
    Problem::not_found("no such webhook endpoint")
}

fn away(error: &DoorError) -> Problem {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "webhook endpoint could not be looked up, the sender will try again");
    Problem::unavailable("the event could not be taken in; send it again")
}

async fn receive(knock: Knock, given: Given) -> Result<Response, Problem> {
    let (State(app), Extension(CorrelationId(correlation_id)), headers, body) = given;
    let (Knock::Bare(provider) | Knock::Endpoint(provider, _)) = knock;
    let sends = sender(provider).ok_or_else(nobody)?;
    let door = app.doors.find(&knock).await.map_err(|error| away(&error))?.ok_or_else(nobody)?;
    let body = body.map_err(|_| Problem::too_large(raw_event::EVENT_BYTES_MAX))?;
    let message = Message { headers: &headers, body: &body, at: app.clock.now() };
    let door = verified(&app, &knock, (sends, door), &message).await?;
    match sends.envelope(&message) {
        Ok(envelope) => take_in(&app, &door, envelope, (sends, &message, correlation_id)).await,
        Err(malformed) => Err(keep_unreadable(&app, &door, malformed, (sends, &message, correlation_id)).await),
    }
}

/// ING-1: the door under whose secrets the message is signed. One that fits none may be signed by a secret that is newer
/// than what is remembered.
async fn verified(
    app: &App,
    knock: &Knock,
    (sends, door): (&dyn Sends, Arc<Door>),
    message: &Message<'_>,
) -> Result<Arc<Door>, Problem> {
    let mut outcome = sends.verify(message, &door.secrets).map(|()| Arc::clone(&door));
    if outcome.as_ref().is_err_and(|refused| *refused == SignatureRefused::NoMatch) {
        let again = app.doors.find_again(knock).await.map_err(|error| away(&error))?.ok_or_else(nobody)?;
        if !Arc::ptr_eq(&again, &door) {
            outcome = sends.verify(message, &again.secrets).map(|()| again);
        }
    }
    outcome.map_err(|reason| {
        let (body_hash, body_bytes) = (Digest::of_bytes(message.body), message.body.len());
        tracing::warn!(%reason, %body_hash, body_bytes, provider = sends.provider().word(), "webhook refused");
        Problem::unauthorized("the signature is missing, wrong, or too far from now")
    })
}

/// What of a request goes with an event.
type Along<'a> = (&'a dyn Sends, &'a Message<'a>, String);

async fn take_in(
    app: &App,
    door: &Door,
    envelope: Envelope,
    (sends, message, correlation_id): Along<'_>,
) -> Result<Response, Problem> {
    // Of another store: it may be genuine, and it is nobody's here. Nothing is stored.
    if !door.is_for(&envelope) {
        tracing::warn!(event.id = envelope.id, "webhook is of a store that the endpoint does not know");
        return Err(Problem::not_found("this endpoint is not for that store"));
    }
    // Two senders of one tenant may use the same ids for different things.
    let event_id = match &door.endpoint {
        Some(endpoint) if sends.provider() == Provider::Standard => {
            format!("{}.{}", endpoint.own_part(), envelope.id)
        }
        _ => envelope.id.clone(),
    };
    let arrival = Arrival {
        tenant: &door.tenant,
        provider: sends.provider(),
        event_id: event_id.clone(),
        kind: envelope.kind,
        day: envelope.day,
        hash: envelope.hash,
        body: message.body,
        at: message.at,
        correlation_id,
    };
    match app.take_in(arrival).await {
        Ok(_) => Ok((StatusCode::OK, axum::Json(serde_json::json!({ "received": true }))).into_response()),
        Err(error) => Err(refusal(&error, &event_id)),
    }
}

/// ING-12: signed and no event: it is kept for whoever wants to know why, and the sender is told what is wrong.
async fn keep_unreadable(
    app: &App,
    door: &Door,
    malformed: Malformed,
    (sends, message, correlation_id): Along<'_>,
) -> Problem {
    let hash = Digest::of_bytes(message.body);
    tracing::warn!(body_hash = %hash, pointer = malformed.pointer, "signed webhook is no event");
    let problem = Problem::bad_request(malformed.pointer, malformed.detail);
    let Some(day) = day_of(message.at) else { return problem };
    let text = hash.to_hex();
    let event_id = format!("{UNREADABLE}.{}", text.get(..HASH_CHARS).unwrap_or(&text));
    let arrival = Arrival {
        tenant: &door.tenant,
        provider: sends.provider(),
        event_id: event_id.clone(),
        kind: UNREADABLE.to_owned(),
        day,
        hash,
        body: message.body,
        at: message.at,
        correlation_id,
    };
    match app.take_in(arrival).await {
        Ok(_) => problem,
        Err(error) => refusal(&error, &event_id),
    }
}
