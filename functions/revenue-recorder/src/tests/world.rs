//! A tenant with one programme, one partner and one link, and the facts that happen to it.

use cases::payouts::{Command, Moved, Requested};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::fact::{CustomerSeen, Fact, PaymentKey, Refund, SalePaid, SaleType};
use domain::id::{LinkId, PartnerId, PayoutId, ProgramId, RuleId, SaleId, TenantId};
use domain::line::Account;
use domain::money::Money;
use domain::rate::{Rate, Rounding};
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use domain::sale::Sale;
use domain::time::{Timestamp, Zone};
use domain::touch::{ClickKeys, Origin, Touch, Touches};
use store::links::Link;
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::Person;
use store::programs::Program;
use store::{Store, Tables, TenantKey};

use crate::booking::{Booked, BookingError, Recorder};

/// A world of one partner.
pub(super) struct World {
    pub(super) database: testkit::Database,
    pub(super) store: Store,
    pub(super) now: Timestamp,
    pub(super) token: String,
    tenant: TenantKey,
    keys: ClickKeys,
    partner: PartnerId,
}

pub(super) fn key(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("key")
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("amount")
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with_rate("0.3").await
    }

    pub(super) async fn with_rate(rate: &str) -> Self {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let tenant = TenantKey::from(&TenantId::default_tenant());
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("instant");
        let keys = ClickKeys::new("a secret of at least some length", "");
        let (partner, link) = (PartnerId::from_ulid(7_u128.into()), LinkId::from_ulid(9_u128.into()));
        furnish(&store, &tenant, &partner, &link, rate, now).await;
        let visitor = keys.visitor_on_day(now, Origin { address: "192.0.2.1", user_agent: "a browser" });
        let touch = Touch { at: now, link, visitor };
        let token = keys.sign(&Touches::from(touch)).expect("a touch");
        Self { database, store, now, token, tenant, keys, partner }
    }

    pub(super) fn pass_days(&mut self, days: i64) {
        self.now = Timestamp::from_millisecond(self.now.as_millisecond() + days * 86_400_000).expect("instant");
    }

    pub(super) fn seen(&self, customer: &str, token: Option<&str>) -> Fact {
        let event = key(&format!("cs_{customer}"));
        Fact::CustomerSeen(CustomerSeen { event, customer: key(customer), occurred_at: self.now, click_token: token.map(str::to_owned), email: None })
    }

    pub(super) fn sale(&self, invoice: &str, customer: &str, paid: &str) -> Fact {
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

    pub(super) fn refund(&self, refund: &str, payment: &str, amount: &str) -> Fact {
        Fact::Refund(Refund { refund: key(refund), payment: key(payment), amount: usd(amount), occurred_at: self.now })
    }

    pub(super) async fn try_book(&self, fact: &Fact) -> Result<Booked, BookingError> {
        Recorder::new(&self.store, &self.tenant, &self.keys, &Zone::utc(), self.now).book(fact).await
    }

    pub(super) async fn book(&self, fact: Fact) -> Booked {
        self.try_book(&fact).await.expect("booked")
    }

    pub(super) async fn kept_sale(&self, invoice: &str) -> Sale {
        self.store.get_sale(&self.tenant, &SaleId::of(&key(invoice))).await.expect("store").expect("a sale")
    }

    fn account(&self) -> Account {
        Account { partner: self.partner.clone(), currency: Currency::USD }
    }

    pub(super) async fn lines(&self) -> Vec<String> {
        let lines = self.store.list_lines(&self.tenant, &self.account()).await.expect("store");
        lines.iter().map(|line| format!("{} {} {}", line.amount, line.place.to_text(), line.kind.word())).collect()
    }

    pub(super) async fn total(&self) -> String {
        self.store.get_head(&self.tenant, &self.account()).await.expect("store").total().expect("in range").to_text()
    }

    pub(super) async fn available(&self) -> String {
        let head = self.store.get_head(&self.tenant, &self.account()).await.expect("store");
        head.available_on(Zone::utc().day_of(self.now)).expect("in range").to_text()
    }

    /// A request some milliseconds from now.
    pub(super) async fn try_request_at(&self, ms: i64) -> Result<Requested, cases::error::CaseError> {
        let at = Timestamp::from_millisecond(self.now.as_millisecond() + ms).expect("instant");
        let actor = Actor { role: Role::Partner, id: self.partner.to_string(), ip: None, user_agent: None };
        cases::payouts::request(&self.store, &self.tenant, &self.partner, Currency::USD, &actor, at).await
    }

    pub(super) async fn request(&self) -> Requested {
        self.try_request_at(0).await.expect("an answer")
    }

    pub(super) async fn command(&self, id: &PayoutId, role: Role, who: &str, command: Command) -> Moved {
        let actor = Actor { role, id: who.to_owned(), ip: None, user_agent: None };
        cases::payouts::command(&self.store, &self.tenant, id, &command, &actor, self.now).await.expect("an answer")
    }

    /// Every law holds.
    pub(super) async fn verified(&self) {
        let verified = cases::verify::verify(&self.store, &self.tenant).await.expect("store");
        assert_eq!(verified.breaches, Vec::new(), "{verified}");
    }
}

async fn furnish(store: &Store, tenant: &TenantKey, partner: &PartnerId, link: &LinkId, rate: &str, now: Timestamp) {
    let program = ProgramId::from_ulid(1_u128.into());
    let long_ago: Timestamp = "2026-01-01T00:00:00Z".parse().expect("instant");
    let rule = RuleVersion {
        id: RuleId::from_ulid(2_u128.into()),
        program: program.clone(),
        effective_from: long_ago,
        reward: Reward::Percentage(Rate::parse(rate).expect("rate")),
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
        commission_rate: None,
        active: true,
        created_at: now,
    };
    store.create_link(tenant, &link).await.expect("a link");
}
