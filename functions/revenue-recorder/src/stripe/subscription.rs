//! How a subscription stands. One that begins with a trial is a sign-up besides; one that is paid at once tells itself by
//! its first invoice.

use domain::currency::Currency;
use domain::fact::{Fact, SignUp};
use domain::money::Money;
use domain::subscription::{Every, Interval, Subscription, SubscriptionStatus};
use domain::time::Timestamp;

use super::{Untranslatable, amount, key, optional_key, required_key, time_or, token_in_metadata, traits};
use crate::fields::Fields;

/// The facts of a subscription's event.
pub(super) fn facts(subscription: &Fields<'_>, event_at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let told = standing(subscription, event_at)?;
    let mut facts: Vec<Fact> = sign_up(subscription, &told, event_at)?.into_iter().collect();
    facts.push(Fact::SubscriptionChanged(told));
    Ok(facts)
}

/// A trial is a sign-up by the subscription's own key: whichever of its events comes, it is one.
fn sign_up(
    subscription: &Fields<'_>,
    told: &Subscription,
    event_at: Timestamp,
) -> Result<Option<Fact>, Untranslatable> {
    if told.status != SubscriptionStatus::Trialing {
        return Ok(None);
    }
    Ok(Some(Fact::SignUp(SignUp {
        event: told.subscription.clone(),
        customer: required_key(subscription, "customer")?,
        occurred_at: time_or(subscription, "created", event_at)?,
        click_token: token_in_metadata(subscription),
        coupon: traits::of(subscription, None).coupon,
        email: None,
    })))
}

/// The whole state, from the old shape and from the one since basil, which keeps periods with the items.
fn standing(subscription: &Fields<'_>, event_at: Timestamp) -> Result<Subscription, Untranslatable> {
    let items = subscription.optional_object("items").map(|items| items.list("data")).unwrap_or_default();
    let first = items.first();
    let price = first.and_then(price_of);
    let period = |name: &str| match subscription.optional_time(name)? {
        Some(old) => Ok(Some(old)),
        None => first.map_or(Ok(None), |item| item.optional_time(name)),
    };
    let pause = subscription.optional_object("pause_collection");
    let status = subscription.text("status")?;
    Ok(Subscription {
        subscription: key(subscription, "id", subscription.text("id")?)?,
        customer: optional_key(subscription, "customer")?,
        status: SubscriptionStatus::parse(status)
            .ok_or_else(|| subscription.expected("status", "a status of a subscription"))?,
        plan: price.as_ref().and_then(|price| price.optional_text("id")).map(str::to_owned),
        product: price.as_ref().map_or(Ok(None), |price| price.reference("product"))?.map(str::to_owned),
        item: first.and_then(|item| item.optional_text("id")).map(str::to_owned),
        quantity: first.map_or(Ok(1), quantity)?,
        amount: amount_of(&items)?,
        every: price.as_ref().map_or(Ok(None), every)?,
        period_start: period("current_period_start")?,
        period_end: period("current_period_end")?,
        started_at: subscription.optional_time("start_date")?,
        cancel_at: subscription.optional_time("cancel_at")?,
        cancel_at_period_end: subscription.is_true("cancel_at_period_end"),
        canceled_at: subscription.optional_time("canceled_at")?,
        ended_at: subscription.optional_time("ended_at")?,
        trial_end: subscription.optional_time("trial_end")?,
        paused: pause.is_some(),
        resumes_at: pause.as_ref().map_or(Ok(None), |pause| pause.optional_time("resumes_at"))?,
        told_at: event_at,
    })
}

/// An old item has a plan beside its price, or only a plan.
fn price_of<'a>(item: &Fields<'a>) -> Option<Fields<'a>> {
    item.optional_object("price").or_else(|| item.optional_object("plan"))
}

fn quantity(item: &Fields<'_>) -> Result<u64, Untranslatable> {
    // What goes by use has none.
    let quantity = item.optional_integer("quantity")?.unwrap_or(1);
    u64::try_from(quantity).map_err(|_| item.expected("quantity", "a whole number from 0 on"))
}

fn every(price: &Fields<'_>) -> Result<Option<Every>, Untranslatable> {
    let recurring = price.optional_object("recurring");
    let told = recurring.as_ref().unwrap_or(price);
    let Some(word) = told.optional_text("interval") else { return Ok(None) };
    let interval = Interval::parse(word).ok_or_else(|| told.expected("interval", "day, week, month or year"))?;
    let count = told.optional_integer("interval_count")?.unwrap_or(1);
    let count = u32::try_from(count).ok().filter(|count| *count > 0);
    Ok(Some(Every { interval, count: count.ok_or_else(|| told.expected("interval_count", "a whole number"))? }))
}

/// What a period comes to: each item's price times its quantity. None where one goes by use or by tiers, or where two are
/// of different currencies or periods: nothing is guessed.
fn amount_of(items: &[Fields<'_>]) -> Result<Option<Money>, Untranslatable> {
    let mut sum: Option<(Money, Option<Every>)> = None;
    for item in items {
        let Some(price) = price_of(item) else { return Ok(None) };
        let unit = match price.optional_integer("unit_amount")? {
            Some(unit) => Some(unit),
            // An old plan calls it its amount.
            None => price.optional_integer("amount")?,
        };
        let Some(unit) = unit else { return Ok(None) };
        let currency: Currency = amount::currency(&price)?;
        let quantity = i64::try_from(quantity(item)?).unwrap_or(i64::MAX);
        let Some(whole) = unit.checked_mul(quantity) else { return Ok(None) };
        let money = amount::checked(&price, "unit_amount", whole, currency)?;
        let period = every(&price)?;
        sum = match sum {
            None => Some((money, period)),
            Some((so_far, known)) if known == period => match so_far.try_add(money) {
                Ok(added) => Some((added, known)),
                Err(_) => return Ok(None),
            },
            Some(_) => return Ok(None),
        };
    }
    Ok(sum.map(|(money, _)| money))
}
