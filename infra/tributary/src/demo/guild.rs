//! The guild: a few partners with names of their own, in whose half year everything happens once that rules, ledger and
//! people can do. What they sell is here; what people decide about it is in [`desk`].
//!
//! Olga reaches a band, a bonus, a cap and a milestone; Piet was referred by her and has a coupon; Quill brings a lead,
//! Rosa a sign-up; Sam's customers dispute; Tilda's customers look like fraud; what Uma was paid for goes back; Vera's
//! customers pay in euros.

pub(super) mod desk;

use domain::currency::Currency;
use domain::money::Money;
use serde_json::{Value, json};

use super::cast::Partner;
use super::story::{HOUR, MONTH_H, Story, WEEK_H};
use super::stripe::{self, Checkout, Dispute, DisputeStage, Invoice, Refund, Subscribed, Trial};
use super::track;
use crate::Error;

/// Under which name the programme is noted.
pub(super) const PROGRAM: &str = "GUILD";

pub(super) const OLGA: u32 = 1001;
pub(super) const PIET: u32 = 1002;
pub(super) const QUILL: u32 = 1003;
pub(super) const ROSA: u32 = 1004;
pub(super) const SAM: u32 = 1005;
pub(super) const TILDA: u32 = 1006;
pub(super) const UMA: u32 = 1007;
pub(super) const VERA: u32 = 1008;

/// Piet's coupon.
pub(super) const COUPON: &str = "PIET10";
/// The lead that Quill brings.
const LEAD: &str = "lin@customer.example";
/// Of a domain that gives out addresses to throw away.
const THROWN_AWAY: &str = "someone@mailinator.com";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0 guild";
/// Tokens of the guild's customers are noted behind those of the others.
const TOKENS_FROM: u32 = 10_000;
const YEAR_DAYS: i64 = 365;
const MONTH_DAYS: i64 = 30;
/// The token of the lead, and of the sign-up, beside those of purchases.
const LEAD_TOKEN: u32 = TOKENS_FROM + 900;
const TRIAL_TOKEN: u32 = TOKENS_FROM + 901;

/// The rule of the guild: bands with a cap, a bonus for volume, a second tier, a milestone, leads and sign-ups.
pub(super) fn rule() -> Value {
    json!({
        "kind": "clauses",
        "clauses": [
            {"name": "A lead worth a call", "events": ["qualified_lead"], "reward": {"kind": "flat", "amount": "20.00"}},
            {"name": "Sales", "events": ["first_sale", "renewal", "one_off_sale"], "reward": {"kind": "banded"}},
        ],
        "bands": {"mode": "retroactive", "steps": [{"from": "0", "rate": "0.3"}, {"from": "2000.00", "rate": "0.35"}]},
        "volume_bonus": {"from": "3000.00", "bonus": "0.1"},
        "caps": {"per_partner_period": "1500.00"},
        "second_tier": "0.1",
        "sign_up_bonus": {},
        "milestones": [
            {"name": "Five customers", "metric": "customers", "threshold": "5", "bonus": "100.00", "badge": "Five of the Guild"},
        ],
    })
}

/// Its members.
pub(super) fn members() -> Vec<Partner> {
    let member = |n, name: &str, joins_week, tier, referrer, program| Partner {
        n,
        name: name.to_owned(),
        email: format!("{}@partner.example", name.to_lowercase().replace(' ', "-")),
        code: name.to_lowercase().replace(' ', "-"),
        currency: "USD",
        program,
        tier,
        referrer,
        joins_week,
    };
    vec![
        member(OLGA, "Olga Oak", 0, "tier3", None, PROGRAM),
        member(PIET, "Piet Pine", 1, "tier1", Some(OLGA), PROGRAM),
        member(QUILL, "Quill Quince", 2, "tier1", None, PROGRAM),
        member(ROSA, "Rosa Rowan", 2, "tier2", None, PROGRAM),
        member(SAM, "Sam Sorrel", 1, "tier1", None, PROGRAM),
        member(TILDA, "Tilda Thorn", 2, "tier1", None, PROGRAM),
        member(UMA, "Uma Umber", 0, "tier1", None, PROGRAM),
        // Her programme pays a share, of whatever currency.
        member(VERA, "Vera Vetch", 0, "tier1", None, "USD"),
    ]
}

/// What made a customer a partner's.
#[derive(Clone, Copy)]
enum How {
    /// A click with a query.
    Click(&'static str),
    /// The partner's coupon.
    Coupon,
    /// An address that a lead left before.
    Address,
    /// The trial that the customer signed up for.
    Trial,
}

/// A customer of the guild, and when they pay.
struct Purchase {
    n: u32,
    partner: u32,
    /// The week of the click, and so many hours after its beginning the payment.
    week: u32,
    hours: i64,
    how: How,
    email: Option<&'static str>,
    currency: &'static str,
    minor: i64,
    /// For how long each payment is.
    days: i64,
    /// How often they pay.
    times: u32,
}

const fn by_click(n: u32, partner: u32, week: u32, hours: i64, minor: i64) -> Purchase {
    let (how, currency) = (How::Click(""), "USD");
    Purchase { n, partner, week, hours, how, email: None, currency, minor, days: MONTH_DAYS, times: 1 }
}

const PURCHASES: [Purchase; 19] = [
    // Four years at once: the band of 35 %, a tenth more, and the cap of the month.
    Purchase { days: YEAR_DAYS, ..by_click(1, OLGA, 2, 1, 118_800) },
    Purchase { days: YEAR_DAYS, ..by_click(2, OLGA, 2, 2, 118_800) },
    Purchase { days: YEAR_DAYS, ..by_click(3, OLGA, 2, 3, 118_800) },
    Purchase { days: YEAR_DAYS, ..by_click(4, OLGA, 2, 4, 118_800) },
    // The fifth customer is a milestone.
    Purchase { times: 4, ..by_click(5, OLGA, 8, 5, 9_900) },
    Purchase { times: 5, ..by_click(6, PIET, 4, 3, 29_900) },
    Purchase { how: How::Coupon, ..by_click(7, PIET, 6, 8, 13_410) },
    Purchase { how: How::Address, email: Some(LEAD), times: 3, ..by_click(8, QUILL, 7, 6, 19_900) },
    Purchase { how: How::Trial, times: 3, ..by_click(9, ROSA, 8, 6, 4_900) },
    by_click(10, SAM, 3, 4, 29_900),
    by_click(11, SAM, 3, 6, 29_900),
    by_click(12, SAM, 20, 6, 14_900),
    Purchase { how: How::Click("?gclid=EAIaIQ"), email: Some(THROWN_AWAY), ..by_click(13, TILDA, 4, 2, 9_900) },
    Purchase { how: How::Click("?gclid=EAIaIQ"), email: Some(THROWN_AWAY), ..by_click(14, TILDA, 9, 2, 9_900) },
    Purchase { how: How::Click("?msclkid=7d1f"), email: Some(THROWN_AWAY), ..by_click(15, TILDA, 24, 2, 19_900) },
    by_click(16, UMA, 1, 4, 49_900),
    Purchase { currency: "EUR", ..by_click(17, VERA, 1, 4, 40_000) },
    Purchase { currency: "EUR", ..by_click(18, VERA, 2, 4, 30_000) },
    Purchase { times: 3, ..by_click(19, VERA, 12, 4, 5_900) },
];

/// What happens to a payment later.
#[derive(Clone, Copy)]
enum Turn {
    Refund,
    Dispute(DisputeStage),
}

/// Which purchase, in which week, what.
const TURNS: [(u32, u32, Turn); 6] = [
    (10, 6, Turn::Dispute(DisputeStage::Opened)),
    (11, 6, Turn::Dispute(DisputeStage::Opened)),
    (10, 11, Turn::Dispute(DisputeStage::Lost)),
    (11, 11, Turn::Dispute(DisputeStage::Won)),
    // Paid out in the eighth week; what is owed since then is carried.
    (16, 12, Turn::Refund),
    (12, 25, Turn::Dispute(DisputeStage::Opened)),
];

/// The guild's clicks of a week.
pub(super) async fn clicks(story: &mut Story<'_>, week: u32) -> Result<(), Error> {
    let of_purchases = PURCHASES.iter().filter_map(|purchase| match purchase.how {
        How::Click(query) => Some((TOKENS_FROM + purchase.n, purchase.partner, purchase.week, query)),
        How::Coupon | How::Address | How::Trial => None,
    });
    let others = [(LEAD_TOKEN, QUILL, 4, ""), (TRIAL_TOKEN, ROSA, 5, "")];
    for (token, partner, clicks_week, query) in of_purchases.chain(others) {
        if clicks_week != week {
            continue;
        }
        let code = story.progress.partner(partner)?.code.clone();
        let told = story.client.click(&format!("{code}{query}"), &format!("{BROWSER}/{token}")).await?;
        story.progress.tokens.insert(token, told);
    }
    Ok(())
}

/// What Stripe tells of the guild in the week that ends now; a lead is told by the merchant's own backend.
pub(super) async fn sales(story: &Story<'_>, week: u32) -> Result<(), Error> {
    let now = story.progress.instant(week, HOUR)?;
    let mut events = Vec::new();
    for purchase in &PURCHASES {
        events.extend(purchase.events(story, week)?);
    }
    for (n, turns_week, turn) in TURNS {
        if turns_week == week
            && let Some(purchase) = PURCHASES.iter().find(|purchase| purchase.n == n)
        {
            events.extend(purchase.turned(story, turn, week)?);
        }
    }
    if week == 6 {
        let token = story.progress.tokens.get(&TRIAL_TOKEN).cloned();
        let (id, customer) = ("sub_guild9".to_owned(), "cus_guild9".to_owned());
        events.push(stripe::trial_began(&Trial { id, customer, token, at: story.progress.instant(5, HOUR + 2)? }));
    }
    if week == 5 {
        let token = story.progress.tokens.get(&LEAD_TOKEN).map(String::as_str);
        track::lead(story, LEAD, token, story.progress.instant(4, HOUR + 3)?).await?;
    }
    for event in events {
        story.client.stripe(&event, now).await?;
    }
    Ok(())
}

impl Purchase {
    fn events(&self, story: &Story<'_>, week: u32) -> Result<Vec<String>, Error> {
        let mut events = Vec::new();
        let week_ends = i64::from(week) * WEEK_H + HOUR;
        for time in 0..self.times {
            let paid_at = i64::from(self.week) * WEEK_H + HOUR + self.hours + i64::from(time) * MONTH_H;
            if !(week_ends - WEEK_H..week_ends).contains(&paid_at) {
                continue;
            }
            let invoice = self.invoice(story, time)?;
            let coupon = matches!(self.how, How::Coupon).then_some(COUPON);
            events.push(stripe::invoice_paid_for(&invoice, &Subscribed { days: self.days, coupon }));
            if time == 0 && matches!(self.how, How::Click(_)) {
                events.push(stripe::checkout_completed(&Checkout {
                    id: format!("cs_guild{}", self.n),
                    invoice: invoice.id.clone(),
                    customer: invoice.customer.clone(),
                    email: invoice.email.clone(),
                    client_reference_id: story.progress.tokens.get(&(TOKENS_FROM + self.n)).cloned(),
                    at: invoice.paid_at,
                }));
            }
        }
        Ok(events)
    }

    fn invoice(&self, story: &Story<'_>, time: u32) -> Result<Invoice, Error> {
        let paid_at = i64::from(self.week) * WEEK_H + HOUR + self.hours + i64::from(time) * MONTH_H;
        let own = format!("guild{}@customer.example", self.n);
        Ok(Invoice {
            id: format!("in_guild{}m{time}", self.n),
            customer: format!("cus_guild{}", self.n),
            email: self.email.map_or(own, str::to_owned),
            amount: Money::from_minor(self.minor, Currency::parse(self.currency)?),
            paid_at: story.progress.instant(0, paid_at)?,
        })
    }

    /// The events of what became of its first payment.
    fn turned(&self, story: &Story<'_>, turn: Turn, week: u32) -> Result<Vec<String>, Error> {
        let invoice = self.invoice(story, 0)?;
        let (amount, payment_intent) = (invoice.amount, format!("pi_guild{}", self.n));
        let at = story.progress.instant(week, HOUR - 3)?;
        let told = match turn {
            Turn::Refund => {
                let id = format!("re_guild{}", self.n);
                stripe::refund_created(&Refund { id, payment_intent: payment_intent.clone(), amount, at })
            }
            Turn::Dispute(stage) => {
                let id = format!("du_guild{}", self.n);
                let evidence_due = story.progress.instant(week + 2, 0)?;
                let payment_intent = payment_intent.clone();
                stripe::dispute_told(&Dispute { id, payment_intent, amount, at, evidence_due, stage })
            }
        };
        Ok(vec![stripe::invoice_payment_paid(&invoice, &payment_intent), told])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::demo::WEEKS;

    #[test]
    fn every_purchase_is_a_members_and_every_turn_a_purchases() {
        let members: BTreeSet<u32> = members().iter().map(|member| member.n).collect();
        let numbers: BTreeSet<u32> = PURCHASES.iter().map(|purchase| purchase.n).collect();
        assert_eq!(numbers.len(), PURCHASES.len(), "each has a number of its own");
        for purchase in &PURCHASES {
            assert!(members.contains(&purchase.partner) && purchase.week < WEEKS, "{}", purchase.n);
        }
        assert!(TURNS.iter().all(|(n, week, _)| numbers.contains(n) && *week <= WEEKS));
    }

    #[test]
    fn everybody_has_joined_before_their_first_click() {
        for member in members() {
            let first = PURCHASES.iter().filter(|purchase| purchase.partner == member.n).map(|purchase| purchase.week);
            assert!(first.min().is_some_and(|week| week >= member.joins_week), "{}", member.name);
            let referrer = members().into_iter().find(|other| Some(other.n) == member.referrer);
            assert!(referrer.is_none_or(|referrer| referrer.joins_week <= member.joins_week), "{}", member.name);
        }
    }
}
