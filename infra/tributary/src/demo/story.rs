//! What happens, week by week: partners join, visitors click, customers pay and some take their money back, nights pass.

use domain::currency::Currency;
use domain::money::Money;
use domain::time::Timestamp;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use super::cast::{Cast, Customer, Draw, Partner};
use super::client::{Client, Write};
use super::progress::{Known, Progress};
use super::stripe::{self, Checkout, Invoice, Refund};
use super::{WEEKS, forms, guild, payouts, say};
use crate::Error;
use crate::place::Place;

/// How many requests are under way at a time.
const AT_A_TIME: usize = 6;
/// The hour of the week at which its requests are sent.
pub(super) const HOUR: i64 = 9;
/// Subscriptions renew after so many hours.
pub(super) const MONTH_H: i64 = 30 * 24;
pub(super) const WEEK_H: i64 = 7 * 24;
/// A refund comes so long after its payment.
const REFUND_AFTER_H: i64 = 60;

/// The story with whom it is told to.
pub(super) struct Story<'a> {
    pub(super) place: &'a Place,
    pub(super) client: &'a Client,
    pub(super) progress: Progress,
}

impl Story<'_> {
    /// Tells what is left, and sets the clock to the present.
    pub(super) async fn tell(&mut self) -> Result<(), Error> {
        let cast = Cast::assemble();
        while self.progress.week <= WEEKS {
            let week = self.progress.week;
            self.tell_week(&cast, week).await?;
            self.progress.week = week + 1;
            self.progress.keep()?;
            if week % 4 == 2 || week == WEEKS {
                let day = self.progress.instant(week, HOUR)?.strftime("%Y-%m-%d").to_string();
                say(&format!("  week {week:2} of {WEEKS} ({day}): {} partners", self.progress.partners.len()));
            }
        }
        let now = Timestamp::now();
        self.client.set_clock(now).await?;
        self.client.rest().await?;
        // The clock leapt over the nights in which each day of the audit would have been sealed; one makes good for all. Nor
        // did the week's story count clicks, look after coupons or for unknown outcomes: `/ready` asks for a run of each job.
        for function in ["watchman", "click-counter", "partner-api", "payout-executor"] {
            self.client.tick(function, now).await?;
        }
        self.client.rest().await?;
        self.progress.is_told = true;
        self.progress.keep()
    }

    /// Sets the clock to a week of the story.
    pub(super) async fn go_to_week(&self, week: u32) -> Result<(), Error> {
        self.client.set_clock(self.progress.instant(week, HOUR)?).await
    }

    async fn tell_week(&mut self, cast: &Cast, week: u32) -> Result<(), Error> {
        self.go_to_week(week).await?;
        let members = guild::members();
        for partner in cast.partners.iter().chain(&members).filter(|partner| partner.joins_week == week) {
            self.join(partner).await?;
        }
        self.clicks(cast, week).await?;
        guild::clicks(self, week).await?;
        self.purchases(cast, week).await?;
        guild::sales(self, week).await?;
        self.client.rest().await?;
        self.client.tick("commission-batch", self.progress.instant(week, 2)?).await?;
        self.client.rest().await?;
        payouts::of_week(self, cast, week).await?;
        guild::desk::of_week(self, week).await?;
        // Receipts and mail bear the date of their week.
        self.client.rest().await
    }

    /// The programme of a currency, or the guild's, made when it is first needed.
    pub(super) async fn program(&mut self, noted: &str) -> Result<String, Error> {
        if let Some(known) = self.progress.programs.get(noted) {
            return Ok(known.clone());
        }
        let share = json!({"kind": "percentage", "rate": "0.3"});
        let (name, currency, zone, rule) = match noted {
            "EUR" => ("Studio Freunde", "EUR", "Europe/Berlin", share),
            guild::PROGRAM => ("Guild of the Studio", "USD", "America/New_York", guild::rule()),
            _ => ("Friends of the Studio", "USD", "America/New_York", share),
        };
        let body = json!({
            "name": name, "currency": currency, "time_zone": zone, "window_days": 30, "hold_days": 30, "rule": rule,
        });
        let made = self.write(Method::POST, "admin", "/v1/programs", &format!("demo-program-{noted}"), body).await?;
        let id = text(&made, "id")?;
        self.progress.programs.insert(noted.to_owned(), id.clone());
        self.progress.keep()?;
        Ok(id)
    }

    /// A partner joins, with a link.
    pub(super) async fn join(&mut self, partner: &Partner) -> Result<(), Error> {
        if self.progress.partners.contains_key(&partner.n) {
            return Ok(());
        }
        let program = self.program(partner.program).await?;
        let referrer = partner.referrer.map(|referrer| self.progress.partner(referrer)).transpose()?;
        let body = json!({
            "name": partner.name, "email": partner.email, "program_id": program, "tier": partner.tier,
            "referrer_id": referrer.map(|known| known.id.clone()),
        });
        let once = format!("demo-partner-{}", partner.n);
        let id = text(&self.write(Method::POST, "admin", "/v1/partners", &once, body).await?, "id")?;
        let body =
            json!({"partner_id": id, "unique_code": partner.code, "destination": "https://studio.example/pricing"});
        let once = format!("demo-link-{}", partner.n);
        self.write(Method::POST, "admin", "/v1/revenue/affiliates", &once, body).await?;
        forms::file(self, partner, &id).await?;
        self.progress.partners.insert(partner.n, Known { id, code: partner.code.clone() });
        self.progress.keep()
    }

    /// Clicks of those who will buy, and of as many who only look.
    async fn clicks(&mut self, cast: &Cast, week: u32) -> Result<(), Error> {
        let mut visits: Vec<(Option<u32>, String, String)> = Vec::new();
        for customer in cast.customers.iter().filter(|customer| customer.clicks_week == week) {
            let code = self.progress.partner(customer.partner)?.code.clone();
            visits.push((Some(customer.n), code, customer.browser.clone()));
        }
        let mut draw = Draw::new(u64::from(week));
        for partner in cast.partners.iter().filter(|partner| partner.joins_week <= week) {
            for look in 0..draw.below(3) {
                visits.push((
                    None,
                    partner.code.clone(),
                    format!("Mozilla/5.0 (X11) Gecko looker/{week}.{}.{look}", partner.n),
                ));
            }
        }
        let client = self.client;
        let tokens: Vec<(Option<u32>, String)> =
            stream::iter(visits)
                .map(|(customer, code, browser)| async move {
                    Ok::<_, Error>((customer, client.click(&code, &browser).await?))
                })
                .buffer_unordered(AT_A_TIME)
                .try_collect()
                .await?;
        self.progress.tokens.extend(tokens.into_iter().filter_map(|(customer, token)| Some((customer?, token))));
        Ok(())
    }

    /// Everything that customers did since the week before, as Stripe tells it: in no order.
    async fn purchases(&self, cast: &Cast, week: u32) -> Result<(), Error> {
        let mut events = Vec::new();
        for customer in cast.customers.iter().filter(|customer| customer.clicks_week < week) {
            events.extend(self.events_of(customer, week)?);
        }
        let (client, now) = (self.client, self.progress.instant(week, HOUR)?);
        stream::iter(events.iter().map(Ok::<_, Error>))
            .try_for_each_concurrent(AT_A_TIME, |event| client.stripe(event, now))
            .await
    }

    /// A customer's events of the week that ends now.
    fn events_of(&self, customer: &Customer, week: u32) -> Result<Vec<String>, Error> {
        let mut events = Vec::new();
        let first = i64::from(customer.clicks_week) * WEEK_H + HOUR + customer.hours_to_purchase;
        let week_ends = i64::from(week) * WEEK_H + HOUR;
        let happened = |hour: i64| (week_ends - WEEK_H..week_ends).contains(&hour);
        for month in 0..customer.months_max {
            let paid_at = first + i64::from(month) * MONTH_H;
            let invoice = self.invoice(customer, month, paid_at)?;
            if happened(paid_at) {
                events.push(stripe::invoice_paid(&invoice));
                if month == 0 {
                    events.push(stripe::checkout_completed(&self.checkout(customer, &invoice)));
                }
            }
            let Some((refunded, whole)) = customer.refund else { continue };
            if refunded == month && happened(paid_at + REFUND_AFTER_H) {
                let intent = format!("pi_demo{}m{month}", customer.n);
                let minor = if whole { customer.price_minor } else { customer.price_minor / 2 };
                let amount = Money::from_minor(minor, invoice.amount.currency());
                let at = self.progress.instant(0, paid_at + REFUND_AFTER_H)?;
                events.push(stripe::invoice_payment_paid(&invoice, &intent));
                let id = format!("re_demo{}m{month}", customer.n);
                events.push(stripe::refund_created(&Refund { id, payment_intent: intent, amount, at }));
            }
        }
        Ok(events)
    }

    fn invoice(&self, customer: &Customer, month: u32, hour: i64) -> Result<Invoice, Error> {
        Ok(Invoice {
            id: format!("in_demo{}m{month}", customer.n),
            customer: format!("cus_demo{}", customer.n),
            email: format!("customer{}@customer.example", customer.n),
            amount: Money::from_minor(customer.price_minor, Currency::parse(customer.currency)?),
            paid_at: self.progress.instant(0, hour)?,
        })
    }

    fn checkout(&self, customer: &Customer, invoice: &Invoice) -> Checkout {
        Checkout {
            id: format!("cs_demo{}", customer.n),
            invoice: invoice.id.clone(),
            customer: invoice.customer.clone(),
            email: invoice.email.clone(),
            client_reference_id: self.progress.tokens.get(&customer.n).cloned(),
            at: invoice.paid_at,
        }
    }

    /// A write by the bearer of a role's key.
    pub(super) async fn write(
        &self,
        method: Method,
        role: &str,
        path: &str,
        once: &str,
        body: Value,
    ) -> Result<Value, Error> {
        let key = self.progress.key(role)?;
        self.client.write(&Write { method, key, path, once, body }).await
    }
}

/// A text of an answer.
pub(super) fn text(answer: &Value, name: &str) -> Result<String, Error> {
    Ok(answer[name].as_str().ok_or_else(|| format!("an answer without {name}"))?.to_owned())
}
