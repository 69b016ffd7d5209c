//! A cloud with keys, a programme, and partners with links.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::time::Timestamp;
use serde_json::{Value, json};
use testkit::Cloud;
use tributary::demo::stripe::{Checkout, Invoice, Refund};
use tributary::demo::stripe::{checkout_completed, invoice_paid, invoice_payment_paid, refund_created};

use crate::api::{Answer, Api, usd};
use crate::operator::{ready_file, tributary};

/// How long a cloud may take to come to rest: two busy cores are slow.
pub(crate) const REST_MAX: Duration = Duration::from_secs(60);
/// How many first clicks of a world may bring no token: visitors wait a quarter of a second for the tables, which a busy
/// machine does not always keep.
const CLICKS_LOST_MAX: usize = 3;
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0";

/// The world of a flow.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) api: Api,
    pub(crate) admin: String,
    pub(crate) finance: String,
    pub(crate) secret: String,
    pub(crate) program: String,
    /// How many clicks brought no token and were tried once more.
    clicks_lost: AtomicUsize,
}

/// A partner with one link.
#[derive(Clone, Debug)]
pub(crate) struct Partner {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) code: String,
}

impl World {
    /// A cloud with an admin, finance, and a programme of 30 % with a hold of 30 days.
    pub(crate) async fn new() -> Self {
        Self::on(Cloud::start().await).await
    }

    pub(crate) async fn on(cloud: Cloud) -> Self {
        let admin = tributary(&cloud, &["key", "create", "--role", "admin", "--name", "test admin"]).await;
        let finance =
            tributary(&cloud, &["key", "create", "--role", "finance_manager", "--name", "test finance"]).await;
        let secret = tributary::place::Place::read(&ready_file(&cloud)).expect("a ready file");
        let secret = secret.stripe_webhook_secret().await.expect("the stage's secret");
        let api = Api::new(cloud.http());
        let made = api.post(&admin, "/v1/programs", "program", &program_body()).await.expect(201);
        Self { cloud, api, admin, finance, secret, program: text(&made["id"]), clicks_lost: AtomicUsize::new(0) }
    }

    /// After a crash the addresses may differ.
    pub(crate) async fn crash(&mut self) {
        self.cloud.restart().await;
        self.api = Api::new(self.cloud.http());
    }

    /// A partner with a key of its own and a link.
    pub(crate) async fn partner(&self, name: &str) -> Partner {
        let body = json!({"name": name, "email": format!("{name}@partner.example"), "program_id": self.program});
        let made = self.api.post(&self.admin, "/v1/partners", &format!("partner-{name}"), &body).await.expect(201);
        let id = text(&made["id"]);
        let arguments = ["key", "create", "--role", "partner", "--subject", &id, "--name", name];
        let key = tributary(&self.cloud, &arguments).await;
        let body = json!({"unique_code": format!("from-{name}"), "destination": "https://shop.example/start"});
        let made = self.api.post(&key, "/v1/revenue/affiliates", &format!("link-{name}"), &body).await.expect(201);
        Partner { id, key, code: text(&made["unique_code"]) }
    }

    /// A visitor's click, at most a second one: the token that the merchant's page hands to its check-out.
    pub(crate) async fn click(&self, partner: &Partner) -> String {
        for _ in 0..2 {
            let answer = self.api.click(&partner.code, BROWSER).await;
            assert_eq!(answer.status, 302, "{}", answer.text);
            if let Some(token) = answer.cookie("trb_id") {
                return token;
            }
            let lost = self.clicks_lost.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(lost <= CLICKS_LOST_MAX, "{lost} clicks of this world brought no token");
        }
        panic!("two clicks gave no token");
    }

    /// Delivers an event as Stripe does.
    pub(crate) async fn deliver(&self, body: &str) -> Answer {
        self.api.stripe(&self.secret, body, self.cloud.now().await).await
    }

    pub(crate) async fn rest(&self) {
        self.cloud.wait_idle(REST_MAX).await;
    }

    /// A partner's only balance.
    pub(crate) async fn balance(&self, partner: &Partner) -> Value {
        let dashboard = self.api.get(&partner.key, "/v1/partners/dashboard").await.expect(200);
        dashboard["balances"][0].clone()
    }
}

pub(crate) fn program_body() -> Value {
    json!({
        "name": "Friends of the Studio", "currency": "USD", "time_zone": "Europe/Berlin",
        "hold_days": 30, "rule": {"kind": "percentage", "rate": "0.3"},
    })
}

/// A string of an answer.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}

/// The events of one customer's first purchase.
pub(crate) struct Purchase {
    pub(crate) paid: String,
    pub(crate) checkout: String,
    /// The payment intent's name for the invoice, which basil tells apart.
    pub(crate) payment: String,
    pub(crate) refund: Box<dyn Fn(&str) -> String + Send + Sync>,
}

/// A purchase with names made from `name`.
pub(crate) fn purchase(name: &str, amount: &str, token: &str, at: Timestamp) -> Purchase {
    let email = format!("{name}@customer.example");
    let customer = format!("cus_{name}");
    let invoice = Invoice {
        id: format!("in_{name}"),
        customer: customer.clone(),
        email: email.clone(),
        amount: usd(amount),
        paid_at: at,
    };
    let checkout = Checkout {
        id: format!("cs_{name}"),
        invoice: invoice.id.clone(),
        customer,
        email,
        client_reference_id: Some(token.to_owned()),
        at,
    };
    let intent = format!("pi_{name}");
    let payment = invoice_payment_paid(&invoice, &intent);
    let id = format!("re_{name}");
    let refund = move |amount: &str| {
        refund_created(&Refund { id: id.clone(), payment_intent: intent.clone(), amount: usd(amount), at })
    };
    Purchase {
        paid: invoice_paid(&invoice),
        checkout: checkout_completed(&checkout),
        payment,
        refund: Box::new(refund),
    }
}
