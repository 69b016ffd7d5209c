//! What people decide about the guild: reviews, corrections, exchanges, a debt, a rule for the future. The last weeks leave
//! something of each for whoever looks at the demo.

use domain::fact::PaymentKey;
use domain::id::{LineId, SaleId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{COUPON, OLGA, PIET, PROGRAM, TILDA, UMA, VERA};
use crate::Error;
use crate::demo::payouts::{self, End};
use crate::demo::story::{HOUR, Story, text};

/// What is done in a week, after its night.
pub(in crate::demo) async fn of_week(story: &Story<'_>, week: u32) -> Result<(), Error> {
    match week {
        5 => coupon(story).await,
        6 => {
            decide(story, week, json!({"decision": "release", "reason": "A real customer of ours, by telephone."}))
                .await
        }
        8 => pay(story, UMA, week).await,
        9 => {
            rate(story, week, "1.0837").await?;
            exchange(story, week, "100.00").await
        }
        10 => pay(story, OLGA, week).await,
        11 => {
            let note = "Paid advertisements on our name are against section 4 of the terms.";
            let body = json!({"decision": "reject", "reason": "Bid on our brand, and bought it themself.", "partner_note": note});
            decide(story, week, body).await
        }
        13 => new_rule(story, week).await,
        14 => correct(story, week, ("40.00", "Travel to the conference"), false).await,
        16 => correct(story, week, ("180.00", "A webinar that they held for us"), true).await,
        // What is left for the reader.
        25 => {
            hold(story).await?;
            correct(story, week, ("250.00", "A second webinar"), false).await?;
            write_off(story, week).await
        }
        _ => Ok(()),
    }
}

fn id_of(story: &Story<'_>, member: u32) -> Result<String, Error> {
    Ok(story.progress.partner(member)?.id.clone())
}

async fn pay(story: &Story<'_>, member: u32, week: u32) -> Result<(), Error> {
    let Some(partner) = super::members().into_iter().find(|partner| partner.n == member) else { return Ok(()) };
    payouts::pay(story, &partner, week, End::Paid).await
}

async fn coupon(story: &Story<'_>) -> Result<(), Error> {
    let body = json!({
        "code": COUPON, "partner_id": id_of(story, PIET)?, "program_id": story.progress.program(PROGRAM)?,
        "valid_from": story.progress.instant(5, 0)?.to_string(),
    });
    story.write(Method::POST, "admin", "/v1/coupons", "demo-coupon", body).await.map(|_| ())
}

/// Tilda's review that is open, decided. A week told again finds none.
async fn decide(story: &Story<'_>, week: u32, body: Value) -> Result<(), Error> {
    let tilda = id_of(story, TILDA)?;
    let listed = story.client.get(story.progress.key("finance")?, "/v1/risk?band=hold").await?;
    let is_hers = |review: &&Value| review["partner_ids"] == json!([tilda]);
    let Some(review) = listed["data"].as_array().into_iter().flatten().find(is_hers) else { return Ok(()) };
    let path = format!("/v1/risk/{}/decide", text(review, "id")?);
    story.write(Method::POST, "finance", &path, &format!("demo-review-{week}"), body).await.map(|_| ())
}

/// A rate of exchange, as it stood an hour ago.
async fn rate(story: &Story<'_>, week: u32, rate: &str) -> Result<(), Error> {
    let at = story.progress.instant(week, HOUR - 1)?.to_string();
    let body = json!({"from_currency": "EUR", "to_currency": "USD", "rate": rate, "source": "European Central Bank", "at": at});
    story.write(Method::POST, "finance", "/v1/revenue/fx-rates", &format!("demo-rate-{week}"), body).await.map(|_| ())
}

/// Finance asks for an exchange of Vera's euros, the admin approves.
async fn exchange(story: &Story<'_>, week: u32, amount: &str) -> Result<(), Error> {
    let body = json!({
        "partner_id": id_of(story, VERA)?, "amount": amount, "currency": "EUR", "into_currency": "USD",
        "reason": "Vera is paid in dollars.",
    });
    let (path, once) = ("/v1/revenue/fx-conversions", format!("demo-exchange-{week}"));
    let asked = story.write(Method::POST, "finance", path, &once, body).await?;
    approve(story, path, &asked, &once).await
}

/// The admin approves what finance asked for, by the seal that it shows.
async fn approve(story: &Story<'_>, path: &str, asked: &Value, once: &str) -> Result<(), Error> {
    let (path, once) = (format!("{path}/{}/approve", text(asked, "id")?), format!("{once}-yes"));
    story.write(Method::POST, "admin", &path, &once, json!({"seal": asked["seal"]})).await.map(|_| ())
}

/// A correction for Olga: a small one is booked at once, a larger one when a second person approves.
async fn correct(story: &Story<'_>, week: u32, (amount, reason): (&str, &str), approved: bool) -> Result<(), Error> {
    let body = json!({"partner_id": id_of(story, OLGA)?, "amount": amount, "currency": "USD", "reason": reason});
    let (path, once) = ("/v1/revenue/adjustments", format!("demo-correction-{week}"));
    let asked = story.write(Method::POST, "finance", path, &once, body).await?;
    if approved { approve(story, path, &asked, &once).await } else { Ok(()) }
}

/// Uma's debt, asked to be given up.
async fn write_off(story: &Story<'_>, week: u32) -> Result<(), Error> {
    let body =
        json!({"partner_id": id_of(story, UMA)?, "currency": "USD", "reason": "They left; nothing more will come."});
    let once = format!("demo-write-off-{week}");
    story.write(Method::POST, "finance", "/v1/revenue/write-offs", &once, body).await.map(|_| ())
}

/// One of Piet's commissions is held by a person, without a signal.
async fn hold(story: &Story<'_>) -> Result<(), Error> {
    let sale = SaleId::of(&PaymentKey::parse("stripe:in_guild6m4")?);
    let path = format!("/v1/revenue/commissions/{}/hold", LineId::of_sale(&sale, 1));
    let body = json!({"reason": "The customer asks whether the renewal was meant."});
    story.write(Method::POST, "finance", &path, "demo-hold", body).await.map(|_| ())
}

/// From here on the first sale pays more and renewals less; what was sold before keeps its rule.
async fn new_rule(story: &Story<'_>, week: u32) -> Result<(), Error> {
    let body = json!({
        "kind": "clauses",
        "clauses": [
            {"name": "First sale", "events": ["first_sale", "one_off_sale"], "reward": {"kind": "percentage", "rate": "0.35"}},
            {"name": "Renewals of a year", "events": ["renewal"], "reward": {"kind": "percentage", "rate": "0.25"}, "max_months": 12},
        ],
    });
    let path = format!("/v1/programs/{}/rules", story.progress.program("USD")?);
    story.write(Method::POST, "admin", &path, &format!("demo-rule-{week}"), body).await.map(|_| ())
}
