//! A tenant with one programme, one partner and one link over a database of its own, and the facts that happen to it.
//!
//! What lives here: furniture and questions that the tests of several rooms share. What does not: assertions about one
//! room. To add something: a method named after what happens.

#![expect(clippy::expect_used, reason = "tests stand on it: what fails here fails the test")]

use cases::payouts::{Asked, Command, Moved, Requested};
use domain::attribution::Winner;
use domain::audit::Actor;
use domain::commission::EarningReason;
use domain::currency::Currency;
use domain::fact::{CustomerSeen, Fact, PaymentKey, Refund, SalePaid, SaleType};
use domain::id::{LineId, LinkId, PartnerId, PayoutId, ProgramId, RuleId, SaleId, TenantId};
use domain::line::{Account, Line, LineKind, LineTrace, Place};
use domain::money::Money;
use domain::rate::{Rate, Rounding};
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use domain::sale::{Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, Zone};
use domain::touch::{ClickKeys, Origin, Touch, Touches};
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
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenant = TenantKey::from(&TenantId::default_tenant());
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("instant");
        let keys = ClickKeys::new("a secret of at least some length", "");
        let (partner, link) = (PartnerId::from_ulid(7_u128.into()), link());
        furnish(&store, &tenant, &partner, &link, (reward, link_rate), now).await;
        let visitor = keys.visitor_on_day(now, Origin { address: "192.0.2.1", user_agent: "a browser" });
        let touch = Touch { at: now, link, visitor };
        let token = keys.sign(&Touches::from(touch)).expect("a touch");
        Self { database, store, now, token, tenant, keys, partner }
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
            email: None,
        })
    }

    /// A paid invoice.
    pub fn sale(&self, invoice: &str, customer: &str, paid: &str) -> Fact {
        Fact::SalePaid(SalePaid {
            payment: key(invoice),
            aliases: Vec::new(),
            customer: Some(key(customer)),
            occurred_at: self.now,
            paid: usd(paid),
            total: usd(paid),
            tax: usd("0"),
            shipping: usd("0"),
            click_token: None,
            email: None,
            event_type: SaleType::InvoicePayment,
            invoice: invoice.to_owned(),
        })
    }

    /// A refund.
    pub fn refund(&self, refund: &str, payment: &str, amount: &str) -> Fact {
        Fact::Refund(Refund { refund: key(refund), payment: key(payment), amount: usd(amount), occurred_at: self.now })
    }

    /// A line of an amount in the slot of a day, booked as the recorder books it, without its rules.
    pub async fn earn(&self, invoice: &str, amount: &str, day: BusinessDay) {
        let payment = key(invoice);
        let id = SaleId::of(&payment);
        let (place, amount) = (Place::Slot(Slot::of_day(day)), usd(amount));
        let winner = Winner { partner: self.partner.clone(), program: program(), link: link(), clicked_at: self.now };
        let line = SaleLine {
            n: 1,
            partner: self.partner.clone(),
            place,
            amount,
            reversed: usd("0"),
            is_flat: false,
            rule: rule(),
            reverses: None,
        };
        let sale = Sale {
            id: id.clone(),
            payment,
            customer: None,
            occurred_at: self.now,
            booked_at: self.now,
            booked_day: Zone::utc().day_of(self.now),
            paid: amount,
            total: amount,
            tax: usd("0"),
            shipping: usd("0"),
            event_type: SaleType::InvoicePayment,
            invoice: invoice.to_owned(),
            decision: Decision::Partner { winner, losers: Vec::new() },
            lines: vec![line],
            refunded: usd("0"),
            version: 1,
        };
        let line = Line {
            id: LineId::of_sale(&id, 1),
            partner: self.partner.clone(),
            place,
            amount,
            kind: LineKind::Earned,
            sale: id,
            n: 1,
            occurred_at: self.now,
            booked_at: self.now,
            trace: trace(invoice),
        };
        let new = NewSale { sale: &sale, lines: &[line], aliases: &[], meets: None };
        assert_eq!(self.store.create_sale(&self.tenant, &new).await.expect("store"), SaleWritten::Yes);
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
        let at = Timestamp::from_millisecond(self.now.as_millisecond() + ms).expect("instant");
        let by = Actor { role: Role::Partner, id: self.partner.to_string(), ip: None, user_agent: None };
        let asked =
            Asked { partner: self.partner.clone(), currency: Currency::USD, by, under: format!("request {ms}") };
        cases::payouts::request(&self.store, &self.tenant, &asked, at).await
    }

    /// The partner asks for a payout.
    pub async fn request(&self) -> Requested {
        self.try_request_at(0).await.expect("an answer")
    }

    /// Somebody moves a payout.
    pub async fn command(&self, id: &PayoutId, role: Role, who: &str, command: Command) -> Moved {
        let actor = Actor { role, id: who.to_owned(), ip: None, user_agent: None };
        cases::payouts::command(&self.store, &self.tenant, id, &command, &actor, self.now).await.expect("an answer")
    }

    /// Every law holds.
    pub async fn verified(&self) {
        let verified = cases::verify::verify(&self.store, &self.tenant).await.expect("store");
        assert_eq!(verified.breaches, Vec::new(), "{verified}");
    }
}

fn program() -> ProgramId {
    ProgramId::from_ulid(1_u128.into())
}

fn rule() -> RuleId {
    RuleId::from_ulid(2_u128.into())
}

fn link() -> LinkId {
    LinkId::from_ulid(9_u128.into())
}

fn trace(invoice: &str) -> LineTrace {
    LineTrace {
        program: program(),
        link: link(),
        rule: rule(),
        customer: None,
        invoice: invoice.to_owned(),
        event_type: SaleType::InvoicePayment,
        base: "0.00".to_owned(),
        reward: "1".to_owned(),
        reason: EarningReason::Percentage,
        reverses: None,
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
    let rule = RuleVersion {
        id: rule(),
        program: program.clone(),
        effective_from: long_ago,
        reward,
        hold_days: 30,
        rounding: Rounding::HalfAwayFromZero,
    };
    let made = Program {
        id: program.clone(),
        name: "Programme".to_owned(),
        currency: Currency::USD,
        zone: Zone::utc(),
        window_days: 30,
        hold_days: 30,
        close_lag_days: 3,
        created_at: long_ago,
    };
    store.create_program(tenant, &made, &rule).await.expect("a programme");
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: now };
    let enrolment = Enrolment { program: program.clone(), tier: Tier::Tier1, enrolled_at: now };
    let record = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: now };
    store.create_partner(tenant, &record, &person, &enrolment).await.expect("a partner");
    let link = Link {
        id: link.clone(),
        code: "ada".to_owned(),
        partner: partner.clone(),
        program,
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: link_rate.map(|rate| Rate::parse(rate).expect("rate")),
        active: true,
        created_at: now,
    };
    store.create_link(tenant, &link).await.expect("a link");
}
