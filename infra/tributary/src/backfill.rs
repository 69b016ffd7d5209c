//! `tributary backfill`: what a provider has and we do not is sent in through the same door as its webhooks; and what both
//! have is compared.

mod kept;
mod lemon_squeezy;
mod stripe;

use clap::Args;
use domain::fact::{Fact, PaymentKey};
use domain::id::{EndpointId, SaleId};
use domain::provider::Provider;
use domain::reconciliation::{Amounts, Bucket, Compared};
use domain::sale::Sale;
use domain::time::Timestamp;
use edge::aws::{Aws, Service};
use edge::config::{Reader, variables};
use edge::secrets::{NamedSecrets, Rotating};
use http::Method;
use store::reconciliations::{EXCEPTIONS_MAX, Reconciliation};
use store::sales::Known;
use store::{Store, TenantKey};

use self::kept::Kept;
use crate::endpoint::{Sending, path_of};
use crate::https::Https;
use crate::{Error, Said, progress};

/// The most pages that are asked for: a bound, not a limit that data reach.
const PAGES_MAX: usize = 1_000;

/// What to pull.
#[derive(Debug, Args)]
pub struct Backfill {
    /// Which provider.
    #[arg(long, value_enum)]
    provider: Sending,
    /// From when on, RFC 3339: `2026-11-01T00:00:00Z`. Stripe keeps its events for thirty days.
    #[arg(long)]
    since: Timestamp,
    /// The endpoint of a tenant; the default tenant's bare path, when absent.
    #[arg(long)]
    endpoint: Option<String>,
    /// Where the product is reached; `PUBLIC_URL`, when absent.
    #[arg(long)]
    url: Option<String>,
    /// Only objects of these stores, by their ids (Lemon Squeezy); those that the endpoint or the stage's secret names, when
    /// absent; all that the key sees, where nobody names any.
    #[arg(long)]
    store: Vec<String>,
    /// How many days before `since` an object may have been made that has changed since (Lemon Squeezy lists by when
    /// something was made): as long ago as you still give money back.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u16).range(0..=3_650))]
    look_back_days: u16,
    /// Only compares: nothing is sent in.
    #[arg(long)]
    dry_run: bool,
}

/// Something of a provider's that could be sent in.
pub(crate) struct Found {
    /// The body, as the provider's webhook would carry it.
    body: String,
    /// The headers beside its signature.
    headers: Vec<(&'static str, String)>,
    /// What it states.
    facts: Vec<Fact>,
    /// How far it has come here.
    kept: Kept,
}

/// What the provider has. How much that is only its last page tells.
async fn pull(office: &Office, asked: &Backfill) -> Result<Vec<Found>, Error> {
    let line = progress::line("asking the provider");
    let found = match asked.provider.provider() {
        Provider::Stripe => stripe::pull(office, asked.since, &line).await,
        Provider::LemonSqueezy => lemon_squeezy::pull(office, asked.since, asked.look_back_days, &line).await,
        Provider::Standard | Provider::Track => Err("--provider: nothing can be pulled from there".into()),
    };
    line.finish_and_clear();
    found
}

/// Where everything is, and whose.
pub(crate) struct Office {
    store: Store,
    tenant: TenantKey,
    http: Https,
    door: String,
    secret: Rotating,
    /// The stores whose events come through the door; any, where none is named.
    stores: Vec<String>,
    now: Timestamp,
    /// The provider's API and the key to it.
    api: String,
    api_key: String,
}

/// Pulls, compares, and sends in what is missing.
pub(crate) async fn run(asked: &Backfill) -> Result<Said, Error> {
    let office = Office::open(asked).await?;
    let provider = asked.provider.provider();
    let found = pull(&office, asked).await?;
    let bar = progress::bar(found.len() as u64, "events");
    let mut record = Reconciliation {
        provider,
        at: office.now,
        since: asked.since,
        looked_at: 0,
        sent_in: 0,
        not_taken: 0,
        matched: 0,
        unmatched: 0,
        exceptions: Vec::new(),
    };
    let mut backs_missing = 0_u64;
    for found in &found {
        record.looked_at += 1;
        // What is kept as test mode is in no ledger by intent, and is held against none.
        let is_compared = found.kept != Kept::OfTestMode;
        let compared = if is_compared { office.compare(&found.facts).await? } else { None };
        let is_back_booked = !is_compared || office.has_what_went_back(&found.facts).await?;
        if compared.is_none() && !is_back_booked {
            backs_missing += 1;
        }
        let bucket = compared.as_ref().map_or(Bucket::Matched, |compared| compared.bucket);
        count(&mut record, compared);
        if found.kept.is_missing(bucket, is_back_booked) && !asked.dry_run {
            record.sent_in += 1;
            if !office.send_in(provider, found).await? {
                record.not_taken += 1;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    office.store.record_reconciliation(&office.tenant, &record).await?;
    Ok(Said { text: told(&record, asked.dry_run, backs_missing), good: record.not_taken == 0 })
}

fn count(record: &mut Reconciliation, compared: Option<Compared>) {
    match compared {
        Some(compared) if compared.bucket == Bucket::Matched => record.matched += 1,
        Some(compared) => {
            record.unmatched += 1;
            if record.exceptions.len() < EXCEPTIONS_MAX {
                record.exceptions.push(compared);
            }
        }
        None => {}
    }
}

fn told(record: &Reconciliation, is_dry_run: bool, backs_missing: u64) -> String {
    let Reconciliation { looked_at, sent_in, not_taken, matched, unmatched, exceptions, .. } = record;
    let sent =
        if is_dry_run { "nothing sent in".to_owned() } else { format!("{sent_in} sent in, {not_taken} refused") };
    let mut text = format!("{looked_at} looked at, {sent}; payments: {matched} match, {unmatched} do not");
    if backs_missing > 0 {
        text.push_str(&format!("; events of money that went back and is not booked: {backs_missing}"));
    }
    for compared in exceptions {
        let shown = |amounts: &Amounts| {
            let refunded = amounts.refunded.map_or_else(String::new, |back| format!(" less {back}"));
            format!("{} {}{refunded}", amounts.paid.currency(), amounts.paid)
        };
        let ours = compared.ledger.as_ref().map_or_else(|| "nothing".to_owned(), shown);
        let (payment, bucket) = (&compared.payment, compared.bucket.word());
        text.push_str(&format!("\n  {payment}  {bucket}: there {}, here {ours}", shown(&compared.provider)));
    }
    text
}

impl Office {
    async fn open(asked: &Backfill) -> Result<Self, Error> {
        let mut reader = Reader::from_process_env();
        let aws = Aws::from(&mut reader);
        let tables = edge::config::tables(&mut reader);
        let (stage_arn, public) = (reader.text(&variables::STAGE_SECRET_ARN), reader.text(&variables::PUBLIC_URL));
        let clock = edge::config::clock(&mut reader);
        let tables = reader.finish(tables)?;
        let store = Store::connect(&aws.service(Service::DynamoDb), tables);
        let secrets = NamedSecrets::connect(&aws.service(Service::SecretsManager));
        let provider = asked.provider.provider();
        let url = asked.url.clone().unwrap_or(public);
        let (tenant, path, secret, stores) = match &asked.endpoint {
            Some(id) => {
                let id = EndpointId::parse(id)?;
                let tenant = TenantKey::from(&id.tenant());
                let endpoint = store.get_endpoint(&tenant, &id).await?.ok_or("no such endpoint")?;
                if endpoint.provider != provider {
                    return Err("--endpoint: another provider sends there".into());
                }
                let secret = secrets.get(&endpoint.secret).await?;
                (tenant, path_of(&endpoint), secret, endpoint.stores)
            }
            None => {
                let stage = secrets.stage(&stage_arn).await?;
                let (path, secret, stores) = match provider {
                    Provider::Stripe => ("/v1/webhooks/stripe", stage.stripe_webhook_secret, Vec::new()),
                    _ => {
                        let stores = stage.lemon_squeezy_stores;
                        ("/v1/webhooks/lemon-squeezy", stage.lemon_squeezy_webhook_secret, stores)
                    }
                };
                let secret = secret.ok_or("the stage's secret has no signing secret of this provider")?;
                let tenant = TenantKey::from(&domain::id::TenantId::default_tenant());
                (tenant, path.to_owned(), secret, stores)
            }
        };
        let stores = if asked.store.is_empty() { stores } else { asked.store.clone() };
        let (api, api_key) = api_of(provider)?;
        let door = format!("{}{path}", url.trim_end_matches('/'));
        Ok(Self { store, tenant, http: Https::new()?, door, secret, stores, now: clock.now(), api, api_key })
    }

    /// A page of the provider's API.
    async fn get(&self, url: &str) -> Result<serde_json::Value, Error> {
        let bearer = format!("Bearer {}", self.api_key);
        let headers = [("authorization", bearer.as_str()), ("accept", "application/vnd.api+json")];
        let answer = self.http.send(Method::GET, url, &headers, String::new()).await?;
        if !answer.is_good() {
            return Err(format!("the provider's API answers {} to {url}", answer.status).into());
        }
        Ok(serde_json::from_str(&answer.text)?)
    }

    /// The payment that some facts tell, beside its sale; none where they tell none.
    async fn compare(&self, facts: &[Fact]) -> Result<Option<Compared>, Error> {
        let Some((payment, provider)) = amounts_of(facts) else { return Ok(None) };
        let ledger =
            self.sale_of(&payment).await?.map(|sale| Amounts { paid: sale.paid, refunded: Some(sale.refunded) });
        Ok(Some(Compared::of(payment, provider, ledger)))
    }

    /// The sale of a payment, by any of its names.
    async fn sale_of(&self, payment: &PaymentKey) -> Result<Option<Box<Sale>>, Error> {
        Ok(match self.store.find_payment(&self.tenant, payment).await? {
            Known::Sale(sale) => Some(sale),
            Known::As(owner) => self.store.get_sale(&self.tenant, &SaleId::of(&owner)).await?.map(Box::new),
            Known::Not => None,
        })
    }

    /// REC-1: is every refund and dispute among the facts booked, as far as it is told here? Facts without any are.
    async fn has_what_went_back(&self, facts: &[Fact]) -> Result<bool, Error> {
        for fact in facts {
            let is_booked = match fact {
                Fact::Refund(told) => match self.sale_of(&told.payment).await? {
                    Some(sale) => {
                        let ours = self.store.get_refund(&self.tenant, &sale, &told.refund).await?;
                        // ING-7: one that failed is nothing, and that is its last word.
                        ours.is_some_and(|(ours, _)| !told.amount.is_zero() || ours.amount.is_zero())
                    }
                    None => false,
                },
                Fact::Dispute(told) => {
                    let sale = self.sale_of(&told.payment).await?;
                    let ours = sale.as_ref().and_then(|sale| sale.disputes.get(&told.dispute));
                    ours.is_some_and(|ours| ours.phase >= told.phase)
                }
                _ => true,
            };
            if !is_booked {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Through the same door as the provider: `false` when the door refuses it.
    async fn send_in(&self, provider: Provider, found: &Found) -> Result<bool, Error> {
        let signing = self.secret.current.reveal();
        let (name, signature) = match provider {
            Provider::Stripe => ("stripe-signature", crate::demo::stripe::signature(signing, &found.body, self.now)),
            _ => ("x-signature", lemon_squeezy::signature(signing, &found.body)),
        };
        let mut headers = vec![("content-type", "application/json"), (name, signature.as_str())];
        headers.extend(found.headers.iter().map(|(name, value)| (*name, value.as_str())));
        Ok(self.http.send(Method::POST, &self.door, &headers, found.body.clone()).await?.is_good())
    }
}

/// Where a provider's API is, and the key to it: from the environment, never from the command line.
fn api_of(provider: Provider) -> Result<(String, String), Error> {
    let (at, usual, key) = match provider {
        Provider::Stripe => ("STRIPE_API_URL", "https://api.stripe.com", "STRIPE_API_KEY"),
        _ => ("LEMON_SQUEEZY_API_URL", "https://api.lemonsqueezy.com", "LEMON_SQUEEZY_API_KEY"),
    };
    let api = std::env::var(at).unwrap_or_else(|_| usual.to_owned());
    let key = std::env::var(key).map_err(|_| format!("{key} is missing: the key to the provider's API"))?;
    Ok((api.trim_end_matches('/').to_owned(), key))
}

/// The payment that some facts tell, with what came in and went back of it.
fn amounts_of(facts: &[Fact]) -> Option<(PaymentKey, Amounts)> {
    let sale = facts.iter().find_map(|fact| match fact {
        Fact::SalePaid(sale) => Some(sale),
        Fact::PaidAgain(told) => Some(&told.sale),
        _ => None,
    })?;
    let refunded = facts.iter().find_map(|fact| match fact {
        Fact::Refund(refund) if refund.is_running_total => Some(refund.amount),
        _ => None,
    });
    Some((sale.payment.clone(), Amounts { paid: sale.paid, refunded }))
}
