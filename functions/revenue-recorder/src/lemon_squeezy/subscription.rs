//! How a subscription stands; and which order paid for it first.

use domain::fact::{Buyer, CustomerSeen, Fact, PaymentAlias, SignUp};
use domain::subscription::{Subscription, SubscriptionStatus};

use super::{Told, first_payment};
use crate::fields::{Fields, Untranslatable};

/// The facts of a subscription's event, whichever of them it is: each carries the whole subscription.
pub(super) fn facts(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let mut facts = Vec::new();
    if let Some(order) = told.key_in("order_id", "order")? {
        let alias = first_payment(&told.data, "id", told.id)?;
        facts.push(Fact::PaymentAlias(PaymentAlias { payment: order, alias }));
    }
    let standing = standing(told)?;
    facts.extend(met(told, &standing)?);
    facts.push(Fact::SubscriptionChanged(standing));
    Ok(facts)
}

/// A trial is a sign-up; any other subscription that carries a click token meets its customer, as its order does.
fn met(told: &Told<'_>, standing: &Subscription) -> Result<Option<Fact>, Untranslatable> {
    let Some(customer) = standing.customer.clone() else { return Ok(None) };
    let (event, occurred_at) = (standing.subscription.clone(), told.attributes.instant("created_at")?);
    let (click_token, email) = (told.token.clone(), told.email());
    if standing.status == SubscriptionStatus::Trialing {
        let sign_up = SignUp { event, customer, occurred_at, click_token, coupon: None, email };
        return Ok(Some(Fact::SignUp(sign_up)));
    }
    if click_token.is_none() {
        return Ok(None);
    }
    let buyer = Buyer::default();
    let seen = CustomerSeen { event, customer, occurred_at, click_token, coupon: None, email, buyer };
    Ok(Some(Fact::CustomerSeen(seen)))
}

fn standing(told: &Told<'_>) -> Result<Subscription, Untranslatable> {
    let object = &told.attributes;
    let item = object.optional_object("first_subscription_item");
    let of_item = |name: &str| item.as_ref().map_or(Ok(None), |item| item.number_or_text(name));
    let quantity = item.as_ref().map_or(Ok(None), |item| item.optional_integer("quantity"))?.unwrap_or(1);
    let pause = object.optional_object("pause");
    let (status, ends_at) = (status(object)?, object.optional_instant("ends_at")?);
    let is_over = status.is_over();
    let is_cancelled = object.is_true("cancelled");
    let told_at = told.told_at()?;
    Ok(Subscription {
        subscription: told.key("subscription")?,
        customer: told.customer()?,
        status,
        plan: object.number_or_text("variant_id")?,
        product: object.number_or_text("product_id")?,
        item: of_item("id")?,
        quantity: u64::try_from(quantity).map_err(|_| object.expected("first_subscription_item", "a quantity"))?,
        // Neither the price nor the period is told with a subscription.
        amount: None,
        every: None,
        period_start: None,
        period_end: if is_over { None } else { object.optional_instant("renews_at")? },
        started_at: object.optional_instant("created_at")?,
        cancel_at: ends_at.filter(|_| is_cancelled && !is_over),
        cancel_at_period_end: is_cancelled && !is_over,
        canceled_at: is_cancelled.then_some(told_at),
        ended_at: ends_at.filter(|_| is_over),
        trial_end: object.optional_instant("trial_ends_at")?,
        paused: pause.is_some() || status == SubscriptionStatus::Paused,
        resumes_at: pause.as_ref().map_or(Ok(None), |pause| pause.optional_instant("resumes_at"))?,
        told_at,
    })
}

/// A cancelled one runs on until its end: what was paid for is still served.
fn status(object: &Fields<'_>) -> Result<SubscriptionStatus, Untranslatable> {
    match object.text("status")? {
        "on_trial" => Ok(SubscriptionStatus::Trialing),
        "active" | "cancelled" => Ok(SubscriptionStatus::Active),
        "paused" => Ok(SubscriptionStatus::Paused),
        "past_due" => Ok(SubscriptionStatus::PastDue),
        "unpaid" => Ok(SubscriptionStatus::Unpaid),
        "expired" => Ok(SubscriptionStatus::Canceled),
        _ => Err(object.expected("status", "a status of a subscription")),
    }
}
