//! What stands in a world before anything happens: a tenant, a programme, its rules, partners and their links; and the
//! handlers, as their functions build them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::attribution::models::Model;
use domain::attribution::settings::AttributionSettings;
use domain::audit::{ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::digest::Digest;
use domain::fx::{FxRate, StoredRate};
use domain::id::{LinkId, PartnerId, ProgramId, RuleId, TenantId};
use domain::money::Money;
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::bonus::{Metric, Milestone, VolumeBonus};
use domain::rule::{Band, BandMode, Bands, Caps, Clause, Event as RuleEvent, Limits, Reward, RuleVersion, Terms};
use domain::time::{BusinessDay, Timestamp, Zone};
use domain::touch::ClickKeys;
use edge::clock::Clock;
use edge::sealing::{Belongs, Sealer};
use edge::secrets::NamedSecrets;
use edge::telemetry::Secret;
use model::{Count, Pay, Shares};
use queues::{Sender, VisitDue};
use revenue_recorder::TestEvents;
use store::coupons::{Coupon, CouponCode};
use store::fx::trail_of;
use store::links::Link;
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::Person;
use store::programs::Program;
use store::raw_events::{RawEvent, RawEventPlace};
use store::terms::EnrolmentTerms;
use store::{Store, Tables, TenantKey};
use stripe::{Accounts, Keys, Patience, Stripe};

use crate::cloud::Cloud;
use crate::plan::{Event, Plan};

pub(crate) mod payees;

/// Why a world could not be furnished: nothing that a world may do.
#[derive(Debug, thiserror::Error)]
#[error("furnishing a world: {0}")]
pub struct Unfurnished(String);

impl Unfurnished {
    pub(crate) fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// The keys that sign click tokens, the same everywhere.
#[must_use]
pub fn click_keys() -> ClickKeys {
    ClickKeys::new("a secret of at least some length", "")
}

/// The functions' clients in a cloud.
#[derive(Clone)]
pub struct Clients {
    /// The store.
    pub store: Store,
    /// Seals and opens events.
    pub sealer: Sealer,
    /// The night's queue.
    pub visits: Sender<VisitDue>,
    /// Whose account the rail is asked by.
    pub stripe: Accounts,
    /// A connected account that may receive transfers, and one that may not.
    pub accounts: [String; 2],
}

impl Clients {
    /// Clients of a cloud.
    #[must_use]
    pub fn of(cloud: &Cloud, tables: Tables) -> Self {
        let settings = cloud.settings();
        // Nobody looks at signatures here, and they are the dearest part of a request.
        let database = aws_sdk_dynamodb::config::Builder::from(&cloud.unsigned()).allow_no_auth().build();
        let keys = Keys {
            secrets: NamedSecrets::connect(&settings),
            stage: "simulated".to_owned(),
            stage_secret_arn: "stage".to_owned(),
        };
        let (rail, nobody) = (Arc::new(cloud.clone()), Secret::new(String::new()));
        let stripe = Stripe::over(rail, "http://rail.simulated", nobody, (Patience::ONCE, Arc::new(|_| {})));
        Self {
            stripe: Accounts::new(stripe, keys),
            accounts: cloud.with_rail(|rail| rail.accounts()),
            store: Store::new(aws_sdk_dynamodb::Client::from_conf(database), tables),
            sealer: Sealer::connect(&settings, "key"),
            visits: Sender::connect(&settings, "http://cloud.simulated/visits"),
        }
    }

    /// revenue-recorder, whose clock shows an instant.
    #[must_use]
    pub fn recorder(&self, clock: Timestamp) -> revenue_recorder::App {
        let (store, sealer) = (self.store.clone(), self.sealer.clone());
        // As a deployment that pays out money: no event of these worlds says that it is of a test mode.
        revenue_recorder::App::new(store, sealer, click_keys(), Clock::fixed(clock), TestEvents::KeptOnly)
    }

    /// payout-executor, whose clock shows an instant.
    #[must_use]
    pub fn executor(&self, clock: Timestamp) -> payout_executor::App {
        let (store, sealer) = (self.store.clone(), self.sealer.clone());
        payout_executor::App::new(store, sealer, self.stripe.clone(), Clock::fixed(clock))
    }

    /// commission-batch, whose clock shows an instant.
    #[must_use]
    pub fn batch(&self, clock: Timestamp) -> commission_batch::App {
        commission_batch::App::new(self.store.clone(), self.visits.clone(), Clock::fixed(clock))
    }
}

/// The tenant of a seed.
#[must_use]
pub fn tenant_of(seed: u64) -> TenantId {
    TenantId::from_ulid((u128::from(seed) + (1 << 100)).into())
}

/// The programme: the same in every world.
#[must_use]
pub fn program_id() -> ProgramId {
    ProgramId::from_ulid(1_u128.into())
}

/// An instant of the simulation.
#[must_use]
pub fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Furnishes the world of a plan.
///
/// # Errors
/// The store refuses what a plan may hold: a mistake in the simulation.
pub async fn furnish(clients: &Clients, tenant: &TenantKey, plan: &Plan) -> Result<(), Unfurnished> {
    let (store, created_at) = (&clients.store, instant(0));
    let zone = Zone::parse(plan.zone).map_err(Unfurnished::because)?;
    let rules = rules(plan)?;
    let program = Program {
        id: program_id(),
        name: "Programme".to_owned(),
        currency: Currency::USD,
        zone,
        window_days: window_of(plan)?,
        hold_days: plan.hold_days,
        close_lag_days: 3,
        attribution: AttributionSettings { model: model_of(plan.terms.shares), ..AttributionSettings::default() },
        allowed_hosts: Vec::new(),
        created_at,
    };
    let (first, later) = rules.split_first().ok_or_else(|| Unfurnished::because("no rule"))?;
    store.create_program(tenant, &program, first).await.map_err(Unfurnished::because)?;
    for rule in later {
        store.create_rule(tenant, rule).await.map_err(Unfurnished::because)?;
    }
    for number in 0..plan.partners.len() {
        let id = PartnerId::parse(&crate::plan::partner_id(number)).map_err(Unfurnished::because)?;
        let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: created_at };
        let enrolment = Enrolment { program: program_id(), tier: Tier::Tier1, enrolled_at: created_at };
        let partner = Partner { id, status: PartnerStatus::Active, created_at };
        store.create_partner(tenant, &partner, &person, &enrolment).await.map_err(Unfurnished::because)?;
    }
    furnish_links(store, tenant, plan).await?;
    for (partner, referrer) in &plan.terms.referrers {
        let [partner, referrer] = [partner, referrer].map(|id| PartnerId::parse(id).map_err(Unfurnished::because));
        let terms = EnrolmentTerms { referrer: Some(referrer?), ..EnrolmentTerms::default() };
        store.set_terms(tenant, &partner?, &program_id(), &terms).await.map_err(Unfurnished::because)?;
    }
    furnish_rates(store, tenant).await?;
    payees::furnish(clients, tenant, plan).await?;
    // The look for outcomes goes from tenant to tenant.
    store.record_tenant(tenant).await.map(|_| ()).map_err(Unfurnished::because)
}

/// How long a click counts, in days: as long for every link of the programme.
fn window_of(plan: &Plan) -> Result<u16, Unfurnished> {
    u16::try_from(plan.terms.window_ms / crate::plan::DAY_MS).map_err(Unfurnished::because)
}

async fn furnish_links(store: &Store, tenant: &TenantKey, plan: &Plan) -> Result<(), Unfurnished> {
    let created_at = instant(0);
    for (id, link) in &plan.terms.links {
        let rate = link.rate.map(rate_of).transpose()?;
        let link = Link {
            id: LinkId::parse(id).map_err(Unfurnished::because)?,
            code: format!("{}{}", tenant.tenant(), id),
            partner: PartnerId::parse(&link.partner).map_err(Unfurnished::because)?,
            program: program_id(),
            destination: "https://shop.example/".to_owned(),
            window_days: window_of(plan)?,
            commission_rate: rate,
            active: true,
            created_at,
            details: Default::default(),
        };
        store.create_link(tenant, &link).await.map_err(Unfurnished::because)?;
    }
    for (code, partner) in &plan.terms.coupons {
        let coupon = Coupon {
            code: CouponCode::parse(code).ok_or_else(|| Unfurnished::because("no code"))?,
            partner: PartnerId::parse(partner).map_err(Unfurnished::because)?,
            program: program_id(),
            valid_from: created_at,
            valid_until: None,
            promotion: None,
        };
        store.create_coupon(tenant, &coupon).await.map_err(Unfurnished::because)?;
    }
    Ok(())
}

/// What one currency is in another: of some pairs, and not of all.
async fn furnish_rates(store: &Store, tenant: &TenantKey) -> Result<(), Unfurnished> {
    for (from, to, rate) in [
        (Currency::USD, Currency::EUR, "0.9175"),
        (Currency::EUR, Currency::USD, "1.08991"),
        (Currency::JPY, Currency::USD, "0.0066713"),
    ] {
        let rate = FxRate::parse(rate).map_err(Unfurnished::because)?;
        let rate = StoredRate { from, to, rate, source: "a bank".to_owned(), at: instant(0) };
        let actor = crate::errands::person(Role::Admin, "admin");
        let deed = Deed { at: instant(0), actor, action: "fx_rate.stored", old: BTreeMap::new(), new: BTreeMap::new() };
        let told = append(ChainEnd::START, &trail_of(&rate), deed);
        store.create_fx_rate(tenant, &rate, ("admin", instant(0)), &told).await.map_err(Unfurnished::because)?;
    }
    Ok(())
}

fn model_of(shares: Shares) -> Model {
    match shares {
        Shares::Last => Model::LastClick,
        Shares::First => Model::FirstClick,
        Shares::Alike => Model::Linear,
        Shares::Ends => Model::Position,
    }
}

fn rules(plan: &Plan) -> Result<Vec<RuleVersion>, Unfurnished> {
    let rules = plan.terms.rules.iter().enumerate().map(|(number, rule)| {
        let id = RuleId::from_ulid((10 + number as u128).into());
        let terms = terms_of(rule, plan.hold_days)?;
        Ok(RuleVersion { id, program: program_id(), effective_from: instant(rule.from_ms), terms })
    });
    rules.collect()
}

fn dollars(minor: i128) -> Result<Money, Unfurnished> {
    Ok(Money::from_minor(i64::try_from(minor).map_err(Unfurnished::because)?, Currency::USD))
}

/// A version of the rule as the product writes it.
///
/// # Errors
/// An amount or rate that is none: a mistake in the simulation.
pub fn terms_of(rule: &model::Rule, hold_days: u16) -> Result<Terms, Unfurnished> {
    let reward = match &rule.pay {
        Pay::Rate(millionths) => Reward::Percentage(rate_of(*millionths)?),
        Pay::Flat(minor, currency) => {
            let currency = Currency::parse(currency).map_err(Unfurnished::because)?;
            Reward::Flat(Money::from_minor(i64::try_from(*minor).map_err(Unfurnished::because)?, currency))
        }
        Pay::Bands(_) => Reward::Banded,
    };
    let mut terms = Terms::simple(reward, hold_days);
    for clause in &mut terms.clauses {
        clause.limits = Limits { max_occurrences: rule.occurrences, ..Limits::default() };
    }
    if let Some(first) = rule.first {
        let reward = Reward::Percentage(rate_of(first)?);
        let (name, events) = ("first sale".to_owned(), vec![RuleEvent::FirstSale]);
        terms.clauses.insert(0, Clause { name, events, ..Clause::simple(reward) });
    }
    if let Pay::Bands(bands) = &rule.pay {
        let mode = if bands.is_retroactive { BandMode::Retroactive } else { BandMode::Marginal };
        let steps = bands.steps.iter().map(|(from, rate)| Ok(Band { from: dollars(*from)?, rate: rate_of(*rate)? }));
        terms.bands = Some(Bands { mode, steps: steps.collect::<Result<_, Unfurnished>>()? });
    }
    if let Some((from, more)) = rule.bonus {
        terms.volume_bonus = Some(VolumeBonus { from: dollars(from)?, bonus: rate_of(more)? });
    }
    terms.second_tier = rule.second_tier.map(rate_of).transpose()?;
    let cap = |amount: Option<i128>| amount.map(dollars).transpose();
    terms.caps = Caps {
        per_line: cap(rule.caps.line)?,
        per_customer: cap(rule.caps.customer)?,
        per_partner_period: cap(rule.caps.partner)?,
        per_program_period: cap(rule.caps.program)?,
    };
    for milestone in &rule.milestones {
        let metric = match milestone.count {
            Count::Sales(count) => Metric::Sales(count),
            Count::Customers(count) => Metric::Customers(count),
            Count::Revenue(amount) => Metric::Revenue(dollars(amount)?),
        };
        let (name, bonus) = (milestone.name.clone(), Some(dollars(milestone.bonus)?));
        terms.milestones.push(Milestone { name, metric, currency: Currency::USD, bonus, badge: None });
    }
    Ok(terms)
}

fn rate_of(millionths: i128) -> Result<Rate, Unfurnished> {
    Rate::parse(&format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)).map_err(Unfurnished::because)
}

/// Stores an event as webhook-ingest does, and answers the message that it would send.
///
/// # Errors
/// The store refuses it.
pub async fn receive(clients: &Clients, tenant: &TenantKey, event: &Event) -> Result<String, Unfurnished> {
    let belongs = Belongs {
        tenant: tenant.tenant().as_str(),
        subject: cases::raw_event::SEALED_SUBJECT,
        field: cases::raw_event::SEALED_FIELD,
    };
    let packed = cases::raw_event::pack(event.body.to_string().as_bytes()).map_err(Unfurnished::because)?;
    let sealed = clients.sealer.seal(&belongs, &packed).await.map_err(Unfurnished::because)?.to_bytes();
    let day: BusinessDay = Zone::utc().day_of(instant(event.at_ms));
    let place = RawEventPlace { provider: event.provider.to_owned(), day, event_id: event.id.clone() };
    let received_at = instant(event.at_ms);
    let raw = RawEvent {
        kind: event.kind.to_owned(),
        hash: Digest::of_bytes(event.id.as_bytes()),
        sealed,
        received_at,
        expires_at: received_at,
    };
    clients.store.record_raw_event(tenant, &place, &raw).await.map_err(Unfurnished::because)?;
    let message = queues::FactReceived {
        v: queues::VERSION,
        tenant: tenant.tenant().clone(),
        provider: event.provider.to_owned(),
        day: place.day_text(),
        event_id: event.id.clone(),
        correlation_id: event.id.clone(),
    };
    serde_json::to_string(&message).map_err(Unfurnished::because)
}
