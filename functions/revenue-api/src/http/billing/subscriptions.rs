//! Subscriptions: begun, changed, paused and ended at Stripe. How they stand is told by its webhooks, and by nothing else.

use axum::extract::State;
use axum::response::Response;
use domain::audit::Told;
use domain::id::{PlanId, SubscriptionId};
use domain::plan::{TIER_CHARS_MAX, is_tier_name};
use domain::subscription::Subscription;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Checked, Query, Segments};
use edge::csv::{self, Format};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::revision::IfMatch;
use garde::Validate;
use serde::Deserialize;
use store::newest::Kept;
use stripe::{ItemChange, NewSubscription, PauseCollection, Proration, SubscriptionChange};
use utoipa::ToSchema;

use super::customers::{self, provider_id, provider_of};
use super::told::{SubscriptionView, id_of, stripe_id};
use super::{BILLERS, READERS, billing, key_of, plans};
use crate::App;
use crate::http::page::{PageQuery, after, listed};
use crate::http::{Here, Id, plain};

const COLUMNS: [&str; 10] = [
    "id",
    "stripe_subscription_id",
    "customer_id",
    "plan_id",
    "tier",
    "quantity",
    "status",
    "amount",
    "currency",
    "canceled_at",
];
const QUANTITY_MAX: u64 = 1_000_000;

/// A subscription to be begun.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscriptionBody {
    /// Whose.
    #[garde(skip)]
    customer_id: String,
    /// Of what.
    #[garde(skip)]
    plan_id: String,
    /// Which tier; may be left out where the plan has one.
    #[garde(skip)]
    tier: Option<String>,
    /// How many; one, when nobody says.
    #[garde(inner(range(min = 1, max = QUANTITY_MAX)))]
    quantity: Option<u64>,
    /// How many days cost nothing; as the tier says, when nobody says; 0 is none.
    #[garde(inner(range(max = 730)))]
    trial_days: Option<u32>,
    /// What it is paid with, if not as the customer's other invoices.
    #[garde(inner(length(bytes, min = 4, max = 100), custom(provider_id)))]
    payment_method: Option<String>,
    /// The click token that the visitor carried: it says whose sale this is.
    #[garde(inner(length(bytes, min = 1, max = 200), custom(plain)))]
    click_token: Option<String>,
}

/// How the difference of a change is paid.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProrationChoice {
    /// With the next invoice.
    #[default]
    NextInvoice,
    /// By an invoice of its own, now.
    Now,
    /// Not at all.
    None,
}

/// Collecting is paused; what is billed meanwhile is void.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CollectionPause {
    /// When it goes on by itself; when somebody says so, when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    resumes_at: Option<Timestamp>,
}

/// What is changed of a subscription; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionPatch {
    /// Another plan; goes with `tier` where it has several.
    #[garde(skip)]
    plan_id: Option<String>,
    /// Another tier, of the same plan when `plan_id` is left out.
    #[garde(skip)]
    tier: Option<String>,
    /// How many.
    #[garde(inner(range(min = 1, max = QUANTITY_MAX)))]
    quantity: Option<u64>,
    /// How the difference is paid.
    #[garde(skip)]
    #[serde(default)]
    proration: ProrationChoice,
    /// Pause collecting.
    #[garde(skip)]
    pause: Option<CollectionPause>,
    /// `true`: collect again.
    #[garde(skip)]
    resume: Option<bool>,
    /// `true`: end with the present period. `false`: go on after all.
    #[garde(skip)]
    cancel_at_period_end: Option<bool>,
}

/// How a subscription ends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionCancel {
    /// With the present period, which is paid? At once, when nobody says.
    #[serde(default)]
    at_period_end: bool,
    /// Why, in words.
    reason: Option<String>,
}

async fn find(app: &App, caller: &Caller, id: &str) -> Result<Kept<Subscription>, Problem> {
    let missing = || Problem::not_found("no such subscription, or the provider has not told of it yet");
    let id = SubscriptionId::parse(id).map_err(|_| missing())?;
    app.store.get_subscription(&caller.tenant_key(), &id).await?.ok_or_else(missing)
}

/// The price of a plan's tier, and the trial that the tier gives.
async fn price_of(
    app: &App,
    caller: &Caller,
    (plan_id, tier): (&str, Option<&str>),
) -> Result<(String, Option<u32>), Problem> {
    let mut faults = Faults::default();
    let id = faults.check("/plan_id", PlanId::parse(plan_id));
    if tier.is_some_and(|name| !is_tier_name(name)) {
        faults.note("/tier", format!("1 to {TIER_CHARS_MAX} small letters, digits and dashes"));
    }
    let id = faults.finish(id)?;
    let plan = app.store.get_plan(&caller.tenant_key(), &id).await?;
    let plan = plan.ok_or_else(|| Problem::impossible("/plan_id", "no such plan"))?;
    let names: Vec<&str> = plan.tiers.iter().map(|tier| tier.name.as_str()).collect();
    let found = plan.tier(tier);
    let found = found.ok_or_else(|| Problem::impossible("/tier", format!("one of {}", names.join(", "))))?;
    Ok((found.price.clone(), found.trial_days))
}

/// List subscriptions as their webhooks told them last, also those that were begun elsewhere.
#[utoipa::path(
    get, path = "/v1/revenue/subscriptions", tag = "billing", params(PageQuery),
    responses((status = 200, description = "A page of subscriptions; CSV for `Accept: text/csv`.", body = Listed<SubscriptionView>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let tenant = caller.tenant_key();
    let behind = after(query.cursor.as_deref(), |id| SubscriptionId::parse(id).ok())?;
    let behind = behind.as_ref().map(SubscriptionId::as_str);
    let page = app.store.list_subscriptions(&tenant, behind, limit(query.limit)?).await?;
    let plans = plans::all(&app, &tenant).await?;
    let rows: Vec<SubscriptionView> = page.items.iter().map(|kept| SubscriptionView::of(&kept.told, &plans)).collect();
    csv::answer(query.format.unwrap_or(accepted), "subscriptions", &COLUMNS, listed(rows, page.next))
}

/// Read a subscription as its webhooks told it last.
#[utoipa::path(
    get, path = "/v1/revenue/subscriptions/{id}", tag = "billing", params(("id" = String, Path)),
    responses((status = 200, description = "The subscription; its ETag is its version.", body = SubscriptionView), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let kept = find(&app, &caller, &id).await?;
    let plans = plans::all(&app, &caller.tenant_key()).await?;
    Ok(SubscriptionView::of(&kept.told, &plans).with_etag(kept.version))
}

/// Begin a subscription at Stripe.
///
/// Where the first payment fails nothing is begun. It is found under its id when its first webhook has come.
#[utoipa::path(
    post, path = "/v1/revenue/subscriptions", tag = "billing", request_body = NewSubscriptionBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "Begun.", body = SubscriptionView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<NewSubscriptionBody>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let buyer = customers::named(&app, &caller, &customers::read_id(&body.customer_id)?).await?;
    let (price, trial_days) = price_of(&app, &caller, (&body.plan_id, body.tier.as_deref())).await?;
    let billing = billing(&app)?;
    let account = billing.account(&caller.tenant).await?;
    let mut metadata = vec![("tributary_customer".to_owned(), buyer.id.to_string())];
    if let Some(token) = &body.click_token {
        // Its invoices carry it, and so say whose sale they are.
        metadata.push(("trb".to_owned(), token.clone()));
    }
    let new = NewSubscription {
        customer: provider_of(&buyer).to_owned(),
        price: price.clone(),
        quantity: body.quantity.unwrap_or(1),
        trial_days: body.trial_days.or(trial_days).filter(|days| *days > 0),
        payment_method: body.payment_method,
        is_taxed_by_stripe: billing.is_taxed_by_stripe(),
        metadata,
    };
    let answer = account.create_subscription(&new, &key_of(&caller, &minting, "subscription")).await?;
    let id = id_of(&answer).ok_or_else(Problem::internal)?;
    // Nothing is written here but this: how it stands is told by its webhooks.
    let told = Told::new(id.to_string(), caller.acting(origin), minting.at(), "subscription.begun")
        .is("customer", &buyer.id)
        .is("plan", &body.plan_id)
        .is("price", &price);
    app.store.tell(&caller.tenant_key(), told).await?;
    tracing::info!(subscription.id = %id, customer.id = %buyer.id, by = %caller.subject, "subscription begun");
    let plans = plans::all(&app, &caller.tenant_key()).await?;
    let known = super::told::tier_of(&plans, &price);
    let view = SubscriptionView {
        id: id.to_string(),
        stripe_subscription_id: answer.id.clone(),
        customer_id: Some(buyer.id.to_string()),
        stripe_customer_id: Some(answer.customer.clone()),
        plan_id: Some(body.plan_id),
        tier: known.map(|(_, tier)| tier.name.clone()),
        stripe_price_id: Some(price),
        ..SubscriptionView::default()
    };
    Ok(view.answered(&answer).created())
}

/// Change a subscription: another plan, tier or quantity; pause and resume; end with the period, or not.
#[utoipa::path(
    patch, path = "/v1/revenue/subscriptions/{id}", tag = "billing", request_body = SubscriptionPatch,
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: 412 when it has changed since."),
    ),
    responses((status = 200, description = "Taken; what it makes of the subscription is told by webhooks.", body = SubscriptionView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn change(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Id,
    Checked(body): Checked<SubscriptionPatch>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let kept = find(&app, &caller, &id).await?;
    let stripe_id = changeable(&kept)?.to_owned();
    seen.check(kept.version)?;
    let plans = plans::all(&app, &caller.tenant_key()).await?;
    let view = SubscriptionView::of(&kept.told, &plans);
    let collection = body.collection(app.clock.now())?;
    let item = body.item(&app, &caller, (&kept.told, view.plan_id.as_deref())).await?;
    let change = SubscriptionChange { item, collection, cancel_at_period_end: body.cancel_at_period_end };
    if change == SubscriptionChange::default() {
        return Err(Problem::impossible("", "nothing is changed"));
    }
    let account = billing(&app)?.account(&caller.tenant).await?;
    let answer = account.update_subscription(&stripe_id, &change, &key_of(&caller, &minting, "change")).await?;
    let told = Told::new(kept.told.id().to_string(), caller.acting(origin), minting.at(), "subscription.changed")
        .is("change", format!("{change:?}"));
    app.store.tell(&caller.tenant_key(), told).await?;
    tracing::info!(subscription.id = %kept.told.id(), by = %caller.subject, "subscription changed");
    Ok(view.answered(&answer).with_etag(kept.version))
}

/// One of Stripe's that is not over.
fn changeable(kept: &Kept<Subscription>) -> Result<&str, Problem> {
    if kept.told.status.is_over() {
        return Err(Problem::conflict("the subscription has ended").kind("subscription-ended"));
    }
    stripe_id(kept).ok_or_else(|| {
        Problem::unprocessable("only subscriptions at Stripe are changed here; change this one at its provider")
    })
}

impl SubscriptionPatch {
    fn collection(&self, now: Timestamp) -> Result<Option<PauseCollection>, Problem> {
        match (&self.pause, self.resume) {
            (Some(_), Some(_)) => Err(Problem::impossible("/resume", "either pause or resume")),
            (_, Some(false)) => Err(Problem::impossible("/resume", "true, or left out; pause pauses")),
            (None, Some(true)) => Ok(Some(PauseCollection::Resume)),
            (Some(pause), None) => {
                if pause.resumes_at.is_some_and(|at| at <= now) {
                    return Err(Problem::impossible("/pause/resumes_at", "lies in the past"));
                }
                Ok(Some(PauseCollection::Pause { resumes_at: pause.resumes_at.map(Timestamp::as_second) }))
            }
            (None, None) => Ok(None),
        }
    }

    async fn item(
        &self,
        app: &App,
        caller: &Caller,
        (told, plan_id): (&Subscription, Option<&str>),
    ) -> Result<Option<ItemChange>, Problem> {
        if self.plan_id.is_none() && self.tier.is_none() && self.quantity.is_none() {
            return Ok(None);
        }
        let item = told.item.clone().ok_or_else(|| {
            Problem::unprocessable("the provider has not told the items of this subscription; try again later")
        })?;
        let price = match (self.plan_id.as_deref().or(plan_id), &self.plan_id, &self.tier) {
            (_, None, None) => None,
            (Some(plan), _, tier) => Some(price_of(app, caller, (plan, tier.as_deref())).await?.0),
            (None, ..) => return Err(Problem::impossible("/plan_id", "the present price is of no plan; name one")),
        };
        let proration = match self.proration {
            ProrationChoice::NextInvoice => Proration::NextInvoice,
            ProrationChoice::Now => Proration::Now,
            ProrationChoice::None => Proration::None,
        };
        Ok(Some(ItemChange { item, price, quantity: self.quantity, proration }))
    }
}

/// End a subscription, at once or with its period.
#[utoipa::path(
    post, path = "/v1/revenue/subscriptions/{id}/cancel", tag = "billing", request_body = SubscriptionCancel,
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Taken.", body = SubscriptionView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn cancel(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments(id): Id,
    body: Option<Body<SubscriptionCancel>>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let body = body.map(|Body(body)| body).unwrap_or_default();
    if let Some(reason) = &body.reason {
        let is_plain = plain(reason, &()).is_ok() && reason.chars().count() <= 500;
        if !is_plain {
            return Err(Problem::bad_request("/reason", "readable text of at most 500 characters"));
        }
    }
    let kept = find(&app, &caller, &id).await?;
    let stripe_id = changeable(&kept)?.to_owned();
    let account = billing(&app)?.account(&caller.tenant).await?;
    let plans = plans::all(&app, &caller.tenant_key()).await?;
    let view = SubscriptionView::of(&kept.told, &plans);
    let ended = if body.at_period_end {
        let change = SubscriptionChange { cancel_at_period_end: Some(true), ..SubscriptionChange::default() };
        let answer = account.update_subscription(&stripe_id, &change, &key_of(&caller, &minting, "cancel")).await?;
        SubscriptionView { cancel_at_period_end: true, ..view.answered(&answer) }
    } else {
        match account.cancel_subscription(&stripe_id, body.reason.as_deref()).await {
            Ok(answer) => view.answered(&answer),
            // Ended already: by this request's first run, or at Stripe. Its webhook is on the way.
            Err(error) if error.is_missing() => SubscriptionView { status: "canceled".to_owned(), ..view },
            Err(error) => return Err(error.into()),
        }
    };
    let told = Told::new(kept.told.id().to_string(), caller.acting(origin), minting.at(), "subscription.cancelled")
        .is("at_period_end", body.at_period_end);
    app.store.tell(&caller.tenant_key(), told).await?;
    tracing::info!(subscription.id = %kept.told.id(), at_period_end = body.at_period_end, by = %caller.subject, "subscription cancelled");
    Ok(ended.with_etag(kept.version))
}
