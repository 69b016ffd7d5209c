//! The track API: a tenant's own server tells what happened, where no provider does.
//!
//! What comes in is translated into a fact here, at the door, so that whatever is wrong is told to whoever can mend it;
//! stored is the fact, which holds a digest of an address and never the address.

mod body;

use axum::extract::{Extension, State};
use axum::{Json, http::StatusCode};
use domain::digest::Digest;
use domain::fact::{Fact, SalePaid};
use domain::money::Money;
use domain::provider::Provider;
use domain::role::Role;
use domain::sales_tax::{Buyer, Jurisdiction, TaxBehavior, Taxable, tax_of};
use domain::time::{Timestamp, Zone};
use edge::auth::Caller;
use edge::body::Checked;
use edge::http::CorrelationId;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::Serialize;
use store::TenantKey;
use utoipa::ToSchema;

use self::body::{TrackedLead, TrackedRefund, TrackedSale, TrackedSignUp};
use super::refusal;
use crate::App;
use crate::envelope::day_of;
use crate::take_in::{Arrival, TakenIn};

/// Who may tell: the tenant's own server, and whoever tries it out.
const TELLERS: &[Role] = &[Role::Service, Role::Admin];

/// What was told is stored, and is booked in a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tracked {
    /// Always true: what was not taken in is no answer of this kind.
    received: bool,
    /// The event's id, as it was given.
    event_id: String,
}

/// What of a request goes with what it tells.
type Along = (State<App>, Extension<CorrelationId>, Caller);

/// Tell of a lead: an address that somebody left.
///
/// With the click token of the visit, whoever pays under that address later is the partner's who brought it.
#[utoipa::path(
    post,
    path = "/v1/track/lead",
    tag = "track",
    security(("bearer" = [])),
    request_body = TrackedLead,
    responses(
        (status = 202, description = "stored", body = Tracked),
        (status = 409, description = "this event_id was told with other content", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
        Refusals, Clashes
    )
)]
pub(super) async fn lead(
    along: Along,
    Checked(told): Checked<TrackedLead>,
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    let now = along.0.0.clock.now();
    take_in(along, told.event("lead"), told.fact(now), now).await
}

/// Tell of a sign-up: a trial or a free plan of a customer.
#[utoipa::path(
    post,
    path = "/v1/track/signup",
    tag = "track",
    security(("bearer" = [])),
    request_body = TrackedSignUp,
    responses(
        (status = 202, description = "stored", body = Tracked),
        (status = 409, description = "this event_id was told with other content", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
        Refusals, Clashes
    )
)]
pub(super) async fn signup(
    along: Along,
    Checked(told): Checked<TrackedSignUp>,
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    let now = along.0.0.clock.now();
    take_in(along, told.event("signup"), told.fact(now), now).await
}

/// Tell of a sale: money that came in.
///
/// `payment_id` is what guards the money: told under two event ids it is one sale. Amounts are decimal texts.
#[utoipa::path(
    post,
    path = "/v1/track/sale",
    tag = "track",
    security(("bearer" = [])),
    request_body = TrackedSale,
    responses(
        (status = 202, description = "stored", body = Tracked),
        (status = 409, description = "this event_id was told with other content", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
        Refusals, Clashes
    )
)]
pub(super) async fn sale(
    along: Along,
    Checked(told): Checked<TrackedSale>,
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    let now = along.0.0.clock.now();
    let mut fact = told.fact(now)?;
    if let (Fact::SalePaid(sale), Some(place)) = (&mut fact, told.untaxed_at()?) {
        let (app, tenant) = (&along.0.0, along.2.tenant_key());
        along.2.require(TELLERS)?;
        sale.tax = tax_within(app, &tenant, sale, place).await?;
    }
    take_in(along, told.event("sale"), Ok(fact), now).await
}

/// Tell of a refund: money that went back.
///
/// One before its sale waits for it. Of several refunds of one sale each is told by its own id.
#[utoipa::path(
    post,
    path = "/v1/track/refund",
    tag = "track",
    security(("bearer" = [])),
    request_body = TrackedRefund,
    responses(
        (status = 202, description = "stored", body = Tracked),
        (status = 409, description = "this event_id was told with other content", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
        Refusals, Clashes
    )
)]
pub(super) async fn refund(
    along: Along,
    Checked(told): Checked<TrackedRefund>,
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    let now = along.0.0.clock.now();
    take_in(along, told.event("refund"), told.fact(now), now).await
}

/// TAX-6: the tax within what was asked, by the tenant's own table, of a sale that was told without one. No rate of the
/// place, no tax.
async fn tax_within(app: &App, tenant: &TenantKey, sale: &SalePaid, place: Jurisdiction) -> Result<Money, Problem> {
    let rates = app.store.list_tax_rates_of(tenant, &place).await?;
    let taxable = Taxable {
        amount: sale.total,
        seller_country: place.country().to_owned(),
        place,
        buyer: Buyer::Consumer,
        day: Zone::utc().day_of(sale.occurred_at),
        // What came in is told whole, however prices are told there.
        behavior: Some(TaxBehavior::Inclusive),
    };
    let taxed = tax_of(&rates, &taxable).map_err(|error| Problem::impossible("/tax", error.to_string()))?;
    if taxed.tax.minor().saturating_add(sale.shipping.minor()) > sale.total.minor() {
        return Err(Problem::impossible("/tax", "tax and shipping are more than the total"));
    }
    Ok(taxed.tax)
}

/// An event as its sender names it.
pub(super) struct Named {
    /// The id that was given.
    event_id: String,
    /// Under which it is stored: two kinds of event may have one id.
    stored_id: String,
    /// Digest of everything that was said.
    hash: Digest,
}

async fn take_in(
    (State(app), Extension(CorrelationId(correlation_id)), caller): Along,
    named: Named,
    fact: Result<Fact, Problem>,
    now: Timestamp,
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    caller.require(TELLERS)?;
    let fact = fact?;
    let (kind, occurred_at) = told_of(&fact, now);
    let body = serde_json::to_vec(&fact).map_err(|_| Problem::internal())?;
    let Named { event_id, stored_id, hash } = named;
    let day = day_of(occurred_at).ok_or_else(|| Problem::bad_request("/occurred_at", "an instant expected"))?;
    // ING-13: told without a time over midnight, or with another one, it is the same id still.
    let until = app.kept_until(&caller.tenant_key(), now).await;
    let told = (Provider::Track.word(), stored_id.as_str());
    let day = app.store.record_event_day(&caller.tenant_key(), told, day, until).await?;
    let arrival = Arrival {
        tenant: &caller.tenant,
        provider: Provider::Track,
        event_id: stored_id,
        kind: kind.to_owned(),
        day,
        hash,
        body: &body,
        at: now,
        correlation_id,
    };
    match app.take_in(arrival).await {
        // ING-13: whoever tells two things under one id has made a mistake, and can still mend it. Both are stored.
        Ok(TakenIn::OtherBody) => {
            Err(Problem::conflict("this event_id was told with other content before; give each event an id of its own"))
        }
        Ok(TakenIn::New | TakenIn::AlreadySeen) => {
            Ok((StatusCode::ACCEPTED, Json(Tracked { received: true, event_id })))
        }
        Err(error) => Err(refusal(&error, &event_id)),
    }
}

fn told_of(fact: &Fact, now: Timestamp) -> (&'static str, Timestamp) {
    match fact {
        Fact::SalePaid(told) => ("sale_paid", told.occurred_at),
        Fact::Refund(told) => ("refund", told.occurred_at),
        Fact::SignUp(told) => ("sign_up", told.occurred_at),
        Fact::Lead(told) => ("lead", told.occurred_at),
        _ => ("", now),
    }
}
