//! The inbound log: what providers and the tenant's own server have sent, what became of it, and sending it in again.

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::Response;
use cases::raw_event;
use domain::audit::Told;
use domain::fact::PaymentKey;
use domain::provider::Provider;
use domain::role::Role;
use domain::time::{BusinessDay, Timestamp, Zone};
use edge::auth::Caller;
use edge::body::{Query, Segments};
use edge::csv::{self, Format};
use edge::http::{CorrelationId, Origin};
use edge::openapi::{Clashes, Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::telemetry::chain;
use http::StatusCode;
use queues::FactReceived;
use serde::{Deserialize, Serialize};
use store::endpoints::Endpoint;
use store::raw_events::{Delivered, RawEventPlace, TroubleKind};
use store::sales::Known;
use store::{Page, StoreError, TenantKey};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// Who looks at what came in.
const READERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];
/// Who sends it in again.
const REPLAYERS: &[Role] = &[Role::Admin];
/// How many days back the log is walked: raw events are kept for thirty days, and may have happened before they came.
const DAYS_BACK: u16 = 45;
/// How many requests one page may cost: one that finds too few by then says where to go on.
const READS_MAX: usize = 60;
/// Under which type a signed body is kept that was no event.
const UNREADABLE: &str = "unreadable";

/// So long the queue tries an event: five times, three minutes apart. A try that does not end well marks the event; of one
/// that has no mark by then nothing bad is known, and it costs no write to leave it at that.
const UNDER_WAY_MS: i64 = 15 * 60_000;

const STATUSES: [&str; 9] =
    ["booked", "untroubled", "handed_on", "waiting", "parked", "refused", "stored", "unreadable", "test_mode"];

const COLUMNS: [&str; 8] = ["id", "provider", "event_id", "type", "status", "reason", "received_at", "day"];

const ENDPOINT_COLUMNS: [&str; 7] = ["id", "provider", "name", "path", "stores", "created_at", "disabled_at"];

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveriesQuery {
    /// `stripe`, `lemon_squeezy`, `standard` or `track`; all when left out.
    provider: Option<String>,
    /// Only of this day (UTC) at the provider; otherwise the newest days first.
    #[param(value_type = Option<String>, format = Date)]
    day: Option<String>,
    /// `booked`, `untroubled`, `handed_on`, `waiting`, `parked`, `refused`, `stored`, `unreadable` or
    /// `test_mode`; all when left out.
    status: Option<String>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before, asked with the same `provider` and `day`.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// An event that came in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// Its id in this log.
    #[schema(example = "stripe.20260903.evt_1SJmJrX5x2LjQ5zNNd6ec87VLF")]
    id: String,
    /// Who sent it.
    #[schema(example = "stripe")]
    provider: &'static str,
    /// The provider's id of it, or one derived from it; with `#` and a hash where one id came with two bodies.
    event_id: String,
    /// The provider's type of it.
    #[serde(rename = "type")]
    #[schema(example = "invoice.paid")]
    kind: String,
    /// `booked`: it had to wait for a payment, and that one is in the ledger now. `untroubled`: it came more than a quarter of
    /// an hour ago, and no try to book it has failed; it is in the ledger, unless the queue of facts is behind. `handed_on`: it
    /// came within the last quarter of an hour, and no try has failed so far. `waiting`: it is not booked, and is tried again. `parked`: it waits for the payment
    /// that it is about. `refused`: it could not be booked, and a person must look. Of these three `reason` says why.
    /// `stored`: nobody acts on its type. `unreadable`: signed, and no event. `test_mode`: it is of the provider's test mode,
    /// and nothing was booked of it; `reason` says so.
    #[schema(example = "untroubled")]
    status: &'static str,
    /// Why it is not booked.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// The day (UTC) on which it happened at the provider.
    #[schema(value_type = String, format = Date)]
    day: String,
}

impl DeliveryView {
    async fn of(app: &App, tenant: &TenantKey, provider: Provider, delivered: Delivered) -> Result<Self, StoreError> {
        let Delivered { place, kind, received_at, mut trouble } = delivered;
        let mut is_booked = false;
        if let Some(TroubleKind::Parked { payment }) = trouble.as_ref().map(|trouble| &trouble.kind)
            && is_known(app, tenant, payment).await?
        {
            // Whoever booked the payment booked with it what waited for it.
            (trouble, is_booked) = (None, true);
        }
        let age_ms = app.clock.now().as_millisecond().saturating_sub(received_at.as_millisecond());
        let status = match trouble.as_ref().map(|trouble| &trouble.kind) {
            Some(TroubleKind::Refused) => "refused",
            Some(TroubleKind::Waiting) => "waiting",
            Some(TroubleKind::Parked { .. }) => "parked",
            Some(TroubleKind::TestMode) => "test_mode",
            None if kind == UNREADABLE => "unreadable",
            None if !raw_event::is_acted_on(provider.word(), &kind) => "stored",
            None if is_booked => "booked",
            None if age_ms < UNDER_WAY_MS => "handed_on",
            None => "untroubled",
        };
        Ok(Self {
            id: place_text(&place),
            provider: provider.word(),
            day: place.day.to_string(),
            event_id: place.event_id,
            kind,
            status,
            reason: trouble.map(|trouble| trouble.reason),
            received_at,
        })
    }
}

/// Is a payment known, under this name or another of its own?
async fn is_known(app: &App, tenant: &TenantKey, payment: &PaymentKey) -> Result<bool, StoreError> {
    let known = match app.store.find_payment(tenant, payment).await? {
        Known::As(owner) => app.store.find_payment(tenant, &owner).await?,
        known => known,
    };
    Ok(matches!(known, Known::Sale(_)))
}

/// A place as text that fits a path: a `#` would end it.
fn place_text(place: &RawEventPlace) -> String {
    format!("{}.{}.{}", place.provider, place.day_text(), place.event_id.replace('#', "~"))
}

fn parse_place(text: &str) -> Option<(Provider, RawEventPlace)> {
    let mut parts = text.splitn(3, '.');
    let (provider, day, event) = (parts.next()?, parts.next()?, parts.next()?);
    let provider = Provider::parse(provider)?;
    Some((provider, RawEventPlace::parse(provider.word(), day, &event.replace('~', "#"))?))
}

/// Where a page begins: in which day, at which provider, behind which event.
struct Start {
    day: BusinessDay,
    provider: usize,
    after: Option<String>,
}

/// What a page is looked for in.
struct Asked<'a> {
    providers: Vec<Provider>,
    last_day: BusinessDay,
    status: Option<&'a str>,
    limit: usize,
}

/// What came in, newest days first.
///
/// By the day on which each event happened at its provider. A page may have fewer than asked for, and `next_cursor` all the
/// same: go on until there is none. Raw events are kept for thirty days.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries", tag = "webhooks", params(DeliveriesQuery),
    responses((status = 200, description = "A page of what came in; CSV for `Accept: text/csv`.", body = Listed<DeliveryView>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let providers = match query.provider.as_deref() {
        None => Provider::ALL.to_vec(),
        Some(word) => vec![
            Provider::parse(word)
                .ok_or_else(|| Problem::bad_parameter("provider", "one of stripe, lemon_squeezy, standard, track"))?,
        ],
    };
    let status = query.status.as_deref();
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Problem::bad_parameter("status", format!("one of {}", STATUSES.join(", "))));
    }
    let bad_day = || Problem::bad_parameter("day", "a day such as 2026-09-03");
    let day = query.day.as_deref().map(BusinessDay::parse).transpose().map_err(|_| bad_day())?;
    // A provider's clock may be ahead of ours.
    let today = Zone::utc().day_of(app.clock.now());
    let newest = day.map_or_else(|| today.plus_days(1), Ok).map_err(|_| bad_day())?;
    let last_day = match day {
        Some(day) => day,
        None => newest.plus_days(-i32::from(DAYS_BACK)).map_err(|_| bad_day())?,
    };
    let start = match query.cursor.as_deref() {
        None => Start { day: newest, provider: 0, after: None },
        Some(cursor) => {
            let place =
                parse_place(cursor).ok_or_else(|| Problem::bad_parameter("cursor", "not a cursor of this list"))?;
            // It is where a page of other days or of another provider ended: no schema tells that the two do not go together.
            let elsewhere =
                "of a page of another provider or day: take the one that this provider and day were answered with";
            start_of(place, &providers)
                .filter(|start| start.day <= newest && start.day >= last_day)
                .ok_or_else(|| Problem::impossible_parameter("cursor", elsewhere))?
        }
    };
    let asked = Asked { providers, last_day, status, limit: limit(query.limit)? };
    let page = page(&app, &caller.tenant_key(), start, &asked).await?;
    let listed = Listed { data: page.items, next_cursor: page.next };
    csv::answer(query.format.unwrap_or(accepted), "deliveries", &COLUMNS, listed)
}

fn start_of((provider, place): (Provider, RawEventPlace), providers: &[Provider]) -> Option<Start> {
    let provider = providers.iter().position(|known| *known == provider)?;
    let after = Some(place.event_id).filter(|after| !after.is_empty());
    Some(Start { day: place.day, provider, after })
}

/// Walks partitions, a day and a provider each, until the page is full.
async fn page(
    app: &App,
    tenant: &TenantKey,
    start: Start,
    asked: &Asked<'_>,
) -> Result<Page<DeliveryView>, StoreError> {
    let (mut items, mut at) = (Vec::new(), start);
    for _ in 0..READS_MAX {
        let provider = asked.providers[at.provider];
        let left = asked.limit - items.len();
        let read = app.store.list_raw_events(tenant, (provider.word(), at.day), at.after.as_deref(), left).await?;
        for delivered in read.items {
            let view = DeliveryView::of(app, tenant, provider, delivered).await?;
            items.extend(Some(view).filter(|view| asked.status.is_none_or(|status| status == view.status)));
        }
        at.after = read.next;
        if at.after.is_none() && !step_on(&mut at, asked) {
            return Ok(Page { items, next: None });
        }
        if items.len() >= asked.limit {
            break;
        }
    }
    let event_id = at.after.unwrap_or_default();
    let place = RawEventPlace { provider: asked.providers[at.provider].word().to_owned(), day: at.day, event_id };
    Ok(Page { items, next: Some(place_text(&place)) })
}

/// To the next partition; `false` behind the last.
fn step_on(at: &mut Start, asked: &Asked<'_>) -> bool {
    at.provider += 1;
    if at.provider < asked.providers.len() {
        return true;
    }
    at.provider = 0;
    match at.day.plus_days(-1) {
        Ok(day) if day >= asked.last_day => {
            at.day = day;
            true
        }
        _ => false,
    }
}

/// What was sent in again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplayedView {
    /// Its id in this log.
    id: String,
    /// Always `handed_on`: what becomes of it the log says in a moment.
    status: &'static str,
}

/// Send one in again.
///
/// The stored event is handed on to be booked once more. What is booked already changes nothing; what was refused is
/// booked if the reason is gone.
#[utoipa::path(
    post, path = "/v1/webhooks/deliveries/{id}/replay", tag = "webhooks",
    params(
        ("id" = String, Path, description = "The delivery's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 202, description = "Handed on.", body = ReplayedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn replay(
    State(app): State<App>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
    caller: Caller,
    origin: Origin,
    Segments(id): Segments<String>,
) -> Result<(StatusCode, Json<ReplayedView>), Problem> {
    caller.require(REPLAYERS)?;
    let nobody = || Problem::not_found("no such delivery");
    let (_, place) = parse_place(&id).filter(|(_, place)| !place.event_id.is_empty()).ok_or_else(nobody)?;
    let found = app.store.get_delivered(&caller.tenant_key(), &place).await?.ok_or_else(nobody)?;
    if found.kind == UNREADABLE {
        return Err(Problem::unprocessable("this was no event: there is nothing to hand on"));
    }
    // Told first: money that is booked by a word of which nobody may know is worse than a telling of one that came to nothing.
    let trail = format!("delivery#{}", place_text(&place));
    let told = Told::new(trail, caller.acting(origin), app.clock.now(), "delivery.replayed");
    app.store.tell(&caller.tenant_key(), told.is("type", &found.kind)).await?;
    let message = FactReceived {
        v: queues::VERSION,
        tenant: caller.tenant.clone(),
        provider: place.provider.clone(),
        day: place.day_text(),
        event_id: place.event_id.clone(),
        correlation_id,
    };
    if let Err(error) = app.facts.send(&message).await {
        tracing::warn!(reason = chain(&error), delivery.id = id, "delivery not handed on again");
        return Err(Problem::unavailable("the event could not be handed on; try again"));
    }
    tracing::info!(delivery.id = id, by = %caller.subject, "delivery handed on again");
    Ok((StatusCode::ACCEPTED, Json(ReplayedView { id, status: "handed_on" })))
}

/// A webhook endpoint of the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndpointView {
    /// Its id, which stands in its path.
    #[schema(example = "whk_0000000000000000000000000001J6ZK3Q4F8Z0Q6Y1M2N3P4R5S")]
    id: String,
    /// Who sends there: `stripe`, `lemon_squeezy` or `standard`.
    provider: &'static str,
    /// What people call it.
    name: String,
    /// The path that the provider is told to send to.
    path: String,
    /// The stores or accounts whose events are taken in; where none is named, any of Lemon Squeezy, and of
    /// Stripe the platform's own account alone.
    stores: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on nothing is taken in there.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        let Endpoint { id, provider, name, stores, created_at, disabled_at, .. } = endpoint;
        let folder = match provider {
            Provider::Stripe => "stripe/",
            Provider::LemonSqueezy => "lemon-squeezy/",
            Provider::Standard | Provider::Track => "",
        };
        let path = format!("/v1/webhooks/{folder}{id}");
        Self { id: id.to_string(), provider: provider.word(), name, path, stores, created_at, disabled_at }
    }
}

/// The webhook endpoints of the tenant.
///
/// Made, and given their secrets, by the operator: `tributary endpoint create`. Secrets are never shown.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints", tag = "webhooks",
    params(("format" = Option<String>, Query, description = "`csv` for CSV; so does `Accept: text/csv`.")),
    responses((status = 200, description = "All endpoints, the oldest first; CSV for `Accept: text/csv`.", body = Listed<EndpointView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn endpoints(State(app): State<App>, caller: Caller, accepted: Format) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let found = app.store.list_endpoints(&caller.tenant_key()).await?;
    let data: Vec<EndpointView> = found.into_iter().map(EndpointView::from).collect();
    csv::answer(accepted, "endpoints", &ENDPOINT_COLUMNS, Listed { data, next_cursor: None })
}
