//! A subscription as it is answered: what its webhooks told, and beside it our own plan and customer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::id::{CustomerId, SubscriptionId};
use domain::plan::{Plan, PlanTier};
use domain::subscription::Subscription;
use domain::time::Timestamp;
use edge::revision::etag;
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::Serialize;
use store::newest::Kept;
use stripe::SubscriptionAnswer;
use utoipa::ToSchema;

/// A subscription.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct SubscriptionView {
    pub(super) id: String,
    #[schema(example = "sub_1SndNL7AYC3gHowedUNNhleacv")]
    pub(super) stripe_subscription_id: String,
    /// Null for one that was begun elsewhere.
    pub(super) customer_id: Option<String>,
    pub(super) stripe_customer_id: Option<String>,
    /// Null for a price of no plan here.
    pub(super) plan_id: Option<String>,
    /// The tier of the plan.
    pub(super) tier: Option<String>,
    pub(super) stripe_price_id: Option<String>,
    pub(super) quantity: u64,
    /// `incomplete`, `trialing`, `active`, `past_due`, `unpaid`, `paused`, `incomplete_expired` or `canceled`.
    #[schema(example = "active")]
    pub(super) status: String,
    /// What one period comes to, before tax.
    #[schema(example = "99.00")]
    pub(super) amount: Option<String>,
    #[schema(example = "USD")]
    pub(super) currency: Option<String>,
    #[schema(example = "month")]
    pub(super) interval: Option<&'static str>,
    pub(super) interval_count: Option<u32>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) current_period_start: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) current_period_end: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) trial_end: Option<Timestamp>,
    /// Is collecting paused?
    pub(super) paused: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) resumes_at: Option<Timestamp>,
    pub(super) cancel_at_period_end: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) cancel_at: Option<Timestamp>,
    /// When notice was given.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) canceled_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) ended_at: Option<Timestamp>,
    /// When the provider told this; null until its first webhook has come.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) told_at: Option<Timestamp>,
}

/// The tier whose price this is.
pub(super) fn tier_of<'a>(plans: &'a [Plan], price: &str) -> Option<(&'a Plan, &'a PlanTier)> {
    plans.iter().find_map(|plan| Some((plan, plan.tiers.iter().find(|tier| tier.price == price)?)))
}

impl SubscriptionView {
    /// As it was told last.
    pub(super) fn of(told: &Subscription, plans: &[Plan]) -> Self {
        let known = told.plan.as_deref().and_then(|price| tier_of(plans, price));
        let provider = |key: &domain::fact::PaymentKey| key.as_str().trim_start_matches("stripe:").to_owned();
        Self {
            id: told.id().to_string(),
            stripe_subscription_id: provider(&told.subscription),
            customer_id: told.customer.as_ref().map(|customer| CustomerId::of(customer).to_string()),
            stripe_customer_id: told.customer.as_ref().map(provider),
            plan_id: known.map(|(plan, _)| plan.id.to_string()),
            tier: known.map(|(_, tier)| tier.name.clone()),
            stripe_price_id: told.plan.clone(),
            quantity: told.quantity,
            status: told.status.word().to_owned(),
            amount: told.amount.map(|amount| amount.to_text()),
            currency: told.amount.map(|amount| amount.currency().to_string()),
            interval: told.every.map(|every| every.interval.word()),
            interval_count: told.every.map(|every| every.count),
            current_period_start: told.period_start,
            current_period_end: told.period_end,
            trial_end: told.trial_end,
            paused: told.paused,
            resumes_at: told.resumes_at,
            cancel_at_period_end: told.cancel_at_period_end,
            cancel_at: told.cancel_at,
            canceled_at: told.canceled_at,
            ended_at: told.ended_at,
            told_at: Some(told.told_at),
        }
    }

    /// With what the provider answered just now: its webhook may still be on the way.
    pub(super) fn answered(mut self, answer: &SubscriptionAnswer) -> Self {
        self.status.clone_from(&answer.status);
        if let Some(quantity) = answer.items.data.first().and_then(|item| item.quantity) {
            self.quantity = quantity;
        }
        self
    }

    /// As an answer with the version that was told.
    pub(super) fn with_etag(self, version: u64) -> Response {
        ([(ETAG, etag(version))], Json(self)).into_response()
    }

    /// As the answer to a new one.
    pub(super) fn created(self) -> Response {
        let place = [(LOCATION, format!("/v1/revenue/subscriptions/{}", self.id))];
        (StatusCode::CREATED, place, Json(self)).into_response()
    }
}

/// The id of the subscription that a provider answers.
pub(super) fn id_of(answer: &SubscriptionAnswer) -> Option<SubscriptionId> {
    let key = domain::fact::PaymentKey::parse(&format!("stripe:{}", answer.id)).ok()?;
    Some(SubscriptionId::of(&key))
}

/// The provider's own id of a subscription; none when it is another provider's.
pub(super) fn stripe_id(kept: &Kept<Subscription>) -> Option<&str> {
    kept.told.subscription.as_str().strip_prefix("stripe:")
}
