//! Payouts of the story: asked for, approved, sent and confirmed; some refused, some failed, the last ones under way.

use domain::currency::Currency;
use domain::money::Money;
use reqwest::Method;
use serde_json::{Value, json};

use super::WEEKS;
use super::cast::{Cast, Partner};
use super::story::{Story, text};
use crate::Error;

/// The first week in which something may have matured.
const FIRST_WEEK: u32 = 8;
/// Every so many weeks a partner asks.
const EVERY_WEEKS: u32 = 6;
/// Nobody asks for less, in whole units.
const MINIMUM: i64 = 50;

/// How far a payout comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Asked,
    Approved,
    Sent,
    Paid,
    Rejected,
    Failed,
}

/// The payouts of a week.
pub(super) async fn of_week(story: &Story<'_>, cast: &Cast, week: u32) -> Result<(), Error> {
    if week < FIRST_WEEK {
        return Ok(());
    }
    let their_week =
        |partner: &&Partner| partner.n % EVERY_WEEKS == week % EVERY_WEEKS && partner.joins_week + 6 <= week;
    for partner in cast.partners.iter().filter(their_week) {
        if is_worth_asking(story, partner).await? {
            pay(story, partner, week, end_of(partner, week)).await?;
        }
    }
    Ok(())
}

/// The end of a payout: most are paid, one in nine is refused, one in nine fails; the last weeks leave some under way.
fn end_of(partner: &Partner, week: u32) -> End {
    let mark = partner.n / EVERY_WEEKS + week / EVERY_WEEKS;
    if week + 2 >= WEEKS {
        return [End::Asked, End::Approved, End::Sent][usize::try_from(mark % 3).unwrap_or(0)];
    }
    match mark % 9 {
        3 => End::Rejected,
        6 => End::Failed,
        _ => End::Paid,
    }
}

async fn is_worth_asking(story: &Story<'_>, partner: &Partner) -> Result<bool, Error> {
    let id = &story.progress.partner(partner.n)?.id;
    let key = story.progress.key("finance")?;
    let dashboard = story.client.get(key, &format!("/v1/partners/dashboard?partner_id={id}")).await?;
    let Some(balance) = dashboard["balances"].as_array().and_then(|all| all.first()) else { return Ok(false) };
    let currency = Currency::parse(partner.currency)?;
    let available = Money::parse(&text(balance, "available")?, currency)?;
    Ok(balance["open_payout_id"].is_null() && available.minor() >= MINIMUM * 100)
}

/// One payout, as far as it comes. A week told again meets it where it stands: its requests are the same.
pub(super) async fn pay(story: &Story<'_>, partner: &Partner, week: u32, end: End) -> Result<(), Error> {
    let body = json!({"partner_id": story.progress.partner(partner.n)?.id, "currency": partner.currency});
    let named = |step: &str| format!("demo-payout-{week}-{}-{step}", partner.n);
    let asked = story.write(Method::POST, "finance", "/v1/revenue/payouts/request", &named("ask"), body).await?;
    let (id, seal) = (text(&asked, "id")?, text(&asked, "seal")?);
    let path = |step: &str| format!("/v1/revenue/payouts/{id}/{step}");
    let step = async |method: Method, role: &str, word: &str, body: Value| {
        story.write(method, role, &path(word), &named(word), body).await.map(|_| ())
    };
    let at = story.progress.instant(week, 9)?.to_string();
    let reference = format!("DEMO-{week:02}-{:02}", partner.n);
    if end == End::Rejected {
        let reason = json!({"reason": "Please add your tax form first, then ask again."});
        return step(Method::PUT, "admin", "reject", reason).await;
    }
    if end == End::Asked {
        return Ok(());
    }
    step(Method::PUT, "admin", "approve", json!({"seal": seal})).await?;
    if end == End::Approved {
        return Ok(());
    }
    step(Method::POST, "finance", "mark-sent", json!({"sent_at": at, "payment_reference": reference})).await?;
    match end {
        End::Failed => {
            step(Method::POST, "finance", "fail", json!({"failure_reason": "The bank knows no such account."})).await
        }
        End::Paid => {
            step(Method::POST, "finance", "confirm", json!({"completed_at": at, "payment_reference": reference})).await
        }
        _ => Ok(()),
    }
}
