//! A tenant with one programme, one partner and one link over a database of its own, and the facts that happen to it.
//!
//! What lives here: furniture and questions that the tests of several rooms share. What does not: assertions about one
//! room. To add something: a method named after what happens.

#![expect(clippy::expect_used, reason = "tests stand on it: what fails here fails the test")]

pub mod figures;

use cases::payouts::{Asked, Command, Moved, Requested};
use domain::attribution::{Credit, PartnerTerms, Source};
use domain::audit::Actor;
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::{
    CustomerSeen, Dispute, DisputePhase, Fact, PaymentAlias, PaymentKey, Refund, SalePaid, SaleTraits, SaleType,
};
use domain::id::{LineId, LinkId, PartnerId, PayoutId, ProgramId, RuleId, SaleId, TenantId};
use domain::line::{Account, Line, LineKind, LineTrace, Origin, Part, Place};
use domain::money::Money;
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use domain::sale::{Clawback, Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, Zone};
use domain::touch::{ClickKeys, DaySalt, Scope, Touch, Touches, VisitorHash};
use store::links::Link;
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::Person;
use store::programs::Program;
use store::sales::{NewSale, SaleWritten};
use store::{Store, Tables, TenantKey};

/// A world of one partner.
pub struct World {
    /// The database.
    pub database: testkit::Database,
    /// The store over it.
    pub store: Store,
    /// The present.
    pub now: Timestamp,
    /// The token of one click on the partner's link.
    pub token: String,
    /// Whose.
    pub tenant: TenantKey,
    /// The keys that signed the token.
    pub keys: ClickKeys,
    /// The partner.
    pub partner: PartnerId,
}

/// A natural key of Stripe.
pub fn key(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("key")
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("amount")
}

impl World {
    /// A world of 30 %.
    pub async fn new() -> Self {
        Self::with_rate("0.3").await
    }

    /// A world of another rate.
    pub async fn with_rate(rate: &str) -> Self {
        Self::with_rates(rate, None).await
    }

    /// A world that pays the same for every sale.
    pub async fn with_flat(amount: &str) -> Self {
        Self::furnished(Reward::Flat(usd(amount)), None).await
    }

    /// A world whose link has a rate of its own.
    pub async fn with_rates(rate: &str, link_rate: Option<&str>) -> Self {
        Self::furnished(Reward::Percentage(Rate::parse(rate).expect("rate")), link_rate).await
    }

    async fn furnished(reward: Reward, link_rate: Option<&str>) -> Self {
        Self::over(testkit::database().await, reward, link_rate).await
    }

    /// A world over a database that is there already.
    pub async fn over(database: testkit::Database, reward: Reward, link_rate: Option<&str>) -> Self {
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenant = TenantKey::from(&TenantId::default_tenant());
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("instant");
        let keys = ClickKeys::new("a secret of at least some length", "");
        let (partner, link) = (PartnerId::from_ulid(7_u128.into()), link());
        furnish(&store, &tenant, &partner, &link, (reward, link_rate), now).await;
        // A minute is what a quick buyer takes; sooner would be a signal of fraud.
        let clicked_at = Timestamp::from_millisecond(now.as_millisecond() - 60_000).expect("instant");
        let touch = Touch { at: clicked_at, link, visitor: visitor() };
        let token = signed(&keys, &tenant, &Touches::from(touch));
        Self { database, store, now, token, tenant, keys, partner }
    }

    /// The token of these touches, for this world's tenant.
    pub fn sign(&self, touches: &Touches) -> String {
        signed(&self.keys, &self.tenant, touches)
    }

    /// The same world, begun anew in a tenant of its own: many worlds in one database.
    pub async fn move_to(&mut self, tenant: u128) {
        let touches = self.keys.verify(self.tenant.tenant(), &self.token).expect("the world's own token");
        self.tenant = TenantKey::from(&TenantId::from_ulid(tenant.into()));
        // A token of one tenant is nothing to another.
        self.token = self.sign(&touches);
        let reward = Reward::Percentage(Rate::parse("0.3").expect("rate"));
        furnish(&self.store, &self.tenant, &self.partner, &link(), (reward, None), self.now).await;
    }

    /// Days pass.
    pub fn pass_days(&mut self, days: i64) {
        self.now = Timestamp::from_millisecond(self.now.as_millisecond() + days * 86_400_000).expect("instant");
    }

    /// A check-out of a customer.
    pub fn seen(&self, customer: &str, token: Option<&str>) -> Fact {
        let event = key(&format!("cs_{customer}"));
        Fact::CustomerSeen(CustomerSeen {
            event,
            customer: key(customer),
            occurred_at: self.now,
            click_token: token.map(str::to_owned),
            coupon: None,
            buyer: domain::fact::Buyer::default(),
            email: None,
        })
    }

    /// A paid invoice.
    pub fn sale(&self, invoice: &str, customer: &str, paid: &str) -> Fact {
        Fact::SalePaid(self.paid(invoice, customer, paid))
    }

    /// A paid invoice, to be told otherwise than usual.
    pub fn paid(&self, invoice: &str, customer: &str, paid: &str) -> SalePaid {
        SalePaid {
            payment: key(invoice),
            aliases: Vec::new(),
            customer: Some(key(customer)),
            occurred_at: self.now,
            paid: usd(paid),
            total: usd(paid),
            tax: usd("0"),
            shipping: usd("0"),
            fees: usd("0"),
            items: Vec::new(),
            subscription: None,
            period_start: None,
            period_end: None,
            services: Vec::new(),
            traits: SaleTraits::default(),
            buyer: domain::fact::Buyer::default(),
            click_token: None,
            email: None,
            event_type: SaleType::InvoicePayment,
            invoice: invoice.to_owned(),
        }
    }

    /// A refund.
    pub fn refund(&self, refund: &str, payment: &str, amount: &str) -> Fact {
        Fact::Refund(Refund {
            refund: key(refund),
            payment: key(payment),
            amount: usd(amount),
            item: None,
            is_running_total: false,
            occurred_at: self.now,
        })
    }

    /// A word about a dispute, at the present instant.
    pub fn dispute(&self, dispute: &str, payment: &str, amount: &str, phase: DisputePhase) -> Fact {
        Fact::Dispute(Dispute {
            dispute: key(dispute),
            payment: key(payment),
            amount: usd(amount),
            phase,
            evidence_due: None,
            occurred_at: self.now,
        })
    }

    /// Another name of a payment.
    pub fn alias(&self, payment: &str, alias: &str) -> Fact {
        Fact::PaymentAlias(PaymentAlias { payment: key(payment), alias: key(alias) })
    }

    /// A line of an amount in the slot of a day, booked as the recorder books it, without its rules.
    pub async fn earn(&self, invoice: &str, amount: &str, day: BusinessDay) {
        let payment = key(invoice);
        let id = SaleId::of(&payment);
        let (place, amount) = (Place::Slot(Slot::of_day(day)), usd(amount));
        let credit = Credit {
            partner: self.partner.clone(),
            program: without_rules(),
            link: Some(link()),
            source: Source::Click,
            clicked_at: Some(self.now),
            weight: 1,
            terms: PartnerTerms::default(),
        };
        let line = SaleLine {
            n: 1,
            partner: self.partner.clone(),
            part: Part::default(),
            kind: LineKind::Earned,
            place,
            amount,
            rule: Some(rule()),
            clawback: Clawback::Proportional,
            month: None,
            is_banded: false,
            volume: None,
        };
        let sale = Sale {
            invoice: invoice.to_owned(),
            decision: Decision::one(credit),
            lines: vec![line],
            ..Sale::plain(payment, amount, self.now, Zone::utc().day_of(self.now))
        };
        let line = Line {
            id: LineId::of(&Origin::Sale(id.clone()), 1),
            partner: self.partner.clone(),
            place,
            amount,
            kind: LineKind::Earned,
            origin: Origin::Sale(id),
            n: 1,
            occurred_at: self.now,
            booked_at: self.now,
            trace: LineTrace { program: Some(without_rules()), ..trace(invoice) },
        };
        let new = NewSale { sale: &sale, lines: &[line], aliases: &[], open_in: &[], meets: None, review: None };
        assert_eq!(self.store.create_sale(&self.tenant, &new).await.expect("store"), SaleWritten::Yes);
    }

    /// Another partner of the programme, without a link.
    pub async fn befriend(&self, partner: &PartnerId) {
        let record = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: self.now };
        let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: self.now };
        let enrolment = Enrolment { program: program(), tier: Tier::default(), enrolled_at: self.now };
        self.store.create_partner(&self.tenant, &record, &person, &enrolment).await.expect("a partner");
    }

    /// The partner is suspended, or works again.
    pub async fn set_status(&self, status: PartnerStatus) {
        let seen = match status {
            PartnerStatus::Active => PartnerStatus::Suspended,
            PartnerStatus::Suspended => PartnerStatus::Active,
        };
        let change = store::partners::StatusChange { at: self.now, status };
        let written = self.store.set_partner_status(&self.tenant, &self.partner, seen, change).await;
        assert_eq!(written.expect("store"), store::Written::Yes);
    }

    /// The sale as it is kept.
    pub async fn kept_sale(&self, invoice: &str) -> Sale {
        self.store.get_sale(&self.tenant, &SaleId::of(&key(invoice))).await.expect("store").expect("a sale")
    }

    /// The partner's account in dollars.
    pub fn account(&self) -> Account {
        Account { partner: self.partner.clone(), currency: Currency::USD }
    }

    /// The lines of the account, in short.
    pub async fn lines(&self) -> Vec<String> {
        let lines = self.store.list_lines(&self.tenant, &self.account()).await.expect("store");
        lines.iter().map(|line| format!("{} {} {}", line.amount, line.place.to_text(), line.kind.word())).collect()
    }

    /// All lines of the account, added up.
    pub async fn total(&self) -> String {
        self.store.get_head(&self.tenant, &self.account()).await.expect("store").total().expect("in range").to_text()
    }

    /// What can be paid now.
    pub async fn available(&self) -> String {
        let head = self.store.get_head(&self.tenant, &self.account()).await.expect("store");
        head.available_on(Zone::utc().day_of(self.now)).expect("in range").to_text()
    }

    /// A request some milliseconds from now.
    pub async fn try_request_at(&self, ms: i64) -> Result<Requested, cases::error::CaseError> {
        self.try_request_of(ms, None).await
    }

    /// A request some milliseconds from now, of a part of the balance where an amount is named.
    pub async fn try_request_of(&self, ms: i64, amount: Option<Money>) -> Result<Requested, cases::error::CaseError> {
        let at = Timestamp::from_millisecond(self.now.as_millisecond() + ms).expect("instant");
        let by = Actor::new(Role::Partner, self.partner.to_string());
        let (partner, under) = (self.partner.clone(), format!("request {ms}"));
        let asked = Asked { partner, currency: Currency::USD, amount, by, under };
        cases::payouts::request(&self.store, &self.tenant, &asked, at).await
    }

    /// The partner asks for a payout.
    pub async fn request(&self) -> Requested {
        self.try_request_at(0).await.expect("an answer")
    }

    /// The approval of a payout by somebody who has seen it as it is.
    pub async fn approval(&self, id: &PayoutId) -> Command {
        let stored = self.store.get_payout(&self.tenant, id).await.expect("store").expect("a payout");
        Command::Approve { seal: stored.payout.seal }
    }

    /// Somebody moves a payout.
    pub async fn command(&self, id: &PayoutId, role: Role, who: &str, command: Command) -> Moved {
        let actor = Actor::new(role, who);
        cases::payouts::command(&self.store, &self.tenant, id, &command, &actor, self.now).await.expect("an answer")
    }

    /// Every law holds.
    pub async fn verified(&self) {
        let verified = cases::verify::verify(&self.store, &self.tenant).await.expect("store");
        assert_eq!(verified.breaches, Vec::new(), "{verified}");
    }
}

/// The programme.
pub fn program() -> ProgramId {
    ProgramId::from_ulid(1_u128.into())
}

/// A programme that is none: the night leaves alone what was booked in it.
fn without_rules() -> ProgramId {
    ProgramId::from_ulid(99_u128.into())
}

fn rule() -> RuleId {
    RuleId::from_ulid(2_u128.into())
}

/// The token of these touches, under these keys, for this tenant.
///
/// # Panics
/// There is no touch.
pub fn signed(keys: &ClickKeys, tenant: &TenantKey, touches: &Touches) -> String {
    keys.sign(Scope { tenant: tenant.tenant(), window_days: 30 }, touches).expect("a touch")
}

/// The visitor of every world.
pub fn visitor() -> VisitorHash {
    let origin = domain::touch::Origin { address: "192.0.2.1", user_agent: "a browser" };
    DaySalt::from_bytes([1; 32]).visitor(origin)
}

/// The partner's link.
pub fn link() -> LinkId {
    LinkId::from_ulid(9_u128.into())
}

fn trace(invoice: &str) -> LineTrace {
    LineTrace {
        program: Some(program()),
        link: Some(link()),
        rule: Some(rule()),
        customer: None,
        invoice: invoice.to_owned(),
        event_type: Some(SaleType::InvoicePayment),
        base: "0.00".to_owned(),
        reward: "1".to_owned(),
        reason: EarningReason::Percentage,
        part: Part::default(),
        reverses: None,
        late: false,
        period: None,
        notes: Vec::new(),
    }
}

/// The link's code: codes are unique over all tenants.
fn code_in(tenant: &TenantKey) -> String {
    if *tenant.tenant() == TenantId::default_tenant() {
        "ada".to_owned()
    } else {
        format!("ada{}", tenant.tenant().as_str().to_lowercase().replace("ten_", ""))
    }
}

async fn furnish(
    store: &Store,
    tenant: &TenantKey,
    partner: &PartnerId,
    link: &LinkId,
    (reward, link_rate): (Reward, Option<&str>),
    now: Timestamp,
) {
    let program = program();
    let long_ago: Timestamp = "2026-01-01T00:00:00Z".parse().expect("instant");
    let rule = RuleVersion::simple(rule(), program.clone(), long_ago, reward, 30);
    let made = Program {
        id: program.clone(),
        name: "Programme".to_owned(),
        currency: Currency::USD,
        zone: Zone::utc(),
        window_days: 30,
        hold_days: 30,
        close_lag_days: 3,
        attribution: domain::attribution::settings::AttributionSettings::default(),
        allowed_hosts: Vec::new(),
        created_at: long_ago,
    };
    store.create_program(tenant, &made, &rule).await.expect("a programme");
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: now };
    let enrolment = Enrolment { program: program.clone(), tier: Tier::Tier1, enrolled_at: now };
    let record = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: now };
    store.create_partner(tenant, &record, &person, &enrolment).await.expect("a partner");
    let link = Link {
        id: link.clone(),
        code: code_in(tenant),
        partner: partner.clone(),
        program,
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: link_rate.map(|rate| Rate::parse(rate).expect("rate")),
        active: true,
        created_at: now,
        details: Default::default(),
    };
    store.create_link(tenant, &link).await.expect("a link");
}
