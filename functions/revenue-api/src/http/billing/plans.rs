//! Plans with their tiers: a product at Stripe, and a price for each tier.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::Told;
use domain::currency::Currency;
use domain::id::PlanId;
use domain::money::{AmountText, Money};
use domain::plan::{Plan, PlanTier, faults_of};
use domain::subscription::{Every, Interval};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Checked, Query};
use edge::csv::{self, Format};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::{TenantKey, Written};
use stripe::{NewPrice, Recurring};
use utoipa::ToSchema;

use super::{BILLERS, READERS, billing, key_of};
use crate::App;
use crate::http::page::{PageQuery, after, listed};
use crate::http::{Here, plain};

const COLUMNS: [&str; 4] = ["id", "name", "currency", "created_at"];
/// The most plans that are looked through for a price.
const PLANS_MAX: usize = 500;

/// A plan to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlan {
    /// What customers read on their invoices.
    #[garde(length(chars, min = 1, max = 200), custom(plain))]
    #[schema(example = "Studio")]
    name: String,
    /// One for all tiers.
    #[garde(skip)]
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Is tax within the prices? It is not, when nobody says.
    #[garde(skip)]
    #[serde(default)]
    tax_inclusive: bool,
    /// From 1 to 10.
    #[garde(skip)]
    tiers: Vec<NewPlanTier>,
}

/// A tier of a plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlanTier {
    /// Small letters, digits and dashes; once a plan.
    #[schema(example = "pro")]
    name: String,
    /// What one costs a period.
    #[schema(value_type = String, example = "99.00")]
    amount: AmountText,
    /// `day`, `week`, `month` or `year`.
    #[schema(value_type = String, example = "month")]
    interval: Interval,
    /// How many of them; one, when nobody says.
    #[serde(default = "one")]
    interval_count: u32,
    /// How many days cost nothing at first.
    trial_days: Option<u32>,
}

fn one() -> u32 {
    1
}

/// A tier.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanTierView {
    name: String,
    #[schema(example = "99.00")]
    amount: String,
    #[schema(example = "month")]
    interval: &'static str,
    interval_count: u32,
    trial_days: Option<u32>,
    stripe_price_id: String,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    id: String,
    name: String,
    #[schema(example = "USD")]
    currency: String,
    tax_inclusive: bool,
    tiers: Vec<PlanTierView>,
    stripe_product_id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&Plan> for PlanView {
    fn from(plan: &Plan) -> Self {
        let tier = |tier: &PlanTier| PlanTierView {
            name: tier.name.clone(),
            amount: tier.amount.to_text(),
            interval: tier.every.interval.word(),
            interval_count: tier.every.count,
            trial_days: tier.trial_days,
            stripe_price_id: tier.price.clone(),
        };
        Self {
            id: plan.id.to_string(),
            name: plan.name.clone(),
            currency: plan.currency.to_string(),
            tax_inclusive: plan.is_tax_inclusive,
            tiers: plan.tiers.iter().map(tier).collect(),
            stripe_product_id: plan.product.clone(),
            created_at: plan.created_at,
        }
    }
}

/// The plans of a tenant, for finding the one of a price.
pub(super) async fn all(app: &App, tenant: &TenantKey) -> Result<Vec<Plan>, Problem> {
    Ok(app.store.list_plans(tenant, None, PLANS_MAX).await?.items)
}

/// List plans in the order in which they were made.
#[utoipa::path(
    get, path = "/v1/revenue/plans", tag = "billing", params(PageQuery),
    responses((status = 200, description = "A page of plans; CSV for `Accept: text/csv`.", body = Listed<PlanView>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let behind = after(query.cursor.as_deref(), |id| PlanId::parse(id).ok())?;
    let page = app.store.list_plans(&caller.tenant_key(), behind.as_ref(), limit(query.limit)?).await?;
    let rows: Vec<PlanView> = page.items.iter().map(PlanView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "plans", &COLUMNS, listed(rows, page.next))
}

/// Create a plan with its tiers, here and at Stripe.
///
/// Never changed afterwards: another price is another plan.
#[utoipa::path(
    post, path = "/v1/revenue/plans", tag = "billing", request_body = NewPlan,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "Created.", body = PlanView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<NewPlan>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let tiers = body.tiers()?;
    let account = billing(&app)?.account(&caller.tenant).await?;
    let id = PlanId::from_ulid(minting.ulid("plan"));
    let ours = [("tributary_plan", id.as_str())];
    // Each step has its own key: a run that stops in the middle goes on, and makes nothing twice.
    let product = account.create_product(&body.name, &ours, &key_of(&caller, &minting, "product")).await?;
    let mut priced = Vec::with_capacity(tiers.len());
    for (mut tier, unit_amount) in tiers {
        let new = NewPrice {
            product: product.id.clone(),
            nickname: format!("{} {}", body.name, tier.name),
            currency: body.currency.code().to_ascii_lowercase(),
            unit_amount,
            recurring: Recurring { interval: tier.every.interval.word().to_owned(), interval_count: tier.every.count },
            is_tax_inclusive: body.tax_inclusive,
            metadata: vec![
                ("tributary_plan".to_owned(), id.to_string()),
                ("tributary_tier".to_owned(), tier.name.clone()),
            ],
        };
        let key = key_of(&caller, &minting, &format!("price-{}", tier.name));
        tier.price = account.create_price(&new, &key).await?.id;
        priced.push(tier);
    }
    let plan = Plan {
        id,
        name: body.name,
        currency: body.currency,
        is_tax_inclusive: body.tax_inclusive,
        product: product.id,
        tiers: priced,
        created_at: minting.at(),
    };
    let tiers: Vec<&str> = plan.tiers.iter().map(|tier| tier.name.as_str()).collect();
    let told = Told::new(plan.id.to_string(), caller.acting(origin), minting.at(), "plan.created")
        .is("name", &plan.name)
        .is("currency", plan.currency)
        .is("tiers", tiers.join(", "));
    let tenant = caller.tenant_key();
    if app.store.telling(&tenant, told).create_plan(&tenant, &plan).await? == Written::ConditionFailed {
        return Err(Problem::conflict("another plan has this id; send the request under another Idempotency-Key"));
    }
    tracing::info!(plan.id = %plan.id, by = %caller.subject, "plan created");
    let headers = [(LOCATION, format!("/v1/revenue/plans/{}", plan.id))];
    Ok((StatusCode::CREATED, headers, Json(PlanView::from(&plan))).into_response())
}

impl NewPlan {
    /// The tiers, and what each costs as Stripe counts.
    fn tiers(&self) -> Result<Vec<(PlanTier, i64)>, Problem> {
        let mut faults = Faults::default();
        let mut tiers = Vec::new();
        for (n, tier) in self.tiers.iter().enumerate() {
            let pointer = format!("/tiers/{n}/amount");
            // What cannot be read is told, and the tier's other fields are looked at all the same.
            let amount = faults.amount(&pointer, &tier.amount, self.currency).unwrap_or(Money::zero(self.currency));
            let places = || format!("the payment provider takes fewer places of {}", self.currency);
            let unit_amount = faults.fit(&pointer, stripe::minor_of(amount).ok_or_else(places)).unwrap_or_default();
            let every = Every { interval: tier.interval, count: tier.interval_count };
            let read =
                PlanTier { name: tier.name.clone(), amount, every, trial_days: tier.trial_days, price: String::new() };
            tiers.push((read, unit_amount));
        }
        let read: Vec<PlanTier> = tiers.iter().map(|(tier, _)| tier.clone()).collect();
        faults.extend(faults_of(&read));
        faults.finish(Some(tiers))
    }
}
